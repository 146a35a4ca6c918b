"""What pages read about appointments: doctors, free slots, requests and visits."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments.calendar import slots_of_day
from remedy.appointments.calendars import DOCTOR, HOSPITAL, calendar_of, kinds_of
from remedy.appointments.model import (
    CELL,
    URGENCIES,
    WAITING,
    Doctor,
    Hold,
    Hospital,
    Leave,
    Slot,
    Taken,
    Visit,
    free,
)
from remedy.schema.hospital import (
    appointment,
    appointment_cell,
    appointment_hold,
    doctor,
    doctor_leave,
    hospital,
    visit_kind,
)
from remedy.schema.people import patient
from remedy.values import local_day


def doctors(
    connection: sa.Connection, speciality: str | None = None, hospital_id: UUID | None = None
) -> list[Doctor]:
    """The doctors who see patients, all or of a speciality or hospital, by speciality and name."""
    query = (
        sa.select(*DOCTOR)
        .join_from(doctor, hospital)
        .where(doctor.c.is_active)
        .order_by(doctor.c.speciality, doctor.c.name, doctor.c.id)
    )
    if speciality:
        query = query.where(doctor.c.speciality == speciality)
    if hospital_id:
        query = query.where(hospital.c.public_id == hospital_id)
    return [Doctor(*row) for row in connection.execute(query)]


def hospitals(connection: sa.Connection) -> list[Hospital]:
    """Every hospital, by name."""
    rows = connection.execute(sa.select(*HOSPITAL).order_by(hospital.c.name, hospital.c.id))
    return [Hospital(*row) for row in rows]


def doctor_of(
    connection: sa.Connection,
    doctor_id: UUID,
    kind_id: UUID | None = None,
    *,
    is_ended_too: bool = False,
) -> Doctor | None:
    """One doctor who sees patients, for visits of a kind (without `kind_id` the first); else None.

    None also for a kind that is not this doctor's, or has ended; with `is_ended_too` that one counts as well: a
    visit keeps its kind.
    """
    query = sa.select(*DOCTOR).join_from(doctor, hospital)
    row = connection.execute(
        query.where(doctor.c.public_id == doctor_id, doctor.c.is_active)
    ).one_or_none()
    if row is None:
        return None
    found = Doctor(*row)
    known = kinds_of(connection, doctor_id, is_ended_too=is_ended_too and kind_id is not None)
    if kind_id is None and not known:
        return found
    for kind in known:
        if kind_id in {None, kind.kind_id}:
            return replace(
                found,
                visit_minutes=kind.minutes,
                kind_id=kind.kind_id,
                kind_name=kind.name,
                buffer_minutes=kind.buffer_minutes,
            )
    return None


def free_slots(
    connection: sa.Connection,
    doctor_id: UUID,
    *,
    first_day: date,
    days: int,
    now: datetime,
    patient_id: UUID | None = None,
    kind_id: UUID | None = None,
) -> list[Slot]:
    """A doctor's slots that can be asked for, over `days` local days from `first_day`, in order.

    They are as long as visits of that kind (without `kind_id`, of the doctor's first). Time held by a request
    that has lapsed or a hold that has ended counts as free, whether or not it was cleared away yet; so does
    what is set aside for `patient_id`, who asks.
    """
    found = doctor_of(connection, doctor_id, kind_id, is_ended_too=True)
    if found is None:
        return []
    return _free_slots(
        connection, found, first_day=first_day, days=days, now=now, patient_id=patient_id
    )


def day_slots(
    connection: sa.Connection,
    found: Doctor,
    *,
    first_day: date,
    days: int,
    now: datetime,
    patient_id: UUID | None = None,
) -> list[tuple[Slot, bool]]:
    """The slots of some days that the doctor is there for, each with whether it is free."""
    slots = offered_slots(connection, found, first_day=first_day, days=days)
    if not slots:
        return []
    since, until = slots[0].starts_at, max(slot.busy_until for slot in slots)
    away = leaves(connection, found.doctor_id, since=since, until=until)
    there = free(slots, (), away, now=now)
    taken = _taken(
        connection, found.doctor_id, since=since, until=until, now=now, patient_id=patient_id
    )
    still_free = set(free(there, taken, (), now=now))
    return [(slot, slot in still_free) for slot in there]


def changes_of(connection: sa.Connection, doctor_id: UUID) -> int | None:
    """A number that rises whenever a doctor's time is taken or given back; None for no doctor."""
    return connection.execute(
        sa.select(doctor.c.doctor_seq).where(doctor.c.public_id == doctor_id, doctor.c.is_active)
    ).scalar()


def _free_slots(
    connection: sa.Connection,
    found: Doctor,
    *,
    first_day: date,
    days: int,
    now: datetime,
    patient_id: UUID | None = None,
) -> list[Slot]:
    every = day_slots(
        connection, found, first_day=first_day, days=days, now=now, patient_id=patient_id
    )
    return [slot for slot, is_free in every if is_free]


def is_taken(
    connection: sa.Connection, slot: Slot, *, now: datetime, patient_id: UUID | None = None
) -> bool:
    """Whether any of a slot's time is taken, as far as can be seen now, but for `patient_id`'s own hold."""
    since, until = slot.starts_at, slot.busy_until
    return bool(
        _taken(connection, slot.doctor_id, since=since, until=until, now=now, patient_id=patient_id)
    )


def _taken(
    connection: sa.Connection,
    doctor_id: UUID,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    patient_id: UUID | None,
) -> list[Taken]:
    """What living visits and others' holds take of a stretch of a doctor's time, by their cells."""
    cell_at = appointment_cell.c.cell_at
    is_held = appointment_hold.c.expires_at > now
    if patient_id is not None:
        own = sa.select(patient.c.id).where(patient.c.public_id == patient_id).scalar_subquery()
        is_held = sa.and_(is_held, appointment_hold.c.patient_id != own)
    rows = connection.execute(
        sa.select(sa.func.min(cell_at), sa.func.max(cell_at))
        .select_from(
            appointment_cell.join(doctor, doctor.c.id == appointment_cell.c.doctor_id)
            .outerjoin(appointment, appointment.c.id == appointment_cell.c.appointment_id)
            .outerjoin(appointment_hold, appointment_hold.c.id == appointment_cell.c.hold_id)
        )
        .where(
            doctor.c.public_id == doctor_id,
            cell_at > since - CELL,
            cell_at < until,
            sa.or_(appointment.c.state.not_in(WAITING), appointment.c.lapses_at > now, is_held),
        )
        .group_by(appointment_cell.c.appointment_id, appointment_cell.c.hold_id)
    )
    return [(first, last + CELL) for first, last in rows]


def hold_of(connection: sa.Connection, patient_id: UUID, *, now: datetime) -> Hold | None:
    """What is set aside for a patient now, or None."""
    row = connection.execute(
        sa.select(
            appointment_hold.c.public_id,
            doctor.c.public_id,
            appointment_hold.c.starts_at,
            appointment_hold.c.ends_at,
            appointment_hold.c.expires_at,
        )
        .select_from(
            appointment_hold.join(doctor, doctor.c.id == appointment_hold.c.doctor_id).join(
                patient, patient.c.id == appointment_hold.c.patient_id
            )
        )
        .where(patient.c.public_id == patient_id, appointment_hold.c.expires_at > now)
    ).one_or_none()
    return None if row is None else Hold(*row)


def offered_slots(
    connection: sa.Connection, found: Doctor, *, first_day: date, days: int
) -> list[Slot]:
    """A doctor's slots by the calendar alone, taken or not."""
    calendar = calendar_of(connection, found, first_day=first_day, days=days)
    return [
        slot
        for day in (first_day + timedelta(days=n) for n in range(days))
        for slot in slots_of_day(calendar, day, found.visit_minutes, found.buffer_minutes)
    ]


def leaves(
    connection: sa.Connection, doctor_id: UUID, *, since: datetime, until: datetime
) -> list[Leave]:
    """A doctor's leave that touches a stretch of time."""
    rows = connection.execute(
        sa.select(doctor_leave.c.starts_at, doctor_leave.c.ends_at)
        .join_from(doctor_leave, doctor)
        .where(
            doctor.c.public_id == doctor_id,
            doctor_leave.c.starts_at < until,
            doctor_leave.c.ends_at > since,
        )
    )
    return [Leave(*row) for row in rows]


def nearest_slots(
    connection: sa.Connection, found: Doctor, around: datetime, *, now: datetime, most: int = 3
) -> tuple[Slot, ...]:
    """The free slots closest to a time, within three days of it, in order of time."""
    first_day = local_day(around, found.time_zone) - timedelta(days=3)
    slots = _free_slots(connection, found, first_day=first_day, days=7, now=now)
    closest = sorted(slots, key=lambda slot: abs(slot.starts_at - around))[:most]
    return tuple(sorted(closest))


def waiting_requests(connection: sa.Connection) -> list[Visit]:
    """The requests an admin has to decide: urgent ones first, then the oldest."""
    urgency = sa.case(
        {name: len(URGENCIES) - place for place, name in enumerate(URGENCIES)},
        value=appointment.c.urgency,
        else_=len(URGENCIES),
    )
    query = visits_query().where(appointment.c.state == "requested")
    return visits_from(
        connection.execute(query.order_by(urgency, appointment.c.requested_at, appointment.c.id))
    )


def waiting_mark(connection: sa.Connection) -> str:
    """A text that changes whenever what waits for an admin changes."""
    count, newest, versions = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.max(appointment.c.requested_at),
            sa.func.sum(appointment.c.version),
        ).where(appointment.c.state == "requested")
    ).one()
    return f"{count}-{newest.timestamp() if newest else 0}-{versions or 0}"


