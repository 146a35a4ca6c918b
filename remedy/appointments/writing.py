"""How a change of a visit is written: the doctor's lock, the cells of time, sealed texts, the event, the mail owed.

The doctor's row is raised, and so locked, before the first write: writing a row that refers to the doctor locks
the doctor's row in shared mode, and two that hold it so could not raise it any more without a deadlock.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox, owed
from remedy.appointments import lost_visits, model, queries
from remedy.appointments.model import WAITING, Doctor, Refused, Slot, SlotTaken, Visit
from remedy.events.hospital import (
    AppointmentAccepted,
    AppointmentAttended,
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentDeclined,
    AppointmentMissed,
    AppointmentMoved,
    AppointmentProposed,
    AppointmentRequested,
    Urgency,
)
from remedy.schema.hospital import (
    appointment,
    appointment_cell,
    appointment_hold,
    doctor,
    hospital,
    visit_kind,
)
from remedy.schema.people import patient
from remedy.values import Clock, local_day, zone
from remedy.vault import Unreadable, Vault

Told = (
    AppointmentRequested
    | AppointmentProposed
    | AppointmentMoved
    | AppointmentAccepted
    | AppointmentDeclined
    | AppointmentCancelled
    | AppointmentCheckedIn
    | AppointmentAttended
    | AppointmentMissed
)
_NOT_OFFERED = "The doctor does not offer that time; choose one of the free times."


def doctor_seen(
    connection: sa.Connection,
    doctor_id: UUID,
    kind_id: UUID | None = None,
    *,
    is_ended_too: bool = False,
) -> Doctor:
    """The doctor, who must see patients now, for visits of a kind; as `queries.doctor_of`.

    Raises:
        Refused: if there is no such doctor or kind.
    """
    found = queries.doctor_of(connection, doctor_id, kind_id, is_ended_too=is_ended_too)
    if found is None:
        if kind_id is not None and queries.doctor_of(connection, doctor_id) is not None:
            raise Refused("The doctor does not offer that kind of visit any more; choose another.")
        raise Refused("There is no such doctor, or the doctor sees no patients now.")
    return found


def kept_kind(connection: sa.Connection, visit: Visit) -> Doctor:
    """The doctor for a visit that keeps its kind, though the doctor may have ended it for others.

    Raises:
        Refused: if the doctor sees no patients now.
    """
    return doctor_seen(connection, visit.doctor_id, visit.kind_id, is_ended_too=True)


def placed(connection: sa.Connection, found: Doctor, slot: Slot) -> dict[str, int | None]:
    """What a visit's row says of its kind and place."""
    kind = sa.select(visit_kind.c.id).where(visit_kind.c.public_id == found.kind_id)
    place = sa.select(hospital.c.id).where(
        hospital.c.public_id == (slot.hospital_id or found.hospital_id)
    )
    return {
        "kind_id": connection.execute(kind).scalar() if found.kind_id else None,
        "hospital_id": connection.execute(place).scalar_one(),
    }


def offered(
    connection: sa.Connection, found: Doctor, starts_at: datetime, now: datetime
) -> model.Slot:
    """The offered slot that begins then. Whether it is taken is not looked at: the key will say.

    Raises:
        Refused: if the doctor does not offer that time, or it is past or too soon.
    """
    if starts_at.tzinfo is None:
        raise Refused(_NOT_OFFERED)
    if starts_at < now + model.NOTICE:
        raise Refused(
            "That time is past or too soon to be decided in time; choose a later one, or telephone."
        )
    day = local_day(starts_at, found.time_zone)
    # From the day before, for hours that go over midnight.
    slots = queries.offered_slots(connection, found, first_day=day - timedelta(days=1), days=2)
    leaves = queries.leaves(
        connection, found.doctor_id, since=starts_at, until=starts_at + timedelta(days=1)
    )
    for slot in model.free(slots, (), leaves, now=now):
        if slot.starts_at == starts_at and starts_at < now + model.FURTHEST:
            return slot
    raise Refused(_NOT_OFFERED)


def lock_doctor(connection: sa.Connection, doctor_id: UUID) -> int:
    """Raise the doctor's counter, which locks the row until commit: the topic's key, in commit order."""
    connection.execute(
        sa.update(doctor)
        .where(doctor.c.public_id == doctor_id)
        .values(doctor_seq=doctor.c.doctor_seq + 1)
    )
    return int(
        connection.execute(
            sa.select(doctor.c.id).where(doctor.c.public_id == doctor_id)
        ).scalar_one()
    )


def patient_row(connection: sa.Connection, patient_id: UUID) -> int:
    """The row id of a patient."""
    return int(
        connection.execute(
            sa.select(patient.c.id).where(patient.c.public_id == patient_id)
        ).scalar_one()
    )


def take_cells(
    connection: sa.Connection,
    found: Doctor,
    slot: Slot,
    now: datetime,
    *,
    doctor_row: int,
    appointment_row: int | None = None,
    hold_row: int | None = None,
) -> None:
    """Take a slot's time and its buffer, for a visit or a hold; the key of the cells is what refuses an overlap.

    Raises:
        SlotTaken: if any of it is taken, with the nearest free slots.
    """
    try:
        connection.execute(
            sa.insert(appointment_cell),
            [
                {
                    "doctor_id": doctor_row,
                    "cell_at": cell,
                    "appointment_id": appointment_row,
                    "hold_id": hold_row,
                }
                for cell in model.cells(slot.starts_at, slot.busy_until)
            ],
        )
    except sa.exc.IntegrityError:
        raise SlotTaken(queries.nearest_slots(connection, found, slot.starts_at, now=now)) from None


