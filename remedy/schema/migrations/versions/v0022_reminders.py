"""Reminders of visits."""

from remedy.schema.frozen import run_frozen

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0022_reminders.sql")
