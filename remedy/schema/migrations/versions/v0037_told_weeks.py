"""How far off a pharmacy's forecast was, of what was really told."""

from remedy.schema.frozen import run_frozen

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0037_told_weeks.sql")
