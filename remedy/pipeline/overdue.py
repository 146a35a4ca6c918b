"""What falls due by the clock: requests nobody decided let go of their time, holds end.

Runs beside the relay, with the portal's account: an expired hold counts no more at once whether or not
this has run, but the event that says so, and the patient's message, come from here.
"""

import logging
import threading

import sqlalchemy as sa

from remedy.appointments.service import lapse_due
from remedy.gateways.mysql import in_transaction
from remedy.stock.service import expire_holds
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


def look(engine: sa.Engine, *, clock: Clock) -> tuple[int, int]:
    """One look: how many requests lapsed and how many holds ended."""
    lapsed = in_transaction(engine, lambda connection: lapse_due(connection, clock=clock))
    ended = in_transaction(engine, lambda connection: expire_holds(connection, clock=clock))
    return len(lapsed), len(ended)
