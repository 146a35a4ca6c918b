"""Changes of the call list: switched on and off, and what was noted of a call. Nothing of it touches a visit."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.calls import queries
from remedy.calls.model import OUTCOMES
from remedy.schema.calls import call_list_switch, visit_call
from remedy.schema.hospital import appointment
from remedy.values import Clock


class Refused(ValueError):
    """The change is refused; the text is a sentence for the user."""


def turn(connection: sa.Connection, *, is_on: bool, by: UUID, clock: Clock) -> None:
    """Switch the list on or off; `by` is an admin's account."""
    if queries.switch(connection).is_on == is_on:
        return
    connection.execute(
        sa.insert(call_list_switch).values(is_on=is_on, switched_at=clock(), switched_by=by)
    )


def note(
    connection: sa.Connection,
    appointment_id: UUID,
    *,
    outcome: str,
    by: UUID,
    clock: Clock,
) -> None:
    """Note what a call came to; an empty outcome takes the note back.

    Raises:
        Refused: if the list is off, the visit is no coming, accepted one any more, or there is no such outcome.
    """
    if outcome and outcome not in OUTCOMES:
        raise Refused("Choose what the call came to.")
    if not queries.switch(connection).is_on:
        raise Refused("The call list is switched off.")
    found = connection.execute(
        sa.select(appointment.c.id, appointment.c.starts_at).where(
            appointment.c.public_id == appointment_id,
            appointment.c.state == queries.BOOKED,
            appointment.c.starts_at > clock(),
        )
    ).one_or_none()
    if found is None:
        raise Refused("This visit is over, was moved or called off; load the list again.")
    if not outcome:
        connection.execute(sa.delete(visit_call).where(visit_call.c.appointment_id == found.id))
        return
    told = {"starts_at": found.starts_at, "outcome": outcome, "noted_at": clock(), "noted_by": by}
    written = insert(visit_call).values(appointment_id=found.id, **told)
    connection.execute(
        written.on_duplicate_key_update({name: written.inserted[name] for name in told})
    )
