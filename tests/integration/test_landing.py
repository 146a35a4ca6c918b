"""Landing on real servers: once in MySQL, once in HDFS, whoever is killed and whatever comes."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from confluent_kafka import TopicPartition

from remedy.events.base import Envelope
from remedy.gateways.hdfs import FileStoreError
from remedy.gateways.kafka import Record
from remedy.pipeline import compaction, dead_letters, landing_files
from remedy.pipeline.landing import FilingFailed, StartGone
from remedy.pipeline.landing_load import Loader
from remedy.pipeline.landing_rows import AnotherLander, Batch, Place, set_positions, write_batch
from remedy.schema.pipeline import (
    RAW,
    landed_day,
    landing_dead_letter,
    landing_file,
    landing_file_day,
    landing_position,
)
from remedy.values import utc_now
from tests.integration import killed
from tests.integration.streams import TOPIC, Streams, await_that, sale, streams_of


@pytest.fixture
def streams(stack: Any, database_url: str) -> Iterator[Streams]:
    yield from streams_of(stack, database_url)


class Arriving:
    """Events that keep arriving from four pharmacies, each tenth told twice as by a restarted relay."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._pharmacies = [uuid4() for _ in range(4)]
        self.sent: list[Envelope] = []
        self.repeated: list[UUID] = []

    def __enter__(self) -> "Arriving":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            some = [sale(pharmacy) for pharmacy in self._pharmacies]
            assert self._streams.publisher.publish(some) == []
            self.sent += some
            if len(self.sent) % 40 == 0:
                assert self._streams.publisher.publish(some[:1]) == []
                self.repeated.append(some[0].event_id)

    @property
    def ids(self) -> list[UUID]:
        return [envelope.event_id for envelope in self.sent]


def ids_in(lines: list[str], wanted: list[UUID]) -> dict[UUID, int]:
    counts = dict.fromkeys(wanted, 0)
    for line in lines:
        event_id = UUID(line.split('"id":"', 1)[1][:36])
        if event_id in counts:
            counts[event_id] += 1
    return counts


def once(ids: list[UUID]) -> dict[UUID, int]:
    return dict.fromkeys(ids, 1)


def must_chain(streams: Streams) -> None:
    """Every partition's ranges follow one another without a gap, and say how many lines they hold."""
    file = landing_file.c
    with streams.engine.connect() as connection:
        rows = connection.execute(
            sa.select(landing_file).order_by(file.topic, file.partition_no, file.first_offset)
        ).all()
        days = dict(
            connection.execute(
                sa.select(landing_file_day.c.file_id, sa.func.sum(landing_file_day.c.row_count))
                .group_by(landing_file_day.c.file_id)
            ).all()
        )  # fmt: skip
    assert rows
    for before, after in pairwise(rows):
        if (before.topic, before.partition_no) == (after.topic, after.partition_no):
            assert before.next_offset == after.first_offset
    for row in rows:
        assert row.state == "ready"
        assert int(days.get(row.id, 0)) == row.row_count == len(streams.lines([row.path]))


def days_must_add_up(streams: Streams) -> None:
    raw = RAW[TOPIC]
    with streams.engine.connect() as connection:
        counted = connection.execute(
            sa.select(raw.c.day, sa.func.count()).group_by(raw.c.day)
        ).all()
        kept = connection.execute(
            sa.select(landed_day.c.day, landed_day.c.landed_rows).where(landed_day.c.kind == TOPIC)
        ).all()
    assert counted
    assert sorted(counted) == sorted(kept)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(("landed", "planned", "renamed"), id="short"),
        pytest.param(("renamed",) * 20, id="long", marks=pytest.mark.long),
    ],
)
def test_each_event_is_landed_once_though_the_lander_is_killed_while_they_arrive(
    streams: Streams, points: tuple[str, ...]
) -> None:
    needs = {
        "database_url": streams.database_url,
        "brokers": streams.brokers,
        "hdfs_url": streams.hdfs_url,
        "root": streams.root,
    }
    with Arriving(streams) as arriving:
        for kill, point in enumerate(points):
            killed.run("landing", point, 1 + kill % 3, needs)
        await_that(lambda: bool(arriving.repeated))
    streams.land_all()
    assert streams.counted(arriving.ids) == once(arriving.ids)
    assert ids_in(streams.lines(streams.paths()), arriving.ids) == once(arriving.ids)
    must_chain(streams)
    days_must_add_up(streams)

    # The controls: without the event id check the repeats are doubled …
    on_topic = ids_in(records_of(streams, arriving), arriving.ids)
    assert {event_id for event_id, count in on_topic.items() if count > 1} >= set(arriving.repeated)
    # … and who lists the folder instead of asking landing_file reads a compacted day twice.
    tomorrow = utc_now() + timedelta(days=1)
    with streams.engine.begin() as connection:
        connection.execute(sa.update(landing_file).values(checked_at=tomorrow))
    joined = compaction.compact(streams.engine, streams.files(), clock=lambda: tomorrow)
    assert joined.files_joined > joined.days > 0
    assert ids_in(streams.lines(streams.paths()), arriving.ids) == once(arriving.ids)
    careless = ids_in(streams.lines(streams.listed()), arriving.ids)
    assert max(careless.values()) > 1


