"""record(connection, event): told later, kept with the change it describes (design decision 2).

Call it last in the transaction, after the row of the topic's key was locked (`pharmacy` by raising
`pharmacy_seq`, `doctor` by raising `doctor_seq`): per key the ids are then in commit order.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.events.base import MAX_BODY_BYTES, Envelope, Event, body_text
from remedy.schema.people import outbox


def record(
    connection: sa.Connection,
    happened: Event,
    *,
    event_id: UUID,
    key: str | None,
    occurred_at: datetime,
    recorded_at: datetime,
) -> Envelope:
    """Write what happened to the outbox, in the caller's transaction.

    `key` is the record key on the topic (None where the topic has none); `occurred_at` becomes `ce_time`.

    Raises:
        ValueError: if the body is too large to be told.
    """
    envelope = Envelope.of(happened, event_id=event_id, time=occurred_at, key=key)
    payload = body_text(envelope.body)
    if len(payload.encode()) > MAX_BODY_BYTES:
        raise ValueError(f"The event is larger than {MAX_BODY_BYTES} bytes and cannot be told.")
    connection.execute(
        sa.insert(outbox).values(
            event_id=event_id,
            aggregatetype=envelope.topic,
            aggregateid=key,
            type=envelope.type,
            payload=payload,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
        )
    )
    return envelope
