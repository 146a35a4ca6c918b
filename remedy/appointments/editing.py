"""Changes to doctors and their calendars; and the visits that a change leaves outside the hours.

No change drops a visit: who changes hours reads which visits lie outside them, and settles each with its patient.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments import calendars, queries
from remedy.appointments.calendar import (
    DayException,
    check_day,
    check_hours,
    check_kind,
    check_length,
    check_times,
    is_within,
)
from remedy.appointments.hospitals import hospital_row
from remedy.appointments.model import LIVING, Doctor, Hours, Refused, Visit, check_near
from remedy.appointments.writing import lock_doctor
from remedy.schema.hospital import (
    appointment,
    doctor,
    doctor_exception,
    doctor_hours,
    hospital,
    visit_kind,
)
from remedy.values import Clock, local_day, uuid7

_FURTHEST_DAYS = 400


def make_doctor(
    connection: sa.Connection,
    *,
    hospital_id: UUID,
    name: str,
    speciality: str,
    visit_minutes: int,
    clock: Clock,
) -> UUID:
    """Make a doctor who sees patients, without hours yet; the public id.

    Raises:
        Refused: if there is no such hospital, or a visit cannot take that long.
    """
    check_length(visit_minutes)
    made = uuid7(clock)
    connection.execute(
        sa.insert(doctor).values(
            public_id=made,
            hospital_id=hospital_row(connection, hospital_id),
            name=name,
            speciality=speciality,
            visit_minutes=visit_minutes,
            is_active=True,
        )
    )
    return made


def change_doctor(
    connection: sa.Connection,
    doctor_id: UUID,
    *,
    name: str,
    speciality: str,
    visit_minutes: int,
    is_active: bool,
) -> None:
    """Change what patients read of a doctor, how long a visit without a kind takes, and whether patients come.

    Raises:
        Refused: if there is no such doctor, or a visit cannot take that long.
    """
    check_length(visit_minutes)
    row = _changed(connection, doctor_id)
    connection.execute(
        sa.update(doctor)
        .where(doctor.c.id == row)
        .values(name=name, speciality=speciality, visit_minutes=visit_minutes, is_active=is_active)
    )


def add_hours(connection: sa.Connection, doctor_id: UUID, told: Iterable[Hours]) -> None:
    """Add hours to a doctor's week.

    Raises:
        Refused: if hours overlap, are not in steps of five minutes, or are at a hospital of another time zone.
    """
    row = _changed(connection, doctor_id)
    found = _kept(connection, doctor_id)
    new = list(told)
    for place in {one.hospital_id for one in new}:
        _place_row(connection, found, place)
    today = date(2000, 1, 1)
    check_hours([*calendars.calendar_of(connection, found, first_day=today, days=1).hours, *new])
    for one in new:
        connection.execute(
            sa.insert(doctor_hours).values(
                doctor_id=row,
                weekday=one.weekday,
                starts=one.starts,
                ends=one.ends,
                hospital_id=_place_row(connection, found, one.hospital_id),
            )
        )


def remove_hours(connection: sa.Connection, doctor_id: UUID, told: Hours) -> bool:
    """Take hours out of a doctor's week; whether they were there. Nobody is in two places: times tell them."""
    row = _changed(connection, doctor_id)
    done = connection.execute(
        sa.delete(doctor_hours).where(
            doctor_hours.c.doctor_id == row,
            doctor_hours.c.weekday == told.weekday,
            doctor_hours.c.starts == told.starts,
            doctor_hours.c.ends == told.ends,
        )
    )
    return done.rowcount > 0


def change_hours(connection: sa.Connection, doctor_id: UUID, before: Hours, after: Hours) -> None:
    """Change hours of a doctor's week in their place; nothing else of the week changes.

    Raises:
        Refused: if those hours are there no more, or the new ones overlap others or are not in steps of five minutes.
    """
    if not remove_hours(connection, doctor_id, before):
        raise Refused("Somebody changed these hours since you opened them; look at the week again.")
    add_hours(connection, doctor_id, [after])


def add_exception(
    connection: sa.Connection, doctor_id: UUID, told: DayException, *, clock: Clock
) -> UUID:
    """Say that a date differs: hours beside those of the week, or that the week's do not count.

    Raises:
        Refused: if the date is past, or the hours overlap others, or are at a hospital of another time zone.
    """
    row = _changed(connection, doctor_id)
    found = _kept(connection, doctor_id)
    if told.day < local_day(clock(), found.time_zone):
        raise Refused("That date is past; choose another.")
    check_near(told.day, local_day(clock(), found.time_zone))
    place = _place_row(connection, found, told.hospital_id)
    calendar = calendars.calendar_of(
        connection, found, first_day=told.day - timedelta(days=1), days=3
    )
    if told.is_day_off:
        if any(one.day == told.day and one.is_day_off for one in calendar.exceptions):
            raise Refused("The week's hours do not count on that date already.")
    elif told.starts is not None and told.ends is not None:
        check_times(told.starts, told.ends)
        check_day(replace(calendar, exceptions=(*calendar.exceptions, told)), told.day)
    made = uuid7(clock)
    connection.execute(
        sa.insert(doctor_exception).values(
            public_id=made,
            doctor_id=row,
            day=told.day,
            starts=told.starts,
            ends=told.ends,
            hospital_id=None if told.is_day_off else place,
        )
    )
    return made


