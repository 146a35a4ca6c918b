"""A hospital's limits of what one patient may ask for."""

from remedy.schema.frozen import run_frozen

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    run_frozen("0027_open_requests.sql")
