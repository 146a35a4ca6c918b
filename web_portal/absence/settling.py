"""Tells the patients of an absent doctor: at once by who declared it, and by a round of each worker what was left undone.

The portal does it and not the relay: what a patient wrote is sealed anew for a visit with another doctor, and the
portal alone holds the keys. Each visit is a transaction of its own; a worker killed in between leaves the rest to
the round, and two that do it at once do nothing twice.
"""

import logging
from uuid import UUID

from flask import Flask, current_app

from remedy.appointments import absence, absence_problems, absence_state
from remedy.appointments.model import Refused, SlotTaken
from web_portal.parts import Parts
from web_portal.rounds import Round

log = logging.getLogger(__name__)
EXTENSION = "remedy_settling"
AT_MOST = 3
"""How often a visit is tried again at once whose time was taken in that moment."""

TAKEN_EACH_TIME = "SlotTaken"
"""The reason of a visit for which others took every time that was chosen."""


class Settling(Round):
    """Looks for visits in the time of an absence whose patients are not told."""

    name = "settling"
    every_seconds = 30.0

    def look(self) -> int:
        """Settle all that is left undone; how many visits."""
        here = self._here
        running = here.read(lambda c: absence_state.running(c, now=here.now()))
        done = 0
        for one in running:
            try:
                done += settle_all(here, one)
            except Exception as error:
                # The patients of the other absences are told all the same.
                log.warning("an absence could not be looked at: %s", type(error).__name__)
        return done


def settle_all(here: Parts, absence_id: UUID) -> int:
    """Settle every visit of an absence that is not; how many were. What cannot be is left to the next look."""
    here.change(lambda c: absence.gather(c, absence_id, now=here.now()))
    visits = here.read(lambda c: absence_state.unsettled(c, absence_id))
    return sum(_settled(here, absence_id, one) for one in visits)


def _settled(here: Parts, absence_id: UUID, appointment_id: UUID) -> bool:
    reason = TAKEN_EACH_TIME
    for _ in range(AT_MOST):
        try:
            outcome = here.change(
                lambda c: absence.settle(
                    c,
                    here.vault,
                    absence_id=absence_id,
                    appointment_id=appointment_id,
                    clock=here.clock,
                )
            )
        except SlotTaken:
            continue
        except Refused as refusal:
            reason = str(refusal)
        except Exception as error:
            # Whatever it is: the patients after this one are told all the same. Its words may name somebody.
            reason = type(error).__name__
        else:
            return outcome is not None
        break
    _note(here, absence_id, appointment_id, reason)
    return False


def _note(here: Parts, absence_id: UUID, appointment_id: UUID, reason: str) -> None:
    """Keep why for the page of the absence; the log says it once, and again when it is another reason."""
    is_news = here.change(
        lambda c: absence_problems.note(
            c,
            absence_id=absence_id,
            appointment_id=appointment_id,
            reason=reason,
            now=here.now(),
        )
    )
    if is_news:
        log.warning("a visit of an absence was not settled, and is tried again: %s", reason)


def init_app(app: Flask) -> None:
    """Give the application its round; who serves it starts it."""
    app.extensions[EXTENSION] = Settling(app)
    app.jinja_env.globals["absence_of_visit"] = _of_visit


def of(app: Flask) -> Settling:
    """The round of an application."""
    found: Settling = app.extensions[EXTENSION]
    return found


def wake() -> None:
    """Have this worker's round look now."""
    of(current_app).wake()


def _of_visit(appointment_id: UUID) -> tuple[str, UUID | None] | None:
    """What an absence did to a visit, for its page."""
    from web_portal.parts import parts

    return parts().read(lambda c: absence_state.outcome_of(c, appointment_id))
