"""How an order ends before its time: called off by its patient or its pharmacy, or because its time is over."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.events import orders as told
from remedy.orders import payments, queries, writing
from remedy.orders.model import (
    ON_THE_SHELF,
    REASON,
    AlreadyChanged,
    EndedBy,
    Order,
    check_reason,
)
from remedy.prescriptions import service as prescriptions
from remedy.schema.orders import order_payment, pharmacy_order
from remedy.schema.pharmacy import stock_hold, stock_movement
from remedy.stock import ledger
from remedy.stock.holds import let_go
from remedy.stock.locks import lock_counter, place_of
from remedy.stock.model import Refused
from remedy.stock.service import reverse_movement
from remedy.values import Clock, uuid7
from remedy.vault import Unreadable, Vault


def cancel_own(
    connection: sa.Connection, order_id: UUID, *, patient_id: UUID, clock: Clock
) -> Order:
    """Call off one's own order that nobody picks yet; its packs are back, and what was paid is owed back.

    Raises:
        Refused: if it is not this patient's, or it is too late.
    """
    found = queries.order(connection, order_id, patient_id=patient_id)
    if found is None:
        raise Refused("There is no such order of yours.")
    if not _end(connection, found, ("placed",), "patient", clock=clock):
        raise AlreadyChanged(
            "The pharmacy has begun to pick this order; telephone them if you do not need it any more."
        )
    return writing.read(connection, order_id)


def cancel(
    connection: sa.Connection,
    vault: Vault,
    order_id: UUID,
    *,
    pharmacy_id: UUID,
    reason: str,
    version: int,
    account_id: UUID,
    clock: Clock,
) -> Order:
    """Cancel an order of this pharmacy, with a reason its patient reads; what was sent comes back to the shelf.

    The reason is kept sealed: it may say what only the two should know (design decision 14).

    Raises:
        AlreadyChanged: if somebody was faster; the text says who did what.
        Refused: if there is no such order, or the reason is missing.
    """
    why = check_reason(reason)
    found = writing.read(connection, order_id, pharmacy_id=pharmacy_id)
    try:
        sealed = vault.seal(connection, found.patient_id, order_id, REASON, why)
    except Unreadable:
        # Of a patient who was erased: nobody is left to read it.
        sealed = None
    is_done = found.version == version and _end(
        connection, found, (*ON_THE_SHELF, "out"), "pharmacy",
        reason_sealed=sealed, account_id=account_id, clock=clock,
    )  # fmt: skip
    if not is_done:
        writing.refuse_late(connection, order_id, clock())
    return writing.read(connection, order_id)


def expire_one(connection: sa.Connection, order_id: UUID, *, clock: Clock) -> bool:
    """End an order whose time is over, or that was not paid in time; whether it was so."""
    now, found = clock(), writing.read(connection, order_id)
    if not found.is_over(now):
        return False
    why: EndedBy = "unpaid" if found.waits_for_payment else "time"
    return _end(connection, found, (found.state,), why, clock=clock)


def due(connection: sa.Connection, *, now: datetime, limit: int = 100) -> list[UUID]:
    """The orders whose time is over, or that were not paid in time."""
    unpaid = sa.exists().where(
        order_payment.c.order_id == pharmacy_order.c.id,
        order_payment.c.state == "waiting",
        order_payment.c.pay_by <= now,
    )
    query = (
        sa.select(pharmacy_order.c.public_id)
        .where(
            sa.or_(
                pharmacy_order.c.state.in_(ON_THE_SHELF) & (pharmacy_order.c.expires_at <= now),
                (pharmacy_order.c.state == "placed") & unpaid,
            )
        )
        .order_by(pharmacy_order.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def _end(
    connection: sa.Connection,
    found: Order,
    origins: Sequence[str],
    why: EndedBy,
    *,
    reason_sealed: str | None = None,
    account_id: UUID | None = None,
    clock: Clock,
) -> bool:
    """Cancel the order if it is as it was read: its packs go back, what it took of prescriptions too."""
    now, place_ = clock(), place_of(connection, found.pharmacy_id)
    if found.state not in origins:
        return False
    items = writing.lock_lines(connection, place_, found, clock)
    where = [
        pharmacy_order.c.public_id == found.order_id,
        pharmacy_order.c.state == found.state,
        pharmacy_order.c.version == found.version,
    ]
    if why == "unpaid":
        where.append(sa.not_(writing.is_paid_or_cash()))
    done = connection.execute(
        sa.update(pharmacy_order)
        .where(*where)
        .values(
            state="cancelled",
            version=pharmacy_order.c.version + 1,
            changed_at=now,
            changed_by=writing.account_row(account_id),
            ended_by=why,
            reason_sealed=reason_sealed,
        )
    )
    if done.rowcount != 1:
        return False
    prescriptions.release_use(connection, found.order_id, clock=clock)
    payments.end(connection, found.order_id, now)
    if found.state == "out":
        _take_back(connection, found, account_id, clock)
    else:
        is_late = why in {"time", "unpaid"}
        holds = writing.holds_of(connection, found.order_id)
        let_go(
            connection, place_, items, holds, why="expired" if is_late else "cancelled", clock=clock
        )
    lock_counter(connection, place_)
    if why != "patient":
        owed.owe(connection, "order_cancelled", found.order_id, found.patient_id, now=now)
    cancelled = told.OrderCancelled(
        found.order_id, found.pharmacy_id, found.patient_id, found.version + 1, now, account_id, why
    )
    ledger.tell(connection, place_, cancelled, uuid7(clock), now)
    return True


def _take_back(
    connection: sa.Connection, found: Order, account_id: UUID | None, clock: Clock
) -> None:
    """What was on its way comes back to the shelf: its sales are reversed. The items are locked.

    What the pharmacist wrote to the patient is not said again: the ledger and its events are no place for it.
    """
    reason = f"Order {found.reference} was cancelled on its way."
    sales = connection.execute(
        sa.select(stock_movement.c.public_id)
        .where(
            stock_movement.c.line_id.in_(
                [
                    f"hold:{hold_id}"
                    for hold_id in connection.execute(
                        sa.select(stock_hold.c.public_id).where(
                            stock_hold.c.order_id == writing.row_of(found.order_id)
                        )
                    ).scalars()
                ]
            )
        )
        .order_by(stock_movement.c.id)
    ).scalars()
    for movement_id in list(sales):
        reverse_movement(
            connection, found.pharmacy_id, movement_id, reason=reason, account_id=account_id,
            clock=clock,
        )  # fmt: skip
