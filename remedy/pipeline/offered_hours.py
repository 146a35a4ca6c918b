"""How much of each hour doctors' calendars offered, written down once a day is over.

Calendars change and keep no history, so a day is measured soon after it ended, and never again. Without it nobody could
say how well the time was used: what was booked of it is counted from the events (visit_counts.py).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from remedy.appointments.calendar import stretches_of_day
from remedy.appointments.calendars import calendar_of, kept_doctors
from remedy.appointments.model import Doctor, Leave
from remedy.appointments.queries import leaves
from remedy.gateways.mysql import in_transaction
from remedy.pipeline.aggregates import first_open_day
from remedy.schema.visit_counts import agg_hourly_offered
from remedy.values import Clock, day_bounds, local_hours

FIRST_DAYS = 92
"""So many days back the first measurement goes, by the calendars as they are then."""

Hour = tuple[date, int]


def measure(engine: sa.Engine, zones: Mapping[str, str], *, clock: Clock) -> int:
    """Measure the days that ended since the last measurement; how many they were. It may be run again at any time."""
    return in_transaction(engine, lambda connection: _measure(connection, zones, clock))


def _measure(connection: sa.Connection, zones: Mapping[str, str], clock: Clock) -> int:
    now = clock()
    open_from = first_open_day(zones, now)
    latest = connection.execute(sa.select(sa.func.max(agg_hourly_offered.c.day))).scalar()
    first = latest + timedelta(days=1) if latest else open_from - timedelta(days=FIRST_DAYS)
    days = (open_from - first).days
    if days <= 0:
        return 0
    rows = [
        {
            "day": day,
            "hour": hour,
            "doctor_id": each.doctor.doctor_id,
            "offered_minutes": minutes,
            "measured_at": now,
        }
        for each in kept_doctors(connection)
        if each.is_active
        for (day, hour), minutes in sorted(_offered(connection, each.doctor, first, days).items())
    ]
    if rows:
        connection.execute(sa.insert(agg_hourly_offered), rows)
    return days


def _offered(connection: sa.Connection, found: Doctor, first: date, days: int) -> Counter[Hour]:
    # From the day before: hours may go over midnight.
    span = [first + timedelta(days=number) for number in range(-1, days)]
    calendar = calendar_of(connection, found, first_day=span[0], days=len(span))
    since = day_bounds(first, found.time_zone)[0] - timedelta(days=1)
    until = day_bounds(first + timedelta(days=days), found.time_zone)[0]
    away = leaves(connection, found.doctor_id, since=since, until=until)
    minutes: Counter[Hour] = Counter()
    for day in span:
        for stretch in stretches_of_day(calendar, day):
            for starts_at, ends_at in without(stretch.starts_at, stretch.ends_at, away):
                for on, hour, number in local_hours(starts_at, ends_at, found.time_zone):
                    if first <= on <= span[-1]:
                        minutes[on, hour] += number
    return minutes


def without(
    starts_at: datetime, ends_at: datetime, away: Iterable[Leave]
) -> Iterator[tuple[datetime, datetime]]:
    """What is left of a stretch of time when leaves, which may overlap, are taken out of it."""
    for leave in sorted(away, key=lambda each: each.starts_at):
        if leave.ends_at <= starts_at or leave.starts_at >= ends_at:
            continue
        if leave.starts_at > starts_at:
            yield starts_at, leave.starts_at
        starts_at = max(starts_at, leave.ends_at)
    if starts_at < ends_at:
        yield starts_at, ends_at
