"""The first tables and views."""

from remedy.schema.frozen import run_frozen

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0001_tables.sql", "0001_views.sql")
