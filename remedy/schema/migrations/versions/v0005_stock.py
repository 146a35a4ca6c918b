"""What a pharmacist's screens keep: previews of imports."""

from remedy.schema.frozen import run_frozen

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0005_stock.sql")
