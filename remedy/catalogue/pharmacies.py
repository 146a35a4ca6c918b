"""Pharmacies as patients look at them: where one is, when it is open, and where a typed place lies."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.hours import Hours, Opening, opening_at
from remedy.catalogue.model import distance_km, search_words
from remedy.catalogue.slips import SHORTEST, is_one_slip
from remedy.schema.people import account
from remedy.schema.pharmacy import pharmacy, pharmacy_hours

Point = tuple[float, float]
"""Latitude and longitude in degrees."""


@dataclass(frozen=True)
class Pharmacy:
    """A verified pharmacy; `verified_at` is when its licence was looked at, or the list it came in from was.

    `source` and `source_as_of` name that list and how old it is; None for one that applied itself. One from a list
    `is_answered` only when somebody works there with Remedy.
    """

    pharmacy_id: UUID
    name: str
    address: str
    district: str
    phone: str | None
    licence: str
    verified_at: datetime
    latitude: float
    longitude: float
    time_zone: str
    hours: tuple[Hours, ...]
    source: str | None = None
    source_as_of: str | None = None
    is_answered: bool = True

    def opening(self, now: datetime) -> Opening | None:
        """Whether it is open; None where its hours are not known."""
        return opening_at(self.hours, now, self.time_zone)


@dataclass(frozen=True)
class Near:
    """A place to measure from: the district it lies in, which is all that is kept, and where it is."""

    district: str
    point: Point


def pharmacy_of(connection: sa.Connection, pharmacy_id: UUID) -> Pharmacy | None:
    """The verified pharmacy of that id; None when there is none."""
    columns = pharmacy.c
    people = (
        sa.select(account.c.id)
        .where(account.c.pharmacy_id == columns.id, account.c.is_active)
        .correlate(pharmacy)
    )
    row = (
        connection.execute(
            sa.select(
                columns.public_id.label("pharmacy_id"),
                columns.name,
                columns.address,
                columns.district,
                columns.phone,
                columns.licence,
                columns.verified_at,
                columns.latitude,
                columns.longitude,
                columns.time_zone,
                columns.source,
                columns.source_as_of,
                (columns.source.is_(None) | sa.exists(people)).label("is_answered"),
            ).where(columns.public_id == pharmacy_id, columns.verified_at.is_not(None))
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    return Pharmacy(**row, hours=hours_of(connection, [pharmacy_id]).get(pharmacy_id, ()))


@dataclass(frozen=True)
class Listed:
    """A verified pharmacy in a list; `distance_km` is None where nobody said from where, `opening` where not known."""

    pharmacy_id: UUID
    name: str
    address: str
    district: str
    phone: str | None
    latitude: float
    longitude: float
    time_zone: str
    distance_km: float | None
    opening: Opening | None


def listed(
    connection: sa.Connection,
    *,
    named: str = "",
    near: Point | None = None,
    now: datetime,
    limit: int = 50,
    offset: int = 0,
) -> list[Listed]:
    """Verified pharmacies that have these words in name or address, the nearest first, or by name."""
    columns = pharmacy.c
    words = search_words(named)
    rows = connection.execute(
        sa.select(
            columns.public_id, columns.name, columns.address, columns.district, columns.phone,
            columns.latitude, columns.longitude, columns.time_zone,
        ).where(columns.verified_at.is_not(None))
    ).all()  # fmt: skip
    found = [
        (distance_km(near, (row.latitude, row.longitude)) if near else None, row)
        for row in rows
        if _has_beginnings(words, f"{row.name} {row.address} {row.district}")
    ]
    found.sort(key=lambda one: (one[0] or 0.0, one[1].name.casefold(), one[1].public_id))
    shown = found[offset : offset + limit]
    hours = hours_of(connection, [row.public_id for _, row in shown])
    return [
        Listed(*row, away, opening_at(hours.get(row.public_id, ()), now, row.time_zone))
        for away, row in shown
    ]


def _has_beginnings(words: list[str], text: str) -> bool:
    known = search_words(text) if words else []
    return all(any(one.startswith(word) for one in known) for word in words)


def places(connection: sa.Connection) -> list[tuple[str, Point]]:
    """Each verified pharmacy's district and where it is."""
    columns = pharmacy.c
    rows = connection.execute(
        sa.select(columns.district, columns.latitude, columns.longitude).where(
            columns.verified_at.is_not(None)
        )
    )
    return [(row.district, (row.latitude, row.longitude)) for row in rows]


