"""How much one patient may have set aside at once: more than any household needs, too little to empty the town's shelves.

An account needs nothing but a mailbox, and an order that is paid at the counter costs nothing until then. Nothing is
locked for it: of forms that are sent at once a few too many may pass, not a thousand.
"""

from datetime import datetime

import sqlalchemy as sa

from remedy.orders.model import ON_THE_SHELF
from remedy.schema.orders import pharmacy_order
from remedy.schema.pharmacy import stock_hold
from remedy.stock.model import Refused

MOST_HOLDS = 30
MOST_ORDERS = 10


def check_holds(connection: sa.Connection, patient_row: int, more: int, *, now: datetime) -> None:
    """Look whether a patient may have so many more holds.

    Raises:
        Refused: if too many would wait.
    """
    waiting = connection.execute(
        sa.select(sa.func.count()).where(
            stock_hold.c.patient_id == patient_row,
            stock_hold.c.order_id.is_(None),
            stock_hold.c.state == "held",
            stock_hold.c.expires_at > now,
        )
    ).scalar_one()
    if waiting + more > MOST_HOLDS:
        raise Refused("Much is set aside for you already; collect it or let go of some first.")


def check_orders(connection: sa.Connection, patient_row: int, *, now: datetime) -> None:
    """Look whether a patient may have one more order.

    Raises:
        Refused: if too many are at pharmacies.
    """
    there = connection.execute(
        sa.select(sa.func.count()).where(
            pharmacy_order.c.patient_id == patient_row,
            pharmacy_order.c.state.in_(ON_THE_SHELF),
            pharmacy_order.c.expires_at > now,
        )
    ).scalar_one()
    if there >= MOST_ORDERS:
        raise Refused("Many orders of yours are open already; collect or call off one first.")
