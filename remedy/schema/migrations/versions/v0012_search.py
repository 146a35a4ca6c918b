"""What the search index has taken in."""

from remedy.schema.frozen import run_frozen

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0012_search.sql")
