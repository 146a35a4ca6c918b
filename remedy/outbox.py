"""record(connection, event): told later, kept with the change it describes (design decision 2).

Call it last in the transaction, after the row of the topic's key was locked (`pharmacy` by raising
`pharmacy_seq`, `doctor` by raising `doctor_seq`): per key the ids are then in commit order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.events.base import MAX_BODY_BYTES, SOURCE, Envelope, Event, body_text
from remedy.schema.people import outbox
from remedy.values import Clock, uuid7


@dataclass(frozen=True)
class Told:
    """One of many events to record at once; the fields are those of `record`."""

    happened: Event
    event_id: UUID
    occurred_at: datetime
    recorded_at: datetime


def record(
    connection: sa.Connection,
    happened: Event,
    *,
    event_id: UUID,
    key: str | None,
    occurred_at: datetime,
    recorded_at: datetime | None = None,
) -> Envelope:
    """Write what happened to the outbox, in the caller's transaction.

    `key` is the record key on the topic (None where the topic has none); `occurred_at` becomes `ce_time`.
    `recorded_at` is given where it is another time than that.

    Raises:
        ValueError: if the body is too large to be told.
    """
    one = Told(happened, event_id, occurred_at, recorded_at or occurred_at)
    (envelope,) = record_many(connection, key, [one])
    return envelope


def record_now(
    connection: sa.Connection, happened: Event, key: UUID | None, now: datetime, clock: Clock
) -> None:
    """Write what happens at this moment to the outbox, under a new id; see `record`.

    Raises:
        ValueError: if the body is too large to be told.
    """
    record(
        connection,
        happened,
        event_id=uuid7(clock),
        key=None if key is None else str(key),
        occurred_at=now,
    )


def record_many(
    connection: sa.Connection, key: str | None, happened: Sequence[Told]
) -> list[Envelope]:
    """Write many events under one key, in their order; see `record`.

    They name as their source what the connection's execution option `event_source` says: a simulated town
    says so once, for all that is done on its connections.

    Raises:
        ValueError: if a body is too large to be told.
    """
    envelopes, rows = _written(connection, [(key, one) for one in happened])
    if rows:
        connection.execute(sa.insert(outbox), rows)
    return envelopes


def record_once(connection: sa.Connection, keyed: Sequence[tuple[str, Told]]) -> None:
    """Write events that have a key each, brought in from elsewhere; one whose id is there already stays as it is.

    Raises:
        ValueError: if a body is too large to be told.
    """
    _, rows = _written(connection, keyed)
    if rows:
        added = insert(outbox)
        connection.execute(added.on_duplicate_key_update(event_id=outbox.c.event_id), rows)


def _written(
    connection: sa.Connection, keyed: Sequence[tuple[str | None, Told]]
) -> tuple[list[Envelope], list[dict[str, Any]]]:
    """The envelope and the row of each event."""
    source = connection.get_execution_options().get("event_source", SOURCE)
    envelopes = [
        Envelope.of(one.happened, event_id=one.event_id, time=one.occurred_at, key=key)
        for key, one in keyed
    ]
    rows = []
    for (key, one), envelope in zip(keyed, envelopes, strict=True):
        payload = body_text(envelope.body)
        if len(payload.encode()) > MAX_BODY_BYTES:
            raise ValueError(f"The event is larger than {MAX_BODY_BYTES} bytes and cannot be told.")
        rows.append(
            {
                "event_id": one.event_id,
                "aggregatetype": envelope.topic,
                "aggregateid": key,
                "type": envelope.type,
                "payload": payload,
                "occurred_at": one.occurred_at,
                "recorded_at": one.recorded_at,
                "source": source,
            }
        )
    return envelopes, rows
