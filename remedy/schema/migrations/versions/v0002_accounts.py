"""What accounts need beyond a password: links by mail, devices, invitations."""

from remedy.schema.frozen import run_frozen

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0002_accounts.sql")