def visits_of(connection: sa.Connection, patient_id: UUID) -> list[Visit]:
    """A patient's requests and visits, the latest time first."""
    query = visits_query().where(patient.c.public_id == patient_id)
    return visits_from(
        connection.execute(query.order_by(appointment.c.starts_at.desc(), appointment.c.id))
    )


def visit(
    connection: sa.Connection, appointment_id: UUID, *, patient_id: UUID | None = None
) -> Visit | None:
    """One visit; with `patient_id` only if it is that patient's, else None."""
    query = visits_query().where(appointment.c.public_id == appointment_id)
    if patient_id is not None:
        query = query.where(patient.c.public_id == patient_id)
    found = visits_from(connection.execute(query))
    return found[0] if found else None


def visits_query() -> sa.Select[Any]:
    """The columns of a `Visit`, in its order."""
    return sa.select(
        appointment.c.public_id,
        patient.c.public_id,
        doctor.c.public_id,
        doctor.c.name,
        doctor.c.speciality,
        hospital.c.public_id,
        hospital.c.name,
        hospital.c.address,
        hospital.c.time_zone,
        appointment.c.state,
        appointment.c.urgency,
        appointment.c.starts_at,
        appointment.c.ends_at,
        appointment.c.version,
        appointment.c.requested_at,
        appointment.c.lapses_at,
        appointment.c.decided_at,
        appointment.c.decided_by,
        appointment.c.symptoms_sealed,
        appointment.c.note_sealed,
        appointment.c.instead_of,
        visit_kind.c.public_id,
        visit_kind.c.name,
        hospital.c.phone,
        hospital.c.change_hours,
        hospital.c.urgent_minutes,
        appointment.c.checked_in_at,
        appointment.c.marked_by,
        appointment.c.marked_at,
        appointment.c.by_rule,
        appointment.c.waiting_since,
    ).select_from(
        appointment.join(patient, patient.c.id == appointment.c.patient_id)
        .join(doctor, doctor.c.id == appointment.c.doctor_id)
        .join(
            hospital,
            hospital.c.id == sa.func.coalesce(appointment.c.hospital_id, doctor.c.hospital_id),
        )
        .outerjoin(visit_kind, visit_kind.c.id == appointment.c.kind_id)
    )


def visits_from(rows: Iterable[Any]) -> list[Visit]:
    """The visits of rows of `visits_query`."""
    return [Visit(*row) for row in rows]
