"""What pages read of orders: one, a patient's, a pharmacy's queue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.orders.model import OPEN, Order, OrderLine
from remedy.schema.orders import order_payment, pharmacy_order, pharmacy_order_line
from remedy.schema.people import account, patient
from remedy.schema.pharmacy import medicine, pharmacy, stock_item
from remedy.stock.labels import LABEL, label_of

ORDERS_SHOWN = 50
ENDED_SHOWN = 20


def order(
    connection: sa.Connection,
    order_id: UUID,
    *,
    patient_id: UUID | None = None,
    pharmacy_id: UUID | None = None,
) -> Order | None:
    """The order of that id, of that patient or pharmacy where one is named; None when there is none."""
    where = pharmacy_order.c.public_id == order_id
    if patient_id is not None:
        where &= patient.c.public_id == patient_id
    if pharmacy_id is not None:
        where &= pharmacy.c.public_id == pharmacy_id
    found = _orders(connection, _query().where(where))
    return found[0] if found else None


def orders_of(connection: sa.Connection, patient_id: UUID) -> list[Order]:
    """A patient's orders, the latest first."""
    query = _query().where(patient.c.public_id == patient_id)
    return _orders(connection, query.order_by(pharmacy_order.c.id.desc()).limit(ORDERS_SHOWN))


def queue(connection: sa.Connection, pharmacy_id: UUID) -> list[Order]:
    """What a pharmacy has to do: open orders, the oldest first."""
    query = _query().where(pharmacy.c.public_id == pharmacy_id, pharmacy_order.c.state.in_(OPEN))
    return _orders(connection, query.order_by(pharmacy_order.c.placed_at, pharmacy_order.c.id))


def ended(connection: sa.Connection, pharmacy_id: UUID) -> list[Order]:
    """A pharmacy's orders that came to an end, the latest first."""
    query = _query().where(pharmacy.c.public_id == pharmacy_id, pharmacy_order.c.state.not_in(OPEN))
    query = query.order_by(pharmacy_order.c.changed_at.desc(), pharmacy_order.c.id.desc())
    return _orders(connection, query.limit(ENDED_SHOWN))


def ready_at(connection: sa.Connection, pharmacy_id: UUID, *, since: datetime) -> dict[UUID, str]:
    """The orders of a pharmacy that a code may name, with their states: open ones, and those that ended since."""
    rows = connection.execute(
        sa.select(pharmacy_order.c.public_id, pharmacy_order.c.state)
        .select_from(pharmacy_order.join(pharmacy))
        .where(
            pharmacy.c.public_id == pharmacy_id,
            pharmacy_order.c.way == "pickup",
            sa.or_(pharmacy_order.c.state.in_(OPEN), pharmacy_order.c.changed_at > since),
        )
    )
    return {row.public_id: row.state for row in rows}


def queue_mark(connection: sa.Connection, pharmacy_id: UUID, now: datetime) -> str:
    """What a queue was drawn at; it differs after every change, and when the time of an order is over."""
    row = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(pharmacy_order.c.version), 0),
            sa.func.max(pharmacy_order.c.id),
            sa.func.coalesce(sa.func.sum(pharmacy_order.c.expires_at <= now), 0),
            sa.func.count(order_payment.c.paid_at),
        )
        .select_from(pharmacy_order.join(pharmacy).outerjoin(order_payment))
        .where(pharmacy.c.public_id == pharmacy_id, pharmacy_order.c.state.in_(OPEN))
    ).one()
    return "-".join(str(value or 0) for value in row)


def _query() -> sa.Select[Any]:
    order_ = pharmacy_order.c
    return sa.select(
        order_.id,
        order_.public_id.label("order_id"),
        patient.c.public_id.label("patient_id"),
        pharmacy.c.public_id.label("pharmacy_id"),
        pharmacy.c.name.label("pharmacy_name"),
        pharmacy.c.address.label("pharmacy_address"),
        pharmacy.c.phone.label("pharmacy_phone"),
        pharmacy.c.time_zone,
        order_.state,
        order_.version,
        order_.way,
        order_.address_sealed,
        order_.goods_minor,
        order_.fee_minor,
        order_.currency,
        order_.payment,
        order_.placed_at,
        order_.changed_at,
        account.c.staff_name.label("changed_by"),
        order_.expires_at,
        order_.ended_by,
        order_.reason_sealed,
        sa.func.coalesce(order_payment.c.state, "").label("paid"),
        order_payment.c.pay_by,
        order_payment.c.address.label("pay_address"),
    ).select_from(
        pharmacy_order.join(patient, patient.c.id == order_.patient_id)
        .join(pharmacy, pharmacy.c.id == order_.pharmacy_id)
        .outerjoin(account, account.c.id == order_.changed_by)
        .outerjoin(order_payment, order_payment.c.order_id == order_.id)
    )


def _orders(connection: sa.Connection, query: sa.Select[Any]) -> list[Order]:
    rows = [dict(row) for row in connection.execute(query).mappings()]
    lines = _lines(connection, [row["id"] for row in rows])
    return [Order(lines=tuple(lines[row.pop("id")]), **row) for row in rows]


def _lines(connection: sa.Connection, order_rows: Sequence[int]) -> dict[int, list[OrderLine]]:
    found: dict[int, list[OrderLine]] = {row_id: [] for row_id in order_rows}
    if not found:
        return found
    rows = connection.execute(
        sa.select(
            pharmacy_order_line.c.order_id,
            medicine.c.public_id,
            *LABEL,
            medicine.c.is_prescription_only,
            pharmacy_order_line.c.quantity_milli,
            pharmacy_order_line.c.price_minor,
        )
        .select_from(pharmacy_order_line)
        .join(stock_item, stock_item.c.id == pharmacy_order_line.c.stock_item_id)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .where(pharmacy_order_line.c.order_id.in_(list(found)))
        .order_by(sa.func.lower(medicine.c.generic_name), medicine.c.id)
    )
    for row in rows:
        label = label_of(row)
        found[row.order_id].append(
            OrderLine(
                row.public_id,
                label,
                bool(row.is_prescription_only),
                row.quantity_milli,
                row.price_minor,
            )
        )
    return found
