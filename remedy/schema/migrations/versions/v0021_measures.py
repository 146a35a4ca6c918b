"""How the platform itself does."""

from remedy.schema.frozen import run_frozen

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0021_measures.sql")
