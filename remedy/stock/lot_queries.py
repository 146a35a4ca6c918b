"""What pages read of lots: those of a medicine, those near their date with what they are worth."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.pharmacy import medicine, stock_item, stock_lot
from remedy.stock.labels import LABEL, label_of
from remedy.stock.locks import place_of
from remedy.values import amount_of, local_day

SHOWN = 500


@dataclass(frozen=True)
class LotRow:
    """A lot of a medicine. `days_left` is until its expiry, 0 or less once it has come; None where none is known."""

    medicine_id: UUID
    label: str
    lot_number: str
    expires_on: date | None
    days_left: int | None
    is_recalled: bool
    quantity_milli: int
    value_minor: int | None

    @property
    def state(self) -> str:
        """`recalled`, `expired` or `sellable`."""
        if self.is_recalled:
            return "recalled"
        return "expired" if self.days_left is not None and self.days_left <= 0 else "sellable"


def lots_of(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, *, now: datetime
) -> list[LotRow]:
    """The lots a pharmacy has of a medicine, and those it has blocked, first expired first."""
    is_there = (stock_lot.c.quantity_milli > 0) | stock_lot.c.recalled_at.is_not(None)
    return _lots(connection, pharmacy_id, now, is_there, medicine.c.public_id == medicine_id)


def recalled_of(connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID) -> set[str]:
    """The numbers of the lots of a medicine that a pharmacy has recalled, whether or not it has any of them."""
    place = place_of(connection, pharmacy_id)
    found = connection.execute(
        sa.select(stock_lot.c.lot_number)
        .select_from(stock_lot.join(stock_item).join(medicine))
        .where(
            stock_item.c.pharmacy_id == place.row_id,
            medicine.c.public_id == medicine_id,
            stock_lot.c.recalled_at.is_not(None),
        )
    )
    return set(found.scalars())


def lots_near_expiry(
    connection: sa.Connection, pharmacy_id: UUID, *, days_at_least: int, now: datetime
) -> list[LotRow]:
    """The lots that have fewer days left than that, first expired first; what has expired among them."""
    place = place_of(connection, pharmacy_id)
    last = local_day(now, place.time_zone) + timedelta(days=days_at_least)
    is_near = (stock_lot.c.quantity_milli > 0) & (stock_lot.c.expires_on < last)
    return _lots(connection, pharmacy_id, now, is_near)


def _lots(
    connection: sa.Connection, pharmacy_id: UUID, now: datetime, *where: sa.ColumnElement[bool]
) -> list[LotRow]:
    place = place_of(connection, pharmacy_id)
    day = local_day(now, place.time_zone)
    lot = stock_lot.c
    rows = connection.execute(
        sa.select(
            medicine.c.public_id, *LABEL,
            lot.lot_number, lot.expires_on, lot.recalled_at, lot.quantity_milli,
            stock_item.c.price_minor,
        )
        .select_from(stock_lot.join(stock_item).join(medicine))
        .where(stock_item.c.pharmacy_id == place.row_id, *where)
        .order_by(lot.expires_on.is_(None), lot.expires_on, lot.lot_number, lot.id)
        .limit(SHOWN)
    )  # fmt: skip
    found = []
    for row in rows:
        worth = None
        if row.price_minor is not None:
            worth = amount_of(row.quantity_milli, row.price_minor)
        found.append(
            LotRow(
                row.public_id,
                label_of(row),
                row.lot_number,
                row.expires_on,
                (row.expires_on - day).days if row.expires_on else None,
                row.recalled_at is not None,
                row.quantity_milli,
                worth,
            )
        )
    return found
