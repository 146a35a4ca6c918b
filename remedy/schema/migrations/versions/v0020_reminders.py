"""Reminders of visits."""

from remedy.schema.frozen import run_frozen

revision = "0020"
down_revision = "0024"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0020_reminders.sql")
