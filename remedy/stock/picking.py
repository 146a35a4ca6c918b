"""What to take from the shelf for packs that were set aside: lots that expire first, none that may not be sold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.pharmacy import medicine, stock_item, stock_lot
from remedy.stock.labels import LABEL, label_of
from remedy.stock.locks import place_of
from remedy.stock.model import Lot, first_expired, take
from remedy.values import local_day


@dataclass(frozen=True)
class Taken:
    """So much of one lot; an empty number and no date where they are not known."""

    lot_number: str
    expires_on: date | None
    quantity_milli: int


@dataclass(frozen=True)
class PickLine:
    """A medicine to take from the shelf; `missing_milli` is what no lot that may be sold covers."""

    medicine_id: UUID
    label: str
    is_prescription_only: bool
    quantity_milli: int
    on_shelf_milli: int
    lots: tuple[Taken, ...]
    missing_milli: int


def pick_list(
    connection: sa.Connection, pharmacy_id: UUID, wanted: Mapping[UUID, int], *, now: datetime
) -> list[PickLine]:
    """What to take for these (thousandths of a pack by medicine), by name. It changes nothing.

    Raises:
        Refused: if no pharmacy has that id.
    """
    place = place_of(connection, pharmacy_id)
    rows = connection.execute(
        sa.select(
            medicine.c.public_id.label("medicine_id"),
            *LABEL,
            medicine.c.is_prescription_only,
            stock_lot.c.public_id.label("lot_id"),
            stock_lot.c.lot_number,
            stock_lot.c.expires_on,
            stock_lot.c.recalled_at,
            stock_lot.c.quantity_milli,
        )
        .select_from(stock_item)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .outerjoin(stock_lot, stock_lot.c.stock_item_id == stock_item.c.id)
        .where(stock_item.c.pharmacy_id == place.row_id, medicine.c.public_id.in_(list(wanted)))
    ).all()
    day, found = local_day(now, place.time_zone), []
    for medicine_id in {row.medicine_id for row in rows}:
        of_it = [row for row in rows if row.medicine_id == medicine_id]
        lots = {
            row.lot_id: Lot(
                row.lot_id, row.lot_number, row.expires_on, row.recalled_at is not None,
                row.quantity_milli,
            )
            for row in of_it
            if row.lot_id is not None
        }  # fmt: skip
        sellable = first_expired(lot for lot in lots.values() if lot.is_sellable(day))
        deltas, missing = take(sellable, wanted[medicine_id])
        first = of_it[0]
        found.append(
            PickLine(
                medicine_id,
                label_of(first),
                bool(first.is_prescription_only),
                wanted[medicine_id],
                sum(lot.quantity_milli for lot in lots.values()),
                tuple(
                    Taken(lots[lot_id].lot_number, lots[lot_id].expires_on, -delta)
                    for lot_id, delta in deltas.items()
                ),
                missing,
            )
        )
    return sorted(found, key=lambda line: line.label.casefold())
