"""Records that could not be read: kept in `landing_dead_letter`, told on `<topic>-dlq`, told again by hand.

The row comes first, in the landing's transaction; telling follows and is repeated until it succeeded.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from confluent_kafka import TopicPartition

from remedy.events.topics import TOPICS
from remedy.gateways.kafka import Publisher, Record, headers_of
from remedy.pipeline.landing_rows import DeadLetter
from remedy.schema.pipeline import landing_dead_letter
from remedy.values import Clock

log = logging.getLogger(__name__)

FETCH_SECONDS = 10
AT_ONCE = 500


def tell(
    engine: sa.Engine, publisher: Publisher, letters: Sequence[DeadLetter], *, clock: Clock
) -> int:
    """Send dead letters to their `-dlq` topics and note which arrived; return how many did."""
    if not letters:
        return 0
    failed = {
        failure.position
        for failure in publisher.send([_record(letter) for letter in letters], seconds=10)
    }
    if failed:
        log.warning(
            "%s dead letters did not reach their -dlq topic; the next landing tries again.",
            len(failed),
        )
    told = [letter for i, letter in enumerate(letters) if i not in failed]
    if told:
        place = sa.tuple_(
            landing_dead_letter.c.topic,
            landing_dead_letter.c.partition_no,
            landing_dead_letter.c.record_offset,
        )
        with engine.begin() as connection:
            connection.execute(
                sa.update(landing_dead_letter)
                .where(place.in_([(x.topic, x.partition_no, x.record_offset) for x in told]))
                .values(told_at=clock())
            )
    return len(told)


def tell_waiting(engine: sa.Engine, consumer: Any, publisher: Publisher, *, clock: Clock) -> int:
    """Tell what an earlier landing could not; leaves the consumer without an assignment."""
    wanted = (
        sa.select(landing_dead_letter)
        .where(landing_dead_letter.c.told_at.is_(None))
        .order_by(landing_dead_letter.c.id)
        .limit(AT_ONCE)
    )
    with engine.connect() as connection:
        waiting = connection.execute(wanted).all()
    letters = [fetch(consumer, row) for row in waiting]
    if letters:
        consumer.unassign()
    return tell(engine, publisher, letters, clock=clock)


def fetch(consumer: Any, row: Any) -> DeadLetter:
    """A dead letter with its bytes, read from its place; without them if Kafka has let go of it."""
    found = None
    consumer.assign([TopicPartition(row.topic, row.partition_no, row.record_offset)])
    message = consumer.poll(FETCH_SECONDS)
    if message is not None and message.error() is None and message.offset() == row.record_offset:
        found = message
    return DeadLetter(
        topic=row.topic,
        partition_no=row.partition_no,
        record_offset=row.record_offset,
        reason=row.reason,
        key=found.key() if found else None,
        value=found.value() if found else None,
        headers=tuple(headers_of(found)) if found else (),
    )


def _record(letter: DeadLetter) -> Record:
    about = {
        "remedy_reason": letter.reason,
        "remedy_topic": letter.topic,
        "remedy_partition": str(letter.partition_no),
        "remedy_offset": str(letter.record_offset),
    }
    headers = [*letter.headers, *((name, text.encode()) for name, text in about.items())]
    return Record(TOPICS[letter.topic].dead_letters, letter.key, letter.value, headers)


@dataclass(frozen=True)
class Replayed:
    """How many dead letters were wanted, how many were told again, and how many Kafka no longer holds."""

    wanted: int
    told: int
    gone: int


def replay(
    engine: sa.Engine,
    consumer: Any,
    publisher: Publisher,
    *,
    topic: str,
    reason: str,
    is_dry: bool,
    clock: Clock,
) -> Replayed:
    """Put dead letters on their own topic again, as they were; landing reads them anew.

    `reason` must occur in theirs; each is replayed once. With `is_dry` they are only counted.
    """
    wanted = (
        sa.select(landing_dead_letter)
        .where(
            landing_dead_letter.c.topic == topic,
            landing_dead_letter.c.replayed_at.is_(None),
            landing_dead_letter.c.reason.contains(reason, autoescape=True),
        )
        .order_by(landing_dead_letter.c.id)
    )
    with engine.connect() as connection:
        rows = connection.execute(wanted).all()
    told = gone = 0
    for row in rows if not is_dry else ():
        letter = fetch(consumer, row)
        if letter.value is None:
            gone += 1
            continue
        again = Record(letter.topic, letter.key, letter.value, letter.headers)
        if publisher.send([again], seconds=10):
            break
        with engine.begin() as connection:
            connection.execute(
                sa.update(landing_dead_letter)
                .where(landing_dead_letter.c.id == row.id)
                .values(replayed_at=clock())
            )
        told += 1
    return Replayed(len(rows), told, gone)
