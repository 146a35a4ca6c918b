"""Files for a visit, its record in HDFS, and who looked at them."""

from remedy.schema.frozen import run_frozen

revision = "0022"
down_revision = "0019"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0022_visit_files.sql")
