"""What a hospital was called and where it was before an admin changed it."""

from remedy.schema.frozen import run_frozen

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0026_hospital_changes.sql")
