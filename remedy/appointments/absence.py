"""A doctor is absent: every visit in that time is given a real free time at once, or its patient a place on the list.

Leave is declared in one transaction, with the list of the visits it takes the time of. Each visit is then settled in
a transaction of its own, urgent ones first, so that locks are short and nothing is done twice when it is begun again:

* The same doctor has a time soon enough after the leave: the visit is *proposed* that time. It stays the same visit,
  with one change of its calendar entry; the time is the patient's until the proposal is answered or lapses.
* Else a doctor of the same speciality has one: the visit is cancelled, and one with that doctor is proposed.
* Else the visit is cancelled and its patient waits (`lost_visits.py`), since when they had first asked.

A time that is offered is taken under the key of `appointment_cell`: no time goes to two.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.appointments import kinds, lost_visits, model, moves, service, writing
from remedy.appointments.absence_state import stretch_of
from remedy.appointments.absent_times import best_slot
from remedy.appointments.model import LIVING, WAITING, Refused, Slot, Visit
from remedy.events.hospital import AppointmentCancelled, AppointmentProposed
from remedy.schema.absence import absence_visit, doctor_absence
from remedy.schema.hospital import appointment, doctor, doctor_leave
from remedy.values import Clock, uuid7
from remedy.vault import Unreadable, Vault


def declare(
    connection: sa.Connection,
    *,
    doctor_id: UUID,
    first_day: date,
    last_day: date,
    declared_by: UUID,
    clock: Clock,
) -> UUID:
    """Write the leave down, with the visits it takes the time of; none of them is settled yet. The absence's id.

    Raises:
        Refused: if there is no such doctor, or the days cannot be.
    """
    now = clock()
    found = writing.doctor_seen(connection, doctor_id)
    leave = stretch_of(found, first_day, last_day, now=now)
    doctor_row = writing.lock_doctor(connection, doctor_id)
    is_known = connection.execute(
        sa.select(doctor_absence.c.id)
        .join_from(doctor_absence, doctor_leave, doctor_leave.c.id == doctor_absence.c.leave_id)
        .where(
            doctor_absence.c.doctor_id == doctor_row,
            doctor_leave.c.starts_at <= leave.starts_at,
            doctor_leave.c.ends_at >= leave.ends_at,
        )
    ).first()
    if is_known:
        raise Refused("That leave is declared already; its page shows how it stands.")
    made = connection.execute(
        sa.insert(doctor_leave).values(
            doctor_id=doctor_row, starts_at=leave.starts_at, ends_at=leave.ends_at
        )
    )
    absence_id = uuid7(clock)
    connection.execute(
        sa.insert(doctor_absence).values(
            public_id=absence_id,
            doctor_id=doctor_row,
            leave_id=made.lastrowid,
            first_day=first_day,
            last_day=last_day,
            declared_by=declared_by,
            declared_at=now,
        )
    )
    gather(connection, absence_id, now=now)
    return absence_id


def end(connection: sa.Connection, absence_id: UUID, *, clock: Clock) -> None:
    """The doctor is back before the leave's end: what is left of it can be asked for again. What was told stands.

    Raises:
        Refused: if it is over.
    """
    now = clock()
    row = connection.execute(
        sa.select(doctor_leave.c.id, doctor_leave.c.starts_at, doctor.c.public_id)
        .select_from(
            doctor_absence.join(doctor_leave, doctor_leave.c.id == doctor_absence.c.leave_id).join(
                doctor, doctor.c.id == doctor_absence.c.doctor_id
            )
        )
        .where(
            doctor_absence.c.public_id == absence_id,
            doctor_leave.c.ends_at > now,
            # One that was ended before it began.
            doctor_leave.c.ends_at > doctor_leave.c.starts_at,
        )
    ).one_or_none()
    if row is None:
        raise Refused("That leave is over; nothing was changed.")
    writing.lock_doctor(connection, row.public_id)
    connection.execute(
        sa.update(doctor_leave)
        .where(doctor_leave.c.id == row.id)
        .values(ends_at=max(row.starts_at, now))
    )


def gather(connection: sa.Connection, absence_id: UUID, *, now: datetime) -> int:
    """List the visits in the absence's time that are not listed; how many.

    Also for those asked for in the very moment it was declared: who asks looks at the leave before the lock.
    """
    row = _absence_row(connection, absence_id)
    found = connection.execute(
        sa.select(appointment.c.id)
        .join_from(doctor_absence, doctor_leave, doctor_leave.c.id == doctor_absence.c.leave_id)
        .join(appointment, appointment.c.doctor_id == doctor_absence.c.doctor_id)
        .outerjoin(
            absence_visit,
            sa.and_(
                absence_visit.c.absence_id == doctor_absence.c.id,
                absence_visit.c.appointment_id == appointment.c.id,
            ),
        )
        .where(
            doctor_absence.c.id == row,
            absence_visit.c.appointment_id.is_(None),
            appointment.c.state.in_(LIVING),
            appointment.c.checked_in_at.is_(None),
            appointment.c.starts_at > now,
            appointment.c.starts_at < doctor_leave.c.ends_at,
            appointment.c.ends_at > doctor_leave.c.starts_at,
        )
    ).scalars()
    visits = [{"absence_id": row, "appointment_id": one} for one in found]
    if visits:
        connection.execute(sa.insert(absence_visit), visits)
    return len(visits)


def settle(
    connection: sa.Connection,
    vault: Vault,
    *,
    absence_id: UUID,
    appointment_id: UUID,
    clock: Clock,
) -> str | None:
    """Offer one visit of an absence another time, or its patient a place on the list, and owe the mail that says so.

    Returns what was done (an outcome of `absence_visit`), or None if somebody else has done it.

    Raises:
        SlotTaken: if the time chosen was taken in that moment; begin again.
    """
    now = clock()
    asked = writing.read(connection, appointment_id)
    slot = best_slot(connection, asked, now)
    # In the order everybody takes them in: two that settle at once do not wait for each other.
    for one in sorted({asked.doctor_id, *([slot.doctor_id] if slot else [])}):
        writing.lock_doctor(connection, one)
    row = _open_row(connection, absence_id, appointment_id)
    if row is None:
        return None
    asked = writing.read(connection, appointment_id)
    declared_by, told = row.declared_by, _symptoms(connection, vault, asked)
    outcome, offered_id = "ended", None
    if not _is_still_due(asked, row, now):
        pass
    elif told is None:
        # The record was erased: nobody is left to be told.
        _cancel(connection, asked, declared_by, now, clock)
    elif slot is None:
        _cancel(connection, asked, declared_by, now, clock)
        lost_visits.keep_place(connection, asked, now=now)
        owed.owe(connection, "absent_waiting", appointment_id, asked.patient_id, now=now)
        outcome, offered_id = "waiting", None
    elif slot.doctor_id == asked.doctor_id:
        _propose(connection, asked, slot, declared_by, now, clock)
        owed.owe(connection, "absent_offered", appointment_id, asked.patient_id, now=now)
        outcome, offered_id = "same_doctor", row.appointment_id
    else:
        _cancel(connection, asked, declared_by, now, clock)
        offered_id = _with_another(connection, vault, asked, slot, told, declared_by, now, clock)
        owed.owe(connection, "absent_other", appointment_id, asked.patient_id, now=now)
        outcome = "other_doctor"
    connection.execute(
        sa.update(absence_visit)
        .where(
            absence_visit.c.absence_id == row.absence_id,
            absence_visit.c.appointment_id == row.appointment_id,
        )
        .values(outcome=outcome, offered_id=offered_id, settled_at=now, problem=None)
    )
    return outcome


def _absence_row(connection: sa.Connection, absence_id: UUID) -> int:
    query = sa.select(doctor_absence.c.id).where(doctor_absence.c.public_id == absence_id)
    return int(connection.execute(query).scalar_one())


def _open_row(connection: sa.Connection, absence_id: UUID, appointment_id: UUID) -> Any:
    """The row of a visit that is not settled, with the absence's time; None if somebody has settled it."""
    return connection.execute(
        sa.select(
            absence_visit.c.absence_id,
            absence_visit.c.appointment_id,
            doctor_absence.c.declared_by,
            doctor_leave.c.starts_at,
            doctor_leave.c.ends_at,
        )
        .select_from(
            absence_visit.join(doctor_absence, doctor_absence.c.id == absence_visit.c.absence_id)
            .join(doctor_leave, doctor_leave.c.id == doctor_absence.c.leave_id)
            .join(appointment, appointment.c.id == absence_visit.c.appointment_id)
        )
        .where(
            doctor_absence.c.public_id == absence_id,
            appointment.c.public_id == appointment_id,
            absence_visit.c.outcome.is_(None),
        )
    ).one_or_none()


