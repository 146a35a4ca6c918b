"""What is usual, learnt from history: closed days from `agg_*`, the week's course from the landed rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remedy.events.pharmacy import MedicineSearched, StockRefused, StockSold
from remedy.pipeline.demand_bands import (
    HISTORY_DAYS,
    REFUSALS,
    SALES,
    SEARCHES,
    UNMET,
    Counts,
    Measure,
    Usual,
    group_of,
    quarter_of_week,
    subjects_of,
)
from remedy.schema.pipeline import RAW, agg_daily_demand, agg_daily_search, aggregated_day

NOTHING = UUID(int=0)
"""The medicine of searches that meant none (mapreduce/landed_lines.py)."""

_MEASURE: dict[str, Measure] = {
    StockSold.TYPE: SALES,
    StockRefused.TYPE: REFUSALS,
    MedicineSearched.TYPE: SEARCHES,
}


@dataclass(frozen=True)
class Learnt:
    """What is usual, and the group of each medicine by its id as text."""

    usual: Usual
    groups: dict[str, str]


def learn(connection: sa.Connection, zone: ZoneInfo, now: datetime) -> Learnt:
    """Read the last counted days."""
    groups = _groups(connection)
    movements = _closed_days(connection, StockSold.topic())
    searches = _closed_days(connection, MedicineSearched.topic())
    # A measure of a day that was not counted would be missing, not zero: only days that all have.
    days = sorted({*movements} & {*searches})[-HISTORY_DAYS:]
    counts = Counts(len(days))
    if days:
        for row in connection.execute(_sold_and_refused(days)):
            _add(counts, SALES, row, int(row.sales), groups)
            _add(counts, REFUSALS, row, int(row.refusals), groups)
        for row in connection.execute(_searched(days)):
            _add(counts, SEARCHES, row, int(row.searches), groups)
            _add(counts, UNMET, row, int(row.searches - row.found), groups)
        for topic in (StockSold.topic(), MedicineSearched.topic()):
            _add_course(connection, counts, topic, zone, now)
    return Learnt(counts.usual(zone), groups)


def counted_at(connection: sa.Connection) -> datetime | None:
    """When a day was last counted; None when none was."""
    found: datetime | None = connection.execute(
        sa.select(sa.func.max(aggregated_day.c.aggregated_at))
    ).scalar()
    return found


def _groups(connection: sa.Connection) -> dict[str, str]:
    rows = connection.execute(sa.text("SELECT public_id, atc_code FROM known_medicine"))
    found = {str(UUID(bytes=bytes(row.public_id))): group_of(row.atc_code) for row in rows}
    return {medicine: group for medicine, group in found.items() if group is not None}


def _closed_days(connection: sa.Connection, topic: str) -> list[Any]:
    return list(
        connection.execute(
            sa.select(aggregated_day.c.day)
            .where(aggregated_day.c.kind == topic, aggregated_day.c.is_open.is_(False))
            .order_by(aggregated_day.c.day.desc())
            .limit(2 * HISTORY_DAYS)
        ).scalars()
    )


def _sold_and_refused(days: list[Any]) -> sa.Select[Any]:
    table = agg_daily_demand
    return (
        sa.select(
            table.c.day,
            table.c.medicine_id,
            sa.func.sum(table.c.sale_count).label("sales"),
            sa.func.sum(table.c.refusal_count).label("refusals"),
        )
        .where(table.c.day.in_(days))
        .group_by(table.c.day, table.c.medicine_id)
    )


def _searched(days: list[Any]) -> sa.Select[Any]:
    table = agg_daily_search
    return sa.select(
        table.c.day,
        table.c.medicine_id,
        table.c.search_count.label("searches"),
        table.c.found_count.label("found"),
    ).where(table.c.day.in_(days))


def _add(counts: Counts, measure: Measure, row: Any, count: int, groups: dict[str, str]) -> None:
    medicine = None if row.medicine_id == NOTHING else str(row.medicine_id)
    if count:
        for subject in subjects_of(medicine, groups):
            counts.add((subject, measure), row.day.toordinal(), count)


def _add_course(
    connection: sa.Connection, counts: Counts, topic: str, zone: ZoneInfo, now: datetime
) -> None:
    """How many events each quarter of an hour had: counted by the server, from the index of instants."""
    table = RAW[topic]
    quarter = sa.func.floor(sa.func.unix_timestamp(table.c.event_at) / 900).label("quarter")
    rows = connection.execute(
        sa.select(table.c.type, quarter, sa.func.count().label("events"))
        .where(
            table.c.event_at > now - timedelta(days=HISTORY_DAYS),
            # Whole days before today: today is what is held against them.
            table.c.event_at <= now - timedelta(days=1),
            table.c.type.in_(_MEASURE),
        )
        .group_by(table.c.type, quarter)
    )
    for row in rows:
        local = datetime.fromtimestamp(int(row.quarter) * 900, zone)
        counts.add_quarter(_MEASURE[row.type], quarter_of_week(local), int(row.events))
