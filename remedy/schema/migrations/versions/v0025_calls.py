"""The call list of visits that may be missed."""

from remedy.schema.frozen import run_frozen

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0025_calls.sql")