def _symptoms(connection: sa.Connection, vault: Vault, asked: Visit) -> str | None:
    """What the patient wrote; None where the record was erased."""
    try:
        return vault.open(
            connection, asked.patient_id, asked.appointment_id, "symptoms", asked.symptoms_sealed
        )
    except Unreadable:
        return None


def _is_still_due(asked: Visit, row: Any, now: datetime) -> bool:
    """Whether the visit still stands in the leave's time: its patient may have called it off or moved it."""
    lapses = asked.state in WAITING and asked.lapses_at <= now
    is_there = asked.checked_in_at is not None
    stands = asked.state in LIVING and asked.starts_at > now and not lapses and not is_there
    return stands and asked.starts_at < row.ends_at and asked.ends_at > row.starts_at


def _propose(
    connection: sa.Connection,
    asked: Visit,
    slot: Slot,
    declared_by: UUID,
    now: datetime,
    clock: Clock,
) -> None:
    lapses_at = model.lapses_at(now, slot.starts_at)
    is_done = moves.swap(
        connection,
        asked,
        slot,
        now,
        states=LIVING,
        version=asked.version,
        state="proposed",
        lapses_at=lapses_at,
        note_sealed=None,
        decided_at=now,
        decided_by=declared_by,
        by_rule=None,
    )
    if not is_done:
        raise Refused("The visit changed in that moment; it is looked at again.")
    _tell_proposed(connection, asked.appointment_id, asked.starts_at, lapses_at, now, clock)


