"""Records and visits held against each other, both ways: what is missing, what is too much, what says otherwise.

A record lags behind its visit by the road of an event (relay, landing, filing), so a difference is an error only
when it lasts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.files.record import NotARecord
from remedy.gateways import hdfs
from remedy.gateways.mysql import in_transaction
from remedy.pipeline import appointment_files
from remedy.schema.visit_files import (
    out_appointment_difference,
    out_appointment_filing,
    out_appointment_record,
)
from remedy.values import Clock

LASTS = timedelta(minutes=30)
EVERY = timedelta(minutes=30)
READ_AT_A_TIME = 500
"""Files read back in one look, those that were not for the longest first."""

MISSING, EXTRA, DIFFERENT, BROKEN = "missing", "extra", "different", "broken"


class RecordsDiffer(RuntimeError):
    """Records and visits have not been the same for a while; the sentence says how many."""


@dataclass(frozen=True)
class Compared:
    """What a comparison found: visits without record, records without visit, other words, broken files."""

    missing: int
    extra: int
    different: int
    broken: int


def is_due(engine: sa.Engine, *, clock: Clock) -> bool:
    """Whether the last comparison is a while ago."""
    with engine.connect() as connection:
        last = connection.execute(sa.select(out_appointment_filing.c.compared_at)).scalar()
    return last is None or last < clock() - EVERY


def compare(engine: sa.Engine, files: hdfs.Files, *, clock: Clock) -> Compared:
    """Hold every record against its visit, and the other way round; read some files back.

    What differs is in `out_appointment_difference` until it does no more.

    Raises:
        RecordsDiffer: if a difference has lasted longer than half an hour.
        FileStoreError: if HDFS is away.
    """
    now = clock()
    # Of two things said of one visit the last counts: a file without row is first of all a row that is missing.
    found = _by_folders(engine, files) | _by_tables(engine) | _by_files(engine, files, now)
    lasting = in_transaction(engine, lambda c: _keep(c, found, now))
    kinds = list(found.values())
    told = Compared(*(kinds.count(kind) for kind in (MISSING, EXTRA, DIFFERENT, BROKEN)))
    if lasting:
        raise RecordsDiffer(
            f"{lasting} visits and their records differ for longer than half an hour (now: {told}). "
            "See out_appointment_difference and docs/runbooks/data.md."
        )
    return told


def _by_tables(engine: sa.Engine) -> dict[UUID, str]:
    """What the visits say that the records do not, and the other way round."""
    query = sa.text(
        "SELECT v.appointment_id, CASE WHEN r.appointment_id IS NULL THEN 'missing' ELSE 'different' END AS kind"
        " FROM appointment_now v LEFT JOIN out_appointment_record r ON r.appointment_id = v.appointment_id"
        " WHERE r.appointment_id IS NULL OR r.version <> v.version OR r.state <> v.state"
        " OR r.doctor_id <> v.doctor_id OR r.starts_at <> v.starts_at OR r.ends_at <> v.ends_at"
        " UNION ALL SELECT r.appointment_id, 'extra' AS kind FROM out_appointment_record r"
        " LEFT JOIN appointment_now v ON v.appointment_id = r.appointment_id WHERE v.appointment_id IS NULL"
    )
    with engine.connect() as connection:
        return {UUID(bytes=bytes(row[0])): str(row[1]) for row in connection.execute(query)}


def _by_folders(engine: sa.Engine, files: hdfs.Files) -> dict[UUID, str]:
    """Files in HDFS that no row names."""
    listed = {UUID(name) for name in files.list(hdfs.RECORDS)}
    with engine.connect() as connection:
        named = set(
            connection.execute(sa.select(out_appointment_record.c.appointment_id)).scalars()
        )
    return dict.fromkeys(listed - named, EXTRA)


def _by_files(engine: sa.Engine, files: hdfs.Files, now: datetime) -> dict[UUID, str]:
    """Files that are away, are not the bytes that were written, or say something else than their row."""
    table = out_appointment_record
    wanted = sa.select(table).order_by(table.c.checked_at).limit(READ_AT_A_TIME)
    with engine.connect() as connection:
        rows = connection.execute(wanted).all()
    broken = {row.appointment_id: BROKEN for row in rows if not _is_whole(files, row)}
    with engine.begin() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.appointment_id.in_([row.appointment_id for row in rows]))
            .values(checked_at=now)
        )
    return broken


def _is_whole(files: hdfs.Files, row: Any) -> bool:
    try:
        told = appointment_files.whole(files, row)
    except NotARecord:
        return False
    said = (told.version, told.state, told.doctor_id, told.starts_at, told.ends_at)
    return said == (row.version, row.state, row.doctor_id, row.starts_at, row.ends_at)


def _keep(connection: sa.Connection, found: dict[UUID, str], now: datetime) -> int:
    """Write down what differs, since when; how many have for too long."""
    table = out_appointment_difference
    before = {
        row.appointment_id: row for row in connection.execute(sa.select(table).with_for_update())
    }
    connection.execute(sa.delete(table))
    lasting = 0
    for appointment_id, kind in found.items():
        known = before.get(appointment_id)
        since = known.since if known is not None and known.kind == kind else now
        lasting += since < now - LASTS
        connection.execute(
            sa.insert(table).values(appointment_id=appointment_id, kind=kind, since=since)
        )
    connection.execute(sa.update(out_appointment_filing).values(compared_at=now))
    return lasting
