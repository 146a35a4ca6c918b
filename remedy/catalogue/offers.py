"""Who has a medicine: the nearest pharmacies that do, in one statement however many keep it.

Availability is computed from lots and holds at each look, never kept: nothing here can be out of step with the
ledger. The database reads the lots of a medicine in one stretch of an index and hands over only what is shown.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.hours import Hours, opening_at
from remedy.catalogue.model import EARTH_RADIUS_KM, Offer, distance_km
from remedy.catalogue.pharmacies import HOURS_TOLD, Point, week_of
from remedy.schema.pharmacy import medicine, pharmacy, stock_hold, stock_item, stock_lot
from remedy.values import local_day

Number = sa.ColumnElement[Any]
Zones = tuple[tuple[str, int], ...]
"""Each time zone there is, with the number of the day it is there among those it is anywhere."""


@dataclass(frozen=True)
class Offers:
    """Some of the pharmacies that keep a medicine, the best first, and how many there are in all."""

    shown: list[Offer]
    having: int
    keeping: int


NOBODY = Offers([], 0, 0)


def offers_near(
    connection: sa.Connection,
    medicine_id: UUID,
    *,
    near: Point | None = None,
    now: datetime,
    limit: int | None = None,
    offset: int = 0,
    zones: Collection[str] | None = None,
) -> Offers:
    """Verified pharmacies that keep a medicine: those that have it first, then the nearest, then the cheapest.

    What is expired, recalled or set aside is not available, by the day it is at each pharmacy. `zones` are the
    pharmacies' time zones where the caller knows them; in one that is not among them it is the latest day there
    is, so that nothing expired is shown.
    """
    if zones is None:
        zones = time_zones(connection)
    if not zones:
        return NOBODY
    days = sorted({local_day(now, zone) for zone in zones})
    query = _query(
        tuple((zone, days.index(local_day(now, zone))) for zone in sorted(zones)), near is not None
    )
    latitude, longitude = near or (0.0, 0.0)
    values = {
        "medicine_id": medicine_id,
        "now": now,
        "latitude": latitude,
        "longitude": longitude,
        "most": MOST if limit is None else limit,
        "before": offset,
        **{f"day_{number}": day for number, day in enumerate(days)},
    }
    rows = connection.execute(query, values).all()
    if not rows:
        return NOBODY
    shown = [_offer(_place(place), json.loads(has), near, now) for place, has, _, _ in rows]
    return Offers(sorted(shown, key=rank), int(rows[0].having), int(rows[0].keeping))


def time_zones(connection: sa.Connection) -> list[str]:
    """Each time zone that a pharmacy is in."""
    return list(connection.execute(sa.select(pharmacy.c.time_zone).distinct()).scalars())


MOST = 2**31
"""More than there can be: no limit, as a number."""


@lru_cache(maxsize=64)
def _query(zones: Zones, is_near: bool) -> sa.Select[Any]:
    """The statement for pharmacies in these zones; made once, as making it takes longer than running it."""
    ranked = (
        _ranked(zones, is_near)
        .limit(sa.bindparam("most", type_=sa.BigInteger))
        .offset(sa.bindparam("before", type_=sa.BigInteger))
        .subquery("best")
    )
    columns, best = pharmacy.c, ranked.c
    # Two values and not eighteen: taking values apart is most of what reading a page of offers costs.
    return (
        sa.select(
            sa.func.json_array(
                sa.func.hex(columns.public_id), *(columns[name] for name in _OF_PLACE), HOURS_TOLD
            ),
            sa.func.json_array(
                best.price_minor,
                best.available_milli,
                sa.func.if_(best.count_wanted_at.is_(None), 0, 1),
                best.changed_at,
            ),
            best.having,
            best.keeping,
        )
        .select_from(ranked)
        .join(pharmacy, columns.id == best.pharmacy_id)
    )


def offers(
    connection: sa.Connection,
    medicine_id: UUID,
    *,
    near: Point | None = None,
    now: datetime,
    limit: int | None = None,
) -> list[Offer]:
    """As `offers_near`, without how many there are."""
    return offers_near(connection, medicine_id, near=near, now=now, limit=limit).shown


def rank(offer: Offer) -> tuple[bool, float, bool, int, str]:
    """The order in which offers are shown; `_ranked` says the same in SQL."""
    price = offer.price_minor
    return (not offer.has_it, offer.distance_km or 0.0, price is None, price or 0, offer.name)


_OF_PLACE = (
    "name", "address", "phone", "district", "licence", "latitude", "longitude", "time_zone",
    "source", "source_as_of", "verified_at",
)  # fmt: skip


@dataclass(frozen=True)
class _Place:
    """What an offer says of the pharmacy itself: `told` as in `Offer`."""

    told: dict[str, Any]
    at: Point
    hours: tuple[Hours, ...]


@lru_cache(maxsize=4096)
def _place(told: str) -> _Place:
    public_id, *values, hours = json.loads(told)
    named = dict(zip(_OF_PLACE, values, strict=True))
    named |= {"pharmacy_id": UUID(hex=public_id), "verified_at": _instant(named["verified_at"])}
    return _Place(named, (named["latitude"], named["longitude"]), week_of(hours))


def _instant(told: str) -> datetime:
    return datetime.fromisoformat(told).replace(tzinfo=UTC)


def _offer(place: _Place, has: list[Any], near: Point | None, now: datetime) -> Offer:
    price_minor, available_milli, is_doubtful, changed_at = has
    return Offer(
        **place.told,
        price_minor=price_minor,
        available_milli=int(available_milli),
        is_doubtful=bool(is_doubtful),
        as_of=_instant(changed_at),
        distance_km=distance_km(near, place.at) if near else None,
        opening=opening_at(place.hours, now, place.told["time_zone"]),
    )


def _ranked(zones: Zones, is_near: bool) -> sa.Select[Any]:
    """SQL: the stock items of a medicine at verified pharmacies in order, narrow, each with what it has."""
    item, place = stock_item.c, pharmacy.c
    latest = max(number for _, number in zones)
    lots, held = _lots(1 + latest), _held()
    sellable = sa.case(
        {zone: lots.c[f"sellable_{number}"] for zone, number in zones},
        value=place.time_zone,
        else_=lots.c[f"sellable_{latest}"],
    )
    available = sa.func.greatest(
        sa.func.coalesce(sellable, 0) - sa.func.coalesce(held.c.held_milli, 0), 0
    )
    having = sa.func.sum(sa.type_coerce(available > 0, sa.Integer)).over()
    order = [(available > 0).desc(), item.price_minor.is_(None), item.price_minor]
    # Names decide where everything costs the same; two at one spot are rare, and numbers are sorted sooner.
    order = [order[0], _distance_km(), *order[1:], place.id] if is_near else [*order, place.name]
    return (
        sa.select(
            item.pharmacy_id,
            item.price_minor,
            item.changed_at,
            item.count_wanted_at,
            available.label("available_milli"),
            having.label("having"),
            sa.func.count().over().label("keeping"),
        )
        .select_from(stock_item)
        .join(pharmacy, place.id == item.pharmacy_id)
        .outerjoin(lots, lots.c.stock_item_id == item.id)
        .outerjoin(held, held.c.stock_item_id == item.id)
        .where(item.medicine_id == _row_id(), place.verified_at.is_not(None))
        .order_by(*order)
    )


def _row_id() -> Number:
    return (
        sa.select(medicine.c.id)
        .where(medicine.c.public_id == sa.bindparam("medicine_id", type_=medicine.c.public_id.type))
        .scalar_subquery()
    )


def _lots(days: int) -> sa.Subquery:
    """SQL: what the lots of each stock item hold that may be sold on each of so many days (see `Lot.is_sellable`)."""
    lot = stock_lot.c
    sums = [
        sa.func.sum(
            sa.case(
                (
                    sa.or_(
                        lot.expires_on.is_(None),
                        lot.expires_on > sa.bindparam(f"day_{number}", type_=sa.Date),
                    ),
                    lot.quantity_milli,
                ),
                else_=0,
            )
        ).label(f"sellable_{number}")
        for number in range(days)
    ]
    return (
        sa.select(lot.stock_item_id, *sums)
        .where(lot.medicine_id == _row_id(), lot.recalled_at.is_(None))
        .group_by(lot.stock_item_id)
        .subquery("lots")
    )


def _held() -> sa.Subquery:
    """SQL: what is set aside of each; an expired hold counts no more at once."""
    hold = stock_hold.c
    return (
        sa.select(hold.stock_item_id, sa.func.sum(hold.quantity_milli).label("held_milli"))
        .where(
            hold.medicine_id == _row_id(),
            hold.state == "held",
            hold.expires_at > sa.bindparam("now", type_=hold.expires_at.type),
        )
        .group_by(hold.stock_item_id)
        .subquery("held")
    )


def _distance_km() -> Number:
    """SQL: the great circle from a point to the pharmacy of the row, as `distance_km` has it."""
    latitude, longitude = (
        sa.bindparam(name, type_=sa.Double) for name in ("latitude", "longitude")
    )
    place, half = pharmacy.c, sa.literal(0.5, sa.Double)
    across = sa.func.pow(sa.func.sin(sa.func.radians(place.latitude - latitude) * half), 2)
    along = sa.func.pow(sa.func.sin(sa.func.radians(place.longitude - longitude) * half), 2)
    chord = across + sa.func.cos(sa.func.radians(latitude)) * (
        sa.func.cos(sa.func.radians(place.latitude)) * along
    )
    return 2 * EARTH_RADIUS_KM * sa.func.asin(sa.func.sqrt(sa.func.least(chord, 1.0)))
