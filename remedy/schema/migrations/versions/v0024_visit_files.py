"""Files for a visit, its record in HDFS, and who looked at them."""

from remedy.schema.frozen import run_frozen

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0024_visit_files.sql")
