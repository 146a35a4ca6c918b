"""The count of visits: which days need it, and into which agg tables it goes.

What an event of a visit means depends on the events before it (mapreduce/visit_story.py). So the files of earlier days
are read too, a day waits until those before it are whole, and from the first day that changed all later ones are
counted anew: a late event may have changed what they mean.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from remedy.pipeline.aggregate_lines import Day, Subject
from remedy.pipeline.aggregates import (
    Asked,
    DayToCount,
    Plan,
    candidates,
    first_open_day,
    is_ready,
)
from remedy.schema.pipeline import landing_file, landing_file_day, quarantine
from remedy.schema.visit_counts import (
    agg_daily_imported_visits,
    agg_daily_visits,
    agg_daily_waiting,
    agg_hourly_visits,
)
from remedy.values import Clock

TOPIC = "appointments"

LOOK_BACK = timedelta(days=400)
"""How long before its last event a visit may have begun; visits are offered at most half a year ahead."""

VISITS = Subject(
    "visits",
    {
        "hourly": (TOPIC, agg_hourly_visits),
        "imported": (TOPIC, agg_daily_imported_visits),
        "visits": (TOPIC, agg_daily_visits),
        "waiting": (TOPIC, agg_daily_waiting),
    },
    adds_up=True,
)
"""What mapreduce/visit_counting.py counts."""


def plan_visits(
    connection: sa.Connection, zones: Mapping[str, str], *, asked: Asked, clock: Clock
) -> Plan:
    """Choose the days of visits to count and everything that belongs to them; as `aggregates.make_plan`."""
    open_from = first_open_day(zones, clock())
    days: list[DayToCount] = []
    waiting: list[Day] = []
    unready: date | None = None
    for row in connection.execute(candidates(VISITS.kinds, Asked())):
        is_open = row.day >= open_from
        if is_open and not asked.include_open:
            break
        if row.ready_rows == 0 or (not is_open and row.ready_rows != row.landed_rows):
            unready = row.day
        is_changed = row.counted_at != row.changed_at or row.was_open or asked.again
        if not days and not (is_changed and _is_asked(row.day, asked)):
            continue
        if unready is not None and row.day - unready <= LOOK_BACK:
            waiting.append((row.kind, row.day))
            continue
        days.append(DayToCount(row.kind, row.day, row.changed_at, int(row.ready_rows), is_open))
    return Plan(
        days=tuple(days),
        files=tuple(connection.execute(_files(days)).scalars()) if days else (),
        quarantined=tuple(connection.execute(_quarantined(days)).scalars()) if days else (),
        waiting=tuple(waiting),
    )


def _is_asked(day: date, asked: Asked) -> bool:
    return (asked.first_day or day) <= day <= (asked.last_day or day)


def _files(days: list[DayToCount]) -> sa.Select[Any]:
    return (
        sa.select(landing_file.c.path)
        .join_from(landing_file, landing_file_day, landing_file_day.c.file_id == landing_file.c.id)
        .where(is_ready(), landing_file.c.topic == TOPIC, _is_read(landing_file_day.c.day, days))
        .distinct()
        .order_by(landing_file.c.path)
    )


def _quarantined(days: list[DayToCount]) -> sa.Select[Any]:
    return sa.select(quarantine.c.event_id).where(
        quarantine.c.released_at.is_(None),
        quarantine.c.topic == TOPIC,
        _is_read(quarantine.c.day, days),
    )


def _is_read(day: sa.ColumnElement[date], days: list[DayToCount]) -> sa.ColumnElement[bool]:
    return day.between(days[0].day - LOOK_BACK, days[-1].day)
