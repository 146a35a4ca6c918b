"""How the search pages write what they know: availability, opening, hours of the week, distance, and the way there."""

from urllib.parse import urlencode

from flask import Flask

from remedy.catalogue.hours import Hours, Opening
from remedy.values import local_day, packs_text
from web_portal.page_words import gettext as _
from web_portal.pages import clock_time, one_decimal, time_of_day, weekday_name
from web_portal.parts import parts

SOURCES = {"openstreetmap": "© OpenStreetMap contributors, ODbL"}
"""Lists that pharmacies came in from, as their licence asks to name them."""

LOW_MILLI = 5000
"""Fewer packs than this are called low."""

MAP = "https://www.openstreetmap.org/directions"


def availability(available_milli: int, is_doubtful: bool = False) -> str:
    """What a patient needs to know of a stock, in words."""
    if is_doubtful:
        return _("Ask the pharmacy")
    if available_milli <= 0:
        return _("Out of stock")
    if available_milli < LOW_MILLI:
        return _("Low (%(packs)s)", packs=packs_text(available_milli))
    return _("In stock (%(packs)s)", packs=packs_text(available_milli))


def availability_tag(available_milli: int, is_doubtful: bool = False) -> str:
    """The colour of those words."""
    if is_doubtful or 0 < available_milli < LOW_MILLI:
        return "tag-low"
    return "tag-in" if available_milli > 0 else "tag-out"


def opening(told: Opening | None, time_zone: str) -> str:
    """Whether a place is open now, and until when."""
    if told is None:
        return _("Opening hours are not known: call before you go")
    if told.changes_at is None:
        return _("Open around the clock") if told.is_open else _("Closed")
    day, at = local_day(told.changes_at, time_zone), clock_time(told.changes_at, time_zone)
    is_today = day == local_day(parts().now(), time_zone)
    weekday = weekday_name(day.weekday())
    if told.is_open:
        if is_today:
            return _("Open now, until %(time)s", time=at)
        return _("Open now, until %(weekday)s %(time)s", weekday=weekday, time=at)
    if is_today:
        return _("Closed now, opens at %(time)s", time=at)
    return _("Closed now, opens %(weekday)s %(time)s", weekday=weekday, time=at)


def week(hours: tuple[Hours, ...]) -> list[tuple[str, str]]:
    """Each day of the week with its hours in words."""
    days = []
    for weekday in range(7):
        stretches = [
            f"{time_of_day(one.opens_at)}–{time_of_day(one.closes_at)}"
            for one in hours
            if one.weekday == weekday
        ]
        days.append((weekday_name(weekday), ", ".join(stretches) or _("closed")))
    return days


def distance(kilometres: float) -> str:
    """How far away a pharmacy is."""
    return _("%(km)s km away", km=one_decimal(kilometres))


def kilometres(metres: int) -> str:
    """A way in kilometres."""
    return _("%(km)s km", km=one_decimal(metres / 1000))


def directions(latitude: float, longitude: float) -> str:
    """A map with the way there, opened only by whoever follows the link."""
    return f"{MAP}?{urlencode({'route': f';{latitude:.5f},{longitude:.5f}'})}"


def source_name(source: str) -> str:
    """Where a pharmacy is known from."""
    return SOURCES.get(source, source)


def init_app(app: Flask) -> None:
    """Give templates these words."""
    app.jinja_env.filters.update(
        opening=opening,
        week=week,
        distance=distance,
        source_name=source_name,
        kilometres=kilometres,
    )
    app.jinja_env.globals.update(
        availability=availability, availability_tag=availability_tag, directions=directions
    )
