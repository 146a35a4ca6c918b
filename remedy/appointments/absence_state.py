"""What pages read about a doctor's absence: whom it would affect, and how far those it affected are told and answer."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments import model, queries, waiting
from remedy.appointments.model import LIVING, Doctor, Refused, Visit
from remedy.schema.absence import absence_visit, doctor_absence, waiting_entry
from remedy.schema.hospital import appointment, doctor, doctor_leave, hospital
from remedy.values import day_bounds, local_day

LONGEST = 366
"""The most days one leave may have."""

SHOWN_AT_MOST = 50
"""The most absences on one page."""


@dataclass(frozen=True)
class Stretch:
    """The time of a leave: whole days of the hospital, and the instants they begin and end."""

    first_day: date
    last_day: date
    starts_at: datetime
    ends_at: datetime


def stretch_of(found: Doctor, first_day: date, last_day: date, *, now: datetime) -> Stretch:
    """The leave from one local day to another, both included.

    Raises:
        Refused: if it ends before it begins, is over, or is longer than a year.
    """
    if last_day < first_day:
        raise Refused("The last day of a leave cannot be before its first day.")
    if last_day < local_day(now, found.time_zone):
        raise Refused("That leave is over; choose days from today on.")
    model.check_near(last_day, local_day(now, found.time_zone))
    if (last_day - first_day).days >= LONGEST:
        raise Refused("A leave may have at most 366 days; declare the rest later.")
    return Stretch(
        first_day,
        last_day,
        day_bounds(first_day, found.time_zone)[0],
        day_bounds(last_day, found.time_zone)[1],
    )


@dataclass(frozen=True)
class Absence:
    """A leave that was declared and how far its patients are told; counts of visits.

    `outcomes` counts what was done: same_doctor, other_doctor, waiting, ended; `answers` counts how the visits that
    were offered stand now, by state.
    """

    absence_id: UUID
    doctor_id: UUID
    doctor_name: str
    time_zone: str
    first_day: date
    last_day: date
    declared_at: datetime
    ends_at: datetime
    outcomes: dict[str, int]
    answers: dict[str, int]
    visits: int

    @property
    def was_ended(self) -> bool:
        """Whether the doctor came back before the last day was over."""
        return self.ends_at < day_bounds(self.last_day, self.time_zone)[1]

    @property
    def was_called_off(self) -> bool:
        """Whether it was ended before it began."""
        return self.ends_at <= day_bounds(self.first_day, self.time_zone)[0]

    @property
    def settled(self) -> int:
        """How many of the visits are dealt with."""
        return sum(self.outcomes.values())

    @property
    def told(self) -> int:
        """For how many visits the patient is told; a visit that was over before needs no word."""
        return self.settled - self.outcomes.get("ended", 0)

    @property
    def to_tell(self) -> int:
        """For how many visits the patient is to be told, or is."""
        return self.visits - self.outcomes.get("ended", 0)

    @property
    def offered(self) -> int:
        """How many were offered a time."""
        return self.outcomes.get("same_doctor", 0) + self.outcomes.get("other_doctor", 0)


def affected(
    connection: sa.Connection, doctor_id: UUID, leave: Stretch, *, now: datetime
) -> list[Visit]:
    """The visits that a leave would take the time of: urgent ones first, then by time. None that has begun."""
    query = queries.visits_query().where(
        doctor.c.public_id == doctor_id,
        appointment.c.state.in_(LIVING),
        appointment.c.checked_in_at.is_(None),
        appointment.c.starts_at > now,
        appointment.c.starts_at < leave.ends_at,
        appointment.c.ends_at > leave.starts_at,
    )
    rows = connection.execute(
        query.order_by(
            waiting.most_urgent_first(appointment.c.urgency),
            appointment.c.starts_at,
            appointment.c.id,
        )
    )
    return queries.visits_from(rows)


def running(connection: sa.Connection, *, now: datetime) -> list[UUID]:
    """The absences that are not over: only their time can still hold visits."""
    rows = connection.execute(
        sa.select(doctor_absence.c.public_id)
        .join_from(doctor_absence, doctor_leave, doctor_leave.c.id == doctor_absence.c.leave_id)
        .where(doctor_leave.c.ends_at > now)
        .order_by(doctor_absence.c.id)
    )
    return list(rows.scalars())


def unsettled(connection: sa.Connection, absence_id: UUID) -> list[UUID]:
    """The visits of an absence whose patients are still to be told: urgent ones first, then by time."""
    rows = connection.execute(
        sa.select(appointment.c.public_id)
        .join_from(absence_visit, doctor_absence)
        .join(appointment, appointment.c.id == absence_visit.c.appointment_id)
        .where(doctor_absence.c.public_id == absence_id, absence_visit.c.outcome.is_(None))
        .order_by(
            waiting.most_urgent_first(appointment.c.urgency),
            appointment.c.starts_at,
            appointment.c.id,
        )
    )
    return list(rows.scalars())


def absences(connection: sa.Connection, doctor_id: UUID | None = None) -> list[Absence]:
    """What was declared, of one doctor or of all, the latest first."""
    query = _query().order_by(doctor_absence.c.id.desc()).limit(SHOWN_AT_MOST)
    if doctor_id is not None:
        query = query.where(doctor.c.public_id == doctor_id)
    return [_counted(connection, row) for row in connection.execute(query).all()]


def absence_of(connection: sa.Connection, absence_id: UUID) -> Absence | None:
    """One absence, or None."""
    row = connection.execute(_query().where(doctor_absence.c.public_id == absence_id)).one_or_none()
    return None if row is None else _counted(connection, row)


def outcome_of(connection: sa.Connection, appointment_id: UUID) -> tuple[str, UUID | None] | None:
    """What an absence did to a visit, and the visit offered instead; None if none did anything.

    Who waits because an offer was not answered in time waits by that visit's id.
    """
    waits = connection.execute(
        sa.select(waiting_entry.c.id).where(
            waiting_entry.c.public_id == appointment_id, waiting_entry.c.is_open.is_(True)
        )
    ).first()
    if waits is not None:
        return "waiting", None
    offered = appointment.alias("offered")
    row = connection.execute(
        sa.select(absence_visit.c.outcome, offered.c.public_id)
        .select_from(
            absence_visit.join(
                appointment, appointment.c.id == absence_visit.c.appointment_id
            ).outerjoin(offered, offered.c.id == absence_visit.c.offered_id)
        )
        .where(
            appointment.c.public_id == appointment_id,
            absence_visit.c.outcome.in_(("same_doctor", "other_doctor", "waiting")),
        )
        .order_by(absence_visit.c.absence_id.desc())
    ).first()
    return None if row is None else (row.outcome, row.public_id)


def _query() -> sa.Select[Any]:
    return sa.select(
        doctor_absence.c.id,
        doctor_absence.c.public_id,
        doctor.c.public_id.label("doctor_id"),
        doctor.c.name,
        hospital.c.time_zone,
        doctor_absence.c.first_day,
        doctor_absence.c.last_day,
        doctor_absence.c.declared_at,
        doctor_leave.c.ends_at,
    ).select_from(
        doctor_absence.join(doctor, doctor.c.id == doctor_absence.c.doctor_id)
        .join(hospital, hospital.c.id == doctor.c.hospital_id)
        .join(doctor_leave, doctor_leave.c.id == doctor_absence.c.leave_id)
    )


def _counted(connection: sa.Connection, row: Any) -> Absence:
    of_this = absence_visit.c.absence_id == row.id
    counts = connection.execute(
        sa.select(absence_visit.c.outcome, sa.func.count())
        .where(of_this)
        .group_by(absence_visit.c.outcome)
    ).all()
    answers = connection.execute(
        sa.select(appointment.c.state, sa.func.count())
        .join_from(absence_visit, appointment, appointment.c.id == absence_visit.c.offered_id)
        .where(of_this)
        .group_by(appointment.c.state)
    ).all()
    return Absence(
        row.public_id,
        row.doctor_id,
        row.name,
        row.time_zone,
        row.first_day,
        row.last_day,
        row.declared_at,
        row.ends_at,
        outcomes={outcome: count for outcome, count in counts if outcome is not None},
        answers=dict(answers),
        visits=sum(count for _, count in counts),
    )
