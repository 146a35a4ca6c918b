"""Rules that accept a request in an admin's place: of a doctor or a speciality, at most so urgent, so many hours ahead.

How urgent a request is, is its patient's own word. So a rule accepts what is called less urgent as well: nobody is
accepted for calling it more.

None counts before an admin switched it on. What a rule says never changes: another is made and the old one ended, so
that a visit always says by what it was accepted. A request is accepted in the transaction it is made or moved in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.appointments import queries, writing
from remedy.appointments.model import URGENCIES, Refused, Visit
from remedy.events.hospital import AppointmentAccepted
from remedy.schema.hospital import acceptance_rule, appointment, doctor, hospital
from remedy.values import Clock, uuid7

HOURS_AT_MOST = 24 * 180
CHANGE_HOURS_AT_MOST = 14 * 24
ASKED_AT_MOST = 50
URGENT_MINUTES_AT_MOST = 48 * 60
"""A request that waits longer lets go of its time anyway."""


@dataclass(frozen=True)
class Rule:
    """What is accepted by itself. Of a doctor, or without one of a speciality."""

    rule_id: UUID
    doctor_id: UUID | None
    doctor_name: str | None
    speciality: str | None
    urgency: str
    hours_ahead: int
    is_on: bool
    made_at: datetime
    ended_at: datetime | None

    def admits(self, visit: Visit, now: datetime) -> bool:
        """Whether it accepts this request now."""
        is_meant = (
            self.doctor_id == visit.doctor_id
            if self.doctor_id
            else self.speciality == visit.speciality
        )
        is_ahead = visit.starts_at - now >= timedelta(hours=self.hours_ahead)
        is_in_force = self.is_on and self.ended_at is None
        is_calm = URGENCIES.index(visit.urgency) <= URGENCIES.index(self.urgency)
        return is_in_force and is_meant and is_ahead and is_calm


def rules(connection: sa.Connection) -> list[Rule]:
    """The rules that are not ended, the oldest first."""
    query = _query().where(acceptance_rule.c.ended_at.is_(None))
    return [Rule(*row) for row in connection.execute(query.order_by(acceptance_rule.c.id))]


def rule_of(connection: sa.Connection, rule_id: UUID | None) -> Rule | None:
    """One rule, ended or not."""
    row = connection.execute(_query().where(acceptance_rule.c.public_id == rule_id)).one_or_none()
    return None if row is None else Rule(*row)


def add(
    connection: sa.Connection,
    *,
    doctor_id: UUID | None,
    speciality: str | None,
    urgency: str,
    hours_ahead: int,
    made_by: UUID,
    clock: Clock,
) -> UUID:
    """Make a rule, which is off until it is switched on; its public id.

    Raises:
        Refused: if it is of no doctor or speciality we know, or the hours make no sense.
    """
    if urgency not in URGENCIES:
        raise Refused("Choose how urgent the requests are that the rule accepts.")
    if not 0 <= hours_ahead <= HOURS_AT_MOST:
        raise Refused("Write the hours ahead as a whole number from 0 to 4,320.")
    everyone = queries.doctors(connection)
    if doctor_id is None and speciality not in {one.speciality for one in everyone}:
        raise Refused("Choose a doctor or a speciality for the rule.")
    doctor_row = None
    if doctor_id is not None:
        doctor_row = connection.execute(
            sa.select(doctor.c.id).where(doctor.c.public_id == doctor_id)
        ).scalar()
        if doctor_row is None:
            raise Refused("Choose a doctor or a speciality for the rule.")
    rule_id = uuid7(clock)
    connection.execute(
        sa.insert(acceptance_rule).values(
            public_id=rule_id,
            doctor_id=doctor_row,
            speciality=None if doctor_id else speciality,
            urgency=urgency,
            hours_ahead=hours_ahead,
            is_on=False,
            made_at=clock(),
            made_by=made_by,
        )
    )
    return rule_id


def switch(connection: sa.Connection, rule_id: UUID, *, is_on: bool) -> None:
    """Switch a rule on or off. What it accepted stays accepted."""
    connection.execute(
        sa.update(acceptance_rule)
        .where(acceptance_rule.c.public_id == rule_id, acceptance_rule.c.ended_at.is_(None))
        .values(is_on=is_on)
    )


def end(connection: sa.Connection, rule_id: UUID, *, clock: Clock) -> None:
    """End a rule for good; visits it accepted can still say what it was."""
    connection.execute(
        sa.update(acceptance_rule)
        .where(acceptance_rule.c.public_id == rule_id, acceptance_rule.c.ended_at.is_(None))
        .values(is_on=False, ended_at=clock())
    )


def accept(connection: sa.Connection, visit: Visit, *, clock: Clock) -> Visit | None:
    """Accept a request if a rule admits it; the doctor's row is locked. None where an admin has to decide."""
    now = clock()
    ruled = next((rule for rule in rules(connection) if rule.admits(visit, now)), None)
    if ruled is None:
        return None
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == visit.appointment_id,
            appointment.c.state == "requested",
            appointment.c.version == visit.version,
        )
        .values(
            state="accepted",
            version=appointment.c.version + 1,
            decided_at=now,
            decided_by=None,
            by_rule=ruled.rule_id,
        )
    )
    if done.rowcount != 1:
        return None
    owed.owe(connection, "visit_decided", visit.appointment_id, visit.patient_id, now=now)
    accepted = writing.read(connection, visit.appointment_id)
    writing.tell(
        connection,
        AppointmentAccepted(**writing.facts(accepted, now), by_rule=ruled.rule_id),
        now,
        clock,
    )
    return accepted


