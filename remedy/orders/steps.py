"""An order's steps at its pharmacy, from picking to the counter or the door.

A step is a compare-and-swap on state and version: of two pharmacists one wins, and the other reads who did what.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.events import orders as told
from remedy.orders import writing
from remedy.orders.model import ON_THE_SHELF, READY_FOR, STEPS, Order
from remedy.prescriptions import service as prescriptions
from remedy.schema.orders import pharmacy_order
from remedy.schema.pharmacy import stock_hold
from remedy.stock import collecting, ledger
from remedy.stock.locks import Place, lock_counter, place_of
from remedy.stock.model import Refused
from remedy.values import Clock, uuid7


def step(
    connection: sa.Connection,
    order_id: UUID,
    to: str,
    *,
    pharmacy_id: UUID,
    version: int,
    account_id: UUID,
    clock: Clock,
) -> Order:
    """Take an order of this pharmacy one step on: `picking`, `ready`, `out`, `collected` or `delivered`.

    What leaves the pharmacy (`out`, `collected`) is sold in the same transaction. Of a pharmacy whose licence is
    withdrawn nothing goes on but what has left it.

    Raises:
        AlreadyChanged: if somebody was faster, or its time is over; the text says who did what.
        Refused: if there is no such order or step, it is not paid yet, or its packs may not be sold.
    """
    now, found = clock(), writing.read(connection, order_id, pharmacy_id=pharmacy_id)
    if to not in STEPS:
        raise Refused("An order has no such step.")
    origin, way = STEPS[to]
    if way not in {None, found.way}:
        raise Refused("An order has no such step.")
    place_ = place_of(connection, pharmacy_id)
    if not place_.is_verified and to != "delivered":
        raise Refused("This pharmacy is not allowed to hand anything out at the moment.")
    sells = to in {"out", "collected"}
    items = writing.lock_lines(connection, place_, found, clock) if sells else {}
    expires_at = max(found.expires_at, now + READY_FOR) if to == "ready" else found.expires_at
    where = [
        pharmacy_order.c.public_id == order_id,
        pharmacy_order.c.state == origin,
        pharmacy_order.c.version == version,
    ]
    if origin in ON_THE_SHELF:
        where.append(pharmacy_order.c.expires_at > now)
    if origin == "placed":
        where.append(writing.is_paid_or_cash())
    done = connection.execute(
        sa.update(pharmacy_order)
        .where(*where)
        .values(
            state=to,
            version=pharmacy_order.c.version + 1,
            changed_at=now,
            changed_by=writing.account_row(account_id),
            expires_at=expires_at,
        )
    )
    if done.rowcount != 1:
        writing.refuse_late(connection, order_id, now)
    if to in {"collected", "delivered"}:
        prescriptions.hand_out(connection, order_id, clock=clock)
    holds = writing.holds_of(connection, order_id)
    if (sells or to == "ready") and len(holds) != len(found.lines):
        # Nobody is to be called for what is not there.
        raise Refused(
            "Packs of this order were withdrawn; cancel it with that reason, or ask its patient."
        )
    if sells:
        collecting.sell_held(connection, place_, items, holds, account_id=account_id, clock=clock)
    else:
        lock_counter(connection, place_)
    if to == "ready":
        connection.execute(
            sa.update(stock_hold)
            .where(stock_hold.c.order_id == writing.row_of(order_id), stock_hold.c.state == "held")
            .values(expires_at=expires_at)
        )
    if to in {"ready", "out"}:
        kind: owed.Kind = "order_ready" if to == "ready" else "order_out"
        owed.owe(connection, kind, order_id, found.patient_id, now=now)
    _tell_step(connection, place_, found, to, account_id, expires_at, now, clock)
    return writing.read(connection, order_id)


def _tell_step(
    connection: sa.Connection,
    place_: Place,
    found: Order,
    to: str,
    account_id: UUID,
    expires_at: datetime,
    now: datetime,
    clock: Clock,
) -> None:
    facts = (found.order_id, found.pharmacy_id, found.patient_id, found.version + 1, now)
    happened: (
        told.OrderMadeReady
        | told.OrderSent
        | told.OrderCollected
        | told.OrderPickingBegun
        | told.OrderDelivered
    )
    if to == "ready":
        happened = told.OrderMadeReady(*facts, changed_by=account_id, expires_at=expires_at)
    elif to == "out":
        happened = told.OrderSent(*facts, changed_by=account_id)
    elif to == "collected":
        happened = told.OrderCollected(*facts, changed_by=account_id)
    elif to == "delivered":
        happened = told.OrderDelivered(*facts, changed_by=account_id)
    else:
        happened = told.OrderPickingBegun(*facts, changed_by=account_id)
    ledger.tell(connection, place_, happened, uuid7(clock), now)
