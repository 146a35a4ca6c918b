"""Codes of packs that a pharmacy keeps by hand."""

from remedy.schema.frozen import run_frozen

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0014_pharmacy_codes.sql")
