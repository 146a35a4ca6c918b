"""Which slots a doctor's calendar gives: weekly hours at one or more places, dates that differ, public holidays; pure.

Hours are what clocks at the hospital show; slots are instants, walked in real minutes, so that a day of 23 or 25 hours
loses none and doubles none. A doctor is in one place at a time: of stretches that overlap the earlier one counts, and
the later one begins where it ends. The buffer after a visit must fit into the hours too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

from remedy.appointments.model import Hours, Refused, Slot
from remedy.values import zone

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
CELL_MINUTES = 5
LONGEST_VISIT = 8 * 60
LONGEST_BUFFER = 2 * 60
KIND_NAME_AT_MOST = 60


@dataclass(frozen=True)
class DayException:
    """One date that differs: with times, hours beside those of the week; without, none of the week's count."""

    day: date
    starts: time | None = None
    ends: time | None = None
    hospital_id: UUID | None = None

    @property
    def is_day_off(self) -> bool:
        """Whether the week's hours do not count on that date."""
        return self.starts is None or self.ends is None


@dataclass(frozen=True)
class Calendar:
    """When and where a doctor sees patients; hours without a hospital are at the doctor's own.

    `holidays` are the days a hospital is closed. All places have the doctor's time zone.
    """

    doctor_id: UUID
    hospital_id: UUID
    time_zone: str
    hours: tuple[Hours, ...] = ()
    exceptions: tuple[DayException, ...] = ()
    holidays: frozenset[tuple[UUID, date]] = frozenset()


@dataclass(frozen=True, order=True)
class Stretch:
    """A stretch of time at one place; UTC, the end not included."""

    starts_at: datetime
    ends_at: datetime
    hospital_id: UUID


def stretches_of_day(calendar: Calendar, day: date) -> list[Stretch]:
    """The stretches that begin on a local day, in order; none overlaps another, or one of the day before."""
    # Nothing is longer than a day, so what began two days ago has ended.
    until = max((one.ends_at for one in _written(calendar, day - timedelta(days=1))), default=None)
    found = []
    for one in _written(calendar, day):
        starts_at = max(one.starts_at, until) if until else one.starts_at
        if starts_at < one.ends_at:
            found.append(Stretch(starts_at, one.ends_at, one.hospital_id))
            until = one.ends_at
    return found


def slots_of_day(
    calendar: Calendar, day: date, minutes: int, buffer_minutes: int = 0
) -> list[Slot]:
    """The slots of the hours that begin on a local day, whether taken or not, in order.

    A time the clocks skip counts as the first instant after the gap; of a time they repeat, the first. So
    hours over a change of clocks give as many slots as the time really has.
    """
    length, buffer = timedelta(minutes=minutes), timedelta(minutes=buffer_minutes)
    found = []
    for stretch in stretches_of_day(calendar, day):
        starts_at = stretch.starts_at
        while starts_at + length + buffer <= stretch.ends_at:
            found.append(
                Slot(
                    calendar.doctor_id,
                    starts_at,
                    starts_at + length,
                    buffer,
                    stretch.hospital_id,
                )
            )
            starts_at += length + buffer
    return found


def is_within(
    calendar: Calendar,
    starts_at: datetime,
    ends_at: datetime,
    hospital_id: UUID,
    days: Iterable[date],
) -> bool:
    """Whether a visit lies wholly in hours at its place that begin on these local days, whatever its slot was."""
    return any(
        stretch.hospital_id == hospital_id
        and stretch.starts_at <= starts_at
        and ends_at <= stretch.ends_at
        for day in days
        for stretch in stretches_of_day(calendar, day)
    )


def check_hours(hours: Iterable[Hours]) -> None:
    """Refuse a week in which a doctor would be in two places, or twice in one.

    Raises:
        Refused: naming the first two stretches that overlap, or a time that is no multiple of five minutes.
    """
    placed: list[tuple[int, int]] = []
    for one in hours:
        check_times(one.starts, one.ends)
        begins = one.weekday * DAY_MINUTES + _minutes(one.starts)
        placed.append((begins, begins + _length(one.starts, one.ends)))
    placed.sort()
    # The week is a ring: its first stretch comes after its last one.
    around = [
        *placed,
        *((begins + WEEK_MINUTES, ends + WEEK_MINUTES) for begins, ends in placed[:1]),
    ]
    for (_, ends), (begins, _) in pairwise(around):
        if begins < ends:
            raise Refused(
                "Two of these hours overlap; nobody can be in two places at once. End the first before the"
                " second begins."
            )


