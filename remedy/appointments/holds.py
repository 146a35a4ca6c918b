"""Time set aside for a few minutes while a patient fills in the form: one for each patient, soft and short.

A hold's cells lie under the same key as a visit's, so that neither two holds nor a hold and a visit overlap. It
counts until its end and no longer, whether or not it was cleared away; holding the same time again does not
move that end. It is no event: nothing has happened yet.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments import limits, queries, writing
from remedy.appointments.model import HOLD_FOR, Hold, SlotTaken
from remedy.schema.hospital import appointment_hold, doctor
from remedy.values import Clock, uuid7


def hold_slot(
    connection: sa.Connection,
    *,
    doctor_id: UUID,
    patient_id: UUID,
    starts_at: datetime,
    clock: Clock,
    kind_id: UUID | None = None,
) -> Hold:
    """Set a doctor's slot aside for a patient, in place of what was set aside before.

    It is as long as a visit of that kind; without `kind_id`, of the doctor's first.

    Raises:
        SlotTaken: if somebody else has that time, with the nearest free slots.
        InTheWay: if the patient could not ask for it: too much is open, or another visit is then (`limits.py`).
        Refused: if the doctor does not offer that time.
    """
    now = clock()
    found = writing.doctor_seen(connection, doctor_id, kind_id)
    slot = writing.offered(connection, found, starts_at, now)
    patient_row = limits.lock_patient(connection, patient_id)
    limits.refuse_asking(connection, found, slot, patient_id, now=now)
    if queries.is_taken(connection, slot, now=now, patient_id=patient_id):
        raise SlotTaken(queries.nearest_slots(connection, found, slot.starts_at, now=now))
    before = queries.hold_of(connection, patient_id, now=now)
    doctor_row = _lock_doctors(connection, {doctor_id, *([before.doctor_id] if before else [])})[
        doctor_id
    ]
    writing.let_go(connection, now, doctor_row=doctor_row)
    _drop_own(connection, patient_row)
    is_same = before is not None and (before.doctor_id, before.starts_at) == (doctor_id, starts_at)
    made = Hold(
        uuid7(clock),
        doctor_id,
        slot.starts_at,
        slot.ends_at,
        before.expires_at if before is not None and is_same else now + HOLD_FOR,
    )
    row = connection.execute(
        sa.insert(appointment_hold).values(
            public_id=made.hold_id,
            doctor_id=doctor_row,
            patient_id=patient_row,
            starts_at=made.starts_at,
            ends_at=made.ends_at,
            expires_at=made.expires_at,
        )
    )
    writing.take_cells(connection, found, slot, now, doctor_row=doctor_row, hold_row=row.lastrowid)
    return made


def release(connection: sa.Connection, *, patient_id: UUID, hold_id: UUID | None = None) -> bool:
    """Give back what is set aside for a patient; with `hold_id` only that hold. Whether there was one.

    A page that was left says so late: by then the patient may have held the same time anew.
    """
    row = limits.lock_patient(connection, patient_id)
    query = (
        sa.select(doctor.c.public_id)
        .join_from(appointment_hold, doctor)
        .where(appointment_hold.c.patient_id == row)
    )
    if hold_id is not None:
        query = query.where(appointment_hold.c.public_id == hold_id)
    held_with = connection.execute(query).scalar()
    if held_with is None:
        return False
    writing.lock_doctor(connection, held_with)
    _drop_own(connection, row)
    return True


def _drop_own(connection: sa.Connection, patient_row: int) -> None:
    own = sa.select(appointment_hold.c.id).where(appointment_hold.c.patient_id == patient_row)
    writing.drop_holds(connection, connection.execute(own).scalars().all())


def _lock_doctors(connection: sa.Connection, doctors: set[UUID]) -> dict[UUID, int]:
    """Raise these doctors' counters, always in the same order; their row ids."""
    return {one: writing.lock_doctor(connection, one) for one in sorted(doctors)}
