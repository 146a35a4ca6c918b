"""The daily count: which days need it, whether its result may be believed, and into the agg tables.

A day is counted when it is over everywhere, has changed since it was counted, and every file that holds a
part of it is ready in HDFS and has passed the gate (design decisions 5 and 6). The MapReduce job itself is
handed in: the core knows no mrjob.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.gateways.hdfs import Files, aggregates_folder
from remedy.gateways.mysql import in_transaction
from remedy.pipeline.aggregate_lines import DEMAND, Counted, Day, Subject, agg_rows, read_counted
from remedy.schema.pipeline import (
    aggregated_day,
    landed_day,
    landing_file,
    landing_file_day,
    quarantine,
)
from remedy.values import Clock, local_day

BATCH_ROWS = 1000

log = logging.getLogger(__name__)


class NotReconciled(Exception):
    """The job did not account for every landed row; nothing was loaded. The text has the numbers."""


@dataclass(frozen=True)
class DayToCount:
    """One local day of one topic. `expected_rows` is what its ready and checked files hold."""

    kind: str
    day: date
    changed_at: datetime
    expected_rows: int
    is_open: bool


@dataclass(frozen=True)
class Plan:
    """What one run counts: the days, the files they are in (names under our root), the events not believed.

    `names` are what medicines are called, for words that mean none; `waiting` are days that need counting and have a part that is not ready or not checked yet.
    """

    days: tuple[DayToCount, ...]
    files: tuple[str, ...]
    quarantined: tuple[UUID, ...]
    waiting: tuple[Day, ...]
    names: tuple[str, ...] = ()

    def wanted_days(self) -> dict[str, list[str]]:
        """The days by topic, as ISO text."""
        wanted: dict[str, list[str]] = {}
        for chosen in self.days:
            wanted.setdefault(chosen.kind, []).append(chosen.day.isoformat())
        return wanted


@dataclass(frozen=True)
class Done:
    """What a run did; `application_id` is the job's on YARN, empty when there was nothing to count."""

    days: tuple[DayToCount, ...]
    waiting: tuple[Day, ...]
    application_id: str


@dataclass(frozen=True)
class Asked:
    """What a run is asked for: days from `first_day` to `last_day` (None: no end), changed and closed ones.

    `include_open` counts today as far as it is ready, `again` also what has not changed since it was counted.
    """

    first_day: date | None = None
    last_day: date | None = None
    include_open: bool = False
    again: bool = False

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Asked":
        """From the parameters of a run: `from`, `to` (ISO days or None), `include_open`, `again`."""
        first, last = (told[name] and date.fromisoformat(told[name]) for name in ("from", "to"))
        return cls(first, last, told["include_open"], told["again"])


Planner = Callable[..., Plan]
"""Chooses what to count, called as `make_plan` is."""

Count = Callable[[Plan, Sequence[str], str], str]
"""Counts files in HDFS, for a plan, into a new folder there; returns the application's id on YARN."""


