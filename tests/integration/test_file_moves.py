"""From the spool to HDFS: whole or not at all, the spool emptied only when HDFS has it, whoever is killed."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from remedy.files import service
from remedy.files.model import Examined
from remedy.gateways import hdfs
from remedy.gateways.hdfs import FileStoreError
from remedy.gateways.mysql import engine_for
from remedy.pipeline import file_moves
from remedy.schema.prescriptions import file_moved, file_spool, file_spool_part
from remedy.values import utc_now
from remedy.vault import Unreadable
from tests.factories import a_patient, a_vault
from tests.integration import killed
from tests.integration.streams import Streams, await_that, streams_of

VAULT = a_vault()
SECRET = b"what the doctor wrote " * 100_000


@pytest.fixture
def streams(stack: Any, database_url: str) -> Any:
    yield from streams_of(stack, database_url)


def handed_in(streams: Streams) -> tuple[Any, Any]:
    """A file in the spool: its patient and its id."""
    engine = engine_for(streams.database_url)
    with engine.begin() as connection:
        patient_id = a_patient(connection, VAULT)
        told = Examined("mine.png", "image/png", 1, SECRET)
        file_id = service.keep(connection, VAULT, patient_id, told, clock=utc_now)
    engine.dispose()
    return patient_id, file_id


def in_spool(streams: Streams, file_id: Any) -> int:
    with streams.engine.connect() as connection:
        return connection.execute(
            sa.select(sa.func.count()).where(file_spool_part.c.file_public_id == file_id)
        ).scalar_one()


def sealed_sha256(streams: Streams, file_id: Any) -> bytes:
    with streams.engine.connect() as connection:
        return connection.execute(
            sa.select(file_spool.c.sealed_sha256).where(file_spool.c.file_public_id == file_id)
        ).scalar_one()


def test_a_file_is_moved_once_and_reads_the_same_from_hdfs(streams: Streams) -> None:
    patient_id, file_id = handed_in(streams)
    assert file_moves.move(streams.engine, streams.files(), clock=utc_now) == 1
    assert in_spool(streams, file_id) == 0
    sealed = streams.files().read(hdfs.patient_file(file_id))
    assert b"the doctor wrote" not in sealed
    with streams.engine.connect() as connection:
        found = service.stored(connection, file_id)
        assert service.spooled(connection, file_id) is None
        assert found is not None
        assert service.opened(connection, VAULT, found, sealed) == ("mine.png", SECRET)
        VAULT.forget(connection, patient_id)
        with pytest.raises(Unreadable):
            service.opened(connection, VAULT, found, sealed)
        connection.rollback()
    assert file_moves.move(streams.engine, streams.files(), clock=utc_now) == 0


def test_a_mover_killed_at_any_step_loses_nothing_and_the_next_one_ends_its_work(
    streams: Streams,
) -> None:
    needs = {
        "database_url": streams.database_url, "brokers": streams.brokers,
        "hdfs_url": streams.hdfs_url, "root": streams.root,
    }  # fmt: skip
    made = set()
    for point in ("read", "written", "noted", "emptied") * 3:
        _patient_id, file_id = handed_in(streams)
        made.add(str(file_id))
        killed.run("files", point, 1, needs)
        if point == "emptied":
            assert in_spool(streams, file_id) == 0
        else:
            assert in_spool(streams, file_id) > 0
        file_moves.move(streams.engine, streams.files(), clock=utc_now)
        assert in_spool(streams, file_id) == 0
        kept = streams.files().read(hdfs.patient_file(file_id))
        assert hashlib.sha256(kept).digest() == sealed_sha256(streams, file_id)
    assert set(streams.files().list(hdfs.FILES)) == made
    with streams.engine.connect() as connection:
        moved = connection.execute(sa.select(file_moved.c.file_public_id)).scalars().all()
    assert len(moved) == len(set(moved))
    assert made <= {str(one) for one in moved}


@contextmanager
def reading(streams: Streams, waiting: list[Any]) -> Iterator[list[str]]:
    """A reader who never stops looking in HDFS for these files; what it found that was not whole."""
    stop, wrong = threading.Event(), []

    def look() -> None:
        files = streams.files()
        while not stop.is_set():
            for file_id in list(waiting):
                try:
                    if not files.exists(hdfs.patient_file(file_id)):
                        continue
                    found = files.read(hdfs.patient_file(file_id))
                except FileStoreError:
                    # Nobody answers while the DataNode is dead: none, and not half.
                    continue
                if hashlib.sha256(found).digest() != sealed_sha256(streams, file_id):
                    wrong.append(f"{len(found)} bytes")

    reader = threading.Thread(target=look)
    reader.start()
    try:
        yield wrong
    finally:
        stop.set()
        reader.join()


def kill_during_writes(streams: Streams, times: int) -> None:
    """Kill the mover that often in the middle of the bytes; a reader sees the whole file or none."""
    needs = {
        "database_url": streams.database_url, "brokers": streams.brokers,
        "hdfs_url": streams.hdfs_url, "root": streams.root,
    }  # fmt: skip
    handed: list[Any] = []
    with reading(streams, handed) as wrong:
        for number in range(times):
            _patient_id, file_id = handed_in(streams)
            handed.append(file_id)
            # After the first megabyte, the second, or in the next file that waits.
            killed.run("files", "writing", 1 + number % 3, needs)
            assert in_spool(streams, file_id) > 0
            if number % 4 == 3:
                file_moves.move(streams.engine, streams.files(), clock=utc_now)
        file_moves.move(streams.engine, streams.files(), clock=utc_now)
    assert not wrong
    for file_id in handed:
        kept = streams.files().read(hdfs.patient_file(file_id))
        assert hashlib.sha256(kept).digest() == sealed_sha256(streams, file_id)
        assert in_spool(streams, file_id) == 0


def test_a_mover_killed_in_the_middle_of_its_bytes_shows_nobody_half_a_file(
    streams: Streams,
) -> None:
    kill_during_writes(streams, 3)


def test_the_control_that_writes_under_the_name_itself_shows_half_a_file(streams: Streams) -> None:
    needs = {
        "database_url": streams.database_url, "brokers": streams.brokers,
        "hdfs_url": streams.hdfs_url, "root": streams.root,
    }  # fmt: skip
    _patient_id, file_id = handed_in(streams)
    with reading(streams, [file_id]) as wrong:
        killed.run("careless-files", "writing", 2, needs)
        await_that(lambda: bool(wrong))
    # So that the next test finds nothing it did not make.
    streams.files().delete(hdfs.patient_file(file_id))
    file_moves.move(streams.engine, streams.files(), clock=utc_now)


@pytest.mark.long
def test_a_mover_killed_twenty_times_in_the_middle_of_its_bytes(streams: Streams) -> None:
    kill_during_writes(streams, 20)


def test_the_datanode_killed_during_a_write_refuses_no_upload_and_loses_nothing(
    stack: Any, streams: Streams
) -> None:
    before = stack.pid("datanode")
    _patient_id, file_id = handed_in(streams)
    handed, kills = [file_id], iter(["the only one"])

    def reached(step: str) -> None:
        if step == "writing" and next(kills, None):
            stack.kill("datanode")

    with reading(streams, handed) as wrong:
        # The write fails, or the DataNode is back before it is noticed: both may be.
        with contextlib.suppress(FileStoreError):
            file_moves.move(streams.engine, streams.files(), clock=utc_now, reached=reached)
        # Nothing answers now; what is handed in is kept all the same.
        handed.append(handed_in(streams)[1])
        stack.wait_ready("datanode", after=before)
        with contextlib.suppress(FileStoreError):
            file_moves.move(streams.engine, streams.files(), clock=utc_now)
        await_that(lambda: _moved(streams, handed))
    assert not wrong
    for each in handed:
        kept = streams.files().read(hdfs.patient_file(each))
        assert hashlib.sha256(kept).digest() == sealed_sha256(streams, each)


def _moved(streams: Streams, handed: list[Any]) -> bool:
    """Whether all lie in HDFS, after one more try: a DataNode that has just begun may refuse."""
    with contextlib.suppress(FileStoreError):
        file_moves.move(streams.engine, streams.files(), clock=utc_now)
    return not any(in_spool(streams, each) for each in handed)


def test_bytes_that_are_not_what_was_handed_in_stay_in_the_spool(streams: Streams) -> None:
    _patient_id, file_id = handed_in(streams)
    with streams.engine.begin() as connection:
        connection.execute(
            sa.update(file_spool_part)
            .where(file_spool_part.c.file_public_id == file_id, file_spool_part.c.part == 0)
            .values(content=b"something else")
        )
    _patient_id, whole = handed_in(streams)
    with pytest.raises(file_moves.SpoolBroken, match="1 files"):
        file_moves.move(streams.engine, streams.files(), clock=utc_now)
    assert in_spool(streams, file_id) > 0
    assert not streams.files().exists(hdfs.patient_file(file_id))
    assert in_spool(streams, whole) == 0


def test_hdfs_away_leaves_the_spool_as_it_is(streams: Streams) -> None:
    _patient_id, file_id = handed_in(streams)
    nowhere = hdfs.connect("http://127.0.0.1:9", "remedy", streams.root)
    with pytest.raises(FileStoreError):
        file_moves.move(streams.engine, nowhere, clock=utc_now)
    assert in_spool(streams, file_id) > 0
