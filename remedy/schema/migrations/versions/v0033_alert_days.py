"""Days on which a pharmacy was told that an item will run out, and the hours it says it keeps."""

from remedy.schema.frozen import run_frozen

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0033_alert_days.sql")