def aggregate(
    engine: sa.Engine,
    files: Files,
    zones: Mapping[str, str],
    count: Count,
    *,
    asked: Asked,
    run_id: str,
    clock: Clock,
    subject: Subject = DEMAND,
    planned: Planner | None = None,
) -> Done:
    """Choose the days, count them in one job, check the result and put it into the agg tables.

    It may be run again at any time: a day that did not change is left alone. `run_id` names the run beside
    the days it counted; `planned` chooses the days instead of `make_plan`.

    Raises:
        NotReconciled: if the job did not account for every row; the tables stay as they were.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        plan = (planned or make_plan)(connection, zones, asked=asked, clock=clock)
    for kind, day in plan.waiting:
        log.warning("%s of %s waits: a part of it is not ready or not checked.", day, kind)
    if not plan.days:
        log.info("No day has changed since it was counted: nothing to do, no job started.")
        return Done((), plan.waiting, "")
    # Not the run's id: HDFS allows no colon in a name.
    output = files.path(aggregates_folder(subject.name, clock().strftime("%Y%m%dT%H%M%S.%fZ")))
    log.info("Counting %d days from %d files.", len(plan.days), len(plan.files))
    application_id = count(plan, [files.path(name) for name in plan.files], output)
    lines = _Result(files, output)
    counted = reconcile(plan, lines)
    in_transaction(
        engine,
        lambda connection: load(
            connection,
            plan,
            counted,
            lines,
            run_id=run_id,
            application_id=application_id,
            clock=clock,
            subject=subject,
        ),
    )
    return Done(plan.days, plan.waiting, application_id)


def make_plan(
    connection: sa.Connection, zones: Mapping[str, str], *, asked: Asked, clock: Clock
) -> Plan:
    """Choose the days to count and everything that belongs to them.

    The connection's isolation must be REPEATABLE READ: a file that became ready between two of the questions
    would be counted and not expected.
    """
    open_from = first_open_day(zones, clock())
    days: list[DayToCount] = []
    waiting: list[Day] = []
    for row in connection.execute(candidates(DEMAND.kinds, asked)):
        is_open = row.day >= open_from
        # Any difference: a release and a landing may write their times in either order.
        is_changed = row.counted_at != row.changed_at or row.was_open
        if (is_open and not asked.include_open) or not (is_changed or asked.again):
            continue
        # The open day is counted as far as it is ready; a closed one only whole.
        if row.ready_rows == 0 or (not is_open and row.ready_rows != row.landed_rows):
            waiting.append((row.kind, row.day))
            continue
        days.append(DayToCount(row.kind, row.day, row.changed_at, int(row.ready_rows), is_open))
    return Plan(
        days=tuple(days),
        files=tuple(connection.execute(_files(days)).scalars()) if days else (),
        quarantined=tuple(connection.execute(_quarantined(days)).scalars()) if days else (),
        waiting=tuple(waiting),
        names=_names(connection) if days else (),
    )


def _names(connection: sa.Connection) -> tuple[str, ...]:
    rows = connection.execute(sa.text("SELECT generic_name, brand_name FROM known_medicine"))
    return tuple(sorted({name for row in rows for name in row if name}))


def first_open_day(zones: Mapping[str, str], now: datetime) -> date:
    """The first day that is not over yet at some place; UTC is where unknown places count."""
    return min(local_day(now, zone) for zone in {*zones.values(), "UTC"})


def reconcile(plan: Plan, lines: Iterable[str]) -> dict[Day, Counted]:
    """What the job says of its rows, day by day, if it accounts for every one: landed = counted + quarantined.

    Raises:
        NotReconciled: with the numbers of every day that does not come out.
    """
    counted = read_counted(lines)
    problems = []
    for chosen in plan.days:
        found = counted.get((chosen.kind, chosen.day), Counted(0, 0))
        if found.counted_rows + found.quarantined_rows != chosen.expected_rows:
            problems.append(
                f"{chosen.kind} of {chosen.day}: {chosen.expected_rows} landed,"
                f" {found.counted_rows} counted, {found.quarantined_rows} quarantined"
            )
    chosen_days = {(chosen.kind, chosen.day) for chosen in plan.days}
    problems += [
        f"{kind} of {day}: not asked for" for kind, day in sorted(counted.keys() - chosen_days)
    ]
    if problems:
        raise NotReconciled(
            "The count does not account for every landed row, so nothing was loaded. Compare the"
            " files of these days in HDFS with the raw tables: " + "; ".join(problems) + "."
        )
    return counted


def load(
    connection: sa.Connection,
    plan: Plan,
    counted: Mapping[Day, Counted],
    lines: Iterable[str],
    *,
    run_id: str,
    application_id: str,
    clock: Clock,
    subject: Subject = DEMAND,
) -> None:
    """Replace the days of the plan in the agg tables, in the caller's one transaction."""
    for kind in subject.kinds:
        days = [chosen.day for chosen in plan.days if chosen.kind == kind]
        for table in subject.tables_of(kind) if days else ():
            # The first column of the key: the day, or the Monday of a week.
            on = table.primary_key.columns[0]
            connection.execute(sa.delete(table).where(on.in_(days)))
    for table, rows in agg_rows(lines, BATCH_ROWS, subject):
        connection.execute(_adding(table) if subject.adds_up else sa.insert(table), rows)
    aggregated_at = clock()
    for chosen in plan.days:
        of_day = counted.get((chosen.kind, chosen.day), Counted(0, 0))
        connection.execute(
            sa.delete(aggregated_day).where(
                aggregated_day.c.kind == chosen.kind, aggregated_day.c.day == chosen.day
            )
        )
        connection.execute(
            sa.insert(aggregated_day).values(
                kind=chosen.kind,
                day=chosen.day,
                changed_at=chosen.changed_at,
                landed_rows=chosen.expected_rows,
                counted_rows=of_day.counted_rows,
                quarantined_rows=of_day.quarantined_rows,
                run_id=run_id,
                application_id=application_id,
                aggregated_at=aggregated_at,
                is_open=chosen.is_open,
            )
        )


