"""From Kafka's records to raw rows and dead letters, with the position, in one transaction (design decision 4).

`next_offset` is read FOR UPDATE first: whoever finds it elsewhere than where it left it is not alone.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from confluent_kafka import Message
from sqlalchemy.dialects.mysql import insert

from remedy.events.base import Envelope, EventError
from remedy.events.days import day_of, place_of
from remedy.gateways.kafka import envelope_of, headers_of
from remedy.pipeline.landing_load import Loader, Row
from remedy.schema.pipeline import RAW, landed_day, landing_dead_letter, landing_position
from remedy.values import Clock, instant_of

FUTURE = timedelta(hours=24)
"""An event later than this from now has a wrong clock behind it: a dead letter."""

EARLIEST = date(1970, 1, 1)
"""No event of ours is older; a time before it could not even be written down the same way everywhere."""

Place = tuple[str, int]
"""A topic and one of its partitions."""


class LandingStopped(RuntimeError):
    """Landing cannot go on; the sentence says what a person must look at."""


class AnotherLander(LandingStopped):
    """The position is not where this lander left it: two are at work."""


@dataclass(frozen=True)
class DeadLetter:
    """A record that could not be read, and the sentence that says why."""

    topic: str
    partition_no: int
    record_offset: int
    reason: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Batch:
    """What one poll returned: rows by topic, dead letters, and where the next record of its places begins.

    `began` says where *every* place that is read stood, also those nothing came from: of two landers whose
    batches touch different partitions one must find the other out before both have written.
    """

    rows: Mapping[str, Sequence[Row]]
    dead: Sequence[DeadLetter]
    began: Mapping[Place, int]
    ended: Mapping[Place, int]
    record_count: int


@dataclass(frozen=True)
class Outcome:
    """What one transaction did; repeats are events whose id was there already."""

    landed: int
    repeats: int
    dead: int


class Zones:
    """The time zone of every pharmacy and hospital, by public id, as `remedy.events.days` wants it."""

    def __init__(self, engine: sa.Engine, anywhere: str) -> None:
        self._engine = engine
        self._anywhere = anywhere
        self.known: dict[str, str] = {}

    def learn(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Look the places up again if one of these events happened where we know nothing of."""
        if any(place_of(body) not in self.known for body in bodies):
            self.known = read_zones(self._engine, self._anywhere)


def read_zones(engine: sa.Engine, anywhere: str) -> dict[str, str]:
    """The time zone of each place by public id; `*` is the installation's own."""
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT public_id, time_zone FROM place_zone"))
        zones = {str(UUID(bytes=bytes(public_id))): zone for public_id, zone in rows}
    return {"*": anywhere, **zones}


def read_batch(
    messages: Sequence[Message], positions: Mapping[Place, int], zones: Zones, *, clock: Clock
) -> Batch:
    """Sort what a poll returned into rows and dead letters: nothing in a record can stop the next one."""
    latest = clock() + FUTURE
    readable: list[tuple[Message, Envelope]] = []
    rows: dict[str, list[Row]] = {}
    dead: list[DeadLetter] = []
    ended: dict[Place, int] = {}
    for message in messages:
        topic, partition, offset = _place(message)
        ended[topic, partition] = offset + 1
        try:
            readable.append((message, _read(message, latest)))
        except Exception as error:
            dead.append(_dead(message, error))
    zones.learn(envelope.body for _, envelope in readable)
    for message, envelope in readable:
        try:
            row = _row(message, envelope, zones.known, latest)
        except Exception as error:
            dead.append(_dead(message, error))
        else:
            rows.setdefault(envelope.topic, []).append(row)
    return Batch(rows, dead, dict(positions), ended, len(messages))


def _read(message: Message, latest: datetime) -> Envelope:
    envelope = envelope_of(message)
    if envelope.topic != message.topic():
        raise EventError("The type belongs to another topic.")
    if envelope.time > latest:
        raise EventError("The time is more than 24 hours in the future.")
    return envelope


def _row(message: Message, envelope: Envelope, zones: Mapping[str, str], latest: datetime) -> Row:
    topic, partition, offset = _place(message)
    day = day_of(envelope.body, zones)
    named = (envelope.body.get(name) for name in ("occurred_at", "reversed_at"))
    if max(instant_of(text) for text in named if text) > latest:
        raise EventError("The time in the body is more than 24 hours in the future.")
    if min(day, envelope.time.date()) < EARLIEST:
        raise EventError("The time is before 1970.")
    line = landed_line(envelope.structured(), topic, partition, offset, day)
    # Half of a surrogate pair is JSON, but no text.
    line.encode()
    return Row(
        event_id=envelope.event_id,
        type=envelope.type,
        partition_no=partition,
        record_offset=offset,
        event_at=envelope.time,
        day=day,
        event=line,
    )