def records_of(streams: Streams, arriving: Arriving) -> list[str]:
    """What a reader of the topic sees, one text per record."""
    consumer = streams.consumer()
    ends = {place: end for place, end in streams.ends().items() if place[0] == TOPIC}
    consumer.assign([TopicPartition(*place, 0) for place in ends])
    texts = []
    while not all(
        position.offset >= ends[position.topic, position.partition] or ends[position.topic, position.partition] == 0
        for position in consumer.position([TopicPartition(*place) for place in ends])
    ):  # fmt: skip
        for message in consumer.consume(1000, timeout=0.5):
            found = dict(message.headers() or [])
            texts.append('"id":"' + found.get("ce_id", b"0" * 36).decode().ljust(36, "0"))
    consumer.close()
    return [text for text in texts if text.count("-") == 4]


def test_a_second_lander_beside_the_first_stops_and_nothing_is_doubled(streams: Streams) -> None:
    stop = threading.Event()
    ended: list[str] = []

    def land() -> None:
        try:
            streams.land(60, stop=stop)
        except AnotherLander:
            ended.append("stopped")
        else:
            ended.append("went on")

    with Arriving(streams) as arriving:
        landers = [threading.Thread(target=land) for _ in range(2)]
        for lander in landers:
            lander.start()
        await_that(lambda: ended == ["stopped"] or not any(x.is_alive() for x in landers))
        stop.set()
        for lander in landers:
            lander.join()
    assert sorted(ended) == ["stopped", "went on"]
    streams.land_all()
    assert streams.counted(arriving.ids) == once(arriving.ids)
    assert ids_in(streams.lines(streams.paths()), arriving.ids) == once(arriving.ids)
    must_chain(streams)


def test_of_two_landers_with_batches_of_different_partitions_one_goes_on(streams: Streams) -> None:
    first, second = (TOPIC, 0), (TOPIC, 1)
    start = {**landing_files.positions(streams.engine), first: 0, second: 0}
    with streams.engine.begin() as connection:
        set_positions(connection, start, utc_now())

    def write(began: dict[Place, int], place: Place) -> dict[Place, int]:
        ended = {place: began[place] + 1}
        batch = Batch({}, [], began, ended, 1)
        with streams.engine.begin() as connection:
            write_batch(connection, batch, Loader(), clock=utc_now)
        return {**began, **ended}

    after_one = write(start, first)
    with pytest.raises(AnotherLander):
        write(start, second)
    assert write(after_one, second)[second] == 1


def test_a_poison_message_is_a_dead_letter_and_stops_nothing(streams: Streams) -> None:
    good, late = sale(uuid4()), sale(uuid4())
    poison = [
        Record(TOPIC, b"k", b"{", good.headers()),
        Record(TOPIC, b"k", None, ()),
        Record(
            TOPIC, None, sale(uuid4(), at=utc_now() + timedelta(days=2)).value(), late.headers()
        ),
    ]
    assert streams.publisher.send([*poison, Record.of(good)]) == []
    streams.land_all()
    assert streams.counted([good.event_id]) == once([good.event_id])
    with streams.engine.connect() as connection:
        letters = connection.execute(sa.select(landing_dead_letter)).all()
    assert sorted(letter.reason for letter in letters) == [
        "The body is not JSON.",
        "The record has no body.",
        "The time in the body is more than 24 hours in the future.",
    ]
    assert all(letter.told_at is not None for letter in letters)
    told = dead_letters_on_topic(streams)
    wanted = {(letter.partition_no, letter.record_offset): letter.reason for letter in letters}
    assert {place: told.get(place) for place in wanted} == wanted


def test_a_dead_letter_is_put_on_its_topic_again_once(streams: Streams) -> None:
    event = sale(uuid4())
    assert streams.publisher.publish([event]) == []
    # The reader is wrong: its clock is two days behind.
    streams.land_all(clock=lambda: utc_now() - timedelta(days=2))
    assert streams.counted([event.event_id]) == {event.event_id: 0}
    assert replay(streams, is_dry=True) == dead_letters.Replayed(wanted=1, told=0, gone=0)
    assert replay(streams, is_dry=False) == dead_letters.Replayed(wanted=1, told=1, gone=0)
    assert replay(streams, is_dry=False) == dead_letters.Replayed(wanted=0, told=0, gone=0)
    streams.land_all()
    assert streams.counted([event.event_id]) == once([event.event_id])


def replay(streams: Streams, *, is_dry: bool) -> dead_letters.Replayed:
    consumer = streams.consumer()
    try:
        return dead_letters.replay(
            streams.engine,
            consumer,
            streams.publisher,
            topic=TOPIC,
            reason="in the future",
            is_dry=is_dry,
            clock=utc_now,
        )
    finally:
        consumer.close()


