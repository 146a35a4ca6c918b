"""Why a pharmacy cancelled an order, sealed."""

from remedy.schema.frozen import run_frozen

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0016_sealed_reasons.sql")
