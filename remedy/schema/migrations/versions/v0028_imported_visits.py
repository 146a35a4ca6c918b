"""Which lines of a register of past visits were brought in, for good."""

from remedy.schema.frozen import run_frozen

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0028_imported_visits.sql")
