"""Who has a medicine: the nearest pharmacies that do, in one statement however many keep it.

Availability is computed from lots and holds at each look, never kept: nothing here can be out of step with the
ledger. The database reads the lots of a medicine in one stretch of an index and hands over only what is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.hours import opening_at
from remedy.catalogue.model import EARTH_RADIUS_KM, Offer, distance_km
from remedy.catalogue.pharmacies import Point, hours_of
from remedy.schema.pharmacy import medicine, pharmacy, stock_hold, stock_item, stock_lot
from remedy.values import local_day

Number = sa.ColumnElement[Any]


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
) -> Offers:
    """Verified pharmacies that keep a medicine: those that have it first, then the nearest, then the cheapest.

    What is expired, recalled or set aside is not available, by the day it is at each pharmacy.
    """
    zones = connection.execute(sa.select(pharmacy.c.time_zone).distinct()).scalars().all()
    if not zones:
        return NOBODY
    row_id = sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id).scalar_subquery()
    ranked = _ranked(row_id, zones, near, now).limit(limit).offset(offset or None).subquery("best")
    columns, best = pharmacy.c, ranked.c
    query = (
        sa.select(
            columns.public_id.label("pharmacy_id"),
            columns.name,
            columns.address,
            columns.phone,
            columns.district,
            columns.licence,
            columns.verified_at,
            columns.latitude,
            columns.longitude,
            columns.time_zone,
            columns.source,
            columns.source_as_of,
            best.price_minor,
            best.changed_at.label("as_of"),
            best.count_wanted_at.is_not(None).label("is_doubtful"),
            best.available_milli,
            best.having,
            best.keeping,
        )
        .select_from(ranked)
        .join(pharmacy, columns.id == best.pharmacy_id)
    )
    rows = connection.execute(query).mappings().all()
    if not rows:
        return NOBODY
    hours = hours_of(connection, [row["pharmacy_id"] for row in rows])
    shown = [_offer(dict(row), hours, near, now) for row in rows]
    return Offers(sorted(shown, key=rank), int(rows[0]["having"]), int(rows[0]["keeping"]))


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


def _offer(
    values: dict[str, Any], hours: dict[UUID, Any], near: Point | None, now: datetime
) -> Offer:
    del values["having"], values["keeping"]
    values["is_doubtful"] = bool(values["is_doubtful"])
    values["available_milli"] = int(values["available_milli"])
    place = (values["latitude"], values["longitude"])
    return Offer(
        **values,
        distance_km=distance_km(near, place) if near else None,
        opening=opening_at(hours.get(values["pharmacy_id"], ()), now, values["time_zone"]),
    )


def _ranked(
    row_id: Number, zones: Sequence[str], near: Point | None, now: datetime
) -> sa.Select[Any]:
    """SQL: the stock items of a medicine at verified pharmacies in order, narrow, each with what it has."""
    item, place = stock_item.c, pharmacy.c
    days = {zone: local_day(now, zone) for zone in zones}
    lots, held = _lots(row_id, sorted(set(days.values()))), _held(row_id, now)
    sellable = sa.case(
        {zone: lots.c[f"until_{day:%Y%m%d}"] for zone, day in days.items()}, value=place.time_zone
    )
    available = sa.func.greatest(
        sa.func.coalesce(sellable, 0) - sa.func.coalesce(held.c.held_milli, 0), 0
    )
    having = sa.func.sum(sa.type_coerce(available > 0, sa.Integer)).over()
    order = [(available > 0).desc(), item.price_minor.is_(None), item.price_minor, place.name]
    if near is not None:
        order.insert(1, _distance_km(near))
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
        .where(item.medicine_id == row_id, place.verified_at.is_not(None))
        .order_by(*order)
    )


def _lots(row_id: Number, days: Sequence[date]) -> sa.Subquery:
    """SQL: what the lots of each stock item hold that may be sold on each of these days (see `Lot.is_sellable`)."""
    lot = stock_lot.c
    sums = [
        sa.func.sum(
            sa.case(
                (sa.or_(lot.expires_on.is_(None), lot.expires_on > day), lot.quantity_milli),
                else_=0,
            )
        ).label(f"until_{day:%Y%m%d}")
        for day in days
    ]
    return (
        sa.select(lot.stock_item_id, *sums)
        .where(lot.medicine_id == row_id, lot.recalled_at.is_(None))
        .group_by(lot.stock_item_id)
        .subquery("lots")
    )


def _held(row_id: Number, now: datetime) -> sa.Subquery:
    """SQL: what is set aside of each; an expired hold counts no more at once."""
    hold, kept = stock_hold.c, stock_item.alias("kept")
    return (
        sa.select(hold.stock_item_id, sa.func.sum(hold.quantity_milli).label("held_milli"))
        # From the items to their holds: what else is set aside in the town is not read.
        .prefix_with("STRAIGHT_JOIN")
        .select_from(kept.join(stock_hold, hold.stock_item_id == kept.c.id))
        .where(kept.c.medicine_id == row_id, hold.state == "held", hold.expires_at > now)
        .group_by(hold.stock_item_id)
        .subquery("held")
    )


def _distance_km(near: Point) -> Number:
    """SQL: the great circle from a point to the pharmacy of the row, as `distance_km` has it."""
    latitude, longitude = (sa.literal(value, sa.Double) for value in near)
    place, half = pharmacy.c, sa.literal(0.5, sa.Double)
    across = sa.func.pow(sa.func.sin(sa.func.radians(place.latitude - latitude) * half), 2)
    along = sa.func.pow(sa.func.sin(sa.func.radians(place.longitude - longitude) * half), 2)
    chord = across + sa.func.cos(sa.func.radians(latitude)) * (
        sa.func.cos(sa.func.radians(place.latitude)) * along
    )
    return 2 * EARTH_RADIUS_KM * sa.func.asin(sa.func.sqrt(sa.func.least(chord, 1.0)))
