"""Doctors' calendars: places, kinds of visit, dates that differ, public holidays."""

from remedy.schema.frozen import run_frozen

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0018_calendars.sql")
