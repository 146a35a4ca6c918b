"""What is kept of doctors' calendars: hours, dates that differ, kinds of visit, a hospital's public holidays."""

from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments.calendar import Calendar, DayException
from remedy.appointments.model import Doctor, Hours, VisitKind
from remedy.schema.hospital import (
    doctor,
    doctor_exception,
    doctor_hours,
    hospital,
    hospital_holiday,
    visit_kind,
)


def kinds_of(
    connection: sa.Connection, doctor_id: UUID, *, is_ended_too: bool = False
) -> list[VisitKind]:
    """The kinds of visit a doctor offers, the first first; none for who has one kind without a name."""
    query = (
        sa.select(
            visit_kind.c.public_id,
            visit_kind.c.name,
            visit_kind.c.minutes,
            visit_kind.c.buffer_minutes,
            visit_kind.c.is_active,
        )
        .join_from(visit_kind, doctor)
        .where(doctor.c.public_id == doctor_id)
        .order_by(visit_kind.c.id)
    )
    if not is_ended_too:
        query = query.where(visit_kind.c.is_active)
    return [VisitKind(*row) for row in connection.execute(query)]


def calendar_of(
    connection: sa.Connection, found: Doctor, *, first_day: date, days: int
) -> Calendar:
    """A doctor's calendar, with what differs from the week on those days and the one before them."""
    hours = connection.execute(
        sa.select(
            doctor_hours.c.weekday, doctor_hours.c.starts, doctor_hours.c.ends, hospital.c.public_id
        )
        .select_from(
            doctor_hours.join(doctor, doctor.c.id == doctor_hours.c.doctor_id).outerjoin(
                hospital, hospital.c.id == doctor_hours.c.hospital_id
            )
        )
        .where(doctor.c.public_id == found.doctor_id)
        .order_by(doctor_hours.c.weekday, doctor_hours.c.starts, doctor_hours.c.id)
    )
    week = tuple(Hours(*row) for row in hours)
    span = (first_day - timedelta(days=1), first_day + timedelta(days=days))
    differs = connection.execute(
        sa.select(
            doctor_exception.c.day,
            doctor_exception.c.starts,
            doctor_exception.c.ends,
            hospital.c.public_id,
        )
        .select_from(
            doctor_exception.join(doctor, doctor.c.id == doctor_exception.c.doctor_id).outerjoin(
                hospital, hospital.c.id == doctor_exception.c.hospital_id
            )
        )
        .where(doctor.c.public_id == found.doctor_id, doctor_exception.c.day.between(*span))
    )
    places = {found.hospital_id, *(one.hospital_id for one in week if one.hospital_id)}
    closed = connection.execute(
        sa.select(hospital.c.public_id, hospital_holiday.c.day)
        .join_from(hospital_holiday, hospital)
        .where(
            hospital.c.public_id.in_(places),
            hospital_holiday.c.day.between(*span),
            hospital_holiday.c.is_open.is_(False),
        )
    )
    return Calendar(
        found.doctor_id,
        found.hospital_id,
        found.time_zone,
        week,
        tuple(DayException(*row) for row in differs),
        frozenset((place, day) for place, day in closed),
    )
