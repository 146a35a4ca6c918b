"""Opening hours as OpenStreetMap writes them, read by a library and turned into the hours of a week."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from remedy.catalogue.hours import Hours

# Two Mondays half a year apart: who keeps other hours in summer differs between them.
# Local times of no place: opening hours are what a clock on the wall shows.
WINTER, SUMMER = datetime(2026, 2, 2), datetime(2026, 7, 6)  # noqa: DTZ001
A_DAY, MIDNIGHT = timedelta(days=1), time()


def week_of(expression: str) -> list[Hours]:
    """The stretches of opening of a week.

    Public holidays are left out: a week has none.

    Raises:
        ValueError: with a sentence, if the text is in no syntax that is known, or the hours are not the same
            every week.
    """
    # The parser is a native library of some megabytes, needed by imports only.
    from opening_hours import OpeningHours, validate

    if not validate(expression):
        raise ValueError("The opening hours are not in OpenStreetMap's syntax.")
    read = OpeningHours(expression)
    in_winter, in_summer = (list(_stretches(read, monday)) for monday in (WINTER, SUMMER))
    if in_winter != in_summer:
        raise ValueError("The opening hours are not the same every week.")
    if not in_winter:
        raise ValueError("The opening hours name no time at which it is open.")
    return in_winter


def _stretches(read: "object", monday: datetime) -> Iterator[Hours]:
    ends = monday + 7 * A_DAY
    for starts_at, ends_at, state, _comments in read.intervals(monday, ends):  # type: ignore[attr-defined]
        if str(state) != "open":
            continue
        # What runs over midnights is cut there into days, but for a night: that closes on the next day.
        starts, last = starts_at, min(ends_at, ends)
        while last - starts > A_DAY:
            midnight = datetime.combine(starts.date(), MIDNIGHT) + A_DAY
            yield Hours(starts.weekday(), starts.time(), MIDNIGHT)
            starts = midnight
        if starts < last:
            yield Hours(starts.weekday(), starts.time(), last.time())
