"""Orders from the basket to the counter, and what a hold is collected by."""

from remedy.schema.frozen import run_frozen

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0008_orders.sql")
