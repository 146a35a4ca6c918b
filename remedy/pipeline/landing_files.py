"""From raw rows to files in HDFS, at a position of their own (design decision 4).

A range is planned in MySQL before a byte is written, and its file is made from the raw rows in it, in offset
order: after a crash the same range gives the same name and the same bytes, so writing again is success.
Ranges chain: each begins where the one before ended. A range that held only repeats and dead letters has a
file of no bytes, so that every `ready` row names a file.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from remedy.gateways import hdfs
from remedy.gateways.mysql import in_transaction
from remedy.pipeline.landing_rows import AnotherLander, LandingStopped, Place
from remedy.schema.pipeline import RAW, landing_file, landing_file_day, landing_position
from remedy.values import Clock

FILE_BYTES = 64 << 20
PLANNED, READY, REPLACED = "planned", "ready", "replaced"
PAGE_ROWS = 5000

Reached = Callable[[str], None]


@dataclass(frozen=True)
class Range:
    """A planned file: its row in `landing_file` and what it is made of."""

    file_id: int
    topic: str
    partition_no: int
    first_offset: int
    next_offset: int
    path: str
    row_count: int


def file_rows(
    engine: sa.Engine,
    files: hdfs.Files,
    *,
    clock: Clock,
    places: Collection[Place] | None = None,
    reached: Reached = lambda _point: None,
) -> int:
    """Finish what was planned, then plan and write what was landed since; return how many files.

    `places` names the only topics and partitions to file (None: all); `reached` is called at `planned`,
    `renamed` (not yet `ready`) and `ready`.

    Raises:
        FileStoreError: if HDFS is away; what was planned stays planned for the next try.
        AnotherLander: if somebody else planned the same range.
    """
    written = 0
    for planned in planned_ranges(engine):
        write_range(engine, files, planned, clock=clock, reached=reached)
        written += 1
    # Up to where each place is now: what lands meanwhile is for the next time, or files would be tiny.
    for place, end in positions(engine).items():
        if places is not None and place not in places:
            continue
        while planned_next := _plan(engine, files, place, end, clock=clock):
            reached("planned")
            write_range(engine, files, planned_next, clock=clock, reached=reached)
            written += 1
    return written


def planned_ranges(engine: sa.Engine) -> list[Range]:
    """Ranges that were planned and are not known to be written: what a crash left."""
    wanted = (
        sa.select(landing_file).where(landing_file.c.state == PLANNED).order_by(landing_file.c.id)
    )
    with engine.connect() as connection:
        return [_range(row) for row in connection.execute(wanted)]


def newest_age(engine: sa.Engine, clock: Clock) -> float | None:
    """How many seconds ago the newest range was planned; None when there is none."""
    newest = sa.select(landing_file.c.planned_at).order_by(landing_file.c.id.desc()).limit(1)
    with engine.connect() as connection:
        planned_at = connection.execute(newest).scalar()
    return None if planned_at is None else (clock() - planned_at).total_seconds()


def positions(engine: sa.Engine) -> dict[Place, int]:
    """How far each topic and partition is landed in MySQL."""
    position = landing_position.c
    wanted = sa.select(landing_position).order_by(position.topic, position.partition_no)
    with engine.connect() as connection:
        return {
            (row.topic, row.partition_no): row.next_offset for row in connection.execute(wanted)
        }


def write_range(
    engine: sa.Engine,
    files: hdfs.Files,
    planned: Range,
    *,
    clock: Clock,
    reached: Reached = lambda _point: None,
) -> None:
    """Write the file of a planned range and say it is ready."""
    lines = _Lines(engine, planned)
    byte_count, sha256 = files.write_once(planned.path, lines.chunks())
    reached("renamed")
    if lines.count != planned.row_count:
        raise LandingStopped(
            f"{planned.path} was planned with {planned.row_count} rows and {lines.count} are there: "
            f"rows of {RAW[planned.topic].name} were changed by hand; look at who did."
        )
    said = (
        sa.update(landing_file)
        .where(landing_file.c.id == planned.file_id)
        .values(state=READY, byte_count=byte_count, sha256=sha256, ready_at=clock())
    )
    in_transaction(engine, lambda connection: connection.execute(said))
    reached("ready")


def _plan(
    engine: sa.Engine, files: hdfs.Files, place: Place, end: int, *, clock: Clock
) -> Range | None:
    try:
        return in_transaction(
            engine, lambda connection: _plan_in(connection, files, place, end, clock=clock)
        )
    except sa.exc.IntegrityError:
        topic, partition = place
        raise AnotherLander(
            f"Somebody else planned the same range of partition {partition} of {topic}; "
            "this lander stops. One lander at a time is enough."
        ) from None


def _plan_in(
    connection: sa.Connection, files: hdfs.Files, place: Place, end: int, *, clock: Clock
) -> Range | None:
    topic, partition = place
    first = _begin(connection, place, end)
    if first >= end:
        return None
    next_offset, row_count, days = _cut(connection, place, first, end)
    now = clock()
    path = files.path(
        hdfs.landing_file(topic, now.date(), partition, first, next_offset),
    )
    result = connection.execute(
        sa.insert(landing_file).values(
            topic=topic,
            partition_no=partition,
            first_offset=first,
            next_offset=next_offset,
            landed_on=now.date(),
            path=path,
            state=PLANNED,
            row_count=row_count,
            planned_at=now,
        )
    )
    (file_id,) = result.inserted_primary_key or (0,)
    if days:
        connection.execute(
            sa.insert(landing_file_day),
            [{"file_id": file_id, "day": day, "row_count": n} for day, n in sorted(days.items())],
        )
    return Range(file_id, topic, partition, first, next_offset, path, row_count)


def _begin(connection: sa.Connection, place: Place, end: int) -> int:
    # The chain's last range is the one that begins last, compacted or not.
    topic, partition = place
    last = connection.execute(
        sa.select(landing_file.c.next_offset)
        .where(landing_file.c.topic == topic, landing_file.c.partition_no == partition)
        .order_by(landing_file.c.first_offset.desc(), landing_file.c.is_compacted)
        .limit(1)
    ).scalar()
    if last is not None:
        return int(last)
    raw = RAW[topic]
    earliest = connection.execute(
        sa.select(sa.func.min(raw.c.record_offset)).where(raw.c.partition_no == partition)
    ).scalar()
    return end if earliest is None else int(earliest)


def _cut(
    connection: sa.Connection, place: Place, first: int, end: int
) -> tuple[int, int, dict[date, int]]:
    """Where the file ends (at most 64 MB), how many rows it holds, and how many of each day."""
    topic, partition = place
    raw = RAW[topic]
    by_day = connection.execute(
        sa.select(raw.c.day, sa.func.count(), sa.func.sum(sa.func.length(raw.c.event) + 1))
        .where(
            raw.c.partition_no == partition,
            raw.c.record_offset >= first,
            raw.c.record_offset < end,
        )
        .group_by(raw.c.day)
    ).all()
    if sum(row[2] for row in by_day) <= FILE_BYTES:
        return end, sum(row[1] for row in by_day), {row[0]: row[1] for row in by_day}
    return _cut_at_full(connection, place, first, end)


def _cut_at_full(
    connection: sa.Connection, place: Place, first: int, end: int
) -> tuple[int, int, dict[date, int]]:
    topic, partition = place
    raw = RAW[topic]
    size = 0
    count = 0
    days: dict[date, int] = {}
    wanted = (raw.c.record_offset, raw.c.day, sa.func.length(raw.c.event).label("size"))
    for page in _pages(connection, raw, partition, first, end, wanted):
        for row in page:
            size += row.size + 1
            count += 1
            days[row.day] = days.get(row.day, 0) + 1
            if size >= FILE_BYTES:
                return row.record_offset + 1, count, days
    return end, count, days


def _pages(
    connection: sa.Connection, raw: sa.Table, partition: int, first: int, end: int, columns: Any
) -> Iterator[Any]:
    while first < end:
        page = connection.execute(
            sa.select(*columns)
            .where(
                raw.c.partition_no == partition,
                raw.c.record_offset >= first,
                raw.c.record_offset < end,
            )
            .order_by(raw.c.record_offset)
            .limit(PAGE_ROWS)
        ).all()
        if not page:
            return
        yield page
        first = page[-1].record_offset + 1


class _Lines:
    """The bytes of a range, and how many lines they were."""

    def __init__(self, engine: sa.Engine, planned: Range) -> None:
        self._engine = engine
        self._planned = planned
        self.count = 0

    def chunks(self) -> Iterator[bytes]:
        planned = self._planned
        raw = RAW[planned.topic]
        wanted = (raw.c.record_offset, raw.c.event)
        with self._engine.connect() as connection:
            for page in _pages(
                connection,
                raw,
                planned.partition_no,
                planned.first_offset,
                planned.next_offset,
                wanted,
            ):
                self.count += len(page)
                yield "".join(f"{row.event}\n" for row in page).encode()


def _range(row: Any) -> Range:
    return Range(
        row.id,
        row.topic,
        row.partition_no,
        row.first_offset,
        row.next_offset,
        row.path,
        row.row_count,
    )
