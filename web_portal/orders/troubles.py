"""What keeps a patient's open orders from being handed out: their pharmacy is suspended, or packs were withdrawn."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from remedy.orders.model import ON_THE_SHELF, Order
from remedy.schema.orders import pharmacy_order
from remedy.schema.pharmacy import medicine, pharmacy, stock_hold, stock_item


@dataclass(frozen=True)
class Trouble:
    """Why an order cannot be handed out as it stands; false when nothing is in the way.

    `withdrawn` are the medicines whose packs may not be handed out any more, after a recall for example.
    """

    is_suspended: bool = False
    withdrawn: frozenset[UUID] = frozenset()

    def __bool__(self) -> bool:
        return self.is_suspended or bool(self.withdrawn)

    @property
    def mark(self) -> str:
        """What a page was drawn at: neither changes the version of the order."""
        return f"{'suspended' if self.is_suspended else ''}{len(self.withdrawn) or ''}"


NO_TROUBLE = Trouble()


def troubles_of(connection: sa.Connection, orders: Collection[Order]) -> dict[UUID, Trouble]:
    """The trouble of each of these orders that has any; what has left its pharmacy has none."""
    ids = [one.order_id for one in orders if one.state in ON_THE_SHELF]
    return _troubles(connection, pharmacy_order.c.public_id.in_(ids)) if ids else {}


def troubles_at(connection: sa.Connection, pharmacy_id: UUID) -> dict[UUID, Trouble]:
    """The trouble of each order that lies at a pharmacy and has any."""
    where = (pharmacy.c.public_id == pharmacy_id) & pharmacy_order.c.state.in_(ON_THE_SHELF)
    return _troubles(connection, where)


def _troubles(connection: sa.Connection, where: sa.ColumnElement[bool]) -> dict[UUID, Trouble]:
    rows = connection.execute(
        sa.select(
            pharmacy_order.c.public_id,
            pharmacy.c.suspended_at.is_not(None).label("is_suspended"),
            medicine.c.public_id.label("medicine_id"),
        )
        .select_from(
            pharmacy_order.join(pharmacy)
            .outerjoin(
                stock_hold,
                (stock_hold.c.order_id == pharmacy_order.c.id)
                & (stock_hold.c.state == "withdrawn"),
            )
            .outerjoin(stock_item, stock_item.c.id == stock_hold.c.stock_item_id)
            .outerjoin(medicine, medicine.c.id == stock_item.c.medicine_id)
        )
        .where(where)
    )
    suspended: dict[UUID, bool] = {}
    withdrawn: dict[UUID, set[UUID]] = {}
    for row in rows:
        suspended[row.public_id] = bool(row.is_suspended)
        if row.medicine_id is not None:
            withdrawn.setdefault(row.public_id, set()).add(row.medicine_id)
    found = {
        order_id: Trouble(is_suspended, frozenset(withdrawn.get(order_id, ())))
        for order_id, is_suspended in suspended.items()
    }
    return {order_id: trouble for order_id, trouble in found.items() if trouble}
