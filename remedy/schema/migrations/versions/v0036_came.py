"""An index by which it is found whether packs of an item came in since."""

from remedy.schema.frozen import run_frozen

revision = "0036"
down_revision = "0034"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0036_came.sql")
