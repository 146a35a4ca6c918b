"""After the decision: cut-off, urgent requests, rules that accept, and who came."""

from remedy.schema.frozen import run_frozen

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0023_decisions.sql")
