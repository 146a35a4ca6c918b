"""Whose an event is: the portal's, or the simulated town's."""

from remedy.schema.frozen import run_frozen

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0006_town.sql")
