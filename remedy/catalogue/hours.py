"""Opening hours as values: whether a place is open at an instant, and when it opens or closes next. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from remedy.values import local_day, zone

Stretch = tuple[datetime, datetime]

DAYS_AHEAD = 8
"""A week and a day: whoever opens at all opens within it."""


@dataclass(frozen=True)
class Hours:
    """One stretch of opening a week: `weekday` 0 is Monday, times are local.

    One that closes no later than it opens closes on the next day; from 00:00 to 00:00 is a whole day.
    """

    weekday: int
    opens_at: time
    closes_at: time


@dataclass(frozen=True)
class Opening:
    """Whether a place is open, and the instant (UTC) when that changes; None where it does not within a week."""

    is_open: bool
    changes_at: datetime | None


def opening_at(hours: Iterable[Hours], instant: datetime, time_zone: str) -> Opening | None:
    """Whether a place with these hours is open at `instant`; None where its hours are not known.

    Stretches that touch or overlap are one: a place open around the clock does not close at midnight. On the
    day clocks change a local time means the instant at which the clock on the wall shows it first; one that
    is skipped means as long after midnight as on other days.
    """
    known = list(hours)
    if not known:
        return None
    today = local_day(instant, time_zone)
    horizon = instant + timedelta(days=DAYS_AHEAD - 1)
    for starts, ends in _merged(_stretches(known, today, time_zone)):
        if starts <= instant < ends:
            return Opening(True, ends if ends <= horizon else None)
        if starts > instant:
            return Opening(False, starts)
    return Opening(False, None)


def open_for(
    hours: Iterable[Hours], instant: datetime, time_zone: str, length: timedelta
) -> datetime:
    """When a place will have been open for so long, counted from `instant`.

    As if it never closed where its hours are not known, or it does not open within a week.
    """
    known, at, left = list(hours), instant, length
    while True:
        told = opening_at(known, at, time_zone)
        if told is None or (told.changes_at is None and not told.is_open):
            return instant + length
        if told.changes_at is None or (told.is_open and at + left <= told.changes_at):
            return at + left
        if told.is_open:
            left -= told.changes_at - at
        at = told.changes_at


def _merged(stretches: Iterable[Stretch]) -> Iterable[Stretch]:
    """Those that touch or overlap as one; they come in the order of their beginning, and so do these."""
    one: Stretch | None = None
    for starts, ends in stretches:
        if one is not None and starts <= one[1]:
            one = (one[0], max(ends, one[1]))
        else:
            if one is not None:
                yield one
            one = (starts, ends)
    if one is not None:
        yield one


def _stretches(hours: list[Hours], today: date, time_zone: str) -> Iterable[Stretch]:
    """Day by day, so that who has read enough need not work out the rest of the week."""
    # From yesterday: what opened then may still be open.
    for ahead in range(-1, DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        of_day = []
        for one in hours:
            if one.weekday != day.weekday():
                continue
            closing = day if one.closes_at > one.opens_at else day + timedelta(days=1)
            starts = _instant(day, one.opens_at, time_zone)
            ends = _instant(closing, one.closes_at, time_zone)
            if starts < ends:
                of_day.append((starts, ends))
        yield from sorted(of_day)


def _instant(day: date, at: time, time_zone: str) -> datetime:
    return datetime.combine(day, at, tzinfo=zone(time_zone)).astimezone(UTC)
