"""What a search shows beyond stock: opening hours, and who waits for a medicine."""

from remedy.schema.frozen import run_frozen

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0003_search.sql")
