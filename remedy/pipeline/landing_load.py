"""How rows get into a raw table: many by LOAD DATA, few by INSERT; an id already there is dropped.

Never REPLACE: a row that is there stays as it is.
"""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.gateways.mysql import error_code

log = logging.getLogger(__name__)

LARGE = 300
"""From this many rows on LOAD DATA is faster than INSERT (measured on two cores)."""

REFUSED = {1044, 1142, 1148, 1227, 2068, 3948, 4166}
"""The server or client does not allow LOCAL, or the account may not make a temporary table."""

COLUMNS = "event_id, type, partition_no, record_offset, event_at, day, event"

_STAGING = sa.text(
    "CREATE TEMPORARY TABLE IF NOT EXISTS landing_staging ("
    "event_id BINARY(16) NOT NULL, type VARCHAR(80) NOT NULL, partition_no INT NOT NULL, "
    "record_offset BIGINT NOT NULL, event_at DATETIME(6) NOT NULL, day DATE NOT NULL, "
    "event MEDIUMTEXT NOT NULL) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin"
)
# Nothing is escaped: JSON has no tab and no line feed of its own.
_LOAD = sa.text(
    "LOAD DATA LOCAL INFILE :path INTO TABLE landing_staging CHARACTER SET utf8mb4 "
    "FIELDS TERMINATED BY '\t' ESCAPED BY '' LINES TERMINATED BY '\n' "
    "(@id, type, partition_no, record_offset, event_at, day, event) SET event_id = UNHEX(@id)"
)


@dataclass(frozen=True)
class Row:
    """One raw row: an event that could be read."""

    event_id: UUID
    type: str
    partition_no: int
    record_offset: int
    event_at: datetime
    day: date
    event: str


class Loader:
    """Loads rows; remembers when this server does not let it LOAD DATA."""

    def __init__(self, *, large: int = LARGE) -> None:
        self._large = large
        self.may_load = True

    def load(
        self, connection: sa.Connection, raw: sa.Table, rows: Sequence[Row], *, landed_at: datetime
    ) -> None:
        """Put rows into a raw table in the caller's transaction."""
        if self.may_load and len(rows) >= self._large:
            try:
                _load_file(connection, raw, rows, landed_at)
            except sa.exc.DBAPIError as error:
                if error_code(error) not in REFUSED:
                    raise
                self.may_load = False
                log.warning(
                    "LOAD DATA LOCAL is not allowed here (error %s); rows are inserted instead, slower.",
                    error_code(error),
                )
            else:
                return
        _insert(connection, raw, rows, landed_at)


def _insert(
    connection: sa.Connection, raw: sa.Table, rows: Sequence[Row], landed_at: datetime
) -> None:
    connection.execute(
        insert(raw).on_duplicate_key_update(event_id=raw.c.event_id),
        [{**vars(row), "landed_at": landed_at} for row in rows],
    )


def _load_file(
    connection: sa.Connection, raw: sa.Table, rows: Sequence[Row], landed_at: datetime
) -> None:
    connection.execute(_STAGING)
    connection.execute(sa.text("DELETE FROM landing_staging"))
    with tempfile.NamedTemporaryFile("w", prefix="remedy-landing-", encoding="utf-8") as file:
        file.writelines(_line(row) for row in rows)
        file.flush()
        loaded = connection.execute(_LOAD, {"path": Path(file.name).as_posix()}).rowcount
    # LOCAL turns what does not fit into warnings; here it must be an error.
    doubts = connection.execute(sa.text("SELECT @@warning_count")).scalar()
    if loaded != len(rows) or doubts:
        raise ValueError(f"LOAD DATA took {loaded} of {len(rows)} rows with {doubts} warnings.")
    connection.execute(
        sa.text(
            f"INSERT INTO {raw.name} ({COLUMNS}, landed_at) "  # noqa: S608 - our own table's name
            f"SELECT {COLUMNS}, :landed_at FROM landing_staging "
            f"ON DUPLICATE KEY UPDATE event_id = {raw.name}.event_id"
        ),
        {"landed_at": landed_at.astimezone(UTC).replace(tzinfo=None)},
    )


def _line(row: Row) -> str:
    event_at = row.event_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return (
        f"{row.event_id.hex}\t{row.type}\t{row.partition_no}\t{row.record_offset}\t{event_at}\t"
        f"{row.day.isoformat()}\t{row.event}\n"
    )
