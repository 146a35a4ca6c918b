"""The relay: tells Kafka what the outbox holds, in order, and remembers what was told (design decision 2).

One relay works: it holds a named database lock on the connection it marks with; a second waits. It asks for
rows not yet published, never for rows "after the last id": ids are not commit order. A relay that was killed
after telling and before marking tells again; the event id lets every reader drop the repeat.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.events.base import Envelope
from remedy.gateways.kafka import Failure, Publisher, Record
from remedy.gateways.mysql import alone
from remedy.schema.people import outbox
from remedy.values import Clock

log = logging.getLogger(__name__)

LOCK = "remedy.relay"
POLL_SECONDS = 0.025
BATCH = 1000
# Shorter than the client's own message.timeout.ms: it never gives up one message between two others.
DELIVERY_SECONDS = 15
LONGEST_WAIT_SECONDS = 10.0
KEPT_DAYS = 7
PURGE_EVERY_SECONDS = 60
PURGE_ROWS = 2000

Reached = Callable[[str], None]
"""Called at named points (`published`: told, not yet marked), so that a test can end the process there."""


def run(
    engine: sa.Engine,
    brokers: str,
    *,
    stop: threading.Event,
    clock: Clock,
    publisher: Publisher | None = None,
    reached: Reached = lambda _point: None,
) -> None:
    """Tell until `stop` is set. The database or Kafka going away is waited for, never the end."""
    teller = publisher or Publisher(brokers)
    wait = _Wait(stop)
    try:
        while not stop.is_set():
            try:
                with alone(engine, LOCK, stop) as connection:
                    if connection is not None:
                        wait.over("The database is there; the relay works.")
                        _work(connection, teller, stop=stop, clock=clock, reached=reached)
            except sa.exc.DBAPIError as error:
                wait.longer(f"The relay lost its database ({type(error.orig).__name__}).")
    finally:
        teller.close()


def _work(
    connection: sa.Connection,
    teller: Publisher,
    *,
    stop: threading.Event,
    clock: Clock,
    reached: Reached,
) -> None:
    held = _Held()
    purge_at = 0.0
    while not stop.is_set():
        told = tell(connection, teller, skip=held.topics(), clock=clock, reached=reached)
        held.note(told)
        if time.monotonic() >= purge_at:
            purge(connection, clock=clock)
            purge_at = time.monotonic() + PURGE_EVERY_SECONDS
        if told.marked < BATCH:
            stop.wait(POLL_SECONDS)


@dataclass(frozen=True)
class Told:
    """One batch: how many rows were told and marked, the topics that took all, and those that did not."""

    marked: int
    took: frozenset[str]
    failed: dict[str, str]


def tell(
    connection: sa.Connection,
    teller: Publisher,
    *,
    clock: Clock,
    skip: Sequence[str] = (),
    reached: Reached = lambda _point: None,
) -> Told:
    """Tell one batch of unpublished rows and mark those delivered.

    `connection` commits by itself (AUTOCOMMIT) and holds the lock. Topics in `skip` are left for later.
    After a failed delivery the key's later rows stay unpublished even if they were delivered, so that they
    are told again behind it.
    """
    rows = _unpublished(connection, skip)
    if not rows:
        return Told(0, frozenset(), {})
    failures = teller.send([_record(row) for row in rows], seconds=DELIVERY_SECONDS)
    reached("published")
    failed = {rows[failure.position].aggregatetype: failure.reason for failure in failures}
    delivered = delivered_rows(rows, failures)
    if delivered:
        connection.execute(
            sa.update(outbox).where(outbox.c.id.in_(delivered)).values(published_at=clock())
        )
    took = frozenset(row.aggregatetype for row in rows) - failed.keys()
    return Told(len(delivered), took, failed)


def purge(connection: sa.Connection, *, clock: Clock) -> int:
    """Remove a portion of what was told more than seven days ago; return how many rows."""
    result = connection.execute(
        sa.delete(outbox)
        .where(outbox.c.published_at < clock() - timedelta(days=KEPT_DAYS))
        .with_dialect_options(mysql_limit=PURGE_ROWS)
    )
    return int(result.rowcount)


def _unpublished(connection: sa.Connection, skip: Sequence[str]) -> Sequence[Any]:
    wanted = (
        sa.select(outbox).where(outbox.c.published_at.is_(None)).order_by(outbox.c.id).limit(BATCH)
    )
    if skip:
        wanted = wanted.where(outbox.c.aggregatetype.not_in(skip))
    return connection.execute(wanted).all()


def _record(row: Any) -> Record:
    # The payload is told as it was kept, byte for byte; the envelope only makes the headers.
    envelope = Envelope(
        event_id=row.event_id,
        type=row.type,
        time=row.occurred_at,
        key=row.aggregateid,
        body={},
        source=row.source,
    )
    key = None if row.aggregateid is None else row.aggregateid.encode()
    return Record(row.aggregatetype, key, row.payload.encode(), envelope.headers())


def delivered_rows(rows: Sequence[Any], failures: Sequence[Failure]) -> list[int]:
    """The ids of rows that may be marked: delivered, and with no failure before them in their key."""
    failed = {failure.position for failure in failures}
    behind: set[tuple[str, str | UUID]] = set()
    delivered = []
    for position, row in enumerate(rows):
        # Without a key there is no order to keep: the event stands for itself.
        place = (row.aggregatetype, row.aggregateid or row.event_id)
        if position in failed:
            behind.add(place)
        elif place not in behind:
            delivered.append(row.id)
    return delivered


class _Wait:
    """Waits longer at each failure in a row, and says so once per row of failures."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._failures = 0

    def longer(self, sentence: str) -> None:
        seconds = min(LONGEST_WAIT_SECONDS, 0.25 * 2**self._failures)
        if self._failures == 0:
            log.warning("%s It tries again until it is back.", sentence)
        self._failures += 1
        self._stop.wait(seconds)

    def over(self, sentence: str) -> None:
        if self._failures:
            log.warning("%s", sentence)
        self._failures = 0


class _Held:
    """Topics whose last delivery failed, and until when they are left alone; the others go on."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def note(self, told: Told) -> None:
        for topic, reason in told.failed.items():
            failures = self._failures[topic] = self._failures.get(topic, 0) + 1
            seconds = min(LONGEST_WAIT_SECONDS, 0.25 * 2 ** (failures - 1))
            self._until[topic] = time.monotonic() + seconds
            if failures == 1:
                log.warning(
                    "Kafka does not take %s (%s); its rows wait in the outbox.", topic, reason
                )
        for topic in told.took & self._failures.keys():
            del self._failures[topic]
            log.warning("Kafka takes %s again.", topic)

    def topics(self) -> list[str]:
        now = time.monotonic()
        return [topic for topic, until in self._until.items() if until > now]
