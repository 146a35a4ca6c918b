"""Finding medicines by words, and the pharmacies that have one."""

import json
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue import by_words
from remedy.catalogue.by_index import find_by_index
from remedy.catalogue.by_words import MEDICINE_FIELDS
from remedy.catalogue.index import Snapshot
from remedy.catalogue.meaning import Asked
from remedy.catalogue.model import Medicine, OnShelf
from remedy.catalogue.offers import Offers, offers, offers_near, rank
from remedy.catalogue.pharmacies import Point
from remedy.catalogue.substitution import is_the_same, may_be_replaced
from remedy.schema.pharmacy import medicine as medicines
from remedy.schema.pharmacy import pharmacy, stock_item
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import local_day

__all__ = [
    "Found", "Offers", "alternatives", "day_at_pharmacy", "find", "find_medicines",
    "medicine", "offers", "offers_near", "shelf",
]  # fmt: skip


@dataclass(frozen=True)
class Found:
    """The medicines that have the words as they were typed; where none has, those with one slip in a word."""

    exact: list[Medicine]
    nearly: list[Medicine]

    @property
    def any(self) -> list[Medicine]:
        """What there is to show."""
        return self.exact or self.nearly


def find(
    connection: sa.Connection, text: str, *, kind: str | None = None, limit: int = 20
) -> Found:
    """As `find_medicines`; where that finds nothing, each word of four letters or more may have one slip in it.

    Names of medicines are often alike: what is only nearly called so is apart, to be shown as such.
    """

    def look(index: Snapshot, things: list[Asked]) -> tuple[list[Medicine], list[Medicine]]:
        exact = index.find(things, kind, limit)
        return exact, [] if exact else index.find_nearly(things, kind, limit)

    if (found := find_by_index(connection, text, look)) is not None:
        return Found(*found)
    exact = by_words.find(connection, text, kind, limit)
    return Found(exact, [] if exact else by_words.find_nearly(connection, text, kind, limit))


def find_medicines(
    connection: sa.Connection, text: str, *, kind: str | None = None, limit: int = 20
) -> list[Medicine]:
    """Medicines that have every word of `text`, in any order, each as the beginning of a word of theirs.

    Those that have the words whole come first, then by name. Case and accents do not matter; a text without
    letters or digits finds nothing. `kind` is as in `Medicine`; None means all. Where the search index is in
    step, a strength is found in whichever unit it is written, a form by its other names, a pack by its bar code.
    """
    found = find_by_index(connection, text, lambda index, it: (index.find(it, kind, limit),))
    return by_words.find(connection, text, kind, limit) if found is None else found[0]


def medicine(connection: sa.Connection, medicine_id: UUID) -> Medicine | None:
    """The medicine of that id; None when there is none."""
    told = connection.execute(_MEDICINE, {"medicine_id": medicine_id}).scalar()
    if told is None:
        return None
    *texts, is_prescription_only, is_controlled = json.loads(told)
    values: list[Any] = [medicine_id, *texts, bool(is_prescription_only), bool(is_controlled)]
    return Medicine(*values)


# Made once, as making it takes as long as running it; and one value, not nine to be taken apart.
_MEDICINE = sa.select(sa.func.json_array(*MEDICINE_FIELDS[1:])).where(
    medicines.c.public_id == sa.bindparam("medicine_id", type_=medicines.c.public_id.type)
)


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


def alternatives(
    connection: sa.Connection,
    meant: Medicine,
    *,
    near: Point | None = None,
    now: datetime,
    limit: int = 5,
    offers_of_each: int = 3,
    zones: Collection[str] | None = None,
) -> list[tuple[Medicine, Offers]]:
    """Medicines of the same ingredient, strength and form that somebody has, with who, the nearest first.

    None for a medicine that is never offered in place of another (see `substitution`). `zones` as in `offers_near`.
    """
    if not may_be_replaced(meant):
        return []
    found = []
    for other in by_words.of_ingredient(connection, meant):
        if may_be_replaced(other) and is_the_same(meant, other):
            some = offers_near(
                connection, other.medicine_id, near=near, now=now, limit=offers_of_each, zones=zones
            )
            if some.having:
                found.append((other, some))
    found.sort(key=lambda pair: rank(pair[1].shown[0]))
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
            *MEDICINE_FIELDS,
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
