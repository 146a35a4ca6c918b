"""What every change of an order needs: the order as it is, its locks and holds, and who was faster."""

from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import sqlalchemy as sa

from remedy.orders import queries
from remedy.orders.model import AlreadyChanged, Order
from remedy.schema.orders import order_payment, pharmacy_order
from remedy.schema.people import account
from remedy.schema.pharmacy import stock_hold
from remedy.stock.holds import holds_query
from remedy.stock.locks import Item, Place, lock_items
from remedy.stock.model import Refused
from remedy.values import Clock, zone


def read(connection: sa.Connection, order_id: UUID, *, pharmacy_id: UUID | None = None) -> Order:
    """The order of that id, of that pharmacy where one is named.

    Raises:
        Refused: if there is none.
    """
    found = queries.order(connection, order_id, pharmacy_id=pharmacy_id)
    if found is None:
        raise Refused("This pharmacy has no order of that id.")
    return found


def row_of(order_id: UUID) -> sa.ScalarSelect[int]:
    """SQL: the order's row."""
    return (
        sa.select(pharmacy_order.c.id)
        .where(pharmacy_order.c.public_id == order_id)
        .scalar_subquery()
    )


def account_row(account_id: UUID | None) -> sa.ScalarSelect[int] | None:
    """SQL: the account's row; None for None."""
    if account_id is None:
        return None
    return sa.select(account.c.id).where(account.c.public_id == account_id).scalar_subquery()


def is_paid_or_cash() -> sa.ColumnElement[bool]:
    """SQL: whether somebody may pick the order, as far as money goes."""
    is_paid = sa.exists().where(
        order_payment.c.order_id == pharmacy_order.c.id, order_payment.c.state == "paid"
    )
    return sa.or_(pharmacy_order.c.payment == "cash", is_paid)


def lock_lines(
    connection: sa.Connection, place_: Place, found: Order, clock: Clock
) -> dict[UUID, Item]:
    """Lock the stock items of an order's lines, in the order of their ids."""
    wanted = {line.medicine_id for line in found.lines}
    return lock_items(connection, place_, wanted, creating=False, clock=clock)


def holds_of(connection: sa.Connection, order_id: UUID) -> list[sa.Row[Any]]:
    """What the order still has set aside; its items are locked."""
    query = holds_query().where(
        stock_hold.c.order_id == row_of(order_id), stock_hold.c.state == "held"
    )
    return list(connection.execute(query).all())


def refuse_late(connection: sa.Connection, order_id: UUID, now: datetime) -> NoReturn:
    """Say who did what with an order that is not as it was looked at.

    Raises:
        AlreadyChanged: always.
    """
    found = read(connection, order_id)
    if found.waits_for_payment:
        raise AlreadyChanged("This order is not paid yet; nobody picks it before.")
    if found.is_over(now):
        raise AlreadyChanged(
            "The time of this order is over; its packs are not set aside any more."
        )
    if found.ended_by == "patient":
        raise AlreadyChanged("Its patient called this order off; nothing was changed.")
    if found.ended_by in {"time", "unpaid"}:
        raise AlreadyChanged(
            "The time of this order was over and it was cancelled; nothing was changed."
        )
    at = found.changed_at.astimezone(zone(found.time_zone))
    who, when = found.changed_by or "Somebody", f"{at:%A %d %B %Y, %H:%M} ({at.tzname()})"
    if found.state == "picking":
        raise AlreadyChanged(f"{who} began to pick this order: {when}. Nothing was changed.")
    if found.state == "ready":
        raise AlreadyChanged(f"{who} made this order ready: {when}. Nothing was changed.")
    if found.state == "out":
        raise AlreadyChanged(f"{who} sent this order off: {when}. Nothing was changed.")
    if found.state == "collected":
        raise AlreadyChanged(f"{who} handed this order out: {when}. Nothing was changed.")
    if found.state == "delivered":
        raise AlreadyChanged(
            f"{who} said that this order was delivered: {when}. Nothing was changed."
        )
    if found.state == "cancelled":
        raise AlreadyChanged(f"{who} cancelled this order: {when}. Nothing was changed.")
    raise AlreadyChanged("This order changed since you opened it; look at it again.")
