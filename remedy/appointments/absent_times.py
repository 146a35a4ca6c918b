"""Which free time is offered to a patient whose doctor is absent: soon, after the visit, with nobody else's in it."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments import kinds, queries
from remedy.appointments.model import LIVING, Slot, Visit
from remedy.values import local_day

SAME_DOCTOR_WITHIN = {
    "urgent": timedelta(days=2),
    "soon": timedelta(days=7),
    "routine": timedelta(days=28),
}
"""How much later than the visit the same doctor's time may be; beyond it another doctor is looked for first."""

ANYBODY_WITHIN = timedelta(days=28)
"""How much later than the visit any time may be; beyond it the patient waits."""

WEEK = 7


def best_slot(connection: sa.Connection, asked: Visit, now: datetime) -> Slot | None:
    """The soonest time with the same doctor if that is soon enough, else with any of the speciality; or None.

    A doctor who sees nobody any more has no time, and a colleague only for a visit of that kind, or one as long.
    """
    own_limit = asked.starts_at + SAME_DOCTOR_WITHIN[asked.urgency]
    busy = _other_visits(connection, asked)
    colleagues = queries.doctors(connection, asked.speciality)
    return _soonest(connection, [asked.doctor_id], asked, own_limit, busy, now) or _soonest(
        connection,
        [one.doctor_id for one in colleagues],
        asked,
        asked.starts_at + ANYBODY_WITHIN,
        busy,
        now,
    )


def _soonest(
    connection: sa.Connection,
    doctors: list[UUID],
    asked: Visit,
    until: datetime,
    busy: list[Visit],
    now: datetime,
) -> Slot | None:
    """The first free time from the visit's own day on: earlier ones the patient may not be able to come to."""
    first_day = local_day(asked.starts_at, asked.time_zone)
    # The visit's own kind with its own doctor, which may have ended for others.
    kind_of = {one: asked.kind_id for one in doctors if one == asked.doctor_id}
    for one in set(doctors) - {asked.doctor_id}:
        colleague = kinds.doctor_for(connection, one, asked.kind_name, kinds.minutes_of(asked))
        if colleague is not None:
            kind_of[one] = colleague.kind_id
    for weeks in range((until - asked.starts_at).days // WEEK + 1):
        slots = [
            slot
            for one, kind_id in kind_of.items()
            for slot in queries.free_slots(
                connection,
                one,
                first_day=first_day + timedelta(weeks=weeks),
                days=WEEK,
                now=now,
                kind_id=kind_id,
            )
            if slot.starts_at <= until
            and not any(
                other.starts_at < slot.ends_at and slot.starts_at < other.ends_at for other in busy
            )
        ]
        if slots:
            return min(slots, key=lambda slot: (slot.starts_at, slot.doctor_id))
    return None


def _other_visits(connection: sa.Connection, asked: Visit) -> list[Visit]:
    """The patient's other visits: nobody is in two places at once."""
    return [
        one
        for one in queries.visits_of(connection, asked.patient_id)
        if one.state in LIVING and one.appointment_id != asked.appointment_id
    ]