def remove_exception(connection: sa.Connection, doctor_id: UUID, exception_id: UUID) -> bool:
    """Let a date be as the week says again; whether it differed."""
    row = _changed(connection, doctor_id)
    done = connection.execute(
        sa.delete(doctor_exception).where(
            doctor_exception.c.doctor_id == row, doctor_exception.c.public_id == exception_id
        )
    )
    return done.rowcount > 0


def add_kind(
    connection: sa.Connection,
    doctor_id: UUID,
    *,
    name: str,
    minutes: int,
    buffer_minutes: int,
    clock: Clock,
) -> UUID:
    """Add a kind of visit that a doctor can be asked for.

    Raises:
        Refused: if it cannot be, or there is one of that name.
    """
    plain = check_kind(name, minutes, buffer_minutes)
    row = _changed(connection, doctor_id)
    known = calendars.kinds_of(connection, doctor_id)
    if any(kind.name.casefold() == plain.casefold() for kind in known):
        raise Refused(
            "There is a kind of visit of that name already; end it first, or name this otherwise."
        )
    made = uuid7(clock)
    connection.execute(
        sa.insert(visit_kind).values(
            public_id=made,
            doctor_id=row,
            name=plain,
            minutes=minutes,
            buffer_minutes=buffer_minutes,
            is_active=True,
        )
    )
    return made


def end_kind(connection: sa.Connection, doctor_id: UUID, kind_id: UUID) -> bool:
    """Offer a kind of visit no longer; whether it was offered. Visits of it stay as they are."""
    row = _changed(connection, doctor_id)
    done = connection.execute(
        sa.update(visit_kind)
        .where(
            visit_kind.c.doctor_id == row,
            visit_kind.c.public_id == kind_id,
            visit_kind.c.is_active,
        )
        .values(is_active=False)
    )
    return done.rowcount > 0


def visits_outside(connection: sa.Connection, doctor_id: UUID, *, now: datetime) -> list[Visit]:
    """A doctor's coming visits that lie outside the hours as they are now, the next first.

    All of them of a doctor who sees nobody any more; leave is not looked at.
    """
    kept = calendars.kept_doctors(connection, doctor_id)
    if not kept:
        return []
    query = queries.visits_query().where(
        doctor.c.public_id == doctor_id,
        appointment.c.state.in_(LIVING),
        appointment.c.ends_at > now,
    )
    coming = queries.visits_from(connection.execute(query.order_by(appointment.c.starts_at)))
    if not coming or not kept[0].is_active:
        return coming
    found = kept[0].doctor
    today = local_day(now, found.time_zone) - timedelta(days=1)
    calendar = calendars.calendar_of(connection, found, first_day=today, days=_FURTHEST_DAYS)

    def is_outside(visit: Visit) -> bool:
        day = local_day(visit.starts_at, found.time_zone)
        days = (day - timedelta(days=1), day)
        return not is_within(calendar, visit.starts_at, visit.ends_at, visit.hospital_id, days)

    return [visit for visit in coming if is_outside(visit)]


def _kept(connection: sa.Connection, doctor_id: UUID) -> Doctor:
    (kept,) = calendars.kept_doctors(connection, doctor_id)
    return kept.doctor


def _changed(connection: sa.Connection, doctor_id: UUID) -> int:
    """Lock the doctor's row and raise its counter: open pages look again; of two changes one comes after the other.

    Raises:
        Refused: if there is no such doctor.
    """
    try:
        return lock_doctor(connection, doctor_id)
    except sa.exc.NoResultFound:
        raise Refused("There is no such doctor.") from None


def _place_row(connection: sa.Connection, found: Doctor, hospital_id: UUID | None) -> int | None:
    """The row of a place the doctor can work at; None for the doctor's own hospital."""
    if hospital_id in {None, found.hospital_id}:
        return None
    row = connection.execute(
        sa.select(hospital.c.id, hospital.c.time_zone).where(hospital.c.public_id == hospital_id)
    ).one_or_none()
    if row is None:
        raise Refused("There is no such hospital.")
    if row.time_zone != found.time_zone:
        raise Refused(
            "That hospital has another time zone; a doctor's places must all have the same one."
        )
    return int(row.id)