def _with_another(
    connection: sa.Connection,
    vault: Vault,
    asked: Visit,
    slot: Slot,
    symptoms: str,
    declared_by: UUID,
    now: datetime,
    clock: Clock,
) -> int:
    """Propose a visit with another doctor, as if the patient had asked for it and it were decided; its row id.

    Not by `service.request_visit`: a rule could accept it, and the patient has not chosen that doctor yet.
    """
    found = kinds.doctor_for(connection, slot.doctor_id, asked.kind_name, kinds.minutes_of(asked))
    if found is None:
        raise Refused(
            "The colleague's kinds of visit changed in that moment; it is looked at again."
        )
    doctor_row = writing.lock_doctor(connection, slot.doctor_id)
    writing.let_go(connection, now, doctor_row=doctor_row)
    appointment_id = uuid7(clock)
    sealed = writing.sealed(
        connection, vault, asked.patient_id, appointment_id, "symptoms", symptoms
    )
    requested, row = writing.put_request(
        connection, found, slot, appointment_id, doctor_row=doctor_row,
        for_patient=writing.patient_row(connection, asked.patient_id),
        urgency=service.urgency_of(asked.urgency), symptoms_sealed=sealed, now=now, clock=clock,
    )  # fmt: skip
    connection.execute(
        sa.update(appointment)
        .where(appointment.c.id == row)
        .values(
            state="proposed",
            version=appointment.c.version + 1,
            instead_of=asked.starts_at,
            decided_at=now,
            decided_by=declared_by,
        )
    )
    _tell_proposed(connection, appointment_id, asked.starts_at, requested.lapses_at, now, clock)
    return row


def _tell_proposed(
    connection: sa.Connection,
    appointment_id: UUID,
    instead_of: datetime,
    lapses_at: datetime,
    now: datetime,
    clock: Clock,
) -> None:
    proposed = writing.read(connection, appointment_id)
    writing.tell(
        connection,
        AppointmentProposed(
            **writing.facts(proposed, now),
            instead_of=instead_of,
            lapses_at=lapses_at,
            decided_by=proposed.decided_by,
        ),
        now,
        clock,
    )


def _cancel(
    connection: sa.Connection, asked: Visit, declared_by: UUID, now: datetime, clock: Clock
) -> None:
    connection.execute(
        sa.update(appointment)
        .where(appointment.c.public_id == asked.appointment_id)
        .values(
            state="cancelled",
            version=appointment.c.version + 1,
            decided_at=now,
            decided_by=declared_by,
        )
    )
    writing.free_cells(connection, asked.appointment_id)
    cancelled = writing.read(connection, asked.appointment_id)
    writing.tell(
        connection,
        AppointmentCancelled(**writing.facts(cancelled, now), why="hospital"),
        now,
        clock,
    )
