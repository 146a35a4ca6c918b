"""The relay on a real database and a real Kafka: everything told, in order, by one relay at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from remedy.events.pharmacy import StockRefused
from remedy.gateways.kafka import Failure, Publisher, Record, Tail
from remedy.gateways.mysql import engine_for
from remedy.outbox import record
from remedy.pipeline import relay
from remedy.schema.people import outbox
from remedy.values import utc_now, uuid7
from tests.integration import killed
from tests.integration.streams import TOPIC, Streams, await_that, streams_of


@pytest.fixture
def streams(stack: Any, database_url: str) -> Iterator[Streams]:
    yield from streams_of(stack, database_url)


@pytest.fixture
def portal(database_url: str) -> Iterator[sa.Engine]:
    engine = engine_for(database_url)
    with engine.begin() as connection:
        connection.execute(sa.delete(outbox))
    yield engine
    engine.dispose()


@pytest.fixture
def ear(streams: Streams) -> Iterator[Tail]:
    listening = Tail(streams.brokers, [TOPIC])
    await_that(lambda: listening.read(0.1) == [] and listening.is_assigned)
    yield listening
    listening.close()


def happen(portal: sa.Engine, pharmacy_id: UUID, count: int = 1) -> list[UUID]:
    """So many refusals at one pharmacy, each in a transaction of its own."""
    ids = []
    for _ in range(count):
        now = utc_now()
        event_id = uuid7()
        with portal.begin() as connection:
            record(
                connection,
                StockRefused(pharmacy_id, uuid4(), uuid4(), 1000, now),
                event_id=event_id,
                key=str(pharmacy_id),
                occurred_at=now,
                recorded_at=now,
            )
        ids.append(event_id)
    return ids


def waiting(portal: sa.Engine) -> int:
    unpublished = sa.select(sa.func.count()).where(outbox.c.published_at.is_(None))
    with portal.connect() as connection:
        return int(connection.execute(unpublished).scalar_one())


def heard(ear: Tail, wanted: list[UUID]) -> list[UUID]:
    """The ids of ours on the topic, in the order they came, until each came."""
    found: list[UUID] = []

    def are_all_there() -> bool:
        found.extend(event.event_id for event in ear.read(0.2) if event.event_id in set(wanted))
        return set(found) == set(wanted)

    await_that(are_all_there)
    return found


@contextmanager
def running(portal: sa.Engine, streams: Streams, **options: Any) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(
        target=relay.run,
        args=(portal, streams.brokers),
        kwargs={"stop": stop, "clock": utc_now, **options},
    )
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_what_happened_is_told_once_and_in_its_keys_order(
    portal: sa.Engine, streams: Streams, ear: Tail
) -> None:
    pharmacy = uuid4()
    ids = happen(portal, pharmacy, 30)
    with running(portal, streams):
        ids += happen(portal, pharmacy, 30)
        assert heard(ear, ids) == ids
        await_that(lambda: waiting(portal) == 0)


@pytest.mark.parametrize(
    "kills", [pytest.param(3, id="short"), pytest.param(20, id="long", marks=pytest.mark.long)]
)
def test_a_relay_killed_after_telling_and_before_marking_tells_again_and_each_lands_once(
    portal: sa.Engine, streams: Streams, ear: Tail, kills: int
) -> None:
    needs = {
        "database_url": streams.database_url,
        "brokers": streams.brokers,
        "hdfs_url": streams.hdfs_url,
        "root": streams.root,
    }
    ids: list[UUID] = []
    for _ in range(kills):
        ids += happen(portal, uuid4(), 2)
        killed.run("relay", "published", 1, needs)
        assert waiting(portal) > 0
    with running(portal, streams):
        await_that(lambda: waiting(portal) == 0)
    # The control: without the event id, what the killed relays told would be there twice.
    assert len(heard(ear, ids)) > len(ids)
    streams.land_all()
    assert streams.counted(ids) == dict.fromkeys(ids, 1)


def test_a_second_relay_waits_and_takes_over(
    portal: sa.Engine, streams: Streams, ear: Tail
) -> None:
    told_by: list[str] = []

    def named(name: str) -> dict[str, Any]:
        return {"reached": lambda _point: told_by.append(name)}

    pharmacy = uuid4()
    with running(portal, streams, **named("first")) as first:
        assert heard(ear, ids := happen(portal, pharmacy)) == ids
        with running(portal, streams, **named("second")):
            assert heard(ear, ids := happen(portal, pharmacy, 20)) == ids
            assert set(told_by) == {"first"}
            first.set()
            assert heard(ear, ids := happen(portal, pharmacy)) == ids
    assert told_by[-1] == "second"


class Faulty(Publisher):
    """Fails the second record of its first batch, though what follows is delivered."""

    failed = False

    def send(self, records: Any, *, seconds: float = 10) -> list[Failure]:
        if self.failed or len(records) < 2:
            return super().send(records, seconds=seconds)
        self.failed = True
        kept: list[Record] = [r for position, r in enumerate(records) if position != 1]
        assert super().send(kept, seconds=seconds) == []
        return [Failure(1, "refused")]


def test_after_a_failed_delivery_the_keys_later_rows_wait_and_are_told_behind_it(
    portal: sa.Engine, streams: Streams, ear: Tail
) -> None:
    ids = happen(portal, uuid4(), 4)
    with running(portal, streams, publisher=Faulty(streams.brokers)):
        told = heard(ear, ids)
        await_that(lambda: waiting(portal) == 0)
    told += [event.event_id for event in ear.read(0.2)]
    assert told[-3:] == ids[1:]


def test_the_relay_goes_on_when_its_connection_is_cut(
    portal: sa.Engine, streams: Streams, ear: Tail
) -> None:
    pharmacy = uuid4()
    with running(portal, streams):
        assert heard(ear, ids := happen(portal, pharmacy)) == ids
        lock = sa.text("SELECT IS_USED_LOCK(CONCAT(:name, '.', DATABASE()))")
        with portal.connect() as connection:
            holder = connection.execute(lock, {"name": relay.LOCK}).scalar_one()
            connection.exec_driver_sql(f"KILL {int(holder)}")
        ids = happen(portal, pharmacy, 3)
        assert list(dict.fromkeys(heard(ear, ids))) == ids


def test_what_was_told_more_than_seven_days_ago_goes(portal: sa.Engine) -> None:
    old, young, untold = (happen(portal, uuid4())[0] for _ in range(3))
    now = utc_now()
    with portal.begin() as connection:
        for event_id, days in ((old, 8), (young, 6)):
            connection.execute(
                sa.update(outbox)
                .where(outbox.c.event_id == event_id)
                .values(published_at=now - timedelta(days=days))
            )
    with portal.begin() as connection:
        assert relay.purge(connection, clock=lambda: now) == 1
    with portal.connect() as connection:
        left = set(connection.execute(sa.select(outbox.c.event_id)).scalars())
    assert left == {young, untold}
