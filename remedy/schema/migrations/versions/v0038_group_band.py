"""How wide the band of several items together is."""

from remedy.schema.frozen import run_frozen

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0038_group_band.sql")
