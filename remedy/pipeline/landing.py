"""Landing: Kafka to `raw_*` and HDFS, exactly once and nearly live (design decision 4).

`land` runs for a while and ends; Airflow starts it again. It reads with `assign()` from positions kept in
MySQL, so that rows and position are one transaction; files go to HDFS beside it, at their own pace, so that
HDFS being away delays the files and nothing else.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from confluent_kafka import KafkaError, Message, TopicPartition

from remedy.events.topics import TOPICS
from remedy.gateways.hdfs import DifferentContent, Files, FileStoreError
from remedy.gateways.kafka import Publisher
from remedy.gateways.mysql import in_transaction
from remedy.pipeline import dead_letters
from remedy.pipeline.landing_files import (
    FILE_BYTES,
    file_rows,
    newest_age,
    planned_ranges,
)
from remedy.pipeline.landing_files import positions as landed_positions
from remedy.pipeline.landing_load import Loader
from remedy.pipeline.landing_rows import (
    AnotherLander,
    LandingStopped,
    Outcome,
    Place,
    Zones,
    read_batch,
    set_positions,
    write_batch,
)
from remedy.values import Clock

log = logging.getLogger(__name__)

POLL_RECORDS = 5000
POLL_SECONDS = 0.2
ANSWER_SECONDS = 10
FILE_SECONDS = 60.0
LAST_FILES_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 10.0

Reached = Callable[[str], None]
"""Called at named points (`landed`, `planned`, `renamed`, `ready`), so that a test can end the process there."""


class StartGone(LandingStopped):
    """The record landing should go on with is no longer, or not yet, in Kafka."""


class FilingFailed(RuntimeError):
    """Rows were landed in MySQL, but the last try to file them in HDFS failed."""


@dataclass(frozen=True)
class Landed:
    """What one run of `land` did."""

    records: int
    rows: int
    repeats: int
    dead_letters: int
    files: int


def land(
    engine: sa.Engine,
    consumer: Any,
    files: Callable[[], Files],
    publisher: Publisher,
    *,
    seconds: float,
    stop: threading.Event,
    time_zone: str,
    clock: Clock,
    loader: Loader | None = None,
    file_seconds: float = FILE_SECONDS,
    reached: Reached = lambda _point: None,
) -> Landed:
    """Land what comes for `seconds`, or until `stop`; both end with every landed row in a file.

    `consumer` is a confluent_kafka consumer that is in no group and commits nothing; it is closed at the
    end. `files` connects to HDFS when there is something to file (HDFS may be away). `publisher` takes dead letters to their `-dlq` topics. `time_zone` is the installation's own, for
    events that happened at no pharmacy or hospital. Rows go to HDFS every `file_seconds`, 64 MB at once.

    Raises:
        LandingStopped: if going on would lose or repeat something; a person must look.
        FilingFailed: if HDFS was away at the end; nothing is lost, the next run files it.
    """
    deadline = time.monotonic() + seconds
    filing = _Filing(engine, files, file_seconds, deadline, clock, reached)
    total = _Total()
    chosen_loader = loader or Loader()
    try:
        dead_letters.tell_waiting(engine, consumer, publisher, clock=clock)
        positions = _begin(engine, consumer, clock=clock)
        filing.start()
        zones = Zones(engine, time_zone)
        while not stop.is_set() and time.monotonic() < deadline:
            filing.check()
            messages = _poll(consumer)
            if not messages:
                continue
            batch = read_batch(messages, positions, zones, clock=clock)
            write = partial(write_batch, batch=batch, loader=chosen_loader, clock=clock)
            outcome = in_transaction(engine, write)
            positions.update(batch.ended)
            reached("landed")
            total.add(outcome, batch.record_count)
            filing.note(batch.rows)
            dead_letters.tell(engine, publisher, batch.dead, clock=clock)
        filing.finish()
    finally:
        consumer.close()
        filing.abandon()
    filing.check()
    if filing.failure:
        raise FilingFailed(
            f"{total.rows} rows were landed in MySQL, but HDFS does not take them yet: {filing.failure}"
        )
    return Landed(total.records, total.rows, total.repeats, total.dead, filing.files_written)


def _begin(engine: sa.Engine, consumer: Any, *, clock: Clock) -> dict[Place, int]:
    """Assign every partition at its position; a new partition begins with its earliest record."""
    known = landed_positions(engine)
    positions = {}
    for place in _places(consumer):
        low, high = consumer.get_watermark_offsets(TopicPartition(*place), timeout=ANSWER_SECONDS)
        positions[place] = known.get(place, low)
        if not low <= positions[place] <= high:
            topic, partition = place
            raise StartGone(
                f"Landing of partition {partition} of {topic} should go on at offset "
                f"{positions[place]}, but Kafka holds {low} to {high}. Records were lost to retention, "
                "or the topic was made anew: see docs/runbooks/landing.md before anything is changed."
            )
    new = {place: offset for place, offset in positions.items() if place not in known}
    if new:
        in_transaction(engine, lambda connection: set_positions(connection, new, clock()))
    consumer.assign([TopicPartition(*place, offset) for place, offset in positions.items()])
    return positions


def _places(consumer: Any) -> list[Place]:
    there = consumer.list_topics(timeout=ANSWER_SECONDS).topics
    missing = [name for name in TOPICS if name not in there]
    if missing:
        raise LandingStopped(
            f"The topics {', '.join(missing)} are not in Kafka; `remedy prepare` makes them."
        )
    return [(name, partition) for name in TOPICS for partition in sorted(there[name].partitions)]


def _poll(consumer: Any) -> list[Message]:
    """What is there, at most 5,000 records, never waiting to fill."""
    first = consumer.poll(POLL_SECONDS)
    if first is None:
        return []
    found = [first, *consumer.consume(POLL_RECORDS - 1, timeout=0)]
    return [message for message in found if _is_record(message)]


def _is_record(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        raise StartGone(
            f"The next record of partition {message.partition()} of {message.topic()} has left Kafka: "
            "see docs/runbooks/landing.md before anything is changed."
        )
    if error.fatal() or error.code() in (
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    ):
        raise LandingStopped(f"Kafka refuses to be read: {error.str()}.")
    # The client says that it lost a broker, and finds it again by itself.
    return False


class _Total:
    def __init__(self) -> None:
        self.records = self.rows = self.repeats = self.dead = 0

    def add(self, outcome: Outcome, record_count: int) -> None:
        self.records += record_count
        self.rows += outcome.landed
        self.repeats += outcome.repeats
        self.dead += outcome.dead


class _Filing:
    """Writes files beside the landing: every minute, at 64 MB, and a last time at the end."""

    def __init__(
        self,
        engine: sa.Engine,
        files: Callable[[], Files],
        every: float,
        end: float,
        clock: Clock,
        reached: Reached,
    ) -> None:
        self._engine = engine
        self._connect = files
        self._files: Files | None = None
        self._every = every
        # Shortly before the end nothing is filed: the last time is near, and files stay few.
        self._quiet_from = end - every / 4
        self._end = end + every / 4
        self._clock = clock
        self._reached = reached
        self._wake = threading.Condition()
        self._unfiled: dict[Place, int] = {}
        self._is_last = False
        self._is_abandoned = False
        self._fatal: BaseException | None = None
        self._thread: threading.Thread | None = None
        self.failure = ""
        self.files_written = 0

    def start(self) -> None:
        # A daemon: an HDFS call that hangs must not keep the task's process alive.
        self._thread = threading.Thread(target=self._run, name="filing", daemon=True)
        self._thread.start()

    def note(self, rows: Mapping[str, Any]) -> None:
        """Rows were landed; a place that has 64 MB of them is filed at once."""
        with self._wake:
            for topic, landed in rows.items():
                for row in landed:
                    place = (topic, row.partition_no)
                    self._unfiled[place] = self._unfiled.get(place, 0) + len(row.event)
            if any(size >= FILE_BYTES for size in self._unfiled.values()):
                self._wake.notify()

    def check(self) -> None:
        """Raise what filing cannot go on from."""
        if self._fatal is not None:
            raise self._fatal

    def finish(self) -> None:
        """File what is left, for a minute at most."""
        if self._thread is None:
            return
        with self._wake:
            self._is_last = True
            self._wake.notify()
        self._thread.join(LAST_FILES_SECONDS)
        if self._thread.is_alive():
            self.failure = f"the last files were not written within {LAST_FILES_SECONDS:.0f} s"

    def abandon(self) -> None:
        """End without filing: after an error the next landing, or the other lander, does it."""
        with self._wake:
            self._is_abandoned = True
            self._wake.notify()

    def _run(self) -> None:
        due = self._first_due()
        failures = 0
        while True:
            places, is_last = self._await(due)
            if self._is_abandoned:
                return
            try:
                self._files = self._files or self._connect()
                self.files_written += file_rows(
                    self._engine,
                    self._files,
                    clock=self._clock,
                    places=places,
                    reached=self._reached,
                )
            except DifferentContent as error:
                self._fatal = error
                return
            # Who of two landers must stop is decided by the position, not here: one has to go on.
            except (FileStoreError, AnotherLander, sa.exc.DBAPIError) as error:
                failures += 1
                is_ours = not isinstance(error, sa.exc.DBAPIError)
                self.failure = str(error) if is_ours else "the database went away"
                log.warning("Files wait: %s", self.failure)
                due = time.monotonic() + min(LONGEST_WAIT_SECONDS, 0.5 * 2**failures)
            except Exception as error:
                self._fatal = error
                return
            else:
                failures = 0
                self.failure = ""
                if places is None:
                    due = time.monotonic() + self._every
            if is_last:
                return

    def _first_due(self) -> float:
        # A range somebody before us left planned is finished now; else the rhythm goes on across runs.
        try:
            age = None if planned_ranges(self._engine) else newest_age(self._engine, self._clock)
        except sa.exc.DBAPIError:
            age = None
        return time.monotonic() + (0 if age is None else max(0.0, self._every - age))

    def _await(self, due: float) -> tuple[set[Place] | None, bool]:
        """Wait until a file is due; which places (None: all), and whether it is the last time."""
        with self._wake:
            while True:
                now = time.monotonic()
                if self._quiet_from < due < self._end:
                    due = self._end
                if self._is_last or self._is_abandoned or now >= due:
                    self._unfiled.clear()
                    return None, self._is_last
                full = {place for place, size in self._unfiled.items() if size >= FILE_BYTES}
                if full:
                    for place in full:
                        del self._unfiled[place]
                    return full, False
                self._wake.wait(due - now)
