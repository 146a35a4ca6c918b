"""A landing of its own for a test: the stack's Kafka and HDFS, another database, another root folder.

The topics are shared with whoever publishes on the stack, so a test asserts about its own event ids only; its
landing begins at the ends of the topics as they are when the test begins.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import mysql.connector
import sqlalchemy as sa
from confluent_kafka import Consumer, TopicPartition

from remedy.events.base import Envelope
from remedy.events.pharmacy import LotChange, StockSold
from remedy.gateways.hdfs import Files, connect
from remedy.gateways.kafka import Publisher
from remedy.gateways.mysql import engine_for
from remedy.pipeline import landing
from remedy.pipeline.landing_files import READY
from remedy.pipeline.landing_rows import set_positions
from remedy.schema.base import metadata
from remedy.schema.pipeline import RAW, landing_file, landing_position
from remedy.values import utc_now, uuid7

TOPIC = "stock-movements"
PATIENCE_S = 120


class Streams:
    """Where a test's events go, and what it asks afterwards."""

    def __init__(self, database_url: str, brokers: str, hdfs_url: str, root: str) -> None:
        self.database_url, self.brokers, self.hdfs_url, self.root = (
            database_url,
            brokers,
            hdfs_url,
            root,
        )
        self.engine = pipeline_engine(database_url)
        self.publisher = Publisher(brokers)

    def files(self) -> Files:
        return connect(self.hdfs_url, "remedy", self.root)

    def consumer(self) -> Consumer:
        """As KafkaConsumerHook makes it from `Settings.airflow_connections()`."""
        return Consumer(
            {
                "bootstrap.servers": self.brokers,
                "group.id": "remedy-landing-test",
                "enable.auto.commit": "false",
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
            }
        )

    def forget(self) -> None:
        """Leave nothing of an earlier test of the module."""
        with self.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name.startswith(("raw_", "landing_", "landed_", "quarantine", "quality_")):
                    connection.execute(sa.delete(table))

    def begin_at_the_end(self) -> None:
        """Leave out what is on the topics already."""
        ends = self.ends()
        with self.engine.begin() as connection:
            set_positions(connection, ends, utc_now())

    def ends(self) -> dict[tuple[str, int], int]:
        consumer = self.consumer()
        try:
            return {
                (name, partition): consumer.get_watermark_offsets(
                    TopicPartition(name, partition), timeout=10
                )[1]
                for name in RAW
                for partition in consumer.list_topics(name, timeout=10).topics[name].partitions
            }
        finally:
            consumer.close()

    def land(self, seconds: float, **options: Any) -> landing.Landed:
        """One landing in this process."""
        return landing.land(
            self.engine,
            self.consumer(),
            options.pop("files", self.files),
            self.publisher,
            seconds=seconds,
            stop=options.pop("stop", threading.Event()),
            time_zone="Europe/Rome",
            clock=options.pop("clock", utc_now),
            **options,
        )

    def land_all(self, **options: Any) -> None:
        """Land until everything that is on the topics now is in MySQL and HDFS; options are those of `land`."""
        ends = self.ends()
        stop = threading.Event()
        watcher = threading.Thread(target=self._stop_at, args=(ends, stop))
        watcher.start()
        try:
            self.land(PATIENCE_S, stop=stop, **options)
        finally:
            watcher.join()
        assert self._is_at(ends), "landing did not reach the ends of the topics"

    def counted(self, ids: list[UUID]) -> dict[UUID, int]:
        """How often each event is in its raw table."""
        raw = RAW[TOPIC]
        wanted = (
            sa.select(raw.c.event_id, sa.func.count())
            .where(raw.c.event_id.in_(ids))
            .group_by(raw.c.event_id)
        )
        with self.engine.connect() as connection:
            found = {row[0]: row[1] for row in connection.execute(wanted)}
        return {event_id: found.get(event_id, 0) for event_id in ids}

    def paths(self) -> list[str]:
        """The files as a job reads them: names from `landing_file`."""
        wanted = (
            sa.select(landing_file.c.path)
            .where(landing_file.c.state == READY, landing_file.c.topic == TOPIC)
            .order_by(landing_file.c.partition_no, landing_file.c.first_offset)
        )
        with self.engine.connect() as connection:
            return list(connection.execute(wanted).scalars())

    def listed(self) -> list[str]:
        """The files as a careless reader finds them: by listing the folders."""
        files = self.files()
        folder = f"landing/{TOPIC}"
        return [
            f"{folder}/{day}/{name}" for day in files.list(folder) for name in files.list(f"{folder}/{day}")
        ]  # fmt: skip

    def lines(self, paths: list[str]) -> list[str]:
        files = self.files()
        return [line for path in paths for line in files.open_lines(path)]

    def close(self) -> None:
        self.publisher.close()
        self.engine.dispose()
        self.files().delete(self.root, recursive=True)

    def _stop_at(self, ends: dict[tuple[str, int], int], stop: threading.Event) -> None:
        await_that(lambda: self._is_at(ends))
        stop.set()

    def _is_at(self, ends: dict[tuple[str, int], int]) -> bool:
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(landing_position)).all()
        there = {(row.topic, row.partition_no): row.next_offset for row in rows}
        return all(there.get(place, -1) >= end for place, end in ends.items())


def pipeline_engine(database_url: str) -> sa.Engine:
    """Connections as MySqlHook makes them: mysql-connector-python, LOAD DATA LOCAL allowed."""
    url = sa.make_url(database_url)
    creator = partial(
        mysql.connector.connect,
        user=url.username,
        password=url.password or "",
        host=url.host,
        port=url.port or 3306,
        database=url.database,
        allow_local_infile=True,
    )
    return engine_for("mysql+mysqlconnector://", pool_size=4, creator=creator)


def streams_of(stack: Any, database_url: str) -> Iterator[Streams]:
    settings = stack.settings("pipeline")
    streams = Streams(
        database_url, settings.kafka_brokers, settings.hdfs_url, f"/remedy-test-{uuid4().hex[:8]}"
    )
    try:
        streams.forget()
        streams.begin_at_the_end()
        yield streams
    finally:
        streams.close()


def sale(
    pharmacy_id: UUID, *, medicine_id: UUID | None = None, at: datetime | None = None
) -> Envelope:
    now = at or utc_now()
    happened = StockSold(
        movement_id=uuid4(),
        pharmacy_id=pharmacy_id,
        pharmacy_seq=1,
        stock_item_id=uuid4(),
        medicine_id=medicine_id or uuid4(),
        quantity_milli=1000,
        uncovered_milli=0,
        balance_milli=5000,
        lots=(LotChange(uuid4(), -1000, 'B"\\7\t', "2027-01-01"),),
        occurred_at=now,
        recorded_at=now,
        line_id="Bön 7 🧾",
    )
    return Envelope.of(happened, event_id=uuid7(), time=now, key=str(pharmacy_id))


def await_that(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.05)
