"""More of what waits and since when."""

from remedy.schema.frozen import run_frozen

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0030_more_queues.sql")
