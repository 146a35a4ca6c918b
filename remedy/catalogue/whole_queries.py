"""What pharmacies have of a whole prescription, in one look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.hours import Hours, Opening, opening_at
from remedy.catalogue.model import Medicine
from remedy.catalogue.pharmacies import hours_of
from remedy.catalogue.queries import day_at_pharmacy, medicine
from remedy.catalogue.whole import Place, Point
from remedy.schema.pharmacy import medicine as medicines
from remedy.schema.pharmacy import pharmacy, stock_item
from remedy.stock.barcodes import looks_scanned, read
from remedy.stock.model import Refused
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import local_day


@dataclass(frozen=True)
class Stocked:
    """What a pharmacy has of one medicine, as `Offer` says it."""

    price_minor: int | None
    available_milli: int
    is_doubtful: bool
    as_of: datetime


@dataclass(frozen=True)
class Shop:
    """A verified pharmacy that keeps some of what is wanted, and what it has of it by medicine."""

    pharmacy_id: UUID
    name: str
    address: str
    district: str
    phone: str | None
    latitude: float
    longitude: float
    time_zone: str
    stocked: Mapping[UUID, Stocked]

    def place(self, wanted: Mapping[UUID, int]) -> Place:
        """What it has enough of, to be compared."""
        prices = {
            medicine_id: one.price_minor
            for medicine_id, one in self.stocked.items()
            if one.available_milli >= wanted[medicine_id] > 0
        }
        return Place(self.pharmacy_id, self.point, prices)

    @property
    def point(self) -> Point:
        """Where it is."""
        return (self.latitude, self.longitude)


def shops(connection: sa.Connection, wanted: Mapping[UUID, int], *, now: datetime) -> list[Shop]:
    """The verified pharmacies that keep any of these medicines; what is expired, recalled or held does not count."""
    day = day_at_pharmacy(connection, now)
    if day is None or not wanted:
        return []
    columns = pharmacy.c
    rows = connection.execute(
        sa.select(
            columns.public_id.label("pharmacy_id"),
            columns.name,
            columns.address,
            columns.district,
            columns.phone,
            columns.latitude,
            columns.longitude,
            columns.time_zone,
            medicines.c.public_id.label("medicine_id"),
            stock_item.c.price_minor,
            stock_item.c.changed_at,
            stock_item.c.count_wanted_at.is_not(None).label("is_doubtful"),
            sellable_milli(stock_item.c.id, day).label("sellable"),
            held_milli(stock_item.c.id, now).label("held"),
        )
        .select_from(stock_item)
        .join(pharmacy, columns.id == stock_item.c.pharmacy_id)
        .join(medicines, medicines.c.id == stock_item.c.medicine_id)
        .where(
            medicines.c.public_id.in_(list(wanted)),
            medicines.c.kind == "product",
            medicines.c.is_controlled.is_(False),
            columns.verified_at.is_not(None),
        )
    ).all()
    stocked: dict[UUID, dict[UUID, Stocked]] = {}
    for row in rows:
        available = max(0, row.sellable - row.held)
        one = Stocked(row.price_minor, available, bool(row.is_doubtful), row.changed_at)
        stocked.setdefault(row.pharmacy_id, {})[row.medicine_id] = one
    of_pharmacy = {row.pharmacy_id: row for row in rows}
    return [
        Shop(
            row.pharmacy_id, row.name, row.address, row.district, row.phone, row.latitude,
            row.longitude, row.time_zone, stocked[row.pharmacy_id],
        )
        for row in of_pharmacy.values()
    ]  # fmt: skip


def openings(
    connection: sa.Connection, some: Sequence[Shop], *, now: datetime
) -> dict[UUID, Opening | None]:
    """Whether these pharmacies are open."""
    known: Mapping[UUID, tuple[Hours, ...]] = hours_of(
        connection, [one.pharmacy_id for one in some]
    )
    return {
        one.pharmacy_id: opening_at(known.get(one.pharmacy_id, ()), now, one.time_zone)
        for one in some
    }


def by_code(
    connection: sa.Connection, text: str, *, now: datetime, time_zone: str
) -> Medicine | None:
    """The medicine whose bar code a scanner typed; None where the text is no code, or nobody's."""
    if not looks_scanned(text):
        return None
    try:
        gtin = read(text, today=local_day(now, time_zone)).gtin
    except Refused:
        return None
    found = connection.execute(
        sa.select(medicines.c.public_id).where(medicines.c.gtin == gtin)
    ).scalar_one_or_none()
    return None if found is None else medicine(connection, found)