def _adding(table: sa.Table) -> sa.Insert:
    """Insert rows; what is there already is added to, not replaced."""
    added = insert(table)
    amounts = [column for column in table.columns if not column.primary_key]
    return added.on_duplicate_key_update(
        {column.name: column + added.inserted[column.name] for column in amounts}
    )


class _Result:
    """The lines of a finished job, to be read more than once."""

    def __init__(self, files: Files, output: str) -> None:
        if not files.exists(f"{output}/_SUCCESS"):
            raise NotReconciled(
                f"The job left no _SUCCESS in {output}: it did not finish; run it again."
            )
        self._files = files
        self._parts = [
            f"{output}/{name}" for name in files.list(output) if name.startswith("part-")
        ]

    def __iter__(self) -> Iterator[str]:
        for part in self._parts:
            yield from self._files.open_lines(part)


def is_ready() -> sa.ColumnElement[bool]:
    """Whether a file is whole in HDFS and has passed the gate."""
    return sa.and_(landing_file.c.state == "ready", landing_file.c.checked_at.is_not(None))


def candidates(kinds: Collection[str], asked: Asked) -> sa.Select[Any]:
    """Every landed day of those topics, with what is known of its count and of its ready files."""
    ready = (
        sa.select(
            landing_file.c.topic,
            landing_file_day.c.day,
            sa.func.sum(landing_file_day.c.row_count).label("ready_rows"),
        )
        .join_from(landing_file, landing_file_day, landing_file_day.c.file_id == landing_file.c.id)
        .where(is_ready(), landing_file.c.topic.in_(kinds))
        .where(*_between(landing_file_day.c.day, asked))
        .group_by(landing_file.c.topic, landing_file_day.c.day)
        .subquery()
    )
    is_its_count = sa.and_(
        aggregated_day.c.kind == landed_day.c.kind, aggregated_day.c.day == landed_day.c.day
    )
    is_its_part = sa.and_(ready.c.topic == landed_day.c.kind, ready.c.day == landed_day.c.day)
    return (
        sa.select(
            landed_day.c.kind,
            landed_day.c.day,
            landed_day.c.changed_at,
            landed_day.c.landed_rows,
            aggregated_day.c.changed_at.label("counted_at"),
            sa.func.coalesce(aggregated_day.c.is_open, sa.false()).label("was_open"),
            sa.func.coalesce(ready.c.ready_rows, 0).label("ready_rows"),
        )
        .outerjoin(aggregated_day, is_its_count)
        .outerjoin(ready, is_its_part)
        .where(landed_day.c.kind.in_(kinds))
        .where(*_between(landed_day.c.day, asked))
        .order_by(landed_day.c.kind, landed_day.c.day)
    )


def _between(day: sa.ColumnElement[date], asked: Asked) -> list[sa.ColumnElement[bool]]:
    first = [day >= asked.first_day] if asked.first_day else []
    return first + ([day <= asked.last_day] if asked.last_day else [])


def _files(days: Iterable[DayToCount]) -> sa.Select[Any]:
    return (
        sa.select(landing_file.c.path)
        .join_from(landing_file, landing_file_day, landing_file_day.c.file_id == landing_file.c.id)
        .where(is_ready(), _is_of(landing_file.c.topic, landing_file_day.c.day, days))
        .distinct()
        .order_by(landing_file.c.path)
    )


def _quarantined(days: Iterable[DayToCount]) -> sa.Select[Any]:
    return sa.select(quarantine.c.event_id).where(
        quarantine.c.released_at.is_(None), _is_of(quarantine.c.topic, quarantine.c.day, days)
    )


def _is_of(
    topic: sa.ColumnElement[str], day: sa.ColumnElement[date], days: Iterable[DayToCount]
) -> sa.ColumnElement[bool]:
    by_kind: dict[str, list[date]] = {}
    for chosen in days:
        by_kind.setdefault(chosen.kind, []).append(chosen.day)
    # By topic, not by pairs: MariaDB reads an index for a list of days, none for a list of pairs.
    return sa.or_(*(sa.and_(topic == kind, day.in_(of_kind)) for kind, of_kind in by_kind.items()))
