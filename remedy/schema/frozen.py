"""How a migration runs: the SQL file beside it, which is frozen once it was released."""

from pathlib import Path

from alembic import op

VERSIONS = Path(__file__).parent / "migrations" / "versions"


def run_frozen(*names: str) -> None:
    """Run the statements of those files of the versions folder, in order, in the running migration."""
    for name in names:
        for statement in statements((VERSIONS / name).read_text(encoding="utf-8")):
            op.execute(statement)


def statements(text: str) -> list[str]:
    """The statements of an SQL file: comments dropped, cut at each `;` that ends a line."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [part.strip() for part in plain.split(";\n") if part.strip()]
