"""The locks a change of stock takes, always in this order: items, then their lots, then the pharmacy's counter.

Every writer takes them here, so that two hardly ever wait for each other in a ring. Who makes an item takes
the counter earlier; should that ever close a ring, the transaction is tried again (design decision 9).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.pharmacy import medicine, pharmacy, stock_item, stock_lot
from remedy.stock.model import Lot, Refused
from remedy.values import Clock, uuid7

# Of a long list of items a server may read, and so lock, the lots of all pharmacies: two then wait for each other.
BY_ITEM = "FORCE INDEX (uq_stock_lot)"


@dataclass(frozen=True)
class Place:
    """A pharmacy as a change needs it."""

    row_id: int
    pharmacy_id: UUID
    time_zone: str
    is_verified: bool


@dataclass
class Item:
    """A locked stock item and what this transaction has made of it so far."""

    row_id: int
    stock_item_id: UUID
    medicine_id: UUID
    medicine_row: int
    version: int
    price_minor: int | None
    counted_at: datetime | None
    count_wanted_at: datetime | None
    lots: list[Lot] = field(default_factory=list)

    @property
    def balance_milli(self) -> int:
        """What it has over all its lots."""
        return sum(lot.quantity_milli for lot in self.lots)


def place_of(connection: sa.Connection, pharmacy_id: UUID) -> Place:
    """The pharmacy of that id.

    Raises:
        Refused: if there is none.
    """
    columns = (pharmacy.c.id, pharmacy.c.time_zone, pharmacy.c.verified_at)
    row = connection.execute(
        sa.select(*columns).where(pharmacy.c.public_id == pharmacy_id)
    ).one_or_none()
    if row is None:
        raise Refused("No pharmacy has that id.")
    return Place(row.id, pharmacy_id, row.time_zone, row.verified_at is not None)


def lock_items(
    connection: sa.Connection,
    place: Place,
    medicine_ids: Collection[UUID],
    *,
    creating: bool,
    clock: Clock,
) -> dict[UUID, Item]:
    """Lock the pharmacy's items of these medicines and read their lots, by medicine.

    With `creating`, what the pharmacy never had of a known medicine is made first; a medicine nobody knows
    is left out, as is, without `creating`, one the pharmacy never had.
    """
    known = _known(connection, place, medicine_ids)
    if creating and any(row.item_id is None for row in known):
        _lock(connection, known)
        # Items of a pharmacy are made by one at a time: inserts that race for one key deadlock each other.
        lock_counter(connection, place)
        _create_items(connection, place, _known(connection, place, medicine_ids), clock)
        known = _known(connection, place, medicine_ids)
    names = {row.id: row.public_id for row in known}
    items = {
        row.id: Item(
            row.id, row.public_id, names[row.medicine_id], row.medicine_id, row.version,
            row.price_minor, row.counted_at, row.count_wanted_at,
        )
        for row in _lock(connection, known)
    }  # fmt: skip
    _read_lots(connection, items)
    return {item.medicine_id: item for item in items.values()}


def _known(
    connection: sa.Connection, place: Place, medicine_ids: Collection[UUID]
) -> Sequence[Any]:
    of_medicine = medicine.outerjoin(
        stock_item,
        (stock_item.c.medicine_id == medicine.c.id) & (stock_item.c.pharmacy_id == place.row_id),
    )
    return connection.execute(
        sa.select(medicine.c.id, medicine.c.public_id, stock_item.c.id.label("item_id"))
        .select_from(of_medicine)
        .where(medicine.c.public_id.in_(list(medicine_ids)))
    ).all()


def _lock(connection: sa.Connection, known: Sequence[Any]) -> Sequence[Any]:
    return connection.execute(
        sa.select(stock_item)
        .where(stock_item.c.id.in_([row.item_id for row in known if row.item_id is not None]))
        .order_by(stock_item.c.id)
        .with_for_update()
    ).all()


def _create_items(
    connection: sa.Connection, place: Place, known: Sequence[Any], clock: Clock
) -> None:
    new = [
        {
            "public_id": uuid7(clock),
            "pharmacy_id": place.row_id,
            "medicine_id": row.id,
            "changed_at": clock(),
        }
        for row in known
        if row.item_id is None
    ]
    if new:
        connection.execute(sa.insert(stock_item), new)


def _read_lots(connection: sa.Connection, items: dict[int, Item]) -> None:
    if not items:
        return
    rows = connection.execute(
        sa.select(stock_lot)
        .with_hint(stock_lot, BY_ITEM)
        .where(stock_lot.c.stock_item_id.in_(list(items)))
        .order_by(stock_lot.c.id)
        .with_for_update()
    )
    for row in rows:
        items[row.stock_item_id].lots.append(
            Lot(
                row.public_id, row.lot_number, row.expires_on, row.recalled_at is not None,
                row.quantity_milli,
            )
        )  # fmt: skip


def lock_counter(connection: sa.Connection, place: Place) -> int:
    """Lock the pharmacy's counter, the last lock of a change; what it stands at."""
    found = connection.execute(
        sa.select(pharmacy.c.pharmacy_seq).where(pharmacy.c.id == place.row_id).with_for_update()
    )
    return int(found.scalar_one())
