"""Who lost a visit to an absence keeps the place: on the list of the speciality, since when they had first asked.

The entry has the public id of the visit it stands for, so that what the patient wrote is read with it as it is sealed,
and putting somebody on the list needs no key: the clock may do it where an offer was not answered in time.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from remedy.appointments import kinds
from remedy.appointments.model import Visit
from remedy.schema.absence import absence_visit, waiting_entry
from remedy.schema.hospital import appointment
from remedy.schema.people import patient, patient_key
from remedy.values import local_day

KEPT_FOR = timedelta(days=90)
"""How long who lost a visit to an absence waits, from that visit on."""


def keep_place(connection: sa.Connection, lost: Visit, *, now: datetime) -> bool:
    """Put the patient of a lost visit on the list of the speciality; False where the record was erased.

    Who waits there already does so from now on since they first asked for the visit, if that is longer.
    """
    row = connection.execute(
        sa.select(patient.c.id)
        .join(patient_key, patient_key.c.patient_public_id == patient.c.public_id)
        .where(patient.c.public_id == lost.patient_id, patient_key.c.erased_at.is_(None))
    ).scalar()
    if row is None:
        return False
    since = _first_asked(connection, lost)
    waits = connection.execute(
        sa.select(waiting_entry.c.id).where(
            waiting_entry.c.patient_id == row,
            waiting_entry.c.wanted == lost.speciality,
            waiting_entry.c.is_open.is_(True),
        )
    ).scalar()
    if waits is not None:
        connection.execute(
            sa.update(waiting_entry)
            .where(waiting_entry.c.id == waits, waiting_entry.c.since > since)
            .values(since=since)
        )
        return True
    connection.execute(
        sa.insert(waiting_entry).values(
            public_id=lost.appointment_id,
            patient_id=row,
            doctor_id=None,
            speciality=lost.speciality,
            wanted=lost.speciality,
            is_open=True,
            state="waiting",
            urgency=lost.urgency,
            symptoms_sealed=lost.symptoms_sealed,
            from_day=local_day(now, lost.time_zone),
            until_day=local_day(lost.starts_at + KEPT_FOR, lost.time_zone),
            earliest=None,
            since=since,
            kind_name=lost.kind_name,
            minutes=kinds.minutes_of(lost),
        )
    )
    return True


def is_offer(connection: sa.Connection, visit: Visit) -> bool:
    """Whether the visit stands as an absence proposed it, and waits for the patient's answer."""
    if visit.state != "proposed":
        return False
    query = (
        sa.select(absence_visit.c.absence_id)
        .join(appointment, appointment.c.id == absence_visit.c.offered_id)
        .where(
            appointment.c.public_id == visit.appointment_id,
            # Since then nobody has proposed anything else.
            absence_visit.c.settled_at == visit.decided_at,
        )
    )
    return connection.execute(query).first() is not None


def _first_asked(connection: sa.Connection, lost: Visit) -> datetime:
    """When the patient first asked, though absences may have led from doctor to doctor since."""
    before, after = appointment.alias("before"), appointment.alias("after")
    visit_id, since = lost.appointment_id, lost.requested_at
    while True:
        row = connection.execute(
            sa.select(before.c.public_id, before.c.requested_at)
            .select_from(
                absence_visit.join(before, before.c.id == absence_visit.c.appointment_id).join(
                    after, after.c.id == absence_visit.c.offered_id
                )
            )
            .where(after.c.public_id == visit_id, before.c.id != after.c.id)
        ).first()
        if row is None:
            return since
        visit_id, since = row.public_id, row.requested_at
