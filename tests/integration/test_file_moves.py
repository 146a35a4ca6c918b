"""From the spool to HDFS: whole or not at all, the spool emptied only when HDFS has it, whoever is killed."""

import contextlib
import hashlib
import itertools
import random
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
from stack import control
from tests.factories import a_patient, a_vault
from tests.integration import killed
from tests.integration.streams import Streams, await_that, streams_of

VAULT = a_vault()
SECRET = b"what the doctor wrote " * 100_000
LETTER = SECRET[:700_000]
PIECE_BYTES = 64 * 1024
PIECES = len(LETTER) // PIECE_BYTES + 1
"""Of a letter, as it is written."""


@pytest.fixture
def streams(stack: Any, database_url: str) -> Any:
    yield from streams_of(stack, database_url)


def handed_in(streams: Streams, content: bytes = SECRET) -> tuple[Any, Any]:
    """A file in the spool: its patient and its id."""
    engine = engine_for(streams.database_url)
    with engine.begin() as connection:
        patient_id = a_patient(connection, VAULT)
        told = Examined("mine.png", "image/png", 1, content)
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
def reading(streams: Streams, waiting: list[Any]) -> Iterator[list[int]]:
    """A reader who never stops looking in HDFS for these files; how long those were that were not whole."""
    stop, wrong = threading.Event(), list[int]()

    def look() -> None:
        files = streams.files()
        while not stop.is_set():
            for file_id in list(waiting):
                try:
                    if not files.exists(hdfs.patient_file(file_id)):
                        continue
                    found = files.read(hdfs.patient_file(file_id))
                except FileStoreError:
                    # Nobody answers while the DataNode is dead: none, and not half. What begins anew
                    # needs the processor more than who asks it in vain.
                    stop.wait(0.1)
                    continue
                if hashlib.sha256(found).digest() != sealed_sha256(streams, file_id):
                    wrong.append(len(found))

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


class Telling(hdfs.Files):
    """HDFS as the mover writes it, which also tells of each piece that is read back."""

    def __init__(self, plain: hdfs.Files, reached: file_moves.Reached) -> None:
        super().__init__(plain._client, plain.root)
        self._reached = reached

    def chunks(self, name: str) -> Iterator[bytes]:
        for chunk in super().chunks(name):
            self._reached("reading back")
            yield chunk


def kill_the_datanode(stack: Any, streams: Streams, piece: int, step: str) -> None:
    """Move what waits, and kill the DataNode after that piece of all that is written, at the next such step."""
    left, is_killed = piece, False

    def reached(name: str) -> None:
        nonlocal left, is_killed
        left -= name == "writing"
        if left <= 0 and name == step and not is_killed:
            stack.kill("datanode")
            is_killed = True

    def moved_until() -> bool:
        # One that has just begun may refuse the first write.
        with contextlib.suppress(FileStoreError):
            files = Telling(streams.files(), reached)
            file_moves.move(streams.engine, files, clock=utc_now, reached=reached)
            assert not (is_killed and step == "writing"), "A write ended well without a DataNode."
        return is_killed

    await_that(moved_until)


def back_again(stack: Any, before: int) -> None:
    """Start the DataNode by hand: five deaths in two minutes are too many for the supervisor."""
    await_that(lambda: stack.state("datanode") != "ready")
    control.ask(stack.installation.run, {"do": "start", "name": "datanode"})
    stack.wait_ready("datanode", after=before)


def kill_the_datanode_during_writes(stack: Any, streams: Streams, times: int, seed: int) -> None:
    """Kill it so often at moments that a seed chooses; no upload is refused, and a reader sees the whole file or none."""
    dice, handed, processes = random.Random(seed), list[Any](), set[int]()
    steps = ["reading back"] * (times // 4)
    steps += ["writing"] * (times - len(steps))
    dice.shuffle(steps)
    with reading(streams, handed) as wrong:
        for step in steps:
            handed.append(handed_in(streams, LETTER)[1])
            waiting = sum(in_spool(streams, each) > 0 for each in handed)
            process = stack.pid("datanode")
            processes.add(process)
            kill_the_datanode(stack, streams, dice.randint(1, waiting * PIECES), step)
            # Nothing answers now; what is handed in is kept all the same.
            handed.append(handed_in(streams, LETTER)[1])
            back_again(stack, process)
        await_that(lambda: _moved(streams, handed))
    assert len(processes) == times
    assert not wrong
    assert len(handed) == 2 * times
    for each in handed:
        kept = streams.files().read(hdfs.patient_file(each))
        assert hashlib.sha256(kept).digest() == sealed_sha256(streams, each)


def test_the_datanode_killed_during_a_write_refuses_no_upload_and_loses_nothing(
    stack: Any, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdfs, "CHUNK", PIECE_BYTES)
    kill_the_datanode_during_writes(stack, streams, 1, seed=1)


@pytest.mark.long
def test_the_datanode_killed_twenty_times_during_writes(
    stack: Any, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdfs, "CHUNK", PIECE_BYTES)
    kill_the_datanode_during_writes(stack, streams, 20, seed=20)


@pytest.mark.long
def test_the_control_of_a_datanode_killed_under_the_name_itself_shows_half_a_file(
    stack: Any, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdfs, "CHUNK", PIECE_BYTES)
    monkeypatch.setattr(
        hdfs.Files, "write_once", lambda self, name, chunks: self._write(self.path(name), chunks)
    )
    _patient_id, file_id = handed_in(streams, LETTER)
    whole, written = len(LETTER), itertools.count(1)
    process = stack.pid("datanode")

    def reached(step: str) -> None:
        if step == "writing" and next(written) == PIECES // 2:
            await_that(lambda: any(0 < length < whole for length in wrong))
            stack.kill("datanode")

    with reading(streams, [file_id]) as wrong, pytest.raises(FileStoreError):
        file_moves.move(streams.engine, streams.files(), clock=utc_now, reached=reached)
    back_again(stack, process)
    assert streams.files().exists(hdfs.patient_file(file_id)), (
        "The name is there, and no whole file."
    )
    # So that the next test finds nothing it did not make.
    streams.files().delete(hdfs.patient_file(file_id))
    monkeypatch.undo()
    await_that(lambda: _moved(streams, [file_id]))


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
