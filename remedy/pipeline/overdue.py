"""What falls due by the clock: requests nobody decided let go of their time, holds and orders end, old rows go.

A visit nobody was checked in for is taken for missed, and admins are owed a mail about an urgent request or a demand
model that waits. And who waits for something that has come about is owed a mail: a medicine is back, or runs out soon.
Runs beside the relay, with the portal's account: an expired hold counts no more at once whether or not this has run,
but the event that says so comes from here. What cannot be done for one is done for the others.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from remedy.accounts.service import forget_old
from remedy.appointments import attendance, queue, service, waiting_round
from remedy.catalogue import watches
from remedy.gateways.mysql import in_transaction
from remedy.messages import model_question
from remedy.notices import service as notices
from remedy.orders import pickup
from remedy.orders import service as orders
from remedy.prescriptions import refills
from remedy.values import Clock

EVERY_SECONDS = 30
LOOKS_TO_A_REMINDER = 10
"""What runs out is foretold by days: so often is soon enough."""

Due = TypeVar("Due")
log = logging.getLogger(__name__)


def run(engine: sa.Engine, *, stop: threading.Event, clock: Clock) -> None:
    """Look every half minute until `stop`; a failure is logged and tried again at the next look."""
    looks = 0
    while not stop.wait(EVERY_SECONDS):
        try:
            look(engine, clock=clock)
            if looks % LOOKS_TO_A_REMINDER == 0:
                remind(engine, clock=clock)
            looks += 1
        except Exception as error:
            # Whatever it was: nobody else looks, and nobody would start this thread again.
            log.warning("What is due could not be looked at: %s", type(error).__name__)


def look(engine: sa.Engine, *, clock: Clock) -> tuple[int, int, int]:
    """One look: how many requests lapsed, holds ended and orders ended; what is kept for a while only is deleted."""
    lapsed = _each(
        engine,
        partial(service.doctors_to_let_go, now=clock()),
        lambda one: lambda c: len(service.lapse_of(c, one, clock=clock)),
    )
    _each(
        engine,
        partial(queue.late, now=clock()),
        lambda one: lambda c: queue.tell_admins(c, one, now=clock()),
    )
    _each(
        engine,
        partial(model_question.asked, now=clock()),
        lambda one: lambda c: model_question.tell_admins(c, one, clock=clock),
    )
    _each(
        engine,
        partial(attendance.due, now=clock()),
        lambda one: lambda c: attendance.miss_one(c, one, clock=clock),
    )
    in_transaction(engine, lambda connection: waiting_round.end_due(connection, clock=clock))
    _each(
        engine,
        waiting_round.doctors_waited_for,
        lambda one: lambda c: waiting_round.offer_free(c, doctor_id=one, clock=clock) > 0,
    )
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
    in_transaction(engine, lambda connection: watches.forget_old(connection, now=clock()))
    _each(
        engine,
        partial(watches.due, now=clock()),
        lambda one: partial(watches.tell, one=one, now=clock()),
    )
    in_transaction(engine, lambda connection: notices.forget_old(connection, now=clock()))
    in_transaction(engine, lambda connection: forget_old(connection, clock=clock))
    return lapsed, holds_ended, orders_ended


def remind(engine: sa.Engine, *, clock: Clock) -> int:
    """Owe a mail to everybody whose medicine runs out in a few days; how many."""
    return _each(
        engine,
        partial(refills.due, now=clock()),
        lambda one: partial(refills.remind, one=one, now=clock()),
    )


def _each(
    engine: sa.Engine,
    due: Callable[[sa.Connection], list[Due]],
    change: Callable[[Due], Callable[[sa.Connection], int]],
) -> int:
    """Change what is due, each in a transaction of its own; how many were still due when it was their turn, or what they come to."""
    with engine.connect() as connection:
        found = due(connection)
    done = 0
    for one in found:
        try:
            done += in_transaction(engine, change(one))
        except Exception as error:
            # One that cannot be done must not stop the others; it is due again at the next look.
            log.warning("One thing that is due could not be done: %s", type(error).__name__)
    return done
