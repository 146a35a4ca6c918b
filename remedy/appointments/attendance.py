"""Who came: checked in, attended, missed. Only of accepted visits: one that is called off is never missed.

Each change is a compare-and-swap on id, state and version. Who has been checked in is not missed, by nobody's hand and
by no clock: what nobody marked is taken for missed a day after its end, and only if nobody was there for it. A visit
taken for missed can still be noted as attended; nothing else is taken back.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts.queries import staff_name
from remedy.appointments import queries, writing
from remedy.appointments.model import (
    CHECK_IN_BEFORE,
    MISSED_AFTER,
    AlreadyDecided,
    Refused,
    Visit,
)
from remedy.events.hospital import AppointmentAttended, AppointmentCheckedIn, AppointmentMissed
from remedy.schema.hospital import appointment, doctor, hospital
from remedy.values import Clock, local_day

DUE_AT_MOST = 500

Happened = type[AppointmentCheckedIn | AppointmentAttended | AppointmentMissed]


def check_in(
    connection: sa.Connection,
    appointment_id: UUID,
    *,
    marked_by: UUID,
    version: int,
    clock: Clock,
) -> Visit:
    """Note that the patient of an accepted visit is there, from an hour before it on.

    Raises:
        AlreadyDecided: if somebody noted something meanwhile; the text says who did what.
        Refused: if there is no such visit, or it is too early.
    """
    return _note(
        connection, appointment_id, AppointmentCheckedIn, marked_by=marked_by, version=version,
        clock=clock,
        allowed=(
            appointment.c.state == "accepted",
            appointment.c.checked_in_at.is_(None),
            appointment.c.starts_at <= clock() + CHECK_IN_BEFORE,
        ),
        values={"checked_in_at": clock()},
    )  # fmt: skip


def attend(
    connection: sa.Connection,
    appointment_id: UUID,
    *,
    marked_by: UUID,
    version: int,
    clock: Clock,
) -> Visit:
    """Note that a visit took place, once it has begun; also of one that was taken for missed.

    Raises:
        AlreadyDecided: if somebody noted something meanwhile; the text says who did what.
        Refused: if there is no such visit, or it has not begun.
    """
    return _note(
        connection, appointment_id, AppointmentAttended, marked_by=marked_by, version=version,
        clock=clock,
        allowed=(
            appointment.c.state.in_(("accepted", "missed")), appointment.c.starts_at <= clock(),
        ),
        values={"state": "attended"},
    )  # fmt: skip


def miss(
    connection: sa.Connection,
    appointment_id: UUID,
    *,
    marked_by: UUID | None,
    version: int,
    clock: Clock,
) -> Visit:
    """Note that the patient did not come, once the visit has begun; `marked_by` is nobody where the clock does.

    Raises:
        AlreadyDecided: if the patient is there, or somebody noted something meanwhile; the text says who did what.
        Refused: if there is no such visit, or it has not begun.
    """
    return _note(
        connection, appointment_id, AppointmentMissed, marked_by=marked_by, version=version,
        clock=clock,
        allowed=(
            appointment.c.state == "accepted",
            appointment.c.checked_in_at.is_(None),
            appointment.c.starts_at <= clock(),
        ),
        values={"state": "missed"},
    )  # fmt: skip


def due(connection: sa.Connection, *, now: datetime) -> list[Visit]:
    """The accepted visits that ended a day ago or more and that nobody was checked in for.

    Not those from before their hospital checked anybody in.
    """
    query = queries.visits_query().where(
        appointment.c.state == "accepted",
        appointment.c.checked_in_at.is_(None),
        appointment.c.ends_at <= now - MISSED_AFTER,
        sa.or_(
            hospital.c.attendance_since.is_(None),
            appointment.c.ends_at > hospital.c.attendance_since,
        ),
    )
    rows = connection.execute(query.order_by(appointment.c.id).limit(DUE_AT_MOST))
    return queries.visits_from(rows)


def miss_one(connection: sa.Connection, visit: Visit, *, clock: Clock) -> bool:
    """Take a visit that is due for missed; False if something was noted meanwhile."""
    try:
        miss(connection, visit.appointment_id, marked_by=None, version=visit.version, clock=clock)
    except AlreadyDecided:
        return False
    return True


def of_day(
    connection: sa.Connection, since: datetime, until: datetime, *, doctor_id: UUID | None = None
) -> list[Visit]:
    """The visits that were to take place in a stretch of time, all or one doctor's, by time; requests are not."""
    was_decided = sa.or_(appointment.c.decided_by.is_not(None), appointment.c.by_rule.is_not(None))
    query = queries.visits_query().where(
        appointment.c.starts_at >= since,
        appointment.c.starts_at < until,
        sa.or_(
            appointment.c.state.in_(("accepted", "attended", "missed")),
            sa.and_(appointment.c.state == "cancelled", was_decided),
        ),
    )
    if doctor_id is not None:
        query = query.where(doctor.c.public_id == doctor_id)
    rows = connection.execute(query.order_by(appointment.c.starts_at, appointment.c.id))
    return queries.visits_from(rows)


def on_local_day(visits: Sequence[Visit], day: object) -> list[Visit]:
    """Those of the visits that are on that day at their hospital."""
    return [visit for visit in visits if local_day(visit.starts_at, visit.time_zone) == day]


def _note(
    connection: sa.Connection,
    appointment_id: UUID,
    happened: Happened,
    *,
    allowed: Sequence[sa.ColumnElement[bool]],
    values: dict[str, object],
    marked_by: UUID | None,
    version: int,
    clock: Clock,
) -> Visit:
    now = clock()
    before = writing.read(connection, appointment_id)
    writing.lock_doctor(connection, before.doctor_id)
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == appointment_id, appointment.c.version == version, *allowed
        )
        .values(version=appointment.c.version + 1, marked_by=marked_by, marked_at=now, **values)
    )
    noted = writing.read(connection, appointment_id)
    if done.rowcount != 1:
        _refuse(connection, noted, happened, now)
    writing.tell(connection, happened(**writing.facts(noted, now), marked_by=marked_by), now, clock)
    return noted


def _refuse(connection: sa.Connection, visit: Visit, wanted: Happened, now: datetime) -> NoReturn:
    """Say why nothing was noted.

    Raises:
        AlreadyDecided: if somebody noted something before.
        Refused: if it is too early.
    """
    who = staff_name(connection, visit.marked_by) if visit.marked_by else None
    when = writing.said_at(visit, visit.marked_at)
    if visit.state == "attended":
        raise AlreadyDecided(f"{who or 'Somebody'} noted that this visit took place: {when}.")
    if visit.state == "missed":
        raise AlreadyDecided(f"{who or 'The clock'} noted that this visit was missed: {when}.")
    if visit.state != "accepted":
        raise AlreadyDecided("This visit is called off or not accepted: nobody is expected.")
    if visit.checked_in_at and wanted is not AppointmentAttended:
        raise AlreadyDecided(f"{who or 'Somebody'} noted that the patient is there: {when}.")
    if wanted is AppointmentCheckedIn and now < visit.starts_at - CHECK_IN_BEFORE:
        raise Refused("A patient can be checked in from an hour before the visit on.")
    if wanted is not AppointmentCheckedIn and now < visit.starts_at:
        raise Refused("Who came and who did not can be noted once the visit has begun.")
    raise AlreadyDecided("This visit changed since you opened the page; look at it again.")
