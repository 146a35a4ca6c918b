"""Finding medicines by words, and the pharmacies that have one."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.model import (
    MAX_SEARCH_WORDS,
    Medicine,
    Offer,
    distance_km,
    search_words,
)
from remedy.schema.pharmacy import medicine as medicines
from remedy.schema.pharmacy import medicine_word, pharmacy, stock_item
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import local_day

MAX_SEARCH_LENGTH = 200
_FIELDS = (
    medicines.c.public_id.label("medicine_id"),
    medicines.c.kind,
    medicines.c.generic_name,
    medicines.c.brand_name,
    medicines.c.strength,
    medicines.c.form,
    medicines.c.pack,
    medicines.c.atc_code,
    medicines.c.is_prescription_only,
    medicines.c.is_controlled,
)


def find_medicines(connection: sa.Connection, text: str, *, limit: int = 20) -> list[Medicine]:
    """Medicines that have every word of `text`, in any order, each as the beginning of a word of theirs.

    Those that have the words whole come first, then by name. Case and accents do not matter; a text without
    letters or digits finds nothing.
    """
    words = search_words(text[:MAX_SEARCH_LENGTH])[:MAX_SEARCH_WORDS]
    if not words:
        return []
    query = sa.select(*_FIELDS).order_by(
        _whole_words(words).desc(),
        sa.func.lower(medicines.c.generic_name),
        sa.func.lower(medicines.c.brand_name),
        medicines.c.id,
    )
    for word in words:
        # The words are letters and digits only: nothing in them means anything to LIKE.
        has_word = sa.select(medicine_word.c.medicine_id).where(
            medicine_word.c.word.like(word + "%")
        )
        query = query.where(medicines.c.id.in_(has_word))
    return [Medicine(**row) for row in connection.execute(query.limit(limit)).mappings()]


def _whole_words(words: list[str]) -> sa.ColumnElement[int]:
    return (
        sa.select(sa.func.count())
        .where(medicine_word.c.medicine_id == medicines.c.id, medicine_word.c.word.in_(words))
        .correlate(medicines)
        .scalar_subquery()
    )


def medicine(connection: sa.Connection, medicine_id: UUID) -> Medicine | None:
    """The medicine of that id; None when there is none."""
    query = sa.select(*_FIELDS).where(medicines.c.public_id == medicine_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Medicine(**row)


def offers(
    connection: sa.Connection,
    medicine_id: UUID,
    *,
    near: tuple[float, float] | None = None,
    now: datetime,
    limit: int | None = None,
) -> list[Offer]:
    """Verified pharmacies that keep a medicine: those that have it first, then the nearest, then the cheapest.

    `near` is (latitude, longitude) in degrees. What is expired, recalled or set aside is not available, by
    the day it is at each pharmacy.
    """
    # A day for each time zone there is: one or two, in most installations.
    zones = connection.execute(sa.select(pharmacy.c.time_zone).distinct()).scalars().all()
    if not zones:
        return []
    day = sa.case(
        {zone: sa.literal(local_day(now, zone)) for zone in zones}, value=pharmacy.c.time_zone
    )
    query = (
        sa.select(
            pharmacy.c.public_id.label("pharmacy_id"),
            pharmacy.c.name,
            pharmacy.c.address,
            pharmacy.c.phone,
            pharmacy.c.district,
            pharmacy.c.licence,
            pharmacy.c.latitude,
            pharmacy.c.longitude,
            stock_item.c.price_minor,
            stock_item.c.changed_at.label("as_of"),
            sellable_milli(stock_item.c.id, day).label("sellable_milli"),
            held_milli(stock_item.c.id, now).label("held_milli"),
        )
        .select_from(stock_item)
        .join(pharmacy, pharmacy.c.id == stock_item.c.pharmacy_id)
        .join(medicines, medicines.c.id == stock_item.c.medicine_id)
        .where(medicines.c.public_id == medicine_id, pharmacy.c.verified_at.is_not(None))
    )
    found = []
    for row in connection.execute(query).mappings():
        values = dict(row)
        place = (values.pop("latitude"), values.pop("longitude"))
        available = max(0, values.pop("sellable_milli") - values.pop("held_milli"))
        away = distance_km(near, place) if near else None
        found.append(Offer(**values, available_milli=available, distance_km=away))
    found.sort(key=_rank)
    return found[:limit]


def _rank(offer: Offer) -> tuple[bool, float, bool, int, str]:
    price = offer.price_minor
    return (
        offer.available_milli == 0, offer.distance_km or 0.0, price is None, price or 0, offer.name,
    )  # fmt: skip
