"""What a patient is about to order: several medicines at one pharmacy. Nothing is set aside by it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.orders.model import MOST_LINES, MOST_PACKS_MILLI
from remedy.schema.orders import basket, basket_line
from remedy.schema.pharmacy import medicine, pharmacy, stock_item
from remedy.stock.holds import patient_of
from remedy.stock.labels import LABEL, label_of
from remedy.stock.locks import place_of
from remedy.stock.model import Refused, UnknownMedicine
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import Clock, amount_of, local_day


@dataclass(frozen=True)
class BasketLine:
    """One medicine in a basket, with its price and what is there now; `price_minor` is None where there is none."""

    medicine_id: UUID
    label: str
    is_prescription_only: bool
    quantity_milli: int
    price_minor: int | None
    available_milli: int

    @property
    def amount_minor(self) -> int:
        """What it costs; 0 where there is no price."""
        return amount_of(self.quantity_milli, self.price_minor or 0)

    @property
    def is_there(self) -> bool:
        """Whether so many packs are there now."""
        return self.available_milli >= self.quantity_milli


@dataclass(frozen=True)
class Basket:
    """A patient's basket, and where."""

    pharmacy_id: UUID
    pharmacy_name: str
    pharmacy_address: str
    lines: tuple[BasketLine, ...]

    @property
    def goods_minor(self) -> int:
        """What its medicines cost now."""
        return sum(line.amount_minor for line in self.lines)


class OtherPharmacy(Refused):
    """The basket is at another pharmacy."""


def put(
    connection: sa.Connection,
    patient_id: UUID,
    pharmacy_id: UUID,
    medicine_id: UUID,
    quantity_milli: int,
    *,
    clock: Clock,
) -> None:
    """Put so many packs of a medicine into the basket, in place of those that were in it.

    Raises:
        OtherPharmacy: if what is in it is at another pharmacy.
        Refused: if it cannot be ordered there, or the basket is full.
    """
    _check_quantity(quantity_milli)
    place, patient_row = place_of(connection, pharmacy_id), patient_of(connection, patient_id)
    if not place.is_verified:
        raise Refused("This pharmacy has not been checked yet; nothing can be ordered there.")
    wanted = connection.execute(
        sa.select(medicine.c.id, medicine.c.is_controlled).where(
            medicine.c.public_id == medicine_id
        )
    ).one_or_none()
    if wanted is None:
        raise UnknownMedicine()
    if wanted.is_controlled:
        raise Refused("A controlled medicine is not ordered online; go and see the pharmacist.")
    _begin(connection, patient_row, place.row_id, clock())
    known = set(
        connection.execute(
            sa.select(basket_line.c.medicine_id).where(basket_line.c.patient_id == patient_row)
        ).scalars()
    )
    if wanted.id not in known and len(known) >= MOST_LINES:
        raise Refused("A basket holds at most 20 medicines; order these first.")
    connection.execute(
        sa.delete(basket_line).where(
            basket_line.c.patient_id == patient_row, basket_line.c.medicine_id == wanted.id
        )
    )
    connection.execute(
        sa.insert(basket_line).values(
            patient_id=patient_row, medicine_id=wanted.id, quantity_milli=quantity_milli
        )
    )


def _begin(connection: sa.Connection, patient_row: int, pharmacy_row: int, now: datetime) -> None:
    """Lock the basket, as one at this pharmacy."""
    # The update that changes nothing takes the lock also where the row is already there.
    connection.execute(
        sa.text(
            "INSERT INTO basket (patient_id, pharmacy_id, changed_at)"
            " VALUES (:patient, :pharmacy, :now)"
            " ON DUPLICATE KEY UPDATE patient_id = VALUES(patient_id)"
        ).bindparams(sa.bindparam("now", type_=basket.c.changed_at.type)),
        {"patient": patient_row, "pharmacy": pharmacy_row, "now": now},
    )
    where = connection.execute(
        sa.select(pharmacy.c.id, pharmacy.c.name)
        .select_from(basket.join(pharmacy))
        .where(basket.c.patient_id == patient_row)
    ).one()
    if where.id == pharmacy_row:
        return
    lines = connection.execute(
        sa.select(sa.func.count()).where(basket_line.c.patient_id == patient_row)
    ).scalar_one()
    if lines:
        raise OtherPharmacy(
            f"Your basket is at {where.name}. Order it or empty it, then begin one at another pharmacy."
        )
    connection.execute(
        sa.update(basket)
        .where(basket.c.patient_id == patient_row)
        .values(pharmacy_id=pharmacy_row, changed_at=now)
    )


