"""How much of the time doctors offered was booked: by doctor, speciality, week and hour of the week; closed days.

Booked minutes are MapReduce's (`agg_hourly_visits`), offered ones what the calendar gave, measured after each day
(`agg_hourly_offered`). A doctor's day that nobody measured is left out of both, and said.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments.activity import Chosen, of_doctors, text_of


@dataclass(frozen=True)
class Use:
    """Time of doctors, in minutes, and visits in it; `key` says of what: a doctor, a speciality, a week, an hour of the week."""

    key: Any
    offered_minutes: int = 0
    booked_minutes: int = 0
    booked_count: int = 0
    attended_count: int = 0
    missed_count: int = 0

    @property
    def share(self) -> float | None:
        """Booked of offered; None where nothing was offered."""
        return self.booked_minutes / self.offered_minutes if self.offered_minutes else None

    def __add__(self, other: "Use") -> "Use":
        """Both together, under the key of the first."""
        return Use(
            self.key,
            self.offered_minutes + other.offered_minutes,
            self.booked_minutes + other.booked_minutes,
            self.booked_count + other.booked_count,
            self.attended_count + other.attended_count,
            self.missed_count + other.missed_count,
        )


@dataclass(frozen=True)
class Hour:
    """A doctor's time in one hour of a local day (0 to 23)."""

    day: date
    hour: int
    doctor_id: UUID
    use: Use


def hours(connection: sa.Connection, chosen: Chosen, closed: date | None) -> list[Hour]:
    """Every hour of the range that was measured and in which time was offered or booked, in order of time."""
    last = min(chosen.last, closed) if closed else chosen.first - timedelta(days=1)
    where, values = of_doctors("o.doctor_id", chosen)
    given = {**values, "first": chosen.first, "last": last}
    found: dict[tuple[date, int, bytes], Use] = {}
    offered = text_of(
        "SELECT o.day, o.hour, o.doctor_id, o.offered_minutes FROM agg_hourly_offered o"  # noqa: S608 - constants
        f" WHERE o.day BETWEEN :first AND :last{where}",
        values,
    )
    for row in connection.execute(offered, given):
        found[(row.day, row.hour, row.doctor_id)] = Use(None, int(row.offered_minutes))
    booked = text_of(
        "SELECT v.visit_on, v.hour, v.doctor_id, SUM(v.booked_minutes) AS booked_minutes,"  # noqa: S608 - constants
        " SUM(v.booked_count) AS booked_count, SUM(v.attended_count) AS attended_count,"
        " SUM(v.missed_count) AS missed_count FROM agg_hourly_visits v"
        " JOIN (SELECT DISTINCT o.day, o.doctor_id FROM agg_hourly_offered o"
        f" WHERE o.day BETWEEN :first AND :last{where}) m"
        " ON m.day = v.visit_on AND m.doctor_id = v.doctor_id"
        " GROUP BY v.visit_on, v.hour, v.doctor_id",
        values,
    )
    for row in connection.execute(booked, given):
        key = (row.visit_on, row.hour, row.doctor_id)
        found[key] = found.get(key, Use(None)) + Use(
            None, 0, int(row.booked_minutes), int(row.booked_count), int(row.attended_count),
            int(row.missed_count),
        )  # fmt: skip
    return [
        Hour(day, int(hour), UUID(bytes=bytes(doctor_id)), use)
        for (day, hour, doctor_id), use in sorted(found.items(), key=lambda item: item[0])
    ]


def unmeasured(connection: sa.Connection, chosen: Chosen, closed: date | None) -> int:
    """Minutes booked on closed days of doctors whose offered time nobody measured."""
    where, values = of_doctors("v.doctor_id", chosen)
    sql = text_of(
        "SELECT COALESCE(SUM(v.booked_minutes), 0) FROM agg_hourly_visits v"  # noqa: S608 - constants
        f" WHERE v.visit_on BETWEEN :first AND :last{where} AND NOT EXISTS (SELECT 1"
        " FROM agg_hourly_offered o WHERE o.day = v.visit_on AND o.doctor_id = v.doctor_id)",
        values,
    )
    last = min(chosen.last, closed) if closed else chosen.first - timedelta(days=1)
    return int(
        connection.execute(sql, {**values, "first": chosen.first, "last": last}).scalar_one()
    )


def by(found: list[Hour], key: Callable[[Hour], Any]) -> list[Use]:
    """Those hours together, under what `key` says of each; in order of the keys."""
    sums: dict[Any, Use] = {}
    for one in found:
        name = key(one)
        sums[name] = sums.get(name, Use(name)) + one.use
    return [sums[name] for name in sorted(sums)]


def week_of(one: Hour) -> date:
    """The Monday of an hour's week."""
    return one.day - timedelta(days=one.day.weekday())


def hour_of_week(one: Hour) -> tuple[int, int]:
    """The weekday (Monday is 0) and the hour."""
    return one.day.weekday(), one.hour
