"""The medicine of a hold, on its row."""

from remedy.schema.frozen import run_frozen

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0017_held_medicine.sql")
