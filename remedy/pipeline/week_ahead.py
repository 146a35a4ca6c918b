"""The count over both halves: which weeks need it, and into which agg table it goes.

A week is counted when its sales, and the visits of the week before, are over everywhere, whole in HDFS and checked, and
something of them changed since. Late events of visits before that change it too: they are part of the visits' stories.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

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
from remedy.pipeline.visit_counts import LOOK_BACK
from remedy.pipeline.visit_counts import TOPIC as VISITS
from remedy.schema.pipeline import aggregated_day, landing_file, landing_file_day, quarantine
from remedy.schema.visit_counts import agg_weekly_visit_demand
from remedy.values import Clock

KIND = "visit-demand"
SALES = "stock-movements"
WEEK = timedelta(days=7)
WEEKS = Subject(KIND, {"week": (KIND, agg_weekly_visit_demand)})
"""What mapreduce/week_ahead.py counts."""


def plan_weeks(
    connection: sa.Connection, zones: Mapping[str, str], *, asked: Asked, clock: Clock
) -> Plan:
    """Choose the weeks to count and everything that belongs to them; as `aggregates.make_plan`."""
    open_from = first_open_day(zones, clock())
    landed = {
        (row.kind, row.day): row for row in connection.execute(candidates((SALES, VISITS), Asked()))
    }
    told = sa.select(aggregated_day.c.day, aggregated_day.c.changed_at)
    counted = {
        row.day: row.changed_at
        for row in connection.execute(told.where(aggregated_day.c.kind == KIND))
    }
    weeks: list[DayToCount] = []
    waiting: list[Day] = []
    for week in _weeks_in(landed):
        if week + WEEK > open_from or not (asked.first_day or week) <= week <= (
            asked.last_day or week
        ):
            continue
        days = {day for day in _days_of(week) if day in landed}
        parts = [landed[day] for day in days]
        since = week - WEEK - LOOK_BACK
        changed_at = max(
            row.changed_at
            for (kind, day), row in landed.items()
            if (kind == VISITS and since <= day < week) or (kind, day) in days
        )
        if counted.get(week) == changed_at and not asked.again:
            continue
        if any(row.ready_rows != row.landed_rows for row in parts):
            waiting.append((KIND, week))
            continue
        rows = sum(int(row.ready_rows) for row in parts)
        weeks.append(DayToCount(KIND, week, changed_at, rows, is_open=False))
    return Plan(
        days=tuple(weeks),
        files=tuple(connection.execute(_files(weeks)).scalars()) if weeks else (),
        quarantined=tuple(connection.execute(_quarantined(weeks)).scalars()) if weeks else (),
        waiting=tuple(waiting),
    )


def wanted_days(plan: Plan) -> dict[str, list[str]]:
    """The days by topic, and the weeks, that the job is asked for; ISO texts."""
    wanted: dict[str, list[str]] = {KIND: [each.day.isoformat() for each in plan.days]}
    for each in plan.days:
        for topic, day in _days_of(each.day):
            wanted.setdefault(topic, []).append(day.isoformat())
    return wanted


def groups_of(connection: sa.Connection) -> dict[str, str]:
    """The ATC code of each medicine that has one, by public id."""
    rows = connection.execute(
        sa.text("SELECT public_id, atc_code FROM known_medicine WHERE atc_code IS NOT NULL")
    )
    return {str(UUID(bytes=bytes(public_id))): code for public_id, code in rows}


def _weeks_in(landed: Mapping[Day, Any]) -> list[date]:
    """The Mondays of the weeks that have sales, and visits' events in the week before."""
    sold = {_monday(day) for kind, day in landed if kind == SALES}
    seen = {_monday(day) + WEEK for kind, day in landed if kind == VISITS}
    return sorted(sold & seen)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _days_of(week: date) -> list[Day]:
    days = [timedelta(days=number) for number in range(7)]
    return [*((SALES, week + day) for day in days), *((VISITS, week - WEEK + day) for day in days)]


def _files(weeks: list[DayToCount]) -> sa.Select[Any]:
    return (
        sa.select(landing_file.c.path)
        .join_from(landing_file, landing_file_day, landing_file_day.c.file_id == landing_file.c.id)
        .where(is_ready(), _is_read(landing_file.c.topic, landing_file_day.c.day, weeks))
        .distinct()
        .order_by(landing_file.c.path)
    )


def _quarantined(weeks: list[DayToCount]) -> sa.Select[Any]:
    return sa.select(quarantine.c.event_id).where(
        quarantine.c.released_at.is_(None),
        _is_read(quarantine.c.topic, quarantine.c.day, weeks),
    )


def _is_read(
    topic: sa.ColumnElement[str], day: sa.ColumnElement[date], weeks: list[DayToCount]
) -> sa.ColumnElement[bool]:
    first, last = weeks[0].day, weeks[-1].day
    sold = [on for each in weeks for kind, on in _days_of(each.day) if kind == SALES]
    return sa.or_(
        sa.and_(topic == SALES, day.in_(sold)),
        sa.and_(topic == VISITS, day >= first - WEEK - LOOK_BACK, day < last),
    )
