"""The story of one visit, told from its events: what each of them changed, and on which day.

A visit's events lie in the files of many days, and what one of them means depends on those before it: a cancelled
request frees nothing that was booked, a cancelled visit does. So all of a visit's events are brought together
(`fold`), and each gives its changes to the day on which it happened. Days are thus added up, never corrected.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from remedy.values import local_hours

WAITING_BOUNDS = (
    5, 15, 30, 60, 120, 240, 480, 720,
    *(24 * 60 * days for days in (1, 2, 3, 4, 5, 7, 14, 21, 30, 45, 60, 90, 180)),
    10**7,
)  # fmt: skip
"""Upper bounds, in minutes, of the classes waiting times are counted in; nothing waits longer than the last."""

COUNTS = (
    "requested", "accepted", "declined", "proposed", "moved",
    "cancelled by patient", "cancelled by hospital", "lapsed", "attended", "missed",
)  # fmt: skip
"""What is counted of a day's events, in the order of the columns of `agg_daily_visits`."""

BOOKED, ATTENDED, MISSED = range(3)
"""What is counted of an hour of a doctor's time: each has a number of visits and of minutes, in this order."""


class Told(NamedTuple):
    """One event of a visit. Times are seconds since 1970, `day` the local one as ISO text, `what` its type's verb."""

    version: int
    at: int
    day: str
    what: str
    starts: int
    ends: int
    hospital: str
    doctor: str
    speciality: str
    why: str


class Change(NamedTuple):
    """What an event adds: the kind of an output line, its key columns after the day, and its numbers."""

    kind: str
    day: str
    columns: tuple[str, ...]
    amounts: tuple[int, ...]


class _Story:
    """How a visit stands while its events are read in order."""

    def __init__(self, time_zone: str) -> None:
        self.zone = time_zone
        self.speciality = ""
        self.requested_at: int | None = None
        self.asked_at: int | None = None
        self.booked: Told | None = None
        self.ended: tuple[Told, str] | None = None

    def tell(self, told: Told) -> Iterator[Change]:
        """The changes one event makes."""
        self.speciality = told.speciality or self.speciality
        what = told.what
        if what == "cancelled":
            what = "lapsed" if told.why == "lapsed" else f"cancelled by {told.why or 'patient'}"
        if what not in COUNTS:
            return
        yield self._count(told, what, 1)
        if what in ("attended", "missed"):
            yield from self._end(told, what)
            return
        yield from self._answer(told, what)
        if self.booked is not None:
            yield from self._hours(told, self.booked, BOOKED, -1)
            self.booked = None
        if what == "accepted":
            if self.requested_at is not None:
                yield self._waited(told, "visit", told.starts - self.requested_at)
            yield from self._hours(told, told, BOOKED, 1)
            self.booked = told

    def _answer(self, told: Told, what: str) -> Iterator[Change]:
        if what in ("requested", "moved"):
            self.asked_at = told.at
            if what == "requested":
                self.requested_at = told.at
        elif self.asked_at is not None:
            # The patient's own cancellation answers nothing.
            if what in ("accepted", "declined", "proposed", "lapsed"):
                yield self._waited(told, what, told.at - self.asked_at)
            self.asked_at = None

    def _end(self, told: Told, what: str) -> Iterator[Change]:
        # Corrected afterwards: the other is taken back, on the day of the correction.
        if self.ended is not None:
            before, was = self.ended
            yield self._count(told, was, -1)
            yield from self._hours(told, before, _PART[was], -1)
        yield from self._hours(told, told, _PART[what], 1)
        self.ended = (told, what)

    def _count(self, told: Told, what: str, number: int) -> Change:
        amounts = tuple(number if each == what else 0 for each in COUNTS)
        return Change("visits", told.day, (told.hospital, told.doctor, self.speciality), amounts)

    def _waited(self, told: Told, waited_for: str, seconds: int) -> Change:
        minutes = max(0, seconds // 60)
        bound = next((each for each in WAITING_BOUNDS if minutes <= each), WAITING_BOUNDS[-1])
        columns = (told.hospital, self.speciality, waited_for, str(bound))
        return Change("waiting", told.day, columns, (1, minutes))

    def _hours(self, told: Told, visit: Told, part: int, sign: int) -> Iterator[Change]:
        # The visit is counted where it begins, its minutes in each hour it touches.
        for place, (on, hour, minutes) in enumerate(hours_of(visit.starts, visit.ends, self.zone)):
            amounts = [0] * 6
            amounts[2 * part] = sign * (place == 0)
            amounts[2 * part + 1] = sign * minutes
            columns = (on, str(hour), visit.hospital, visit.doctor, self.speciality)
            yield Change("hourly", told.day, columns, tuple(amounts))


_PART = {"attended": ATTENDED, "missed": MISSED}


def fold(events: Iterable[Told], time_zone: str) -> Iterator[Change]:
    """What the events of one visit changed, whatever order they come in."""
    story = _Story(time_zone)
    for told in sorted(events):
        yield from story.tell(told)


def hours_of(starts: int, ends: int, time_zone: str) -> Iterator[tuple[str, int, int]]:
    """The local day (ISO text), the local hour and the minutes within it of each hour a visit touches.

    Times are seconds since 1970. On the day clocks go back, an hour comes twice.
    """
    begins, ends_at = (datetime.fromtimestamp(second, UTC) for second in (starts, ends))
    for day, hour, minutes in local_hours(begins, ends_at, time_zone):
        yield day.isoformat(), hour, minutes
