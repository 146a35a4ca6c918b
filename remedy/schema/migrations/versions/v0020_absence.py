"""A doctor's absence and the waiting list."""

from remedy.schema.frozen import run_frozen

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0020_absence.sql")
