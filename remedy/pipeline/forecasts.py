"""What is foretold, stored: `out_stock_forecast` and `out_stock_cover`, replaced whole.

Readers see yesterday's forecast or today's, never half of one; storing the same twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.pipeline import out_stock_cover, out_stock_forecast

ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class ForecastDay:
    """Expected demand of a medicine at a pharmacy on one day, thousandths of a pack.

    Eight of ten such days are to lie between `low_milli` and `high_milli`.
    """

    pharmacy_id: UUID
    medicine_id: UUID
    day: date
    expected_milli: int
    low_milli: int
    high_milli: int


@dataclass(frozen=True)
class StockCover:
    """How long a stock item lasts: `days_of_cover` is None when longer than the 28 days foretold."""

    pharmacy_id: UUID
    medicine_id: UUID
    stock_milli: int
    days_of_cover: float | None
    demand_28_milli: int
    demand_28_low_milli: int
    demand_28_high_milli: int


def replace_forecast(
    connection: sa.Connection,
    days: Iterable[ForecastDay],
    cover: Iterable[StockCover],
    *,
    model_version: str,
    made_at: datetime,
) -> tuple[int, int]:
    """Put a new forecast in the old one's place, within the caller's transaction.

    Returns:
        How many rows of forecast and of cover were stored.
    """
    stamp = {"model_version": model_version, "made_at": made_at}
    return (
        replace_rows(connection, out_stock_forecast, days, stamp),
        replace_rows(connection, out_stock_cover, cover, stamp),
    )


def replace_rows(
    connection: sa.Connection,
    table: sa.Table,
    rows: Iterable[Any],
    stamp: Mapping[str, object],
) -> int:
    """Put rows (dataclasses), each with the stamp, in the place of all that a table holds; how many."""
    connection.execute(table.delete())
    return insert_rows(connection, table, rows, stamp)


def insert_rows(
    connection: sa.Connection,
    table: sa.Table,
    rows: Iterable[Any],
    stamp: Mapping[str, object],
) -> int:
    """Add rows (dataclasses), each with the stamp; how many."""
    count = 0
    for some in _in_blocks({**asdict(row), **stamp} for row in rows):
        connection.execute(table.insert(), some)
        count += len(some)
    return count


def _in_blocks(rows: Iterator[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield some
