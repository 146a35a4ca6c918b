"""The first tables and views."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the frozen statements beside this file."""
    for name in ("0001_tables.sql", "0001_views.sql"):
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        for statement in statements(text):
            op.execute(statement)


def statements(text: str) -> list[str]:
    """The statements of an SQL file: comments dropped, cut at each `;` that ends a line."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [part.strip() for part in plain.split(";\n") if part.strip()]
