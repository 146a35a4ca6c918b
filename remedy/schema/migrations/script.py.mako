"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Change the tables; the previous version of the code must still run beside them."""
    ${upgrades if upgrades else "pass"}
