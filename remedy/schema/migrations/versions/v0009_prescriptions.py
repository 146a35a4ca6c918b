"""Prescriptions, files on their way to HDFS, and what is checked before a medicine is handed out."""

from remedy.schema.frozen import run_frozen

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0009_prescriptions.sql")