def change(
    connection: sa.Connection, patient_id: UUID, medicine_id: UUID, quantity_milli: int
) -> None:
    """Have so many packs of a medicine in the basket; 0 takes it out.

    Raises:
        Refused: if the basket does not hold it, or that is no number of packs to order.
    """
    if quantity_milli:
        _check_quantity(quantity_milli)
    patient_row = patient_of(connection, patient_id)
    mine = (basket_line.c.patient_id == patient_row) & basket_line.c.medicine_id.in_(
        sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id)
    )
    if not connection.execute(sa.select(basket_line.c.medicine_id).where(mine)).first():
        raise Refused("This medicine is not in your basket any more.")
    if quantity_milli:
        connection.execute(sa.update(basket_line).where(mine).values(quantity_milli=quantity_milli))
    else:
        connection.execute(sa.delete(basket_line).where(mine))


def take(connection: sa.Connection, patient_id: UUID) -> tuple[UUID, dict[UUID, int]]:
    """Empty the basket for an order: its pharmacy, and thousandths of a pack by medicine.

    Of two orders that are placed at once the second finds it empty.

    Raises:
        Refused: if it is empty.
    """
    patient_row = patient_of(connection, patient_id)
    connection.execute(
        sa.select(basket.c.patient_id).where(basket.c.patient_id == patient_row).with_for_update()
    )
    rows = connection.execute(
        sa.select(
            pharmacy.c.public_id.label("pharmacy_id"),
            medicine.c.public_id.label("medicine_id"),
            basket_line.c.quantity_milli,
        )
        .select_from(basket)
        .join(pharmacy, pharmacy.c.id == basket.c.pharmacy_id)
        .join(basket_line, basket_line.c.patient_id == basket.c.patient_id)
        .join(medicine, medicine.c.id == basket_line.c.medicine_id)
        .where(basket.c.patient_id == patient_row)
    ).all()
    if not rows:
        raise Refused("Your basket is empty.")
    connection.execute(sa.delete(basket_line).where(basket_line.c.patient_id == patient_row))
    connection.execute(sa.delete(basket).where(basket.c.patient_id == patient_row))
    return rows[0].pharmacy_id, {row.medicine_id: row.quantity_milli for row in rows}


def basket_of(connection: sa.Connection, patient_id: UUID, *, now: datetime) -> Basket | None:
    """A patient's basket as it stands now; None when nothing is in it."""
    patient_row = patient_of(connection, patient_id)
    where = connection.execute(
        sa.select(
            pharmacy.c.id,
            pharmacy.c.public_id,
            pharmacy.c.name,
            pharmacy.c.address,
            pharmacy.c.time_zone,
        )
        .select_from(basket.join(pharmacy))
        .where(basket.c.patient_id == patient_row)
    ).one_or_none()
    if where is None:
        return None
    day, item = local_day(now, where.time_zone), stock_item.c
    rows = connection.execute(
        sa.select(
            medicine.c.public_id,
            *LABEL,
            medicine.c.is_prescription_only,
            basket_line.c.quantity_milli,
            item.price_minor,
            sellable_milli(item.id, day).label("sellable_milli"),
            held_milli(item.id, now).label("held_milli"),
        )
        .select_from(basket_line)
        .join(medicine, medicine.c.id == basket_line.c.medicine_id)
        .outerjoin(stock_item, (item.medicine_id == medicine.c.id) & (item.pharmacy_id == where.id))
        .where(basket_line.c.patient_id == patient_row)
        .order_by(sa.func.lower(medicine.c.generic_name), medicine.c.id)
    ).all()
    lines = tuple(
        BasketLine(
            row.public_id,
            label_of(row),
            bool(row.is_prescription_only),
            row.quantity_milli,
            row.price_minor,
            max(0, row.sellable_milli - row.held_milli),
        )
        for row in rows
    )
    return Basket(where.public_id, where.name, where.address, lines) if lines else None


def _check_quantity(quantity_milli: int) -> None:
    if not 0 < quantity_milli <= MOST_PACKS_MILLI:
        raise Refused("Order between a thousandth of a pack and 100 packs of a medicine.")
