"""Changes to appointments: a request, its decision, calling it off, letting go of time nobody decides.

What forbids an overlap is the primary key of `appointment_cell`; what makes a decision one is a
compare-and-swap on id, state and version. The doctor's row is raised, and so locked, before the first
write: writing a row that refers to the doctor locks the doctor's row in shared mode, and two that hold it
so could not raise it any more without a deadlock.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox
from remedy.accounts.queries import staff_name
from remedy.appointments import model, queries
from remedy.appointments.model import AlreadyDecided, Doctor, Refused, SlotTaken, Visit
from remedy.events.hospital import (
    AppointmentAccepted,
    AppointmentCancelled,
    AppointmentDeclined,
    AppointmentRequested,
    Urgency,
)
from remedy.schema.hospital import appointment, appointment_cell, doctor
from remedy.schema.people import patient
from remedy.values import Clock, local_day, uuid7, zone
from remedy.vault import Unreadable, Vault

Told = AppointmentRequested | AppointmentAccepted | AppointmentDeclined | AppointmentCancelled
_NOT_OFFERED = "The doctor does not offer that time; choose one of the free times."


def request_visit(
    connection: sa.Connection,
    vault: Vault,
    *,
    doctor_id: UUID,
    patient_id: UUID,
    starts_at: datetime,
    urgency: str,
    symptoms: str,
    clock: Clock,
) -> Visit:
    """Ask for one of a doctor's slots; it is held until the request is decided or lapses.

    Raises:
        SlotTaken: if somebody else has that time, with the nearest free slots.
        Refused: if the doctor does not offer that time, it is an emergency, or the symptoms are missing.
    """
    now = clock()
    level = _urgency(urgency)
    told = model.check_text(symptoms, "The symptoms", model.SYMPTOMS_AT_MOST)
    if not told:
        raise Refused("Say in a few words what the visit is for.")
    found = queries.doctor_of(connection, doctor_id)
    if found is None:
        raise Refused("There is no such doctor, or the doctor sees no patients now.")
    slot = _offered(connection, found, starts_at, now)
    # A look before the lock spares the doctor's row the many who come late; the key decides between the rest.
    if queries.is_taken(connection, slot, now=now):
        raise SlotTaken(queries.nearest_slots(connection, found, slot.starts_at, now=now))
    doctor_row = _lock_doctor(connection, doctor_id)
    _let_go(connection, now, doctor_row=doctor_row)
    appointment_id = uuid7(clock)
    sealed = _sealed(connection, vault, patient_id, appointment_id, "symptoms", told)
    lapses_at = model.lapses_at(now, slot.starts_at)
    patient_row = connection.execute(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id)
    ).scalar_one()
    made = connection.execute(
        sa.insert(appointment).values(
            public_id=appointment_id,
            doctor_id=doctor_row,
            patient_id=patient_row,
            state="requested",
            urgency=level,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            symptoms_sealed=sealed,
            version=1,
            requested_at=now,
            lapses_at=lapses_at,
        )
    )
    try:
        connection.execute(
            sa.insert(appointment_cell),
            [
                {"doctor_id": doctor_row, "cell_at": cell, "appointment_id": made.lastrowid}
                for cell in model.cells(slot.starts_at, slot.ends_at)
            ],
        )
    except sa.exc.IntegrityError:
        raise SlotTaken(queries.nearest_slots(connection, found, slot.starts_at, now=now)) from None
    asked = _read(connection, appointment_id)
    _tell(
        connection,
        AppointmentRequested(
            **_facts(asked, now),
            urgency=level,
            speciality=asked.speciality,
            symptoms_sealed=sealed,
            lapses_at=lapses_at,
        ),
        now,
        clock,
    )
    return asked


def decide(
    connection: sa.Connection,
    vault: Vault,
    appointment_id: UUID,
    *,
    accept: bool,
    note: str,
    decided_by: UUID,
    version: int,
    clock: Clock,
) -> Visit:
    """Accept or decline a request, with a note for the patient; `version` is the one that was looked at.

    Raises:
        AlreadyDecided: if it is not waiting any more, or changed since; the text says who did what.
        Refused: if there is no such request, or the note is too long.
    """
    now = clock()
    told = model.check_text(note, "The note", model.NOTE_AT_MOST)
    asked = _read(connection, appointment_id)
    _lock_doctor(connection, asked.doctor_id)
    sealed = None
    if told:
        sealed = _sealed(connection, vault, asked.patient_id, appointment_id, "note", told)
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == appointment_id,
            appointment.c.state == "requested",
            appointment.c.version == version,
            appointment.c.lapses_at > now,
        )
        .values(
            state="accepted" if accept else "declined",
            version=appointment.c.version + 1,
            note_sealed=sealed,
            decided_at=now,
            decided_by=decided_by,
        )
    )
    if done.rowcount != 1:
        raise AlreadyDecided(_what_became(connection, _read(connection, appointment_id), now))
    if not accept:
        _free_cells(connection, appointment_id)
    decided = _read(connection, appointment_id)
    happened = AppointmentAccepted if accept else AppointmentDeclined
    _tell(
        connection,
        happened(**_facts(decided, now), decided_by=decided_by, note_sealed=sealed),
        now,
        clock,
    )
    return decided


def cancel(
    connection: sa.Connection, appointment_id: UUID, *, patient_id: UUID, clock: Clock
) -> Visit:
    """Call off one's own request or visit that has not begun; its time is free again.

    Raises:
        Refused: if it is not this patient's, has begun, or is not waiting or accepted any more.
    """
    now = clock()
    asked = queries.visit(connection, appointment_id, patient_id=patient_id)
    if asked is None:
        raise Refused("There is no such visit of yours.")
    _lock_doctor(connection, asked.doctor_id)
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == appointment_id,
            appointment.c.state.in_(("requested", "accepted")),
            appointment.c.starts_at > now,
        )
        .values(state="cancelled", version=appointment.c.version + 1)
    )
    if done.rowcount != 1:
        raise Refused("This visit cannot be called off any more; telephone the hospital.")
    _free_cells(connection, appointment_id)
    called_off = _read(connection, appointment_id)
    _tell(connection, AppointmentCancelled(**_facts(called_off, now), why="patient"), now, clock)
    return called_off


def lapse_due(connection: sa.Connection, *, clock: Clock) -> list[UUID]:
    """Let go of the time of every request that nobody decided in time; their public ids."""
    now = clock()
    waiting = sa.select(appointment.c.doctor_id).where(
        appointment.c.state == "requested", appointment.c.lapses_at <= now
    )
    found: list[UUID] = []
    # In order of the doctors' ids: two that do this at once do not wait for each other.
    for doctor_row in sorted(set(connection.execute(waiting).scalars())):
        connection.execute(
            sa.update(doctor)
            .where(doctor.c.id == doctor_row)
            .values(doctor_seq=doctor.c.doctor_seq + 1)
        )
        found += _let_go(connection, now, doctor_row=doctor_row)
    return found


def _let_go(connection: sa.Connection, now: datetime, *, doctor_row: int) -> list[UUID]:
    """Lapse the due requests of a doctor whose row is locked."""
    due = connection.execute(
        sa.select(appointment.c.public_id)
        .where(
            appointment.c.doctor_id == doctor_row,
            appointment.c.state == "requested",
            appointment.c.lapses_at <= now,
        )
        .order_by(appointment.c.id)
    ).scalars()
    lapsed = []
    for appointment_id in due.all():
        connection.execute(
            sa.update(appointment)
            .where(appointment.c.public_id == appointment_id)
            .values(state="cancelled", version=appointment.c.version + 1, decided_at=now)
        )
        _free_cells(connection, appointment_id)
        visit = _read(connection, appointment_id)
        _tell(
            connection,
            AppointmentCancelled(**_facts(visit, now), why="lapsed"),
            now,
            lambda: now,
        )
        lapsed.append(appointment_id)
    return lapsed


def _urgency(urgency: str) -> Urgency:
    if urgency == model.EMERGENCY:
        raise Refused("An emergency cannot wait for an appointment. Call the emergency number now.")
    for level in ("routine", "soon", "urgent"):
        if urgency == level:
            return level
    raise Refused(f"Choose how urgent it is: {', '.join(model.URGENCIES)}.")


def _offered(
    connection: sa.Connection, found: Doctor, starts_at: datetime, now: datetime
) -> model.Slot:
    """The offered slot that begins then. Whether it is taken is not looked at: the key will say."""
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


def _lock_doctor(connection: sa.Connection, doctor_id: UUID) -> int:
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


def _sealed(
    connection: sa.Connection,
    vault: Vault,
    patient_id: UUID,
    appointment_id: UUID,
    field: str,
    text: str,
) -> str:
    try:
        return vault.seal(connection, patient_id, appointment_id, field, text)
    except Unreadable:
        raise Refused("The patient's record was erased; nothing can be written to it.") from None


def _free_cells(connection: sa.Connection, appointment_id: UUID) -> None:
    row = (
        sa.select(appointment.c.id)
        .where(appointment.c.public_id == appointment_id)
        .scalar_subquery()
    )
    connection.execute(sa.delete(appointment_cell).where(appointment_cell.c.appointment_id == row))


def _read(connection: sa.Connection, appointment_id: UUID) -> Visit:
    found = queries.visit(connection, appointment_id)
    if found is None:
        raise Refused("There is no such request.")
    return found


def _what_became(connection: sa.Connection, visit: Visit, now: datetime) -> str:
    """Who did what with a request that is not waiting any more."""
    if visit.state in ("accepted", "declined") and visit.decided_at and visit.decided_by:
        who = staff_name(connection, visit.decided_by) or "Somebody"
        when = visit.decided_at.astimezone(zone(visit.time_zone))
        return f"{who} {visit.state} this request at {when:%H:%M on %d %B %Y}; nothing was changed."
    if visit.state == "cancelled" and not visit.has_lapsed:
        return "The patient called this request off; nothing was changed."
    if visit.state == "requested" and visit.lapses_at > now:
        return "This request changed since you opened it; look at it again."
    return "Nobody decided this request in time, and its time was let go; nothing was changed."


def _facts(visit: Visit, now: datetime) -> dict[str, Any]:
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


def _tell(connection: sa.Connection, happened: Told, now: datetime, clock: Clock) -> None:
    outbox.record(
        connection,
        happened,
        event_id=uuid7(clock),
        key=str(happened.doctor_id),
        occurred_at=now,
        recorded_at=now,
    )
