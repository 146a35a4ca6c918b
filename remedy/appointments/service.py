"""Changes to appointments: a request, its decision, calling it off, letting go of time nobody decides.

What forbids an overlap is the primary key of `appointment_cell`; what makes a decision one is a
compare-and-swap on id, state and version. How much one patient may ask for is in `limits.py`, other times for a
visit in `moves.py`, the time set aside while a form is filled in `holds.py`, what is accepted by itself in
`rules.py`, who came in `attendance.py`; how all of it is written in `writing.py`.
"""

from datetime import datetime
from typing import Literal, NoReturn
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.accounts.queries import staff_name
from remedy.appointments import limits, model, queries, rules, writing
from remedy.appointments.model import LIVING, WAITING, AlreadyDecided, Refused, SlotTaken, Visit
from remedy.events.hospital import (
    AppointmentAccepted,
    AppointmentCancelled,
    AppointmentDeclined,
    Urgency,
)
from remedy.schema.hospital import appointment, appointment_hold, doctor
from remedy.values import Clock, uuid7
from remedy.vault import Vault


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
    kind_id: UUID | None = None,
) -> Visit:
    """Ask for one of a doctor's slots; it is held until the request is decided or lapses. A rule may accept it at once.

    It is as long as a visit of that kind; without `kind_id`, of the doctor's first.

    Raises:
        SlotTaken: if somebody else has that time, with the nearest free slots.
        InTheWay: if the patient has enough open requests or visits ahead, or another visit then (`limits.py`).
        Refused: if the doctor does not offer that time, it is an emergency, or the symptoms are missing.
    """
    now = clock()
    level = urgency_of(urgency)
    told = model.check_text(symptoms, "The symptoms", model.SYMPTOMS_AT_MOST)
    if not told:
        raise Refused("Say in a few words what the visit is for.")
    found = writing.doctor_seen(connection, doctor_id, kind_id)
    slot = writing.offered(connection, found, starts_at, now)
    patient_row = limits.lock_patient(connection, patient_id)
    limits.refuse_asking(connection, found, slot, patient_id, now=now)
    # A look before the lock spares the doctor's row the many who come late; the key decides between the rest.
    if queries.is_taken(connection, slot, now=now, patient_id=patient_id):
        raise SlotTaken(queries.nearest_slots(connection, found, slot.starts_at, now=now))
    doctor_row = writing.lock_doctor(connection, doctor_id)
    writing.let_go(connection, now, doctor_row=doctor_row)
    appointment_id = uuid7(clock)
    sealed = writing.sealed(connection, vault, patient_id, appointment_id, "symptoms", told)
    # What was set aside for the patient becomes the visit's, or is let go.
    held = sa.select(appointment_hold.c.id).where(appointment_hold.c.patient_id == patient_row)
    writing.drop_holds(connection, connection.execute(held).scalars().all())
    asked, _row = writing.put_request(
        connection, found, slot, appointment_id, doctor_row=doctor_row, for_patient=patient_row,
        urgency=level, symptoms_sealed=sealed, now=now, clock=clock,
    )  # fmt: skip
    return rules.accept(connection, asked, clock=clock) or asked


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
    asked = writing.read(connection, appointment_id)
    writing.lock_doctor(connection, asked.doctor_id)
    sealed = writing.sealed_note(connection, vault, asked, told)
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
        refuse_late(connection, appointment_id, now)
    if not accept:
        writing.free_cells(connection, appointment_id)
    owed.owe(connection, "visit_decided", appointment_id, asked.patient_id, now=now)
    decided = writing.read(connection, appointment_id)
    happened = AppointmentAccepted if accept else AppointmentDeclined
    writing.tell(
        connection,
        happened(**writing.facts(decided, now), decided_by=decided_by, note_sealed=sealed),
        now,
        clock,
    )
    return decided


def cancel(
    connection: sa.Connection, appointment_id: UUID, *, patient_id: UUID, clock: Clock
) -> Visit:
    """Call off one's own request or visit that has not begun; its time is free again.

    Raises:
        Refused: if it is not this patient's, has begun or does soon, or is not waiting or accepted any more.
    """
    now = clock()
    asked = queries.visit(connection, appointment_id, patient_id=patient_id)
    if asked is None:
        raise Refused("There is no such visit of yours.")
    writing.lock_doctor(connection, asked.doctor_id)
    # Under the lock: an admin may have accepted it since.
    refuse_too_late(writing.read(connection, appointment_id), now)
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == appointment_id,
            appointment.c.state.in_(LIVING),
            appointment.c.starts_at > now,
            appointment.c.checked_in_at.is_(None),
        )
        .values(state="cancelled", version=appointment.c.version + 1)
    )
    if done.rowcount != 1:
        raise Refused("This visit cannot be called off any more; telephone the hospital.")
    return _called_off(connection, asked, "patient", clock)


