"""One record file for each visit in HDFS, rewritten as its events land; and whether records and visits agree.

What landed since the last look is joined to the record that is there: the new file is written beside it under a
name made of version and SHA-256, then the row that names it changes, then the old file goes. A crash anywhere
leaves a row that names a whole file, and the next look does the same again. A visit is never half a file.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.files import record
from remedy.files.record import NotARecord, Record
from remedy.gateways import hdfs
from remedy.gateways.mysql import end_session, in_transaction, take_lock
from remedy.pipeline.landing_files import READY
from remedy.schema.pipeline import RAW, landing_file
from remedy.schema.visit_files import out_appointment_filing, out_appointment_record
from remedy.values import Clock

ROWS_AT_A_TIME = 500
LOCK = "remedy.file_appointments"
LOCK_SECONDS = 5

Reached = Callable[[str], None]
"""Told at each step, so that a test can end the process there."""


class RecordsBroken(RuntimeError):
    """Records in HDFS are not what was written there; the sentence says how many."""


class AnotherFiler(RuntimeError):
    """Somebody else is filing; this one leaves it."""


@dataclass(frozen=True)
class Filed:
    """What one look did: rows read, records written."""

    rows: int
    written: int


def file_waiting(
    engine: sa.Engine, files: hdfs.Files, *, clock: Clock, reached: Reached = lambda _step: None
) -> Filed:
    """File every visit that something landed about since the last look.

    Raises:
        AnotherFiler: if another one works.
        FileStoreError: if HDFS is away; what was not filed waits for the next look.
        RecordsBroken: at the end, if records that are there cannot be added to; `refile` makes them anew.
    """
    rows = written = broken = 0
    with _alone(engine):
        while True:
            landed, last_row = _landed_after(engine, _position(engine))
            if last_row is None:
                break
            for appointment_id, lines in _by_visit(landed).items():
                try:
                    before = _there(engine, files, appointment_id)
                except NotARecord:
                    broken += 1
                    continue
                told = record.joined(appointment_id, before, lines)
                if before is None or told.events != before.events:
                    _write(engine, files, told, clock, reached)
                    written += 1
                # Also of one that a crash left half done.
                _clear(files, told)
                reached("cleared")
            _remember(engine, last_row)
            reached("remembered")
            rows += len(landed)
    if broken:
        raise RecordsBroken(
            f"{broken} records could not be added to: their files are not what was written. "
            "Run file_appointments with again = true; see docs/runbooks/data.md."
        )
    return Filed(rows, written)


def refile(engine: sa.Engine, files: hdfs.Files, *, clock: Clock) -> Filed:
    """Make every record anew from the history in HDFS and what landed since; whole ones stay as they are.

    Raises:
        AnotherFiler: if another one works.
        FileStoreError: if HDFS is away.
    """
    written = 0
    with _alone(engine):
        landed = [*_history(engine, files), *_all_rows(engine)]
        for appointment_id, lines in _by_visit(landed).items():
            try:
                before = _there(engine, files, appointment_id)
            except NotARecord:
                before = None
            told = record.joined(appointment_id, before, lines)
            if before is None or told.events != before.events:
                _write(engine, files, told, clock, lambda _step: None)
                written += 1
            _clear(files, told)
    return Filed(len(landed), written)


def whole(files: hdfs.Files, row: Any) -> Record:
    """The record a row of `out_appointment_record` names.

    Raises:
        NotARecord: if the file is away, or not the bytes that were written.
        FileStoreError: if HDFS does not answer.
    """
    try:
        content = files.read(row.path)
    except hdfs.FileStoreError:
        # Away, or nobody answers? Only the first is the record's fault.
        if files.exists(row.path):
            raise
        raise NotARecord("The file that holds this visit's record is gone.") from None
    return record.read(content, row.appointment_id, bytes(row.sha256))


def _write(
    engine: sa.Engine, files: hdfs.Files, told: Record, clock: Clock, reached: Reached
) -> None:
    content = told.to_bytes()
    sha256 = hashlib.sha256(content).digest()
    path = _path(told)

    def pieces() -> Iterator[bytes]:
        # In two, so that there is a half that a reader could see.
        half = len(content) // 2
        yield content[:half]
        reached("writing")
        yield content[half:]

    files.write_once(path, pieces())
    reached("written")
    now = clock()
    values = {
        "version": told.version,
        "path": path,
        "byte_count": len(content),
        "sha256": sha256,
        "doctor_id": told.doctor_id,
        "state": told.state,
        "starts_at": told.starts_at,
        "ends_at": told.ends_at,
        "filed_at": now,
        "checked_at": now,
    }

    def work(connection: sa.Connection) -> None:
        table = out_appointment_record
        is_this = table.c.appointment_id == told.appointment_id
        is_there = connection.execute(sa.select(table.c.version).where(is_this).with_for_update())
        if is_there.scalar() is None:
            connection.execute(
                sa.insert(table).values(appointment_id=told.appointment_id, **values)
            )
        else:
            connection.execute(sa.update(table).where(is_this).values(**values))

    in_transaction(engine, work)
    reached("noted")


def _clear(files: hdfs.Files, told: Record) -> None:
    """Remove the file before this one, and what a crash left: of one visit there is one file."""
    folder, _, name = _path(told).rpartition("/")
    for other in files.list(folder):
        if other != name:
            files.delete(f"{folder}/{other}")


def _path(told: Record) -> str:
    sha256 = hashlib.sha256(told.to_bytes()).digest()
    return hdfs.appointment_record(told.appointment_id, told.version, sha256)


def _there(engine: sa.Engine, files: hdfs.Files, appointment_id: UUID) -> Record | None:
    with engine.connect() as connection:
        row = connection.execute(
            sa.select(out_appointment_record).where(
                out_appointment_record.c.appointment_id == appointment_id
            )
        ).one_or_none()
    return None if row is None else whole(files, row)


def _by_visit(landed: Iterable[Mapping[str, Any]]) -> dict[UUID, list[Mapping[str, Any]]]:
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    for line in landed:
        appointment_id = record.visit_of(line)
        if appointment_id is not None:
            found.setdefault(appointment_id, []).append(line)
    return found


def _landed_after(engine: sa.Engine, last_row: int) -> tuple[list[Mapping[str, Any]], int | None]:
    """What landed after that row, in order, and the last row of it. One lander writes, so ids are in that order."""
    raw = RAW[record.TOPIC]
    wanted = (
        sa.select(raw.c.id, raw.c.event)
        .where(raw.c.id > last_row)
        .order_by(raw.c.id)
        .limit(ROWS_AT_A_TIME)
    )
    with engine.connect() as connection:
        rows = connection.execute(wanted).all()
    return [json.loads(row.event) for row in rows], rows[-1].id if rows else None


def _all_rows(engine: sa.Engine) -> Iterator[Mapping[str, Any]]:
    last_row: int | None = 0
    while last_row is not None:
        landed, last_row = _landed_after(engine, last_row)
        yield from landed


def _history(engine: sa.Engine, files: hdfs.Files) -> Iterator[Mapping[str, Any]]:
    """Every event of the topic that lies in HDFS; names from `landing_file`, never from a listing."""
    wanted = (
        sa.select(landing_file.c.path)
        .where(landing_file.c.topic == record.TOPIC, landing_file.c.state == READY)
        .order_by(landing_file.c.partition_no, landing_file.c.first_offset)
    )
    with engine.connect() as connection:
        paths = connection.execute(wanted).scalars().all()
    for path in paths:
        for line in files.open_lines(path):
            yield json.loads(line)


def _position(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        found = connection.execute(sa.select(out_appointment_filing.c.last_row_id)).scalar()
    return int(found or 0)


def _remember(engine: sa.Engine, last_row: int) -> None:
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO out_appointment_filing (name, last_row_id) VALUES (:name, :row)"
                " ON DUPLICATE KEY UPDATE last_row_id = VALUES(last_row_id)"
            ),
            {"name": record.TOPIC, "row": last_row},
        )


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    """Within, no other one files: two would remove each other's files."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        if not take_lock(connection, LOCK, seconds=LOCK_SECONDS):
            raise AnotherFiler("Another run of file_appointments is at work; this one ends.")
        yield
    finally:
        end_session(connection)
