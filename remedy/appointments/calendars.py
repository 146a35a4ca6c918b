"""What is kept of doctors' calendars: hours, dates that differ, kinds of visit, a hospital's public holidays."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments.calendar import Calendar, DayException, stretches_of_day
from remedy.appointments.model import Doctor, Hospital, Hours, VisitKind
from remedy.schema.hospital import (
    doctor,
    doctor_exception,
    doctor_hours,
    hospital,
    hospital_holiday,
    visit_kind,
)
from remedy.values import local_day

HOSPITAL = (
    hospital.c.public_id,
    hospital.c.name,
    hospital.c.address,
    hospital.c.phone,
    hospital.c.latitude,
    hospital.c.longitude,
)
"""The columns of a `Hospital`."""

DOCTOR = (
    doctor.c.public_id,
    doctor.c.name,
    doctor.c.speciality,
    doctor.c.visit_minutes,
    hospital.c.public_id,
    hospital.c.name,
    hospital.c.address,
    hospital.c.time_zone,
)
"""The columns of a `Doctor` of whose kinds nothing is asked."""


@dataclass(frozen=True)
class KeptDoctor:
    """A doctor as the hospital keeps one, who may see nobody now."""

    doctor: Doctor
    is_active: bool


@dataclass(frozen=True)
class KeptException:
    """A date that differs, as it is kept: without times the week's hours do not count."""

    exception_id: UUID
    day: date
    starts: time | None
    ends: time | None
    hospital_name: str | None


@dataclass(frozen=True)
class Holiday:
    """A public holiday of a hospital; it may be open all the same."""

    day: date
    name: str
    is_open: bool


def kept_doctors(connection: sa.Connection, doctor_id: UUID | None = None) -> list[KeptDoctor]:
    """Every doctor, or one, whether or not they see patients now, by hospital and name."""
    query = (
        sa.select(*DOCTOR, doctor.c.is_active)
        .join_from(doctor, hospital)
        .order_by(hospital.c.name, hospital.c.id, doctor.c.name, doctor.c.id)
    )
    if doctor_id is not None:
        query = query.where(doctor.c.public_id == doctor_id)
    return [KeptDoctor(Doctor(*row[:-1]), row[-1]) for row in connection.execute(query)]


def exceptions_of(
    connection: sa.Connection, doctor_id: UUID, *, since: date
) -> list[KeptException]:
    """A doctor's dates that differ from the week, from a day on."""
    rows = connection.execute(
        sa.select(
            doctor_exception.c.public_id,
            doctor_exception.c.day,
            doctor_exception.c.starts,
            doctor_exception.c.ends,
            hospital.c.name,
        )
        .select_from(
            doctor_exception.join(doctor, doctor.c.id == doctor_exception.c.doctor_id).outerjoin(
                hospital, hospital.c.id == doctor_exception.c.hospital_id
            )
        )
        .where(doctor.c.public_id == doctor_id, doctor_exception.c.day >= since)
        .order_by(doctor_exception.c.day, doctor_exception.c.starts, doctor_exception.c.id)
    )
    return [KeptException(*row) for row in rows]


def holidays_of(connection: sa.Connection, hospital_id: UUID, *, since: date) -> list[Holiday]:
    """A hospital's public holidays from a day on."""
    rows = connection.execute(
        sa.select(hospital_holiday.c.day, hospital_holiday.c.name, hospital_holiday.c.is_open)
        .join_from(hospital_holiday, hospital)
        .where(hospital.c.public_id == hospital_id, hospital_holiday.c.day >= since)
        .order_by(hospital_holiday.c.day)
    )
    return [Holiday(*row) for row in rows]


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


def places_of(connection: sa.Connection, doctor_id: UUID) -> list[Hospital]:
    """Where a doctor sees patients: the doctor's own hospital first, then the others by name."""
    own = sa.select(doctor.c.hospital_id).where(doctor.c.public_id == doctor_id)
    used = [
        sa.select(kept.c.hospital_id)
        .join_from(kept, doctor, doctor.c.id == kept.c.doctor_id)
        .where(doctor.c.public_id == doctor_id, kept.c.hospital_id.is_not(None))
        for kept in (doctor_hours, doctor_exception)
    ]
    rows = connection.execute(
        sa.select(*HOSPITAL)
        .where(sa.or_(*(hospital.c.id.in_(query) for query in (own, *used))))
        .order_by(hospital.c.id != own.scalar_subquery(), hospital.c.name, hospital.c.id)
    )
    return [Hospital(*row) for row in rows]


def place_of_slot(connection: sa.Connection, found: Doctor, starts_at: datetime) -> Hospital:
    """The hospital a doctor is in at that time; the doctor's own where the calendar says none."""
    day = local_day(starts_at, found.time_zone)
    calendar = calendar_of(connection, found, first_day=day - timedelta(days=1), days=2)
    here = found.hospital_id
    for one in (day - timedelta(days=1), day):
        for stretch in stretches_of_day(calendar, one):
            if stretch.starts_at <= starts_at < stretch.ends_at:
                here = stretch.hospital_id
    row = connection.execute(sa.select(*HOSPITAL).where(hospital.c.public_id == here)).one()
    return Hospital(*row)
