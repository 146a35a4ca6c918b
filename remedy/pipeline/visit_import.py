"""Bringing in a register of past visits: each line becomes one `recorded` event in the outbox, once.

They go the way of every event, to Kafka, `raw_*`, HDFS and the counts, and into no table of our own visits. The file
is read twice, first to its end: one that is broken anywhere is refused whole. What came in before is known by the
record's hash, kept for good with the event's transaction: an import that was stopped is simply run again.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy import outbox
from remedy.catalogue.csvfile import Record, records
from remedy.catalogue.imports import chunks, progress_bar, report_path_of
from remedy.catalogue.report import Findings, Report, findings_file
from remedy.events.recorded import VisitRecorded
from remedy.gateways.mysql import in_transaction
from remedy.outbox import Told
from remedy.pipeline import visit_records
from remedy.schema.visit_files import imported_visit
from remedy.values import Clock, local_day

SOURCE = "/remedy/import"
"""CloudEvents' source of what was brought in from a file."""

CHUNK = 1000
"""Lines per transaction."""


def import_visits(
    engine: sa.Engine,
    path: Path,
    *,
    time_zone: str,
    progress: bool = False,
    report_path: Path | None = None,
    clock: Clock,
) -> Report:
    """Bring in a register of past visits; `time_zone` is the installation's, whose days are counted.

    Odd lines are brought in and flagged, in their events and in the report, which is written to `report_path` (by
    default `<name of the file>.report.csv` in the current folder); lines that are no visit are refused there.

    Raises:
        ImportRefused: if the file is no such register; then nothing of it was applied.
    """
    report = Report()
    told_from = engine.execution_options(event_source=SOURCE)
    with progress_bar(path, progress) as advanced:
        for _ in records(path, visit_records.COLUMNS, advanced=advanced):
            continue
        with findings_file(report_path or report_path_of(path), report) as findings:
            all_records = records(path, visit_records.COLUMNS, advanced=advanced)
            for chunk in chunks(_visits(all_records, findings, time_zone, clock), CHUNK):
                _tell(told_from, chunk, report, clock)
    return report


def _visits(
    all_records: Iterable[Record], findings: Findings, time_zone: str, clock: Clock
) -> Iterator[VisitRecorded]:
    today = local_day(clock(), time_zone)
    for record in all_records:
        findings.report.records += 1
        if record.problem is not None:
            findings.refuse(record.line, "", "wrong number of fields", record.problem)
            continue
        try:
            happened, doubts = visit_records.read(record.values, time_zone=time_zone, today=today)
        except ValueError as error:
            findings.refuse(record.line, "", "no visit that can be counted", str(error))
            continue
        for reason, detail in doubts:
            # Named by its line and its hash: whose visit it was is nobody's business here.
            findings.doubt(record.line, happened.record_key[:12], reason, detail)
        yield happened


def _tell(engine: sa.Engine, chunk: list[VisitRecorded], report: Report, clock: Clock) -> None:
    keyed = {bytes.fromhex(happened.record_key): happened for happened in chunk}

    def tell(connection: sa.Connection) -> int:
        column = imported_visit.c.record_sha256
        there = connection.execute(sa.select(column).where(column.in_(keyed))).scalars()
        known, now = {bytes(key) for key in there}, clock()
        new = {key: happened for key, happened in keyed.items() if key not in known}
        if new:
            # Another import may bring in the same file now; the outbox, too, has an event once.
            added = insert(imported_visit).on_duplicate_key_update(record_sha256=column)
            connection.execute(added, [{"record_sha256": key} for key in new])
        outbox.record_once(connection, [_told(happened, now) for happened in new.values()])
        return len(new)

    added = in_transaction(engine, tell)
    report.added += added
    report.there_already += len(chunk) - added


def _told(happened: VisitRecorded, now: datetime) -> tuple[str, Told]:
    event_id = visit_records.event_id(happened)
    return happened.record_key, Told(happened, event_id, happened.occurred_at, now)
