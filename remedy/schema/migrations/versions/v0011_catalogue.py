"""A real catalogue: where pharmacies come from, who works there and in which role."""

from remedy.schema.frozen import run_frozen

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0011_catalogue.sql")
