"""What a pharmacy is advised each day: risks, orders, transfers, lots that expire, and how it does."""

from remedy.schema.frozen import run_frozen

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0031_stock_advice.sql")