def landed_line(
    structured: dict[str, Any], topic: str, partition: int, offset: int, day: date
) -> str:
    """One line as it lies in `raw_*` and in HDFS: the event, where it was, and the local day it counts for."""
    place = {"topic": topic, "partition": partition, "offset": offset, "day": day.isoformat()}
    line = {**structured, **place}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def write_batch(
    connection: sa.Connection, batch: Batch, loader: Loader, *, clock: Clock
) -> Outcome:
    """Write one batch: rows, dead letters, days and positions, in the caller's transaction.

    Raises:
        AnotherLander: if a position, of whichever place, is not where this lander left it. Who wrote last is
            thus never the one that stops: one of two always goes on.
    """
    now = clock()
    _lock(connection, batch)
    for topic, rows in batch.rows.items():
        loader.load(connection, RAW[topic], rows, landed_at=now)
    _keep_dead(connection, batch.dead, now)
    landed = 0
    for topic in batch.rows:
        by_day = _landed_by_day(connection, topic, batch)
        landed += sum(by_day.values())
        _raise_days(connection, topic, by_day, now)
    set_positions(connection, batch.ended, now)
    repeats = batch.record_count - len(batch.dead) - landed
    return Outcome(landed, repeats, len(batch.dead))


def set_positions(connection: sa.Connection, offsets: Mapping[Place, int], now: datetime) -> None:
    """Say where the next record of each place begins."""
    added = insert(landing_position)
    connection.execute(
        added.on_duplicate_key_update(
            next_offset=added.inserted.next_offset, changed_at=added.inserted.changed_at
        ),
        [
            {"topic": topic, "partition_no": partition, "next_offset": offset, "changed_at": now}
            for (topic, partition), offset in offsets.items()
        ],
    )


def _lock(connection: sa.Connection, batch: Batch) -> None:
    place = sa.tuple_(landing_position.c.topic, landing_position.c.partition_no)
    found = connection.execute(
        sa.select(landing_position)
        .where(place.in_(sorted(batch.began)))
        .order_by(landing_position.c.topic, landing_position.c.partition_no)
        .with_for_update()
    )
    positions = {(row.topic, row.partition_no): row.next_offset for row in found}
    for where, offset in batch.began.items():
        if positions.get(where) != offset:
            topic, partition = where
            raise AnotherLander(
                f"Partition {partition} of {topic} was landed up to {positions.get(where)} by somebody "
                f"else; this lander left it at {offset} and stops. One lander at a time is enough."
            )


def _landed_by_day(connection: sa.Connection, topic: str, batch: Batch) -> dict[date, int]:
    # The range is this transaction's alone, so what lies in it is what it landed: repeats are not there.
    raw = RAW[topic]
    ranges = [
        sa.and_(
            raw.c.partition_no == partition,
            raw.c.record_offset >= batch.began[name, partition],
            raw.c.record_offset < end,
        )
        for (name, partition), end in batch.ended.items()
        if name == topic
    ]
    counted = sa.select(raw.c.day, sa.func.count()).where(sa.or_(*ranges)).group_by(raw.c.day)
    return {row[0]: row[1] for row in connection.execute(counted)}


def _raise_days(
    connection: sa.Connection, topic: str, by_day: Mapping[date, int], now: datetime
) -> None:
    if not by_day:
        return
    added = insert(landed_day)
    connection.execute(
        added.on_duplicate_key_update(
            landed_rows=landed_day.c.landed_rows + added.inserted.landed_rows,
            changed_at=added.inserted.changed_at,
        ),
        [
            {"kind": topic, "day": day, "landed_rows": count, "changed_at": now}
            for day, count in sorted(by_day.items())
        ],
    )


def _keep_dead(connection: sa.Connection, dead: Sequence[DeadLetter], now: datetime) -> None:
    if not dead:
        return
    connection.execute(
        insert(landing_dead_letter).on_duplicate_key_update(topic=landing_dead_letter.c.topic),
        [
            {
                "topic": letter.topic,
                "partition_no": letter.partition_no,
                "record_offset": letter.record_offset,
                "reason": letter.reason[:300],
                "landed_at": now,
            }
            for letter in dead
        ],
    )


def _place(message: Message) -> tuple[str, int, int]:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise LandingStopped("Kafka gave a record without its place; look at the client's version.")
    return topic, partition, offset


def _dead(message: Message, error: Exception) -> DeadLetter:
    # An EventError's words quote no values; another error's might.
    reason = str(error) if isinstance(error, EventError) else f"unreadable ({type(error).__name__})"
    topic, partition, offset = _place(message)
    return DeadLetter(
        topic, partition, offset, reason, message.key(), message.value(), tuple(headers_of(message))
    )