def call_off(
    connection: sa.Connection,
    vault: Vault,
    appointment_id: UUID,
    *,
    why: Literal["patient", "hospital"],
    note: str,
    decided_by: UUID,
    version: int,
    clock: Clock,
) -> Visit:
    """Call off an accepted visit before it begins, for the hospital or for its patient who telephoned.

    However late: a visit that is called off is cancelled and never missed.

    Raises:
        AlreadyDecided: if it changed since it was looked at, has begun, or the patient is there.
        Refused: if there is no such visit, or the note is too long.
    """
    now = clock()
    told = model.check_text(note, "The note", model.NOTE_AT_MOST)
    asked = writing.read(connection, appointment_id)
    writing.lock_doctor(connection, asked.doctor_id)
    sealed = writing.sealed_note(connection, vault, asked, told)
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == appointment_id,
            appointment.c.state == "accepted",
            appointment.c.version == version,
            appointment.c.starts_at > now,
            appointment.c.checked_in_at.is_(None),
        )
        .values(
            state="cancelled",
            version=appointment.c.version + 1,
            note_sealed=sealed,
            decided_at=now,
            decided_by=decided_by,
        )
    )
    if done.rowcount != 1:
        raise AlreadyDecided(
            "This visit cannot be called off as it stands now; the page shows what became of it."
        )
    return _called_off(connection, asked, why, clock)


def _called_off(
    connection: sa.Connection, before: Visit, why: Literal["patient", "hospital"], clock: Clock
) -> Visit:
    """Free the time of a visit just cancelled, and tell; a mail takes it out of the patient's calendar."""
    now = clock()
    writing.free_cells(connection, before.appointment_id)
    if before.state == "accepted":
        owed.owe(connection, "visit_cancelled", before.appointment_id, before.patient_id, now=now)
    called_off = writing.read(connection, before.appointment_id)
    writing.tell(
        connection, AppointmentCancelled(**writing.facts(called_off, now), why=why), now, clock
    )
    return called_off


def refuse_too_late(visit: Visit, now: datetime) -> None:
    """Refuse to cancel or move an accepted visit that is near, but by telephone.

    Raises:
        Refused: saying until when it was possible, and whom to call.
    """
    if visit.is_too_late(now):
        raise Refused(
            f"An accepted visit can be cancelled or moved here until {visit.change_hours} hours before it."
            f" Now please telephone: {visit.hospital_phone or visit.hospital_name}."
        )


def lapse_due(connection: sa.Connection, *, clock: Clock) -> list[UUID]:
    """Let go of the time of everything nobody decided or answered in time, and of holds that have ended.

    Returns the public ids of the requests that lapsed.
    """
    due = doctors_to_let_go(connection, now=clock())
    return [one for row in due for one in lapse_of(connection, row, clock=clock)]


def doctors_to_let_go(connection: sa.Connection, *, now: datetime) -> list[int]:
    """The rows of the doctors of whose time something is due, in order: two that let go at once do not wait in a ring."""
    waiting = sa.select(appointment.c.doctor_id).where(
        appointment.c.state.in_(WAITING), appointment.c.lapses_at <= now
    )
    held = sa.select(appointment_hold.c.doctor_id).where(appointment_hold.c.expires_at <= now)
    return sorted(set(connection.execute(waiting.union(held)).scalars()))


def lapse_of(connection: sa.Connection, doctor_row: int, *, clock: Clock) -> list[UUID]:
    """What `lapse_due` does, of one doctor."""
    raised = sa.update(doctor).where(doctor.c.id == doctor_row)
    connection.execute(raised.values(doctor_seq=doctor.c.doctor_seq + 1))
    return writing.let_go(connection, clock(), doctor_row=doctor_row)


def urgency_of(urgency: str) -> Urgency:
    """How urgent a request may be said to be.

    Raises:
        Refused: for an emergency, and for what is no urgency.
    """
    if urgency == model.EMERGENCY:
        raise Refused("An emergency cannot wait for an appointment. Call the emergency number now.")
    for level in ("routine", "soon", "urgent"):
        if urgency == level:
            return level
    raise Refused(f"Choose how urgent it is: {', '.join(model.URGENCIES)}.")


def refuse_late(connection: sa.Connection, appointment_id: UUID, now: datetime) -> NoReturn:
    """Say who did what with a request that is not waiting any more.

    Raises:
        AlreadyDecided: always.
    """
    visit = writing.read(connection, appointment_id)
    if visit.state in ("accepted", "declined") and visit.decided_at and visit.decided_by:
        who = staff_name(connection, visit.decided_by) or "Somebody"
        when = writing.said_at(visit, visit.decided_at)
        if visit.state == "accepted":
            raise AlreadyDecided(f"{who} accepted this request: {when}. Nothing was changed.")
        raise AlreadyDecided(f"{who} declined this request: {when}. Nothing was changed.")
    if visit.state in ("accepted", "attended", "missed"):
        raise AlreadyDecided("This request was accepted since you opened it; nothing was changed.")
    if visit.state == "cancelled" and visit.decided_by:
        raise AlreadyDecided("This visit was called off since you opened it; nothing was changed.")
    if visit.state == "cancelled" and not visit.has_lapsed:
        raise AlreadyDecided("The patient called this request off; nothing was changed.")
    if visit.state in WAITING and visit.lapses_at > now:
        raise AlreadyDecided("This request changed since you opened it; look at it again.")
    raise AlreadyDecided(
        "Nobody decided this request in time, and its time was let go; nothing was changed."
    )
