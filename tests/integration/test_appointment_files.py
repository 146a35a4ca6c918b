"""One record file for each visit: rewritten as events land, whole whoever is killed, held against the visit's row."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.events.base import Envelope
from remedy.files import record, visits
from remedy.gateways import hdfs
from remedy.gateways.mysql import engine_for
from remedy.pipeline import appointment_checks, appointment_files, relay
from remedy.pipeline.appointment_checks import Compared, RecordsDiffer
from remedy.pipeline.appointment_files import AnotherFiler, Filed, RecordsBroken
from remedy.pipeline.landing_rows import landed_line
from remedy.schema.hospital import appointment
from remedy.schema.people import outbox
from remedy.schema.pipeline import RAW
from remedy.schema.visit_files import out_appointment_difference, out_appointment_record
from remedy.values import utc_now
from tests.factories import Watch
from tests.integration import killed
from tests.integration.clinic import SYMPTOMS, Clinic, a_clinic
from tests.integration.streams import Streams, await_that, streams_of

SAME = Compared(0, 0, 0, 0)


@pytest.fixture(scope="module")
def streams(stack: Any, database_url: str) -> Iterator[Streams]:
    yield from streams_of(stack, database_url)


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    return a_clinic(database)


def land(streams: Streams) -> None:
    """What the outbox holds, as landing writes it down."""
    raw = RAW["appointments"]
    with streams.engine.begin() as connection:
        known = set(connection.execute(sa.select(raw.c.event_id)).scalars())
        told = sa.select(outbox).where(outbox.c.aggregatetype == "appointments")
        for row in connection.execute(told.order_by(outbox.c.id)).all():
            if row.event_id in known:
                continue
            body = json.loads(row.payload)
            whole = Envelope(row.event_id, row.type, row.occurred_at, row.aggregateid, body)
            day = row.occurred_at.date()
            connection.execute(
                sa.insert(raw).values(
                    event_id=row.event_id, type=row.type, partition_no=9, record_offset=row.id,
                    event_at=row.occurred_at, day=day, landed_at=utc_now(),
                    event=landed_line(whole.structured(), "appointments", 9, row.id, day),
                )
            )  # fmt: skip


def file_all(streams: Streams) -> Filed:
    return appointment_files.file_waiting(streams.engine, streams.files(), clock=utc_now)


def compare(streams: Streams, watch: Any = utc_now) -> Compared:
    return appointment_checks.compare(streams.engine, streams.files(), clock=watch)


def seen(streams: Streams, appointment_id: UUID) -> record.Record | None:
    """The record as a reader finds it: whole by its SHA-256, or none."""
    for _ in range(20):
        with streams.engine.connect() as connection:
            filed = visits.record_of(connection, appointment_id)
        if filed is None:
            return None
        try:
            content = streams.files().read(filed.path)
        except hdfs.FileStoreError:
            continue  # It was rewritten since; the row names the new one.
        return record.read(content, appointment_id, filed.sha256)
    raise AssertionError("The row names a file that is not there.")


def test_a_record_follows_its_visit_from_the_request_through_decision_move_and_cancelling(
    streams: Streams, clinic: Clinic
) -> None:
    first, second, *_ = clinic.slots()
    asked = clinic.ask(first.starts_at)
    land(streams)
    file_all(streams)
    told = seen(streams, asked.appointment_id)
    assert told is not None
    assert (told.version, told.state, told.starts_at) == (1, "requested", first.starts_at)
    assert SYMPTOMS.encode() not in told.to_bytes()
    decided = clinic.decide(asked, accept=True, note="Come early")
    moved = clinic.move(decided, second.starts_at)
    land(streams)
    file_all(streams)
    told = seen(streams, asked.appointment_id)
    assert told is not None
    assert (told.version, told.state, told.starts_at) == (3, "requested", second.starts_at)
    assert b"Come early" not in told.to_bytes()
    clinic.cancel(moved, clinic.asha)
    land(streams)
    file_all(streams)
    told = seen(streams, asked.appointment_id)
    assert told is not None
    assert (told.version, told.state) == (4, "cancelled")
    assert len(streams.files().list(f"{hdfs.RECORDS}/{asked.appointment_id}")) == 1
    assert file_all(streams) == Filed(0, 0)
    assert compare(streams) == SAME


def test_events_that_land_twice_or_from_the_start_again_change_nothing(
    streams: Streams, clinic: Clinic
) -> None:
    asked = clinic.ask(clinic.slots()[0].starts_at)
    clinic.decide(asked, accept=False, note="No")
    land(streams)
    file_all(streams)
    with streams.engine.connect() as connection:
        before = connection.execute(sa.select(out_appointment_record)).all()
        connection.rollback()
    appointment_files._remember(streams.engine, 0)
    assert file_all(streams).written == 0
    with streams.engine.connect() as connection:
        rows = connection.execute(sa.select(out_appointment_record)).all()
    assert rows == before


def test_only_one_files_at_a_time(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appointment_files, "LOCK_SECONDS", 0)
    with appointment_files._alone(streams.engine), pytest.raises(AnotherFiler):
        file_all(streams)


@contextmanager
def read_all_the_time(streams: Streams, visit_id: UUID) -> Iterator[list[int]]:
    """A reader who never stops looking; the versions it saw, each of them whole."""
    stop, versions, wrong = threading.Event(), list[int](), list[str]()

    def look() -> None:
        while not stop.is_set():
            try:
                told = seen(streams, visit_id)
            except Exception as error:
                wrong.append(repr(error))
                return
            if told is not None and versions[-1:] != [told.version]:
                versions.append(told.version)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        yield versions
    finally:
        stop.set()
        reader.join()
    assert not wrong


POINTS = ("writing", "written", "noted", "cleared")


def kill_while_filing(streams: Streams, clinic: Clinic, times: int) -> None:
    """Kill the filer so often, each time in another step; the record a reader sees is always whole."""
    needs = {
        "database_url": streams.database_url, "brokers": streams.brokers,
        "hdfs_url": streams.hdfs_url, "root": streams.root,
    }  # fmt: skip
    slots = clinic.slots()
    visit = clinic.ask(slots[0].starts_at)
    land(streams)
    file_all(streams)
    last = visit.version
    with read_all_the_time(streams, visit.appointment_id) as versions:
        for number in range(times):
            visit = clinic.move(visit, slots[1 + number % 2].starts_at)
            land(streams)
            killed.run("records", POINTS[number % len(POINTS)], 1, needs)
            told = seen(streams, visit.appointment_id)
            assert told is not None
            assert last <= told.version <= visit.version
            last = told.version
            if number % 2:
                # Every other time the next event comes before anybody could end the work.
                file_all(streams)
        file_all(streams)
        told = seen(streams, visit.appointment_id)
        assert told is not None
        assert told.version == visit.version == times + 1
    assert versions == sorted(versions)
    assert len(streams.files().list(f"{hdfs.RECORDS}/{visit.appointment_id}")) == 1
    assert compare(streams) == SAME


def test_a_filer_killed_at_any_step_leaves_a_whole_record(streams: Streams, clinic: Clinic) -> None:
    kill_while_filing(streams, clinic, 3)


@pytest.mark.long
def test_a_filer_killed_twenty_times_leaves_a_whole_record(
    streams: Streams, clinic: Clinic
) -> None:
    kill_while_filing(streams, clinic, 20)


def test_differences_are_found_both_ways_and_are_an_error_when_they_last(
    streams: Streams, clinic: Clinic
) -> None:
    slots = clinic.slots()
    asked = [clinic.ask(slot.starts_at, patient) for slot, patient in
             zip(slots[:4], (clinic.asha, clinic.ben) * 2, strict=True)]  # fmt: skip
    missing, different, broken, lost = (visit.appointment_id for visit in asked)
    land(streams)
    file_all(streams)
    assert compare(streams) == SAME
    files, extra = streams.files(), UUID(int=9)
    table, was = out_appointment_record, {}
    with streams.engine.begin() as connection:
        rows = connection.execute(
            sa.select(table).where(table.c.appointment_id.in_((missing, broken, lost)))
        )
        was = {row.appointment_id: row for row in rows}
        connection.execute(sa.delete(table).where(table.c.appointment_id == missing))
        # A file that no row names, and one that nobody's visit stands behind.
        files.write_once(hdfs.appointment_record(extra, 1, b"12345678"), [b"{}"])
        other = sa.update(appointment).where(appointment.c.public_id == different)
        connection.execute(other.values(state="missed"))
    files.delete(was[broken].path)
    files.write_once(was[broken].path, [b"half a record"])
    files.delete(was[lost].path)
    watch = Watch(utc_now())
    # The missing one's file lies there without a row: it is both, and told as what is worse to lack.
    found = compare(streams, watch)
    assert (found.different, found.broken, found.missing + found.extra) == (1, 2, 2)
    with streams.engine.connect() as connection:
        told = connection.execute(sa.select(out_appointment_difference)).all()
    kinds = {row.appointment_id: row.kind for row in told}
    assert kinds == {
        missing: "missing", extra: "extra", different: "different", broken: "broken", lost: "broken",
    }  # fmt: skip
    watch.wait(minutes=29)
    compare(streams, watch)
    watch.wait(minutes=2)
    with pytest.raises(RecordsDiffer, match="5 visits"):
        compare(streams, watch)
    # What is broken cannot be added to, and is made anew from history.
    clinic.cancel(asked[2], clinic.asha)
    land(streams)
    with pytest.raises(RecordsBroken, match="1 records"):
        file_all(streams)
    appointment_files.refile(streams.engine, files, clock=utc_now)
    with streams.engine.begin() as connection:
        connection.execute(
            sa.update(appointment)
            .where(appointment.c.public_id == different)
            .values(state="requested")
        )
    files.delete(f"{hdfs.RECORDS}/{extra}", recursive=True)
    assert compare(streams, watch) == SAME
    told_now = seen(streams, broken)
    assert told_now is not None
    assert told_now.state == "cancelled"


def test_by_the_real_road_from_the_portal_through_kafka_and_landing(
    streams: Streams, clinic: Clinic
) -> None:
    land(streams)
    file_all(streams)
    with streams.engine.begin() as connection:
        connection.execute(sa.update(outbox).values(published_at=utc_now()))
    streams.begin_at_the_end()
    asked = clinic.ask(clinic.slots()[0].starts_at)
    clinic.decide(asked, accept=True)
    engine, stop = engine_for(streams.database_url), threading.Event()
    teller = threading.Thread(
        target=relay.run,
        args=(engine, streams.brokers),
        kwargs={"stop": stop, "clock": utc_now},
    )
    teller.start()
    try:
        waiting = sa.select(sa.func.count()).where(outbox.c.published_at.is_(None))
        await_that(lambda: not _count(engine, waiting))
    finally:
        stop.set()
        teller.join()
        engine.dispose()
    streams.land_all()
    # Whoever else publishes on the stack may be filed with it.
    assert file_all(streams).written >= 1
    told = seen(streams, asked.appointment_id)
    assert told is not None
    assert (told.version, told.state) == (2, "accepted")
    # And the same from history alone: the file that is there has to be gone for that.
    with streams.engine.begin() as connection:
        connection.execute(sa.delete(out_appointment_record))
        connection.execute(
            sa.text("DELETE FROM raw_appointments WHERE event LIKE :id"),
            {"id": f"%{asked.appointment_id}%"},
        )
    streams.files().delete(hdfs.RECORDS, recursive=True)
    appointment_files.refile(streams.engine, streams.files(), clock=utc_now)
    again = seen(streams, asked.appointment_id)
    assert again is not None
    assert hashlib.sha256(again.to_bytes()).digest() == hashlib.sha256(told.to_bytes()).digest()


def _count(engine: sa.Engine, query: sa.Select[Any]) -> int:
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
