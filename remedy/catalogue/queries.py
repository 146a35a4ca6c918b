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
from remedy.catalogue.slips import is_one_slip, looked_up_by
from remedy.schema.pharmacy import medicine as medicines
from remedy.schema.pharmacy import medicine_word, medicine_word_near, pharmacy, stock_item
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


def find_medicines(
    connection: sa.Connection, text: str, *, kind: str | None = None, limit: int = 20
) -> list[Medicine]:
    """Medicines that have every word of `text`, in any order, each as the beginning of a word of theirs.

    Those that have the words whole come first, then by name. Case and accents do not matter; a text without
    letters or digits finds nothing. `kind` is as in `Medicine`; None means all.
    """
    # The words are letters and digits only: nothing in them means anything to LIKE.
    groups = [
        sa.select(
            medicine_word.c.medicine_id, sa.func.max(medicine_word.c.word == word).label("fit")
        )
        .where(medicine_word.c.word.like(word + "%"))
        .group_by(medicine_word.c.medicine_id)
        for word in _words_of(text)
    ]
    return _having_all(connection, groups, kind, limit)


def find_nearly(
    connection: sa.Connection, text: str, *, kind: str | None = None, limit: int = 20
) -> list[Medicine]:
    """As `find_medicines`, but each word of four letters or more may have one slip of the keyboard in it.

    Names of medicines are often alike: ask for this when nothing has the words as they are, and say so.
    """
    words = _words_of(text)
    meant = {word: _meant_by(connection, word) for word in words}
    if not any(meant.values()):
        return []
    groups = []
    for word in words:
        is_it = medicine_word.c.word.like(word + "%")
        if meant[word]:
            is_it |= medicine_word.c.word.in_(meant[word])
        # A word with a slip in it fits better if the word itself is as long: it was typed to its end.
        fit = sa.func.max(sa.func.abs(sa.func.char_length(medicine_word.c.word) - len(word)) <= 1)
        groups.append(
            sa.select(medicine_word.c.medicine_id, fit.label("fit"))
            .where(is_it)
            .group_by(medicine_word.c.medicine_id)
        )
    return _having_all(connection, groups, kind, limit)


def _words_of(text: str) -> list[str]:
    return search_words(text[:MAX_SEARCH_LENGTH])[:MAX_SEARCH_WORDS]


def _meant_by(connection: sa.Connection, typed: str) -> list[str]:
    keys = looked_up_by(typed)
    if not keys:
        return []
    alike = connection.execute(
        sa.select(medicine_word_near.c.word)
        .where(medicine_word_near.c.near.in_(sorted(keys)))
        .distinct()
    ).scalars()
    return sorted(word for word in alike if is_one_slip(typed, word))


def _having_all(
    connection: sa.Connection,
    groups: list[sa.Select[tuple[int, int]]],
    kind: str | None,
    limit: int,
) -> list[Medicine]:
    """The medicines that are in every group, the best fit first."""
    if not groups:
        return []
    tables = [group.subquery() for group in groups]
    joined: sa.FromClause = medicines
    for table in tables:
        joined = joined.join(table, table.c.medicine_id == medicines.c.id)
    fit = tables[0].c.fit
    for table in tables[1:]:
        fit = fit + table.c.fit
    query = (
        sa.select(*_FIELDS)
        .select_from(joined)
        .order_by(
            fit.desc(),
            sa.func.lower(medicines.c.generic_name),
            sa.func.lower(medicines.c.brand_name),
            medicines.c.id,
        )
        .limit(limit)
    )
    if kind is not None:
        query = query.where(medicines.c.kind == kind)
    return [Medicine(**row) for row in connection.execute(query).mappings()]


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
