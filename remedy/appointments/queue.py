"""The admins' queue: what waits for a decision, by what they look for; and urgent requests that wait too long.

An urgent request that nobody decided within the hospital's minutes is red in the queue, and every admin is owed one
mail about it: once, and again only when its patient moved it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.accounts.queries import admins
from remedy.appointments import queries
from remedy.appointments.model import Visit
from remedy.schema.hospital import appointment, doctor, hospital
from remedy.values import local_day


@dataclass(frozen=True)
class Wanted:
    """Which requests are looked for; what is empty is not asked about. `day` is the visit's, at its hospital."""

    speciality: str = ""
    doctor_id: UUID | None = None
    urgency: str = ""
    day: date | None = None
    waits_hours: int = 0

    def holds(self, visit: Visit, now: datetime) -> bool:
        """Whether a request is among them."""
        waits = now - (visit.waiting_since or visit.requested_at)
        return (
            self.speciality in {"", visit.speciality}
            and self.doctor_id in {None, visit.doctor_id}
            and self.urgency in {"", visit.urgency}
            and (self.day is None or local_day(visit.starts_at, visit.time_zone) == self.day)
            and waits >= timedelta(hours=self.waits_hours)
        )


def mark(connection: sa.Connection, now: datetime) -> str:
    """A text that changes whenever what waits for an admin changes, or one more turns red."""
    late = connection.execute(
        sa.select(sa.func.count()).select_from(_WITH_HOSPITAL).where(*_is_late(now))
    ).scalar_one()
    return f"{queries.waiting_mark(connection)}-{late}"


def late(connection: sa.Connection, *, now: datetime) -> list[UUID]:
    """The urgent requests that wait too long and that the admins have not been told of."""
    rows = connection.execute(
        sa.select(appointment.c.public_id)
        .select_from(_WITH_HOSPITAL)
        .where(*_is_late(now), appointment.c.urgent_told_at.is_(None))
        .order_by(appointment.c.id)
    )
    return list(rows.scalars())


def tell_admins(connection: sa.Connection, appointment_id: UUID, *, now: datetime) -> bool:
    """Owe every admin a mail about an urgent request; False if that was done, or it was decided, meanwhile."""
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == appointment_id,
            appointment.c.state == "requested",
            appointment.c.urgent_told_at.is_(None),
        )
        .values(urgent_told_at=now)
    )
    if done.rowcount != 1:
        return False
    owed.owe(connection, "urgent_waiting", appointment_id, *admins(connection), now=now)
    return True


def still_waits(
    connection: sa.Connection, appointment_id: UUID, _admin: UUID, *, now: datetime
) -> bool:
    """Whether what an admin is written about is still to be decided."""
    asked = queries.visit(connection, appointment_id)
    return asked is not None and asked.may_decide(now)


_WITH_HOSPITAL = appointment.join(doctor, doctor.c.id == appointment.c.doctor_id).join(
    hospital, hospital.c.id == sa.func.coalesce(appointment.c.hospital_id, doctor.c.hospital_id)
)


def _is_late(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    since = sa.func.coalesce(appointment.c.waiting_since, appointment.c.requested_at)
    told = now.replace(tzinfo=None)
    return (
        appointment.c.state == "requested",
        appointment.c.urgency == "urgent",
        appointment.c.lapses_at > now,
        sa.func.timestampdiff(sa.text("MINUTE"), since, told) >= hospital.c.urgent_minutes,
    )
