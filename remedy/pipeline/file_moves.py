"""From the spool in MySQL to HDFS: what patients handed in, encrypted as it is.

A file is written under a temporary name, read back, compared, and renamed; only then is its spool emptied, in the
transaction that says it was moved. A crash anywhere leaves the spool, and the next look does the same again.
"""

import hashlib
from collections.abc import Callable, Iterator
from uuid import UUID

import sqlalchemy as sa

from remedy.gateways import hdfs
from remedy.gateways.mysql import in_transaction
from remedy.schema.prescriptions import file_moved, file_spool, file_spool_part
from remedy.values import Clock

AT_A_TIME = 50

Reached = Callable[[str], None]
"""Told at each step, so that a test can end the process there."""


class SpoolBroken(RuntimeError):
    """Files in the spool are not what was handed in; they stay there. The sentence says how many."""


def move(
    engine: sa.Engine, files: hdfs.Files, *, clock: Clock, reached: Reached = lambda _step: None
) -> int:
    """Move what waits, the oldest first; how many files were moved.

    Raises:
        FileStoreError: if HDFS is away; what was not moved waits for the next look.
        SpoolBroken: at the end, if some are not what was handed in.
    """
    with engine.connect() as connection:
        waiting = connection.execute(
            sa.select(file_spool)
            .where(
                file_spool.c.file_public_id.not_in(sa.select(file_moved.c.file_public_id)),
            )
            .order_by(file_spool.c.created_at)
            .limit(AT_A_TIME)
        ).all()
    moved = broken = 0
    for row in waiting:
        kept = _kept(engine, row.file_public_id)
        if len(kept) != row.sealed_bytes or hashlib.sha256(kept).digest() != row.sealed_sha256:
            broken += 1
            continue
        reached("read")
        try:
            files.write_once(hdfs.patient_file(row.file_public_id), _chunks(kept, reached))
        except hdfs.DifferentContent:
            broken += 1
            continue
        reached("written")
        _empty(engine, row.file_public_id, clock, reached)
        reached("emptied")
        moved += 1
    if broken:
        raise SpoolBroken(
            f"{broken} files of the spool are not the bytes that were handed in, or HDFS has others under "
            "their names; they stay in file_spool_part. See docs/runbooks/data.md."
        )
    return moved


def _kept(engine: sa.Engine, file_id: UUID) -> bytes:
    with engine.connect() as connection:
        parts = connection.execute(
            sa.select(file_spool_part.c.content)
            .where(file_spool_part.c.file_public_id == file_id)
            .order_by(file_spool_part.c.part)
        ).scalars()
        return b"".join(bytes(part) for part in parts)


def _chunks(kept: bytes, reached: Reached) -> Iterator[bytes]:
    for start in range(0, len(kept), hdfs.CHUNK):
        yield kept[start : start + hdfs.CHUNK]
        reached("writing")


def _empty(engine: sa.Engine, file_id: UUID, clock: Clock, reached: Reached) -> None:
    def work(connection: sa.Connection) -> None:
        now = clock()
        connection.execute(
            sa.text(
                "INSERT INTO file_moved (file_public_id, moved_at) VALUES (:id, :now)"
                " ON DUPLICATE KEY UPDATE file_public_id = file_public_id"
            ),
            {"id": file_id.bytes, "now": now.replace(tzinfo=None)},
        )
        reached("noted")
        connection.execute(
            sa.delete(file_spool_part).where(file_spool_part.c.file_public_id == file_id)
        )

    in_transaction(engine, work)
