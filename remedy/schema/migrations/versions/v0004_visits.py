"""What a request may go through beside accepted and declined."""

from remedy.schema.frozen import run_frozen

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0004_visits.sql")
