"""The kind of visit that is waited for, a note to who is taken off the list, and why an absence's visit is stuck."""

from remedy.schema.frozen import run_frozen

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0029_waiting_kinds.sql")
