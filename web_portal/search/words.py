"""How the search pages write what they know: availability, opening, hours of the week, distance, and the way there."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask, current_app, request, url_for

from remedy.catalogue.hours import Hours, Opening
from remedy.catalogue.model import Medicine, Offer, OnShelf
from remedy.catalogue.pharmacies import Point
from remedy.values import local_day, packs_text
from web_portal.page_words import gettext as _
from web_portal.pages import (
    age,
    clock_time,
    day_name,
    is_old,
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


# Lists say the same of a medicine or a pharmacy again and again, and writing it down for ten of them was a quarter of
# the page: what is written is kept by all that it says.


def card(one: Medicine, typed_place: str, language: str) -> str:
    """A medicine as it stands in a list in this language, with the way to who has it near a place."""
    return _card(
        request.script_root, language, one.medicine_id, one.label, one.is_prescription_only,
        typed_place or None,
    )  # fmt: skip


@lru_cache(maxsize=8192)
def _card(
    _below: str,
    _language: str,
    medicine_id: UUID,
    label: str,
    is_prescription_only: bool,
    district: str | None,
) -> str:
    address = url_for("search.medicine_page", medicine_id=medicine_id, district=district)
    return _lines("card")(address, label, is_prescription_only)


def places(districts: Mapping[str, Point]) -> str:
    """The districts as what a field offers to choose from."""
    return _places(tuple(districts.items()))


@lru_cache(maxsize=4)
def _places(districts: tuple[tuple[str, Point], ...]) -> str:
    return _lines("places")(districts)


def who(at: Offer, language: str) -> str:
    """Where a pharmacy is, when it is open and what is known of it, as it stands in a list in this language."""
    today = local_day(parts().now(), at.time_zone)
    return _who(
        language, today, at.name, at.address, at.district, at.latitude, at.longitude,
        at.opening, at.time_zone, at.phone, at.licence, at.source, at.source_as_of, at.verified_at,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _who(
    _language: str,
    _today: date,
    name: str,
    address: str,
    district: str,
    latitude: float,
    longitude: float,
    hours: Opening | None,
    time_zone: str,
    phone: str | None,
    licence: str,
    source: str | None,
    source_as_of: str | None,
    verified_at: datetime,
) -> str:
    known_from = ""
    if licence:
        known_from = _("licence %(number)s", number=licence)
    elif source:
        known_from = f"{source_name(source)}, {source_as_of}"
    return _lines("who")(
        name,
        ", ".join(text for text in (address, district) if text),
        directions(latitude, longitude),
        opening(hours, time_zone),
        phone,
        known_from,
        _("verified on %(day)s", day=day_name(local_day(verified_at, time_zone))),
    )


def stock(has: Offer | OnShelf, language: str) -> str:
    """What a pharmacy has of a medicine, at what price, and how old the figure is, in this language."""
    return _stock(
        language, has.available_milli, has.is_doubtful, has.price_minor, is_old(has.as_of), age(has.as_of)
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _stock(
    _language: str,
    available_milli: int,
    is_doubtful: bool,
    price_minor: int | None,
    is_old: bool,
    age: str,
) -> str:
    return _lines("stock")(
        availability_tag(available_milli, is_doubtful),
        availability(available_milli, is_doubtful),
        money(price_minor),
        price_minor is not None,
        is_old,
        age,
    )


def _lines(name: str) -> Callable[..., str]:
    kept: Any = current_app.jinja_env.get_template("search/_lines.html").module
    return cast(Callable[..., str], getattr(kept, name))


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
        medicine_card=card,
        place_options=places,
        offer_who=who,
        offer_stock=stock,
    )
