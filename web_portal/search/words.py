"""How the search pages write what they know: availability, opening, hours of the week, distance, and the way there."""

from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlencode

from flask import Flask, current_app

from remedy.catalogue.hours import Hours, Opening
from remedy.catalogue.model import Offer, OnShelf
from remedy.values import local_day, packs_text
from web_portal.page_words import gettext as _
from web_portal.pages import (
    age,
    clock_time,
    day_name,
    is_old,
    language,
    money,
    one_decimal,
    time_of_day,
    weekday_name,
)
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


def who(offer: Offer) -> str:
    """Where a pharmacy is, when it is open and what is known of it, as it stands in a list."""
    place = ", ".join(text for text in (offer.address, offer.district) if text)
    if offer.distance_km is not None:
        place = f"{place} · {distance(offer.distance_km)}"
    known_from = ""
    if offer.licence:
        known_from = _("licence %(number)s", number=offer.licence)
    elif offer.source:
        known_from = f"{source_name(offer.source)}, {offer.source_as_of}"
    verified_on = day_name(local_day(offer.verified_at, offer.time_zone))
    return _drawn(
        language(),
        "who",
        offer.name,
        place,
        directions(offer.latitude, offer.longitude),
        opening(offer.opening, offer.time_zone),
        offer.phone,
        known_from,
        _("verified on %(day)s", day=verified_on),
    )


def stock(has: Offer | OnShelf) -> str:
    """What a pharmacy has of a medicine, at what price, and how old the figure is, as it stands in a list."""
    return _drawn(
        language(),
        "stock",
        availability_tag(has.available_milli, has.is_doubtful),
        availability(has.available_milli, has.is_doubtful),
        money(has.price_minor),
        has.price_minor is not None,
        is_old(has.as_of),
        age(has.as_of),
    )


@lru_cache(maxsize=8192)
def _drawn(_language: str, macro: str, *words: str | bool | None) -> str:
    """Lines of a list say the same again and again: drawing those of ten pharmacies was a quarter of the page."""
    lines: Any = current_app.jinja_env.get_template("search/_offer.html").module
    return cast(str, getattr(lines, macro)(*words))


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
        availability=availability,
        availability_tag=availability_tag,
        directions=directions,
        offer_who=who,
        offer_stock=stock,
    )
