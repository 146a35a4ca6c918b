"""Other times for a visit: an admin proposes one, the patient answers; or the patient moves the visit.

Either way the new time is taken and the old one given back in one transaction, under the key of the cells; and
either is a compare-and-swap on id, state and version, as a decision is.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.accounts.queries import staff_name
from remedy.appointments import limits, model, queries, rules, writing
from remedy.appointments.model import (
    LIVING,
    WAITING,
    AlreadyDecided,
    Refused,
    Slot,
    SlotTaken,
    Visit,
)
from remedy.appointments.service import refuse_late, refuse_too_late, urgency_of
from remedy.appointments.writing import said_at
from remedy.events.hospital import (
    AppointmentAccepted,
    AppointmentCancelled,
    AppointmentMoved,
    AppointmentProposed,
)
from remedy.schema.hospital import appointment, doctor
from remedy.values import Clock
from remedy.vault import Vault


def propose(
    connection: sa.Connection,
    vault: Vault,
    appointment_id: UUID,
    *,
    starts_at: datetime,
    note: str,
    decided_by: UUID,
    version: int,
    clock: Clock,
) -> Visit:
    """Propose another of the doctor's times for a waiting request; it is held until the patient answers.

    Raises:
        AlreadyDecided: if it is not waiting any more, or changed since, or another admin gave that time away; the
            text says who did what.
        SlotTaken: if somebody else has that time.
        AtOnce: if the patient has another visit then.
        Refused: if the doctor does not offer it, it is the time asked for, or the note is too long.
    """
    now = clock()
    told = model.check_text(note, "The note", model.NOTE_AT_MOST)
    asked = writing.read(connection, appointment_id)
    slot = _other_slot(connection, asked, starts_at, now)
    _refuse_at_once(connection, asked, slot, now)
    writing.lock_doctor(connection, asked.doctor_id)
    sealed = writing.sealed_note(connection, vault, asked, told)
    lapses_at = model.lapses_at(now, slot.starts_at)
    try:
        is_done = swap(
            connection,
            asked,
            slot,
            now,
            states=("requested",),
            version=version,
            state="proposed",
            lapses_at=lapses_at,
            note_sealed=sealed,
            decided_at=now,
            decided_by=decided_by,
        )
    except SlotTaken:
        _refuse_given(connection, asked, slot)
        raise
    if not is_done:
        refuse_late(connection, appointment_id, now)
    owed.owe(connection, "visit_proposed", appointment_id, asked.patient_id, now=now)
    proposed = writing.read(connection, appointment_id)
    writing.tell(
        connection,
        AppointmentProposed(
            **writing.facts(proposed, now),
            instead_of=asked.starts_at,
            lapses_at=lapses_at,
            decided_by=decided_by,
            note_sealed=sealed,
        ),
        now,
        clock,
    )
    return proposed


def answer(
    connection: sa.Connection,
    appointment_id: UUID,
    *,
    accept: bool,
    patient_id: UUID,
    version: int,
    clock: Clock,
) -> Visit:
    """Accept the time the hospital proposed, or refuse it: the request is then cancelled and the time free.

    Raises:
        AlreadyDecided: if no proposal waits for an answer any more, or it is another one.
        AtOnce: if the patient accepts, and has another visit then.
        Refused: if it is not this patient's.
    """
    now = clock()
    asked = _own(connection, appointment_id, patient_id)
    if accept and asked.may_answer(now):
        _refuse_at_once(connection, asked, asked, now)
    writing.lock_doctor(connection, asked.doctor_id)
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == appointment_id,
            appointment.c.state == "proposed",
            appointment.c.version == version,
            appointment.c.lapses_at > now,
        )
        .values(
            state="accepted" if accept else "cancelled",
            version=appointment.c.version + 1,
            decided_at=now,
        )
    )
    if done.rowcount != 1:
        raise AlreadyDecided(
            "This proposal does not wait for your answer any more; the page shows how it stands."
        )
    if accept:
        owed.owe(connection, "visit_confirmed", appointment_id, patient_id, now=now)
    else:
        writing.free_cells(connection, appointment_id)
    answered = writing.read(connection, appointment_id)
    facts = writing.facts(answered, now)
    happened = (
        AppointmentAccepted(
            **facts, decided_by=answered.decided_by, note_sealed=answered.note_sealed
        )
        if accept
        else AppointmentCancelled(**facts, why="patient")
    )
    writing.tell(connection, happened, now, clock)
    return answered


def move(
    connection: sa.Connection,
    appointment_id: UUID,
    *,
    patient_id: UUID,
    starts_at: datetime,
    version: int,
    clock: Clock,
) -> Visit:
    """Move one's own visit to another of the doctor's times; it waits for a decision again.

    Raises:
        AlreadyDecided: if it changed since it was looked at, has begun, or is over.
        SlotTaken: if somebody else has that time.
        AtOnce: if the patient has another visit then.
        Refused: if it is not this patient's, or the doctor does not offer that time.
    """
    now = clock()
    asked = _own(connection, appointment_id, patient_id)
    slot = _other_slot(connection, asked, starts_at, now)
    _refuse_at_once(connection, asked, slot, now)
    writing.lock_doctor(connection, asked.doctor_id)
    # Under the lock: an admin may have accepted it since.
    asked = _own(connection, appointment_id, patient_id)
    refuse_too_late(asked, now)
    lapses_at = model.lapses_at(now, slot.starts_at)
    is_done = asked.may_move(now) and swap(
        connection,
        asked,
        slot,
        now,
        states=LIVING,
        version=version,
        state="requested",
        lapses_at=lapses_at,
        note_sealed=None,
        decided_at=None,
        decided_by=None,
        by_rule=None,
        waiting_since=now,
        urgent_told_at=None,
    )
    if not is_done:
        raise AlreadyDecided(
            "This visit cannot be moved as it stands now; the page shows what became of it."
        )
    moved = writing.read(connection, appointment_id)
    writing.tell(
        connection,
        AppointmentMoved(
            **writing.facts(moved, now),
            instead_of=asked.starts_at,
            lapses_at=lapses_at,
            urgency=urgency_of(moved.urgency),
        ),
        now,
        clock,
    )
    if asked.state == "accepted":
        # The entry in the patient's calendar stands at a time that was given up.
        owed.owe(connection, "visit_moved", appointment_id, patient_id, now=now)
    return rules.accept(connection, moved, clock=clock) or moved


def _refuse_at_once(
    connection: sa.Connection, asked: Visit, wanted: Slot | Visit, now: datetime
) -> None:
    """Lock the patient's row, and refuse a time at which the patient has another visit than this one.

    Raises:
        AtOnce: naming the other.
    """
    limits.lock_patient(connection, asked.patient_id)
    limits.refuse_at_once(
        connection, wanted, asked.patient_id, but_for=asked.appointment_id, now=now
    )


def _refuse_given(connection: sa.Connection, asked: Visit, slot: Slot) -> None:
    """Say which admin gave a taken time to another request, if one did.

    Raises:
        AlreadyDecided: with who did what.
    """
    query = queries.visits_query().where(
        doctor.c.public_id == slot.doctor_id,
        # Its own row says already what is about to be rolled back.
        appointment.c.public_id != asked.appointment_id,
        appointment.c.state.in_(("proposed", "accepted")),
        appointment.c.starts_at < slot.busy_until,
        appointment.c.ends_at > slot.starts_at,
    )
    for other in queries.visits_from(connection.execute(query)):
        if other.decided_by:
            who = staff_name(connection, other.decided_by) or "Somebody"
            raise AlreadyDecided(
                f"{who} gave that time to another request: {said_at(other, other.decided_at)}."
                " Nothing was changed; choose another time."
            )


def _own(connection: sa.Connection, appointment_id: UUID, patient_id: UUID) -> Visit:
    found = queries.visit(connection, appointment_id, patient_id=patient_id)
    if found is None:
        raise Refused("There is no such visit of yours.")
    return found


def _other_slot(
    connection: sa.Connection, asked: Visit, starts_at: datetime, now: datetime
) -> Slot:
    if starts_at == asked.starts_at:
        raise Refused("That is the time the visit has already; choose another one.")
    found = writing.kept_kind(connection, asked)
    return writing.offered(connection, found, starts_at, now)


def swap(
    connection: sa.Connection,
    asked: Visit,
    slot: Slot,
    now: datetime,
    *,
    states: Collection[str],
    version: int,
    **values: object,
) -> bool:
    """Give the visit another time if it still is as it was looked at; the doctor's row is locked.

    Raises:
        SlotTaken: if that time is taken.
    """
    found = writing.kept_kind(connection, asked)
    row = connection.execute(
        sa.select(appointment.c.id, appointment.c.doctor_id).where(
            appointment.c.public_id == asked.appointment_id
        )
    ).one()
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.id == row.id,
            appointment.c.state.in_(states),
            appointment.c.version == version,
            sa.or_(appointment.c.state.not_in(WAITING), appointment.c.lapses_at > now),
        )
        .values(
            version=appointment.c.version + 1,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            instead_of=asked.starts_at,
            **writing.placed(connection, found, slot),
            **values,
        )
    )
    if done.rowcount != 1:
        return False
    # Others' lapsed requests and ended holds must not stand in the way of the key.
    writing.let_go(connection, now, doctor_row=row.doctor_id)
    writing.free_cells(connection, asked.appointment_id)
    writing.take_cells(
        connection, found, slot, now, doctor_row=row.doctor_id, appointment_row=row.id
    )
    return True
