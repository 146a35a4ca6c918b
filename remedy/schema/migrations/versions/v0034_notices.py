"""Shortage notices: what pharmacists decided, who was told, and who wants none."""

from remedy.schema.frozen import run_frozen

revision = "0034"
down_revision = "0035"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0034_notices.sql")
