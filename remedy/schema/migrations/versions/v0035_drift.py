"""Forecasts held against what came, and packs handed over beyond what is missed."""

from remedy.schema.frozen import run_frozen

revision = "0035"
down_revision = "0033"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0035_drift.sql")
