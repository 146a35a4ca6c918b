"""Tables of what is counted about visits."""

from remedy.schema.frozen import run_frozen

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0019_visit_counts.sql")
