"""What the outbox holds of a pharmacy, as events, for tests that ask what was told."""

import json
from uuid import UUID

import sqlalchemy as sa

from remedy.events.base import Event, from_body
from remedy.schema.people import outbox


def told(connection: sa.Connection, pharmacy_id: UUID) -> list[Event]:
    """The events a pharmacy's outbox holds, in the order of telling."""
    rows = connection.execute(
        sa.select(outbox.c.type, outbox.c.payload)
        .where(outbox.c.aggregateid == str(pharmacy_id))
        .order_by(outbox.c.id)
    )
    return [from_body(row.type, json.loads(row.payload)) for row in rows]
