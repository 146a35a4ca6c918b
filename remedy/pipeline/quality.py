"""The gate: what was landed since the last look is checked before it may be counted (design decision 5).

The rules are `quality_rules.RULES`, put to the rows by Great Expectations in an ephemeral context. Results
carry counts and ids, never values. A row that breaks a critical rule gets a line in `quarantine`; the raw
row and the file stay as they are, and counting is given the quarantined ids.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.gateways.mysql import end_session, take_lock
from remedy.pipeline.expectations import Validator
from remedy.pipeline.landing_files import READY
from remedy.pipeline.quality_rules import Known, columns_of
from remedy.schema.pipeline import RAW, landed_day, landing_file, quality_result, quarantine
from remedy.values import Clock

ROWS_AT_ONCE = 20_000
LOCK = "remedy.check"
LOCK_SECONDS = 600


@dataclass(frozen=True)
class Checked:
    """What one look at the landed ranges found."""

    ranges: int
    rows: int
    quarantined: int
    warnings: int


def check(
    engine: sa.Engine,
    *,
    run_id: str,
    clock: Clock,
    validator: Callable[[], Validator] = Validator,
) -> Checked:
    """Check every range that is in HDFS and not yet checked; nothing to check costs nothing.

    Only one look at a time: a second waits, and then finds nothing left to do.

    Raises:
        TimeoutError: if another look has not ended within ten minutes.
    """
    done = Checked(0, 0, 0, 0)
    with _alone(engine):
        gate: Validator | None = None
        for topic, ranges in _unchecked(engine):
            # Made when there is something to check: Great Expectations takes seconds to import.
            gate = gate or validator()
            found = _check_ranges(engine, topic, ranges, gate, run_id=run_id, now=clock())
            done = Checked(
                done.ranges + found.ranges,
                done.rows + found.rows,
                done.quarantined + found.quarantined,
                done.warnings + found.warnings,
            )
    return done


def release(connection: sa.Connection, event_id: UUID, *, clock: Clock) -> bool:
    """Believe a quarantined row after all: its day is counted again. False if it is not in quarantine."""
    now = clock()
    kept = connection.execute(
        sa.select(quarantine)
        .where(quarantine.c.event_id == event_id, quarantine.c.released_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if kept is None:
        return False
    connection.execute(
        sa.update(quarantine).where(quarantine.c.event_id == event_id).values(released_at=now)
    )
    connection.execute(
        sa.update(landed_day)
        .where(landed_day.c.kind == kept.topic, landed_day.c.day == kept.day)
        .values(changed_at=now)
    )
    return True


def _unchecked(engine: sa.Engine) -> Iterator[tuple[str, list[Any]]]:
    """Ranges by topic, in portions of about `ROWS_AT_ONCE` rows."""
    wanted = (
        sa.select(landing_file)
        .where(landing_file.c.state == READY, landing_file.c.checked_at.is_(None))
        .order_by(landing_file.c.topic, landing_file.c.id)
    )
    with engine.connect() as connection:
        ranges = connection.execute(wanted).all()
    portion: list[Any] = []
    for row in ranges:
        is_full = sum(each.row_count for each in portion) + row.row_count > ROWS_AT_ONCE
        if portion and (is_full or portion[0].topic != row.topic):
            yield portion[0].topic, portion
            portion = []
        portion.append(row)
    if portion:
        yield portion[0].topic, portion


def _check_ranges(
    engine: sa.Engine,
    topic: str,
    ranges: Sequence[Any],
    gate: Validator,
    *,
    run_id: str,
    now: datetime,
) -> Checked:
    with engine.connect() as connection:
        rows = [row for each in ranges for row in _rows_of(connection, topic, each)]
        bodies = [json.loads(row.event)["data"] for row in rows]
        known = _known(connection, bodies)
    columns = [
        columns_of(row.type, body, known, now) for row, body in zip(rows, bodies, strict=True)
    ]
    results = gate.validate(topic, columns) if rows else []
    doubtful: dict[int, str] = {}
    for result in results:
        if result.rule.severity == "critical":
            for position in result.failed:
                doubtful.setdefault(position, result.rule.name)
    with engine.begin() as connection:
        if results:
            connection.execute(
                sa.insert(quality_result),
                [
                    {
                        "run_id": run_id,
                        "topic": topic,
                        "expectation": result.rule.name,
                        "severity": result.rule.severity,
                        "has_passed": not result.failed,
                        "checked_rows": result.checked,
                        "failed_rows": len(result.failed),
                        "checked_at": now,
                    }
                    for result in results
                ],
            )
        if doubtful:
            # One that is there already (and perhaps released) stays as it is.
            connection.execute(
                insert(quarantine).on_duplicate_key_update(event_id=quarantine.c.event_id),
                [
                    {
                        "event_id": rows[position].event_id,
                        "topic": topic,
                        "day": rows[position].day,
                        "expectation": name,
                        "quarantined_at": now,
                    }
                    for position, name in sorted(doubtful.items())
                ],
            )
        connection.execute(
            sa.update(landing_file)
            .where(landing_file.c.id.in_([each.id for each in ranges]))
            .values(checked_at=now)
        )
    warnings = sum(len(r.failed) for r in results if r.rule.severity == "warning")
    return Checked(len(ranges), len(rows), len(doubtful), warnings)


def _rows_of(connection: sa.Connection, topic: str, each: Any) -> Sequence[Any]:
    raw = RAW[topic]
    return connection.execute(
        sa.select(raw.c.event_id, raw.c.type, raw.c.day, raw.c.event)
        .where(
            raw.c.partition_no == each.partition_no,
            raw.c.record_offset >= each.first_offset,
            raw.c.record_offset < each.next_offset,
        )
        .order_by(raw.c.record_offset)
    ).all()


def _known(connection: sa.Connection, bodies: Sequence[dict[str, Any]]) -> Known:
    def existing(member: str, view: str) -> frozenset[str]:
        named = {UUID(str(body[member])) for body in bodies if body.get(member)}
        return frozenset(str(found) for found in _existing(connection, view, named))

    return Known(
        pharmacies=existing("pharmacy_id", "known_pharmacy"),
        medicines=existing("medicine_id", "known_medicine"),
        doctors=existing("doctor_id", "known_doctor"),
        hospitals=existing("hospital_id", "place_zone"),
    )


def _existing(connection: sa.Connection, view: str, named: set[UUID]) -> Iterator[UUID]:
    public_id: sa.ColumnClause[bytes] = sa.column("public_id")
    ordered = sorted(named)
    for start in range(0, len(ordered), 1000):
        wanted = sa.select(public_id).select_from(sa.table(view)).where(
            public_id.in_([each.bytes for each in ordered[start : start + 1000]])
        )  # fmt: skip
        for found in connection.execute(wanted).scalars():
            yield UUID(bytes=bytes(found))


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    """A named lock, held on a connection of its own."""
    connection = engine.connect()
    try:
        if not take_lock(connection, LOCK, seconds=LOCK_SECONDS):
            raise TimeoutError("Another check of landed data has run for ten minutes; look at it.")
        yield
    finally:
        end_session(connection)
