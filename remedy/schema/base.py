"""Column types and the metadata every table of ours belongs to. What may be used is in docs/sql.md."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

BigInt = sa.BigInteger
Text = mysql.MEDIUMTEXT
"""JSON is kept as text: MySQL's own JSON type would reorder the members of an event."""


class Instant(sa.types.TypeDecorator[datetime]):
    """A UTC instant with microseconds: aware in Python, DATETIME(6) in the database."""

    impl = mysql.DATETIME(fsp=6)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse an instant without zone; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs a time zone.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Uuid(sa.types.TypeDecorator[UUID]):
    """A UUID kept as BINARY(16)."""

    impl = sa.BINARY(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: sa.Dialect) -> bytes | None:
        """The sixteen bytes."""
        return None if value is None else value.bytes

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> UUID | None:
        """The UUID of those bytes."""
        return None if value is None else UUID(bytes=bytes(value))


def row_id() -> sa.Column[int]:
    """The `id` that never leaves the database."""
    return sa.Column("id", BigInt, primary_key=True, autoincrement=True)


def public_id() -> sa.Column[UUID]:
    """The `public_id` (UUIDv7) for URLs, events, keys and paths."""
    return sa.Column("public_id", Uuid, nullable=False, unique=True)


def reference(name: str, target: str, *, nullable: bool = False, **kwargs: Any) -> sa.Column[int]:
    """A column that refers to another table's id."""
    return sa.Column(name, BigInt, sa.ForeignKey(target), nullable=nullable, **kwargs)


def table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """A table of ours, with our engine and character set."""
    return sa.Table(
        name,
        metadata,
        *columns,
        mysql_engine="InnoDB",
        mysql_default_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