def dead_letters_on_topic(streams: Streams) -> dict[tuple[int, int], str]:
    consumer = streams.consumer()
    place = TopicPartition(f"{TOPIC}-dlq", 0, 0)
    _, end = consumer.get_watermark_offsets(place, timeout=10)
    consumer.assign([place])
    found = {}
    seen = 0
    while seen < end:
        for message in consumer.consume(100, timeout=1):
            seen = (message.offset() or 0) + 1
            said = {name: text.decode() for name, text in message.headers() or []}
            where = (int(said["remedy_partition"]), int(said["remedy_offset"]))
            found[where] = said["remedy_reason"]
    consumer.close()
    return found


def test_loading_a_file_and_inserting_rows_land_the_same(streams: Streams) -> None:
    events = [sale(uuid4()) for _ in range(40)]
    landed = []
    for loader in (Loader(large=1), Loader(large=10**9)):
        streams.begin_at_the_end()
        assert streams.publisher.publish(events) == []
        streams.land_all(loader=loader)
        assert loader.may_load
        landed.append(contents(streams, events))
        with streams.engine.begin() as connection:
            connection.execute(sa.delete(RAW[TOPIC]))
            for table in (landing_file_day, landing_file, landed_day):
                connection.execute(sa.delete(table))
    assert len(landed[0]) == len(events)
    assert landed[0] == landed[1]


def contents(streams: Streams, events: list[Envelope]) -> list[Any]:
    raw = RAW[TOPIC]
    ids = [event.event_id for event in events]
    wanted = (
        sa.select(raw.c.event_id, raw.c.type, raw.c.partition_no, raw.c.event_at, raw.c.day, raw.c.event)
        .where(raw.c.event_id.in_(ids))
        .order_by(raw.c.event_id)
    )  # fmt: skip
    with streams.engine.connect() as connection:
        return [(*row[:5], row[5].rsplit(',"offset"', 1)[0]) for row in connection.execute(wanted)]


def test_rows_are_landed_while_hdfs_is_away_and_filed_when_it_is_back(streams: Streams) -> None:
    event = sale(uuid4())
    assert streams.publisher.publish([event]) == []

    def away() -> Any:
        raise FileStoreError("No HDFS NameNode answers.")

    with pytest.raises(FilingFailed, match="No HDFS NameNode answers"):
        streams.land_all(files=away)
    assert streams.counted([event.event_id]) == once([event.event_id])
    assert streams.paths() == []
    streams.land_all()
    assert ids_in(streams.lines(streams.paths()), [event.event_id]) == once([event.event_id])


def test_a_file_is_full_at_its_limit_and_the_next_goes_on_there(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    pharmacy = uuid4()
    events = [sale(pharmacy) for _ in range(30)]
    assert streams.publisher.publish(events) == []
    monkeypatch.setattr(landing_files, "FILE_BYTES", 10 * len(events[0].value()))
    streams.land_all()
    ids = [event.event_id for event in events]
    assert len(streams.paths()) >= 3
    assert ids_in(streams.lines(streams.paths()), ids) == once(ids)
    must_chain(streams)


def test_landing_stops_loudly_when_its_next_record_is_not_in_kafka(streams: Streams) -> None:
    ends = streams.ends()
    beyond = {(TOPIC, 0): ends[TOPIC, 0] + 1000}
    with streams.engine.begin() as connection:
        set_positions(connection, beyond, utc_now())
    with pytest.raises(StartGone, match="should go on at offset"):
        streams.land(60)


def test_a_new_partition_begins_with_its_earliest_record(streams: Streams) -> None:
    topic = "reports"
    assert streams.publisher.send([Record(topic, None, b"{", ())]) == []
    consumer = streams.consumer()
    earliest, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    consumer.close()
    with streams.engine.begin() as connection:
        connection.execute(sa.delete(landing_position).where(landing_position.c.topic == topic))
    streams.land_all()
    letters = sa.select(landing_dead_letter.c.record_offset).where(
        landing_dead_letter.c.topic == topic
    )
    with streams.engine.connect() as connection:
        assert list(connection.execute(letters).scalars()) == list(range(earliest, end))


def test_an_event_counts_on_the_day_of_its_pharmacy(streams: Streams) -> None:
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    event = sale(uuid4(), at=late)
    with streams.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO pharmacy (public_id, name, address, district, licence, latitude, longitude,"
                " time_zone, pharmacy_seq) VALUES (:id, 'Corner', 'Street 1', 'Old Town', 'L1', 0, 0,"
                " 'Asia/Kolkata', 0)"
            ),
            {"id": UUID(str(event.key)).bytes},
        )
    assert streams.publisher.publish([event]) == []
    streams.land_all()
    raw = RAW[TOPIC]
    with streams.engine.connect() as connection:
        day = connection.execute(
            sa.select(raw.c.day).where(raw.c.event_id == event.event_id)
        ).scalar_one()
    assert str(day) == "2026-02-01"
