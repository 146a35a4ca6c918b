"""Lots that are recalled, returned and transferred, and the levels a pharmacist keeps."""

from remedy.schema.frozen import run_frozen

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0007_lots.sql")