def put_request(
    connection: sa.Connection,
    found: Doctor,
    slot: Slot,
    appointment_id: UUID,
    *,
    doctor_row: int,
    for_patient: int,
    urgency: Urgency,
    symptoms_sealed: str,
    now: datetime,
    clock: Clock,
) -> tuple[Visit, int]:
    """Write a request for a slot, under the doctor's lock: its row, its time, its event; the visit and its row id.

    `for_patient` is the patient's row id.

    Raises:
        SlotTaken: if any of that time is taken, with the nearest free slots.
    """
    lapses_at = model.lapses_at(now, slot.starts_at)
    made = connection.execute(
        sa.insert(appointment).values(
            public_id=appointment_id,
            doctor_id=doctor_row,
            patient_id=for_patient,
            state="requested",
            urgency=urgency,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            symptoms_sealed=symptoms_sealed,
            version=1,
            requested_at=now,
            lapses_at=lapses_at,
            **placed(connection, found, slot),
        )
    )
    take_cells(connection, found, slot, now, doctor_row=doctor_row, appointment_row=made.lastrowid)
    asked = read(connection, appointment_id)
    happened = AppointmentRequested(
        **facts(asked, now),
        urgency=urgency,
        speciality=asked.speciality,
        symptoms_sealed=symptoms_sealed,
        lapses_at=lapses_at,
    )
    tell(connection, happened, now, clock)
    return asked, int(made.lastrowid)


def free_cells(connection: sa.Connection, appointment_id: UUID) -> None:
    """Give a visit's time back."""
    row = (
        sa.select(appointment.c.id)
        .where(appointment.c.public_id == appointment_id)
        .scalar_subquery()
    )
    connection.execute(sa.delete(appointment_cell).where(appointment_cell.c.appointment_id == row))


def drop_holds(connection: sa.Connection, rows: Collection[int]) -> None:
    """Give back the time of these holds, by their row ids."""
    connection.execute(sa.delete(appointment_cell).where(appointment_cell.c.hold_id.in_(rows)))
    connection.execute(sa.delete(appointment_hold).where(appointment_hold.c.id.in_(rows)))


def let_go(connection: sa.Connection, now: datetime, *, doctor_row: int) -> list[UUID]:
    """Of a doctor whose row is locked: lapse the due requests and proposals, drop the holds that have ended.

    Returns the public ids of what lapsed; each one's patient is owed a mail.
    """
    ended = connection.execute(
        sa.select(appointment_hold.c.id).where(
            appointment_hold.c.doctor_id == doctor_row, appointment_hold.c.expires_at <= now
        )
    ).scalars()
    drop_holds(connection, ended.all())
    due = connection.execute(
        sa.select(appointment.c.public_id)
        .where(
            appointment.c.doctor_id == doctor_row,
            appointment.c.state.in_(WAITING),
            appointment.c.lapses_at <= now,
        )
        .order_by(appointment.c.id)
    ).scalars()
    lapsed = []
    for appointment_id in due.all():
        is_of_absence = lost_visits.is_offer(connection, read(connection, appointment_id))
        connection.execute(
            sa.update(appointment)
            .where(appointment.c.public_id == appointment_id)
            .values(
                state="cancelled",
                version=appointment.c.version + 1,
                decided_at=now,
                decided_by=None,
            )
        )
        free_cells(connection, appointment_id)
        visit = read(connection, appointment_id)
        # Who lost a visit to an absence, and does not answer, has not given it up.
        waits = is_of_absence and lost_visits.keep_place(connection, visit, now=now)
        kind: owed.Kind = "absent_lapsed" if waits else "visit_lapsed"
        owed.owe(connection, kind, appointment_id, visit.patient_id, now=now)
        tell(
            connection,
            AppointmentCancelled(**facts(visit, now), why="lapsed"),
            now,
            lambda: now,
        )
        lapsed.append(appointment_id)
    return lapsed


def sealed(
    connection: sa.Connection,
    vault: Vault,
    patient_id: UUID,
    appointment_id: UUID,
    field: str,
    text: str,
) -> str:
    """A patient's text as a vault token.

    Raises:
        Refused: if the patient's record was erased.
    """
    try:
        return vault.seal(connection, patient_id, appointment_id, field, text)
    except Unreadable:
        raise Refused("The patient's record was erased; nothing can be written to it.") from None


def sealed_note(connection: sa.Connection, vault: Vault, visit: Visit, note: str) -> str | None:
    """An admin's note to the patient of a visit as a vault token; None where nothing was written.

    Raises:
        Refused: if the patient's record was erased.
    """
    if not note:
        return None
    return sealed(connection, vault, visit.patient_id, visit.appointment_id, "note", note)


def read(connection: sa.Connection, appointment_id: UUID) -> Visit:
    """The visit as it is now.

    Raises:
        Refused: if there is none.
    """
    found = queries.visit(connection, appointment_id)
    if found is None:
        raise Refused("There is no such request.")
    return found


def said_at(visit: Visit, instant: datetime | None) -> str:
    """When something was done with a visit, as its hospital's clocks showed it."""
    if instant is None:
        return ""
    at = instant.astimezone(zone(visit.time_zone))
    return f"{at:%A %d %B %Y, %H:%M} ({at.tzname()})"


def facts(visit: Visit, now: datetime) -> dict[str, Any]:
    """What every event about an appointment says."""
    return {
        "appointment_id": visit.appointment_id,
        "doctor_id": visit.doctor_id,
        "hospital_id": visit.hospital_id,
        "patient_id": visit.patient_id,
        "version": visit.version,
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "occurred_at": now,
    }


def tell(connection: sa.Connection, happened: Told, now: datetime, clock: Clock) -> None:
    """Record the event, last in the transaction."""
    outbox.record_now(connection, happened, happened.doctor_id, now, clock)
