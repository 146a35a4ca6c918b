"""Changes of demand that were noticed."""

from remedy.schema.frozen import run_frozen

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0010_demand_alerts.sql")
