"""How much of the time doctors offered was booked: by doctor, speciality, week and hour of the week; closed days.

Booked minutes are MapReduce's (`agg_hourly_visits`), offered ones what the calendar gave, measured after each day
(`agg_hourly_offered`). A doctor's day that nobody measured is left out of both, and said.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
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


def of_weeks(connection: sa.Connection, chosen: Chosen, closed: date | None) -> list[Use]:
    """Each doctor's time in each week; keys are the doctor's id and the week's Monday."""
    found = _used(
        connection, chosen, closed, "{t}.doctor_id", "DATE_SUB({t}.{day}, INTERVAL WEEKDAY({t}.{day}) DAY)"
    )  # fmt: skip
    return [replace(one, key=(UUID(bytes=bytes(one.key[0])), one.key[1])) for one in found]


def of_hours(connection: sa.Connection, chosen: Chosen, closed: date | None) -> list[Use]:
    """The time of all in each hour of the week; keys are the weekday (Monday is 0) and the hour, 0 to 23."""
    return _used(connection, chosen, closed, "WEEKDAY({t}.{day})", "{t}.hour")


def unmeasured(connection: sa.Connection, chosen: Chosen, closed: date | None) -> int:
    """Minutes booked on closed days of doctors whose offered time nobody measured."""
    where, values = of_doctors("v.doctor_id", chosen)
    sql = text_of(
        "SELECT COALESCE(SUM(v.booked_minutes), 0) FROM agg_hourly_visits v"  # noqa: S608 - constants
        f" WHERE v.visit_on BETWEEN :first AND :last{where} AND NOT EXISTS (SELECT 1"
        " FROM agg_hourly_offered o WHERE o.day = v.visit_on AND o.doctor_id = v.doctor_id)",
        values,
    )
    return int(connection.execute(sql, {**values, **_days(chosen, closed)}).scalar_one())


def by(found: Iterable[Use], key: Callable[[Use], Any]) -> list[Use]:
    """Those together, under what `key` says of each; in order of the keys."""
    sums: dict[Any, Use] = {}
    for one in found:
        name = key(one)
        sums[name] = sums.get(name, Use(name)) + one
    return [sums[name] for name in sorted(sums)]


def _days(chosen: Chosen, closed: date | None) -> dict[str, date]:
    """The closed days of the range; where none is closed, none."""
    last = min(chosen.last, closed) if closed else chosen.first - timedelta(days=1)
    return {"first": chosen.first, "last": last}


def _used(
    connection: sa.Connection, chosen: Chosen, closed: date | None, *groups: str
) -> list[Use]:
    """What was offered and booked, by two expressions of a table `{t}` and its `{day}`."""
    where, values = of_doctors("o.doctor_id", chosen)
    given = {**values, **_days(chosen, closed)}
    one, other = (group.format(t="o", day="day") for group in groups)
    offered = text_of(
        f"SELECT {one} AS one, {other} AS other, SUM(o.offered_minutes) AS offered_minutes"  # noqa: S608 - constants
        f" FROM agg_hourly_offered o WHERE o.day BETWEEN :first AND :last{where} GROUP BY one, other",
        values,
    )
    found = {
        (row.one, row.other): Use((row.one, row.other), int(row.offered_minutes))
        for row in connection.execute(offered, given)
    }
    one, other = (group.format(t="v", day="visit_on") for group in groups)
    booked = text_of(
        f"SELECT {one} AS one, {other} AS other, SUM(v.booked_minutes) AS booked_minutes,"  # noqa: S608 - constants
        " SUM(v.booked_count) AS booked_count, SUM(v.attended_count) AS attended_count,"
        " SUM(v.missed_count) AS missed_count FROM agg_hourly_visits v"
        " JOIN (SELECT DISTINCT o.day, o.doctor_id FROM agg_hourly_offered o"
        f" WHERE o.day BETWEEN :first AND :last{where}) m"
        " ON m.day = v.visit_on AND m.doctor_id = v.doctor_id"
        " WHERE v.visit_on BETWEEN :first AND :last GROUP BY one, other",
        values,
    )
    for row in connection.execute(booked, given):
        key = (row.one, row.other)
        found[key] = found.get(key, Use(key)) + Use(
            key, 0, int(row.booked_minutes), int(row.booked_count), int(row.attended_count),
            int(row.missed_count),
        )  # fmt: skip
    return [found[key] for key in sorted(found)]
