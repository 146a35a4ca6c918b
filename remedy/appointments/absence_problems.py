"""Visits of an absence that could not be settled: why, since when, and which are still to be tried again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.absence import absence_visit, doctor_absence
from remedy.schema.hospital import appointment
from remedy.values import reference_of

REASON_AT_MOST = 200


@dataclass(frozen=True)
class Stuck:
    """A visit whose patient is not told yet; `reason` is a sentence of ours, or the name of a failure of the software."""

    appointment_id: UUID
    starts_at: datetime
    reason: str
    since: datetime

    @property
    def reference(self) -> str:
        """A short name to say on the telephone, as of a visit."""
        return reference_of(self.appointment_id)


def note(
    connection: sa.Connection,
    *,
    absence_id: UUID,
    appointment_id: UUID,
    reason: str,
    now: datetime,
) -> bool:
    """Write down why a visit could not be settled; whether that is news. `reason` names nobody."""
    absence_row = sa.select(doctor_absence.c.id).where(doctor_absence.c.public_id == absence_id)
    visit_row = sa.select(appointment.c.id).where(appointment.c.public_id == appointment_id)
    why = reason[:REASON_AT_MOST]
    done = connection.execute(
        sa.update(absence_visit)
        .where(
            absence_visit.c.absence_id == absence_row.scalar_subquery(),
            absence_visit.c.appointment_id == visit_row.scalar_subquery(),
            absence_visit.c.outcome.is_(None),
            sa.or_(absence_visit.c.problem.is_(None), absence_visit.c.problem != why),
        )
        .values(problem=why, problem_at=now)
    )
    return done.rowcount == 1


def stuck(connection: sa.Connection, absence_id: UUID) -> list[Stuck]:
    """The visits of an absence that could not be settled, by time."""
    rows = connection.execute(
        sa.select(
            appointment.c.public_id,
            appointment.c.starts_at,
            absence_visit.c.problem,
            absence_visit.c.problem_at,
        )
        .select_from(
            absence_visit.join(
                doctor_absence, doctor_absence.c.id == absence_visit.c.absence_id
            ).join(appointment, appointment.c.id == absence_visit.c.appointment_id)
        )
        .where(
            doctor_absence.c.public_id == absence_id,
            absence_visit.c.outcome.is_(None),
            absence_visit.c.problem.is_not(None),
        )
        .order_by(appointment.c.starts_at, appointment.c.id)
    )
    return [Stuck(*row) for row in rows]
