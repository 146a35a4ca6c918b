"""When demand was last unusual."""

from remedy.schema.frozen import run_frozen

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0013_demand_episodes.sql")
