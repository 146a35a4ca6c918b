"""A landed history for tests of the count: files, and the rows the lander and the gate keep about them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mapreduce.landed_lines import Wanted
from mapreduce.runner import run
from remedy.events.base import Event
from remedy.pipeline.aggregates import Asked, Count, Done, Plan, aggregate
from remedy.schema import pipeline as tables
from tests.factories import Watch
from tests.unit.mapreduce.landed import MOVEMENTS, ZONES, event_id, line

JOB = "mapreduce.daily_demand:MRDailyDemand"
MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)
WEDNESDAY_NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


class History:
    """Landed events as the lander leaves them: rows in the landing tables, lines in files.

    `files` is HDFS (`remedy.gateways.hdfs.Files`) or a `LocalFolder`; `count` runs the job.
    """

    def __init__(self, engine: sa.Engine, files: Any, count: Count) -> None:
        self.engine = engine
        self.files = files
        self.run_job = count
        self.watch = Watch(WEDNESDAY_NOON)
        self.number = 0
        self.jobs = 0
        with engine.begin() as connection:
            for table in (tables.landing_file_day, tables.landing_file, tables.landed_day):
                connection.execute(sa.delete(table))
            for table in (tables.aggregated_day, tables.quarantine, tables.agg_daily_demand):
                connection.execute(sa.delete(table))
            for table in (
                tables.agg_daily_search,
                tables.agg_daily_unmet_demand,
                tables.agg_daily_searcher,
                tables.agg_daily_look_alike,
                tables.agg_daily_stock,
                tables.agg_daily_price,
            ):
                connection.execute(sa.delete(table))

    def land(self, *happened: Event, state: str = "ready", is_checked: bool = True) -> str:
        """Land events of one topic in one file; its name."""
        topic = happened[0].topic()
        lines = []
        days: dict[date, int] = {}
        for each in happened:
            self.number += 1
            lines.append(line(each, number=self.number, offset=self.number) + b"\n")
            day = each.occurred_at.date()
            days[day] = days.get(day, 0) + 1
        name = f"landing/{topic}/p0-{self.number}.jsonl"
        self.files.write_once(name, lines)
        self.watch.wait(seconds=1)
        now = self.watch()
        with self.engine.begin() as connection:
            made = connection.execute(
                sa.insert(tables.landing_file).values(
                    topic=topic,
                    partition_no=0,
                    first_offset=self.number - len(happened) + 1,
                    next_offset=self.number + 1,
                    landed_on=now.date(),
                    path=name,
                    state=state,
                    row_count=len(happened),
                    planned_at=now,
                    checked_at=now if is_checked else None,
                )
            )
            file_id = made.inserted_primary_key[0]
            for day, rows in days.items():
                connection.execute(
                    sa.insert(tables.landing_file_day).values(
                        file_id=file_id, day=day, row_count=rows
                    )
                )
                self.touch(connection, topic, day, rows)
        return name

    def touch(self, connection: sa.Connection, topic: str, day: date, rows: int) -> None:
        table = tables.landed_day
        here = sa.and_(table.c.kind == topic, table.c.day == day)
        landed = connection.execute(sa.select(table.c.landed_rows).where(here)).scalar()
        if landed is None:
            values = {"kind": topic, "day": day, "landed_rows": rows, "changed_at": self.watch()}
            connection.execute(sa.insert(table).values(values))
            return
        connection.execute(
            sa.update(table).where(here).values(landed_rows=landed + rows, changed_at=self.watch())
        )

    def check(self, name: str) -> None:
        file = tables.landing_file
        with self.engine.begin() as connection:
            connection.execute(
                sa.update(file)
                .where(file.c.path == name)
                .values(state="ready", checked_at=self.watch())
            )

    def quarantine(self, number: int, day: date) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(tables.quarantine).values(
                    event_id=event_id(number),
                    topic=MOVEMENTS,
                    day=day,
                    expectation="known pharmacy",
                    quarantined_at=self.watch(),
                )
            )

    def count(self, plan: Plan, inputs: Sequence[str], output: str) -> str:
        self.jobs += 1
        return self.run_job(plan, inputs, output)

    def aggregate(self, **asked: object) -> Done:
        self.watch.wait(seconds=1)
        return aggregate(
            self.engine,
            self.files,
            ZONES,
            self.count,
            asked=Asked(**asked),
            run_id="scheduled__1",
            clock=self.watch,
        )

    def rows(self, table: sa.Table) -> list[dict]:
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(table).order_by(*table.primary_key))
            return [dict(row) for row in found.mappings()]

    def sold(self) -> dict[date, int]:
        return {row["day"]: row["sold_milli"] for row in self.rows(tables.agg_daily_demand)}


class LocalFolder:
    """A folder where HDFS would be: as much of its gateway as the count uses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write_once(self, name: str, chunks: Sequence[bytes]) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(chunks))

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def exists(self, name: str) -> bool:
        return Path(name).exists()

    def open_lines(self, name: str) -> Iterator[str]:
        yield from Path(name).read_text().splitlines()

    def list(self, name: str) -> list[str]:
        return sorted(found.name for found in Path(name).iterdir())


def count_inline(plan: Plan, inputs: Sequence[str], output: str) -> str:
    """Run the job in this process, over local files."""
    question = Wanted.of(plan.wanted_days(), map(str, plan.quarantined), plan.names)
    run(JOB, inputs, output, wanted=question)
    Path(output, "_SUCCESS").touch()
    return "application_1_0001"
