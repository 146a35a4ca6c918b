"""After the decision: cut-off, urgent requests, rules that accept, and who came."""

from remedy.schema.frozen import run_frozen

revision = "0019"
down_revision = "0020"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0019_decisions.sql")
