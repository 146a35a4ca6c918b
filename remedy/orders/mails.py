"""Mails that patients are owed about their orders, written down with the change (`remedy.appointments.owed`)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.hospital import mail_owed
from remedy.schema.orders import pharmacy_order

KINDS = ("ready", "out", "cancelled")


def owe(connection: sa.Connection, order_id: UUID, kind: str, now: datetime) -> None:
    """Write down that the order's patient is owed a mail."""
    if kind not in KINDS:
        raise ValueError(f"A mail about an order is one of {', '.join(KINDS)}; got '{kind}'.")
    row = sa.select(pharmacy_order.c.id).where(pharmacy_order.c.public_id == order_id)
    connection.execute(
        sa.insert(mail_owed).values(
            order_id=row.scalar_subquery(), kind=kind, owed_at=now, next_at=now, attempts=0
        )
    )
