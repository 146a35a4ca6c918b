"""Which method serves which class of series, and versions that wait for a person's word."""

from remedy.schema.frozen import run_frozen

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0032_model_choice.sql")
