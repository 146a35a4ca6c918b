"""One file per topic, partition and landing day, instead of one per minute; and what is kept for how long.

A day's files are joined in offset order, byte for byte, each compared with the SHA-256 it was landed with;
the swap in `landing_file` is one transaction. A reader that took the old names goes on with them: the old
files are removed a day later.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from remedy.gateways import hdfs
from remedy.gateways.mysql import in_transaction
from remedy.pipeline.landing_files import READY, REPLACED
from remedy.schema.pipeline import RAW, landing_file, landing_file_day
from remedy.values import Clock

KEPT = timedelta(days=1)
"""How long replaced files, and files of writers that were killed, stay for who still reads them."""

RAW_KEPT = timedelta(days=90)
DELETE_ROWS = 5000


class CompactionError(RuntimeError):
    """Files that should join to a day do not; the sentence says which."""


@dataclass(frozen=True)
class Compacted:
    """What one night did."""

    days: int
    files_joined: int
    files_removed: int


def compact(engine: sa.Engine, files: hdfs.Files, *, clock: Clock) -> Compacted:
    """Join every closed landing day that is whole and checked, remove what was replaced a day ago.

    Raises:
        CompactionError: if a file is not what it was landed as, or ranges do not chain.
        FileStoreError: if HDFS is away.
    """
    removed = remove_replaced(engine, files, clock=clock)
    files.sweep(clock() - KEPT)
    days = joined = 0
    for topic, partition, landed_on in _days_to_join(engine, clock().date()):
        joined += _join(engine, files, topic, partition, landed_on, clock=clock)
        days += 1
    return Compacted(days, joined, removed)


def remove_replaced(engine: sa.Engine, files: hdfs.Files, *, clock: Clock) -> int:
    """Remove files replaced more than a day ago, and their rows; return how many."""
    whole = landing_file.alias("whole")
    wanted = (
        sa.select(landing_file.c.id, landing_file.c.path)
        .join(
            whole,
            sa.and_(
                whole.c.topic == landing_file.c.topic,
                whole.c.partition_no == landing_file.c.partition_no,
                whole.c.landed_on == landing_file.c.landed_on,
                whole.c.is_compacted,
            ),
        )
        .where(landing_file.c.state == REPLACED, whole.c.ready_at < clock() - KEPT)
    )
    with engine.connect() as connection:
        replaced = connection.execute(wanted).all()
    for row in replaced:
        files.delete(row.path)
    ids = [row.id for row in replaced]
    for start in range(0, len(ids), DELETE_ROWS):
        some = ids[start : start + DELETE_ROWS]
        with engine.begin() as connection:
            connection.execute(
                sa.delete(landing_file_day).where(landing_file_day.c.file_id.in_(some))
            )
            connection.execute(sa.delete(landing_file).where(landing_file.c.id.in_(some)))
    return len(ids)


def retire_raw_rows(engine: sa.Engine, *, clock: Clock) -> int:
    """Delete raw rows landed more than 90 days ago (their lines stay in HDFS); return how many."""
    before = clock() - RAW_KEPT
    return sum(_retire(engine, raw, before) for raw in RAW.values())


def _retire(engine: sa.Engine, raw: sa.Table, before: datetime) -> int:
    deleted = 0
    # Ids rise with landing, so the old rows are the first ones.
    old = sa.select(raw.c.id, raw.c.landed_at).order_by(raw.c.id).limit(DELETE_ROWS)
    while True:
        with engine.begin() as connection:
            ids = [row.id for row in connection.execute(old) if row.landed_at < before]
            if not ids:
                return deleted
            connection.execute(sa.delete(raw).where(raw.c.id.in_(ids)))
        deleted += len(ids)


def _days_to_join(engine: sa.Engine, today: date) -> list[tuple[str, int, date]]:
    """Closed landing days of which there is more than one file, all of them in HDFS and checked."""
    file = landing_file.c
    is_whole = sa.case((sa.and_(file.state == READY, file.checked_at.is_not(None)), 1), else_=0)
    wanted = (
        sa.select(file.topic, file.partition_no, file.landed_on)
        .where(file.landed_on < today, file.state != REPLACED)
        .group_by(file.topic, file.partition_no, file.landed_on)
        .having(sa.func.count() > 1, sa.func.min(is_whole) == 1)
        .order_by(file.landed_on, file.topic, file.partition_no)
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(wanted)]


def _join(
    engine: sa.Engine,
    files: hdfs.Files,
    topic: str,
    partition: int,
    landed_on: date,
    *,
    clock: Clock,
) -> int:
    parts = in_transaction(
        engine, lambda connection: _parts(connection, topic, partition, landed_on)
    )
    _must_chain(parts)
    first, next_offset = parts[0].first_offset, parts[-1].next_offset
    path = files.path(hdfs.landing_file(topic, landed_on, partition, first, next_offset))
    byte_count, sha256 = files.write_once(path, _joined(files, parts))
    now = clock()

    def swap(connection: sa.Connection) -> None:
        there = _parts(connection, topic, partition, landed_on)
        if [row.id for row in there] != [row.id for row in parts]:
            raise CompactionError(
                f"The files of {topic} of {landed_on} changed while they were joined."
            )
        made = connection.execute(
            sa.insert(landing_file).values(
                topic=topic,
                partition_no=partition,
                first_offset=first,
                next_offset=next_offset,
                landed_on=landed_on,
                path=path,
                state=READY,
                row_count=sum(row.row_count for row in parts),
                byte_count=byte_count,
                sha256=sha256,
                planned_at=now,
                ready_at=now,
                checked_at=max(row.checked_at for row in parts),
                is_compacted=True,
            )
        )
        (file_id,) = made.inserted_primary_key or (0,)
        ids = [row.id for row in parts]
        days = connection.execute(
            sa.select(landing_file_day.c.day, sa.func.sum(landing_file_day.c.row_count).label("n"))
            .where(landing_file_day.c.file_id.in_(ids))
            .group_by(landing_file_day.c.day)
        ).all()
        if days:
            connection.execute(
                sa.insert(landing_file_day),
                [{"file_id": file_id, "day": row.day, "row_count": int(row.n)} for row in days],
            )
        connection.execute(
            sa.update(landing_file).where(landing_file.c.id.in_(ids)).values(state=REPLACED)
        )

    in_transaction(engine, swap)
    return len(parts)


def _parts(connection: sa.Connection, topic: str, partition: int, landed_on: date) -> Sequence[Any]:
    return connection.execute(
        sa.select(landing_file)
        .where(
            landing_file.c.topic == topic,
            landing_file.c.partition_no == partition,
            landing_file.c.landed_on == landed_on,
            landing_file.c.state == READY,
        )
        .order_by(landing_file.c.first_offset)
        .with_for_update()
    ).all()


def _must_chain(parts: Sequence[Any]) -> None:
    for before, after in pairwise(parts):
        if before.next_offset != after.first_offset:
            raise CompactionError(
                f"{before.path} ends at offset {before.next_offset} and {after.path} begins at "
                f"{after.first_offset}: a range is missing or doubled; look at landing_file."
            )


def _joined(files: hdfs.Files, parts: Sequence[Any]) -> Iterator[bytes]:
    for part in parts:
        seen = hashlib.sha256()
        for chunk in files.chunks(part.path):
            seen.update(chunk)
            yield chunk
        if seen.digest() != part.sha256:
            raise CompactionError(
                f"{part.path} does not hold the bytes it was landed with; restore it from raw rows."
            )
