"""What falls due by the clock: requests nobody decided let go of their time, holds and orders end, old rows go.

Runs beside the relay, with the portal's account: an expired hold counts no more at once whether or not
this has run, but the event that says so comes from here.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts.service import forget_old
from remedy.appointments.service import lapse_due
from remedy.gateways.mysql import in_transaction
from remedy.orders import pickup
from remedy.orders import service as orders
from remedy.values import Clock

EVERY_SECONDS = 30
log = logging.getLogger(__name__)


def run(engine: sa.Engine, *, stop: threading.Event, clock: Clock) -> None:
    """Look every half minute until `stop`; a failure is logged and tried again at the next look."""
    while not stop.wait(EVERY_SECONDS):
        try:
            look(engine, clock=clock)
        except sa.exc.DBAPIError as error:
            log.warning("What is due could not be looked at: %s", type(error.orig).__name__)


def look(engine: sa.Engine, *, clock: Clock) -> tuple[int, int, int]:
    """One look: how many requests lapsed, holds ended and orders ended; what is kept for a while only is deleted."""
    lapsed = in_transaction(engine, lambda connection: lapse_due(connection, clock=clock))
    holds_ended = _each(
        engine,
        partial(pickup.due, now=clock()),
        lambda one: partial(pickup.expire_one, hold_id=one, clock=clock),
    )
    _each(engine, pickup.withdrawn, lambda one: partial(pickup.give_back, hold_id=one, clock=clock))
    orders_ended = _each(
        engine,
        partial(orders.due, now=clock()),
        lambda one: partial(orders.expire_one, order_id=one, clock=clock),
    )
    in_transaction(engine, lambda connection: forget_old(connection, clock=clock))
    return len(lapsed), holds_ended, orders_ended


def _each(
    engine: sa.Engine,
    due: Callable[[sa.Connection], list[UUID]],
    change: Callable[[UUID], Callable[[sa.Connection], bool]],
) -> int:
    """Change what is due, each in a transaction of its own; how many were still due when it was their turn."""
    with engine.connect() as connection:
        found = due(connection)
    return sum(in_transaction(engine, change(one)) for one in found)
