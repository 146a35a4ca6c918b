"""Changes of orders: placed whole or not at all, then step by step to the counter or the door, or cancelled.

What an order sets aside are holds of its own; handing it out or sending it sells them. Each function works in
the caller's transaction. Locks are taken in this order: stock items and lots, the order, prescriptions, the
pharmacy's counter. The steps are in `steps.py`, early ends in `ending.py`.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from remedy.events import orders as told
from remedy.orders import payments, room
from remedy.orders.ending import cancel, cancel_own, due, expire_one
from remedy.orders.model import (
    ADDRESS,
    SET_ASIDE_FOR,
    Payment,
    PriceChanged,
    Way,
)
from remedy.orders.steps import step
from remedy.prescriptions import service as prescriptions
from remedy.schema.orders import pharmacy_order, pharmacy_order_line
from remedy.stock import ledger
from remedy.stock.batches import record_refusals
from remedy.stock.holds import look_aside, patient_of, put_aside
from remedy.stock.locks import Item, lock_counter, place_of
from remedy.stock.model import Refused
from remedy.values import Clock, amount_of, uuid7
from remedy.vault import Vault

__all__ = ["cancel", "cancel_own", "due", "expire_one", "place", "record_short", "step"]


def place(
    connection: sa.Connection,
    vault: Vault,
    *,
    patient_id: UUID,
    pharmacy_id: UUID,
    wanted: Mapping[UUID, int],
    way: Way,
    payment: Payment,
    address: str = "",
    fee_minor: int = 0,
    currency: str,
    expected_minor: int | None = None,
    clock: Clock,
) -> UUID:
    """Order medicines at a pharmacy (thousandths of a pack by medicine): all are set aside, or nothing is ordered.

    Args:
        connection: of the caller's transaction.
        vault: seals the address.
        patient_id: whose order it is.
        pharmacy_id: where.
        wanted: what.
        way: collected, or brought to `address`.
        payment: at the counter or the door, or online: then nobody picks it before it is paid.
        address: where it is brought.
        fee_minor: what bringing it costs.
        currency: of the installation.
        expected_minor: what the medicines cost on the page that was answered.
        clock: what tells the time.

    Raises:
        LinesShort: if of any fewer are there; then roll back and call `record_short` in a second transaction.
        NeedsPrescription: if one needs an accepted prescription.
        PriceChanged: if they cost something else than the page said.
        Refused: if it cannot be ordered.
    """
    now, place_ = clock(), place_of(connection, pharmacy_id)
    if not wanted or min(wanted.values()) <= 0:
        raise Refused("Order at least one medicine, and more than 0 packs of it.")
    if way == "delivery" and not address.strip():
        raise Refused("Tell us your address first, in your account: the order is brought there.")
    patient_row = patient_of(connection, patient_id)
    room.check_orders(connection, patient_row, now=now)
    for_prescription = prescriptions.covered(connection, patient_id, wanted, now=now)
    items = look_aside(connection, place_, wanted, prescribed=for_prescription, clock=clock)
    prices = _prices(items)
    goods = sum(amount_of(wanted[each], prices[each]) for each in wanted)
    if expected_minor is not None and goods != expected_minor:
        raise PriceChanged()
    order_id = uuid7(clock)
    for medicine_id in for_prescription:
        prescriptions.use(
            connection, patient_id, medicine_id, wanted[medicine_id], order_id, clock=clock
        )
    # Before the order's row: that row's reference to the pharmacy would take half of this lock.
    lock_counter(connection, place_)
    sealed = None
    if way == "delivery":
        sealed = vault.seal(connection, patient_id, order_id, ADDRESS, address.strip())
    expires_at = now + SET_ASIDE_FOR
    fee = fee_minor if way == "delivery" else 0
    made = connection.execute(
        sa.insert(pharmacy_order).values(
            public_id=order_id,
            pharmacy_id=place_.row_id,
            patient_id=patient_row,
            state="placed",
            version=1,
            way=way,
            address_sealed=sealed,
            goods_minor=goods,
            fee_minor=fee,
            currency=currency,
            payment=payment,
            placed_at=now,
            changed_at=now,
            expires_at=expires_at,
        )
    )
    order_row = int(made.lastrowid)
    connection.execute(
        sa.insert(pharmacy_order_line),
        [
            {
                "order_id": order_row,
                "stock_item_id": item.row_id,
                "quantity_milli": wanted[item.medicine_id],
                "price_minor": prices[item.medicine_id],
            }
            for item in items
        ],
    )
    held = put_aside(
        connection, place_, items, wanted, patient_row=patient_row, expires_at=expires_at,
        order_row=order_row, clock=clock,
    )  # fmt: skip
    if payment == "online":
        payments.owe(connection, order_row, goods + fee, currency, clock=clock)
    lines = tuple(
        told.OrderedLine(
            item.stock_item_id, item.medicine_id, one.hold_id, wanted[item.medicine_id],
            prices[item.medicine_id],
        )
        for item, one in zip(items, held, strict=True)
    )  # fmt: skip
    placed = told.OrderPlaced(
        order_id, pharmacy_id, patient_id, 1, now, way, payment, lines, goods, fee, currency,
        expires_at,
    )  # fmt: skip
    ledger.tell(connection, place_, placed, order_id, now)
    return order_id


def record_short(
    connection: sa.Connection, pharmacy_id: UUID, wanted: Mapping[UUID, int], *, clock: Clock
) -> None:
    """Tell of the demand of lines that were not there, after the refused order was rolled back."""
    now = clock()
    record_refusals(connection, pharmacy_id, [(now, each, milli) for each, milli in wanted.items()])


def _prices(items: Sequence[Item]) -> dict[UUID, int]:
    prices = {item.medicine_id: item.price_minor for item in items}
    known = {each: price for each, price in prices.items() if price is not None}
    if len(known) < len(prices):
        raise Refused(
            "This pharmacy has no price for one of these medicines; ask them, or leave it out."
        )
    return known
