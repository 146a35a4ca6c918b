"""Finding medicines by words, and the pharmacies that have one."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.hours import opening_at
from remedy.catalogue.model import (
    MAX_SEARCH_WORDS,
    Medicine,
    Offer,
    OnShelf,
    distance_km,
    search_words,
)
from remedy.catalogue.pharmacies import Point, hours_of
from remedy.catalogue.slips import is_one_slip, looked_up_by
from remedy.catalogue.substitution import is_the_same, may_be_replaced
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
            medicine_word.c.medicine_id,
            sa.func.max(sa.type_coerce(medicine_word.c.word == word, sa.Integer)).label("fit"),
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
        is_it: sa.ColumnElement[bool] = medicine_word.c.word.like(word + "%")
        if meant[word]:
            is_it |= medicine_word.c.word.in_(meant[word])
        # A word with a slip in it fits better if the word itself is as long: it was typed to its end.
        is_whole = sa.func.abs(sa.func.char_length(medicine_word.c.word) - len(word)) <= 1
        fit = sa.func.max(sa.type_coerce(is_whole, sa.Integer))
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
    fit: sa.ColumnElement[int] = tables[0].c.fit
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
    near: Point | None = None,
    now: datetime,
    limit: int | None = None,
) -> list[Offer]:
    """Verified pharmacies that keep a medicine: those that have it first, then the nearest, then the cheapest.

    What is expired, recalled or set aside is not available, by the day it is at each pharmacy.
    """
    day = day_at_pharmacy(connection, now)
    if day is None:
        return []
    columns = pharmacy.c
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
            stock_item.c.price_minor,
            stock_item.c.changed_at.label("as_of"),
            stock_item.c.count_wanted_at.is_not(None).label("is_doubtful"),
            sellable_milli(stock_item.c.id, day).label("sellable_milli"),
            held_milli(stock_item.c.id, now).label("held_milli"),
        )
        .select_from(stock_item)
        .join(pharmacy, columns.id == stock_item.c.pharmacy_id)
        .join(medicines, medicines.c.id == stock_item.c.medicine_id)
        .where(medicines.c.public_id == medicine_id, columns.verified_at.is_not(None))
    )
    rows = connection.execute(query).mappings().all()
    hours = hours_of(connection, [row["pharmacy_id"] for row in rows])
    found = []
    for row in rows:
        values = dict(row)
        place = (values["latitude"], values["longitude"])
        opening = opening_at(hours.get(values["pharmacy_id"], ()), now, values["time_zone"])
        found.append(
            Offer(
                **_available(values),
                distance_km=distance_km(near, place) if near else None,
                opening=opening,
            )
        )
    found.sort(key=_rank)
    return found[:limit]


def day_at_pharmacy(connection: sa.Connection, now: datetime) -> sa.ColumnElement[date] | None:
    """SQL: the day it is at the pharmacy of the row; None where there are no pharmacies."""
    # A day for each time zone there is: one or two, in most installations.
    zones = connection.execute(sa.select(pharmacy.c.time_zone).distinct()).scalars().all()
    if not zones:
        return None
    days = {zone: sa.literal(local_day(now, zone)) for zone in zones}
    return sa.case(days, value=pharmacy.c.time_zone)


def _available(values: dict[str, Any]) -> dict[str, Any]:
    """A row's values with what is available in place of what it is made of."""
    available = max(0, values.pop("sellable_milli") - values.pop("held_milli"))
    return {**values, "is_doubtful": bool(values["is_doubtful"]), "available_milli": available}


def _rank(offer: Offer) -> tuple[bool, float, bool, int, str]:
    price = offer.price_minor
    return (not offer.has_it, offer.distance_km or 0.0, price is None, price or 0, offer.name)


def alternatives(
    connection: sa.Connection,
    meant: Medicine,
    *,
    near: Point | None = None,
    now: datetime,
    limit: int = 5,
) -> list[tuple[Medicine, list[Offer]]]:
    """Medicines of the same ingredient, strength and form that somebody has, with who, the nearest first.

    None for a medicine that is never offered in place of another (see `substitution`).
    """
    if not may_be_replaced(meant):
        return []
    query = sa.select(*_FIELDS).where(
        sa.func.lower(medicines.c.generic_name) == meant.generic_name.lower(),
        medicines.c.public_id != meant.medicine_id,
        medicines.c.kind == "product",
    )
    found = []
    for row in connection.execute(
        query.order_by(medicines.c.brand_name, medicines.c.id)
    ).mappings():
        other = Medicine(**row)
        if not (may_be_replaced(other) and is_the_same(meant, other)):
            continue
        having = [
            offer
            for offer in offers(connection, other.medicine_id, near=near, now=now)
            if offer.has_it
        ]
        if having:
            found.append((other, having))
    found.sort(key=lambda pair: _rank(pair[1][0]))
    return found[:limit]


def shelf(
    connection: sa.Connection,
    pharmacy_id: UUID,
    *,
    now: datetime,
    limit: int = 50,
    offset: int = 0,
) -> list[OnShelf]:
    """What a pharmacy has, by name. Controlled medicines are left out: who keeps them is nobody's list."""
    day = day_at_pharmacy(connection, now)
    if day is None:
        return []
    sellable, held = sellable_milli(stock_item.c.id, day), held_milli(stock_item.c.id, now)
    query = (
        sa.select(
            *_FIELDS,
            stock_item.c.price_minor,
            stock_item.c.changed_at.label("as_of"),
            stock_item.c.count_wanted_at.is_not(None).label("is_doubtful"),
            sellable.label("sellable_milli"),
            held.label("held_milli"),
        )
        .select_from(stock_item)
        .join(pharmacy, pharmacy.c.id == stock_item.c.pharmacy_id)
        .join(medicines, medicines.c.id == stock_item.c.medicine_id)
        .where(
            pharmacy.c.public_id == pharmacy_id,
            pharmacy.c.verified_at.is_not(None),
            medicines.c.kind == "product",
            medicines.c.is_controlled.is_(False),
            sellable > held,
        )
        .order_by(
            sa.func.lower(medicines.c.generic_name),
            sa.func.lower(medicines.c.brand_name),
            medicines.c.id,
        )
        .limit(limit)
        .offset(offset)
    )
    found = []
    for row in connection.execute(query).mappings():
        values = _available(dict(row))
        one = Medicine(**{field.name: values.pop(field.name) for field in fields(Medicine)})
        found.append(OnShelf(one, **values))
    return found