def hours_of(
    connection: sa.Connection, pharmacy_ids: Iterable[UUID]
) -> dict[UUID, tuple[Hours, ...]]:
    """The opening hours of these pharmacies in the order of the week; those not known are left out."""
    rows = connection.execute(_HOURS, {"pharmacy_ids": list(pharmacy_ids)})
    return {pharmacy_id: week_of(told) for pharmacy_id, told in rows if told}


# One text for each pharmacy and not a row for each stretch: a page of them has a hundred.
HOURS_TOLD = (
    sa.select(
        sa.func.group_concat(
            sa.func.concat_ws(
                " ",
                pharmacy_hours.c.weekday,
                sa.func.time_to_sec(pharmacy_hours.c.opens_at),
                sa.func.time_to_sec(pharmacy_hours.c.closes_at),
            )
        )
    )
    .where(pharmacy_hours.c.pharmacy_id == pharmacy.c.id)
    .correlate(pharmacy)
    .scalar_subquery()
)
"""SQL: the opening hours of the pharmacy of the row, for `week_of`; NULL where they are not known."""

_HOURS = sa.select(pharmacy.c.public_id, HOURS_TOLD).where(
    pharmacy.c.public_id.in_(sa.bindparam("pharmacy_ids", expanding=True))
)


@lru_cache(maxsize=4096)
def week_of(told: str | None) -> tuple[Hours, ...]:
    """Opening hours as `HOURS_TOLD` has them, in the order of the week."""
    return tuple(sorted(map(_stretch, told.split(",")), key=_in_the_week)) if told else ()


def _stretch(told: str) -> Hours:
    weekday, opens, closes = map(int, told.split(" "))
    return Hours(weekday, _time(opens), _time(closes))


def _time(second: int) -> time:
    return time(second // 3600, second // 60 % 60, second % 60)


def _in_the_week(one: Hours) -> tuple[int, time]:
    return one.weekday, one.opens_at


def districts(connection: sa.Connection) -> dict[str, Point]:
    """Every district with a verified pharmacy, and the middle of its pharmacies."""
    rows = connection.execute(
        sa.select(
            pharmacy.c.district,
            sa.func.avg(pharmacy.c.latitude),
            sa.func.avg(pharmacy.c.longitude),
        )
        .where(pharmacy.c.verified_at.is_not(None))
        .group_by(pharmacy.c.district)
        .order_by(pharmacy.c.district)
    )
    return {name: (float(latitude), float(longitude)) for name, latitude, longitude in rows}


def place_meant(connection: sa.Connection, typed: str, known: dict[str, Point]) -> Near | None:
    """Where a typed place lies: a district (`known` are all of them), or a street with a verified pharmacy.

    Case and accents do not matter, the beginning of a district's name is enough, and one slip in it is
    forgiven; what could be two districts is none.
    """
    words = search_words(typed)
    if not words:
        return None
    if name := district_meant(words, known):
        return Near(name, known[name])
    rows = connection.execute(
        sa.select(
            pharmacy.c.address, pharmacy.c.district, pharmacy.c.latitude, pharmacy.c.longitude
        )
        .where(pharmacy.c.verified_at.is_not(None))
        .order_by(pharmacy.c.id)
    )
    for address, district, latitude, longitude in rows:
        if set(words) <= set(search_words(f"{address} {district}")):
            return Near(district, (latitude, longitude))
    return None


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(search_words(name))


def district_meant(words: list[str], known: Iterable[str]) -> str | None:
    """The one district that is called so, or begins so, or would but for one slip in a word."""
    folded = {name: _words(name) for name in known}
    rules = (
        lambda typed, word: typed == word,
        lambda typed, word: word.startswith(typed),
        lambda typed, word: len(typed) >= SHORTEST and is_one_slip(typed, word),
    )
    for number, fits in enumerate(rules):
        meant = [
            name
            for name, named in folded.items()
            if (number > 0 or len(words) == len(named))
            and all(any(fits(typed, word) for word in named) for typed in words)
        ]
        if meant:
            return meant[0] if len(meant) == 1 else None
    return None
