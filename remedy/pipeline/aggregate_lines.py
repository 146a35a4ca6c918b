"""The lines a count puts out, as rows of the agg tables. Their form is described in
mapreduce/counting.py and mapreduce/visit_counting.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.base import Uuid
from remedy.schema.pipeline import (
    agg_daily_demand,
    agg_daily_look_alike,
    agg_daily_price,
    agg_daily_search,
    agg_daily_searcher,
    agg_daily_stock,
    agg_daily_unmet_demand,
)

Day = tuple[str, date]
"""A topic and a local day."""

ROWS = "rows"
"""The kind of line that says how many rows a day was made of."""


@dataclass(frozen=True)
class Subject:
    """What one count is about.

    `name` is the folder of its results in HDFS. `lines` gives the topic and the table of each kind of line but
    `rows`; its columns are the table's, in their order. With `adds_up`, lines of one key are added.
    """

    name: str
    lines: Mapping[str, tuple[str, sa.Table]]
    adds_up: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The topics that are counted, each with days of its own."""
        return tuple(dict.fromkeys(topic for topic, _ in self.lines.values()))

    def tables_of(self, kind: str) -> list[sa.Table]:
        """The agg tables filled from a topic."""
        return [table for topic, table in self.lines.values() if topic == kind]


DEMAND = Subject(
    "demand",
    {
        "alike": ("medicine-searches", agg_daily_look_alike),
        "demand": ("stock-movements", agg_daily_demand),
        "people": ("medicine-searches", agg_daily_searcher),
        "price": ("stock-movements", agg_daily_price),
        "shelf": ("stock-movements", agg_daily_stock),
        "unmet": ("medicine-searches", agg_daily_unmet_demand),
        "search": ("medicine-searches", agg_daily_search),
    },
)
"""What mapreduce/counting.py counts."""


class Counted(NamedTuple):
    """The rows a day was made of."""

    counted_rows: int
    quarantined_rows: int


def read_counted(lines: Iterable[str]) -> dict[Day, Counted]:
    """How many rows each day was made of, by the job's own count."""
    counted = {}
    for line in lines:
        kind, _, rest = line.partition("\t")
        if kind == ROWS:
            topic, day, believed, doubted = rest.split("\t")
            counted[topic, date.fromisoformat(day)] = Counted(int(believed), int(doubted))
    return counted


def agg_rows(
    lines: Iterable[str], size: int, subject: Subject = DEMAND
) -> Iterator[tuple[sa.Table, list[dict[str, Any]]]]:
    """The rows for each agg table, in batches of at most `size`.

    Raises:
        ValueError: if a line is of no known kind or has other columns than its table.
    """
    waiting: dict[str, list[dict[str, Any]]] = {kind: [] for kind in subject.lines}
    for line in lines:
        kind, *values = line.split("\t")
        if kind == ROWS:
            continue
        if kind not in subject.lines:
            raise ValueError(
                "A line of the result is of no kind we know; was it made by another job?"
            )
        table = subject.lines[kind][1]
        waiting[kind].append(_row(table, values))
        if len(waiting[kind]) == size:
            yield table, waiting[kind]
            waiting[kind] = []
    for kind, rows in waiting.items():
        if rows:
            yield subject.lines[kind][1], rows


def _row(table: sa.Table, values: list[str]) -> dict[str, Any]:
    columns = list(table.columns)
    if len(values) != len(columns):
        raise ValueError(
            f"A line of the result has {len(values)} columns and {table.name} {len(columns)}."
        )
    return {
        column.name: _reader(column)(value) for column, value in zip(columns, values, strict=True)
    }


def _reader(column: sa.Column[Any]) -> Callable[[str], Any]:
    if isinstance(column.type, Uuid):
        return UUID
    if isinstance(column.type, sa.Date):
        return date.fromisoformat
    return int if isinstance(column.type, sa.BigInteger) else str
