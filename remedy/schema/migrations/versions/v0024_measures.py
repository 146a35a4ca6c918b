"""How the platform itself does."""

from remedy.schema.frozen import run_frozen

revision = "0024"
down_revision = "0021"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0024_measures.sql")
