"""Mails that patients are owed about their visits and orders: written down with the change, sent by who holds the keys.

A row is made in the transaction of what happened, so that no mail is forgotten, and goes when the mail server
has taken the mail: at least once. Who sends takes a row for a while; if that process dies, another takes it again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.hospital import appointment, mail_owed
from remedy.schema.orders import pharmacy_order
from remedy.schema.people import patient

KINDS = ("accepted", "declined", "proposed", "lapsed")
AT_A_TIME = 20
TAKEN_FOR = timedelta(seconds=60)
"""How long a row is left to who took it; doubled with every attempt that failed."""

LONGEST_WAIT = timedelta(hours=1)
OWED_FOR = timedelta(days=3)
"""After that a mail is late enough to confuse; what it would have said stands in the portal."""


@dataclass(frozen=True)
class Owed:
    """One mail to write: to whom, and about what: a visit, or an order where that is named."""

    row_id: int
    appointment_id: UUID | None
    patient_id: UUID
    kind: str
    order_id: UUID | None = None


def owe(connection: sa.Connection, appointment_id: UUID, kind: str, now: datetime) -> None:
    """Write down that the visit's patient is owed a mail."""
    if kind not in KINDS:
        raise ValueError(f"A mail about a visit is one of {', '.join(KINDS)}; got '{kind}'.")
    row = sa.select(appointment.c.id).where(appointment.c.public_id == appointment_id)
    connection.execute(
        sa.insert(mail_owed).values(
            appointment_id=row.scalar_subquery(), kind=kind, owed_at=now, next_at=now, attempts=0
        )
    )


def due(connection: sa.Connection, now: datetime) -> list[int]:
    """The rows whose time has come, the oldest first; those owed for too long are dropped."""
    connection.execute(sa.delete(mail_owed).where(mail_owed.c.owed_at <= now - OWED_FOR))
    rows = connection.execute(
        sa.select(mail_owed.c.id)
        .where(mail_owed.c.next_at <= now)
        .order_by(mail_owed.c.id)
        .limit(AT_A_TIME)
    )
    return list(rows.scalars())


def take(connection: sa.Connection, row_id: int, now: datetime) -> Owed | None:
    """Take one of them, so that nobody else does for a while; None if somebody has."""
    attempts = connection.execute(
        sa.select(mail_owed.c.attempts).where(mail_owed.c.id == row_id)
    ).scalar()
    if attempts is None:
        return None
    wait = min(TAKEN_FOR * 2 ** min(attempts, 10), LONGEST_WAIT)
    taken = connection.execute(
        sa.update(mail_owed)
        .where(
            mail_owed.c.id == row_id, mail_owed.c.next_at <= now, mail_owed.c.attempts == attempts
        )
        .values(next_at=now + wait, attempts=mail_owed.c.attempts + 1)
    )
    if taken.rowcount != 1:
        return None
    patient_row = sa.func.coalesce(appointment.c.patient_id, pharmacy_order.c.patient_id)
    row = connection.execute(
        sa.select(
            mail_owed.c.id,
            appointment.c.public_id,
            patient.c.public_id,
            mail_owed.c.kind,
            pharmacy_order.c.public_id,
        )
        .select_from(
            mail_owed.outerjoin(appointment, appointment.c.id == mail_owed.c.appointment_id)
            .outerjoin(pharmacy_order, pharmacy_order.c.id == mail_owed.c.order_id)
            .join(patient, patient.c.id == patient_row)
        )
        .where(mail_owed.c.id == row_id)
    ).one()
    return Owed(*row)


def settle(connection: sa.Connection, row_id: int) -> None:
    """The mail was taken by the mail server, or can never be written: owe it no more."""
    connection.execute(sa.delete(mail_owed).where(mail_owed.c.id == row_id))
