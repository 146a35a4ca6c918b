"""One queue of the mails patients are owed."""

from remedy.schema.frozen import run_frozen

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0015_mails_owed.sql")