@dataclass(frozen=True)
class Limits:
    """A hospital's own: until how many hours before it a visit is changed by its patient, after how many minutes an urgent
    request turns red, how many requests of a patient may wait and how many visits be ahead with one doctor.
    """

    hospital_id: UUID
    hospital_name: str
    change_hours: int
    urgent_minutes: int
    open_requests: int
    visits_ahead: int


def limits(connection: sa.Connection) -> list[Limits]:
    """Every hospital's limits, by name."""
    rows = connection.execute(
        sa.select(
            hospital.c.public_id,
            hospital.c.name,
            hospital.c.change_hours,
            hospital.c.urgent_minutes,
            hospital.c.open_requests,
            hospital.c.visits_ahead,
        ).order_by(hospital.c.name, hospital.c.id)
    )
    return [Limits(*row) for row in rows]


def set_limits(
    connection: sa.Connection,
    hospital_id: UUID,
    *,
    change_hours: int,
    urgent_minutes: int,
    open_requests: int,
    visits_ahead: int,
) -> None:
    """Set a hospital's limits; they count at once, for visits that are accepted already too.

    What was asked for already stays, however many.

    Raises:
        Refused: if they make no sense.
    """
    if not 0 <= change_hours <= CHANGE_HOURS_AT_MOST:
        raise Refused("Write the hours before a visit as a whole number from 0 to 336.")
    if not 1 <= urgent_minutes <= URGENT_MINUTES_AT_MOST:
        raise Refused("Write the minutes as a whole number from 1 to 2,880.")
    if not (1 <= open_requests <= ASKED_AT_MOST and 1 <= visits_ahead <= ASKED_AT_MOST):
        raise Refused("Write how many a patient may ask for as a whole number from 1 to 50.")
    connection.execute(
        sa.update(hospital)
        .where(hospital.c.public_id == hospital_id)
        .values(
            change_hours=change_hours,
            urgent_minutes=urgent_minutes,
            open_requests=open_requests,
            visits_ahead=visits_ahead,
        )
    )


def _query() -> sa.Select[Any]:
    """The columns of a `Rule`, in its order."""
    return sa.select(
        acceptance_rule.c.public_id,
        doctor.c.public_id,
        doctor.c.name,
        acceptance_rule.c.speciality,
        acceptance_rule.c.urgency,
        acceptance_rule.c.hours_ahead,
        acceptance_rule.c.is_on,
        acceptance_rule.c.made_at,
        acceptance_rule.c.ended_at,
    ).select_from(acceptance_rule.outerjoin(doctor, doctor.c.id == acceptance_rule.c.doctor_id))