def check_day(calendar: Calendar, day: date) -> None:
    """Refuse a date on which a doctor would be in two places, or twice in one.

    Raises:
        Refused: if the hours of that date overlap, or those of the day before or after.
    """
    near = (_written(calendar, day + timedelta(days=n)) for n in (-1, 0, 1))
    placed = sorted(one for written in near for one in written)
    if any(two.starts_at < one.ends_at for one, two in pairwise(placed)):
        raise Refused(
            "These hours overlap others of that date; nobody can be in two places at once. Say first that the"
            " week's hours do not count on that date, or choose other times."
        )


def check_times(starts: time, ends: time) -> None:
    """Refuse hours that cells of five minutes cannot hold.

    Raises:
        Refused: if a time is no multiple of five minutes.
    """
    if _minutes(starts) % CELL_MINUTES or _minutes(ends) % CELL_MINUTES:
        raise Refused("Write times in steps of five minutes, such as 08:30.")


def check_kind(name: str, minutes: int, buffer_minutes: int) -> str:
    """The name of a kind of visit without blanks around it.

    Raises:
        Refused: if it has no name, or its length or buffer cannot be.
    """
    plain = name.strip()
    if not plain or len(plain) > KIND_NAME_AT_MOST:
        raise Refused("Give the kind of visit a name of at most 60 characters.")
    check_length(minutes, buffer_minutes)
    return plain


def check_length(minutes: int, buffer_minutes: int = 0) -> None:
    """Refuse a length of visits that cells of five minutes cannot hold, or that no visit has.

    Raises:
        Refused: if the minutes are no such length.
    """
    if minutes % CELL_MINUTES or not CELL_MINUTES <= minutes <= LONGEST_VISIT:
        raise Refused("A visit takes 5 to 480 minutes, in steps of five.")
    if buffer_minutes % CELL_MINUTES or not 0 <= buffer_minutes <= LONGEST_BUFFER:
        raise Refused("The time after a visit is 0 to 120 minutes, in steps of five.")


def instant(day: date, clock_time: time, time_zone: str) -> datetime:
    """The instant a local clock shows that time (the first, if twice; after the gap, if never)."""
    place = zone(time_zone)
    local = datetime.combine(day, clock_time, tzinfo=place)
    found = local.astimezone(UTC)
    if found.astimezone(place).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    # The clocks skip it: the offsets before and after the gap give two instants around the change.
    early, late = local.replace(fold=1).astimezone(UTC), found
    while late - early > timedelta(minutes=1):
        middle = early + (late - early) / 2
        if middle.astimezone(place).utcoffset() == early.astimezone(place).utcoffset():
            early = middle
        else:
            late = middle
    return late.replace(second=0, microsecond=0)


def _written(calendar: Calendar, day: date) -> list[Stretch]:
    """The stretches of a day as they are written, in order; they may overlap."""
    differs = [one for one in calendar.exceptions if one.day == day]
    own = calendar.hospital_id
    told: list[tuple[time, time, UUID]] = []
    if not any(one.is_day_off for one in differs):
        told = [
            (one.starts, one.ends, one.hospital_id or own)
            for one in calendar.hours
            if one.weekday == day.weekday()
            and (one.hospital_id or own, day) not in calendar.holidays
        ]
    # Hours given for one date count on a public holiday too: somebody meant that day.
    told += [
        (one.starts, one.ends, one.hospital_id or own)
        for one in differs
        if one.starts is not None and one.ends is not None
    ]
    found = []
    for starts, ends, hospital_id in told:
        last_day = day if ends > starts else day + timedelta(days=1)
        starts_at = instant(day, starts, calendar.time_zone)
        found.append(Stretch(starts_at, instant(last_day, ends, calendar.time_zone), hospital_id))
    return sorted(found)


def _minutes(clock_time: time) -> int:
    return clock_time.hour * 60 + clock_time.minute


def _length(starts: time, ends: time) -> int:
    length = _minutes(ends) - _minutes(starts)
    return length if length > 0 else length + DAY_MINUTES
