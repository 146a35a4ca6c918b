"""The daily count on a real database: which days are chosen, and that they are replaced whole.

The job runs inline over local files; on YARN it runs in test_yarn.py.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from mapreduce.landed_lines import Wanted
from mapreduce.runner import run
from remedy.events.base import Event
from remedy.pipeline.aggregates import Asked, Done, NotReconciled, Plan, aggregate
from remedy.schema import pipeline as tables
from tests.factories import Watch
from tests.unit.mapreduce.landed import (
    CORNER,
    MOVEMENTS,
    SEARCHES,
    ZONES,
    event_id,
    line,
    movement,
    search,
)

JOB = "mapreduce.daily_demand:MRDailyDemand"
MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)
WEDNESDAY_NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


class History:
    """Landed events as the lander leaves them: rows in the landing tables, lines in files of a folder.

    It stands where HDFS does (`path`, `exists`, `list`, `open_lines`).
    """

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.watch = Watch(WEDNESDAY_NOON)
        self.number = 0
        self.jobs = 0
        with engine.begin() as connection:
            for table in (tables.landing_file_day, tables.landing_file, tables.landed_day):
                connection.execute(sa.delete(table))
            for table in (tables.aggregated_day, tables.quarantine, tables.agg_daily_demand):
                connection.execute(sa.delete(table))
            for table in (tables.agg_daily_search, tables.agg_daily_unmet_demand):
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
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(lines))
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
        question = Wanted.of(plan.wanted_days(), plan.zones, map(str, plan.quarantined))
        run(JOB, inputs, output, wanted=question)
        Path(output, "_SUCCESS").touch()
        return f"application_1_{self.jobs:04d}"

    def aggregate(self, **asked: object) -> Done:
        self.watch.wait(seconds=1)
        return aggregate(
            self.engine,
            self,
            ZONES,
            self.count,
            asked=Asked(**asked),
            run_id="scheduled__1",
            clock=self.watch,
        )

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def exists(self, name: str) -> bool:
        return Path(name).exists()

    def open_lines(self, name: str) -> Iterator[str]:
        yield from Path(name).read_text().splitlines()

    def rows(self, table: sa.Table) -> list[dict]:
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(table).order_by(*table.primary_key))
            return [dict(row) for row in found.mappings()]

    def sold(self) -> dict[date, int]:
        return {row["day"]: row["sold_milli"] for row in self.rows(tables.agg_daily_demand)}

    def list(self, name: str) -> list[str]:
        return sorted(found.name for found in Path(name).iterdir())


@pytest.fixture
def history(database: sa.Engine, tmp_path: Path) -> History:
    return History(database, tmp_path)


def chosen(done: Done) -> list[tuple[str, date]]:
    return [(each.kind, each.day) for each in done.days]


def test_nothing_landed_starts_no_job(history):
    assert history.aggregate() == Done((), (), "")
    assert history.jobs == 0


def test_all_changed_days_are_counted_in_one_job(history):
    history.land(movement(occurred_at=at(MONDAY)), movement(occurred_at=at(TUESDAY)))
    history.land(movement(occurred_at=at(MONDAY), quantity_milli=500))
    history.land(search(occurred_at=at(MONDAY)))
    done = history.aggregate()
    assert history.jobs == 1
    assert chosen(done) == [(SEARCHES, MONDAY), (MOVEMENTS, MONDAY), (MOVEMENTS, TUESDAY)]
    assert history.sold() == {MONDAY: 1500, TUESDAY: 1000}
    (unmet,) = history.rows(tables.agg_daily_unmet_demand)
    assert (unmet["search_count"], unmet["searcher_count"]) == (1, 1)
    told = history.rows(tables.aggregated_day)
    assert [(row["landed_rows"], row["counted_rows"]) for row in told] == [(1, 1), (2, 2), (1, 1)]
    assert {row["application_id"] for row in told} == {"application_1_0001"}
    assert {row["run_id"] for row in told} == {"scheduled__1"}


def test_a_second_run_finds_nothing_to_do_and_changes_nothing(history):
    history.land(movement(occurred_at=at(MONDAY)))
    history.aggregate()
    before = history.rows(tables.agg_daily_demand), history.rows(tables.aggregated_day)
    assert history.aggregate().days == ()
    assert history.jobs == 1
    assert (history.rows(tables.agg_daily_demand), history.rows(tables.aggregated_day)) == before


def test_counted_again_on_request_nothing_differs(history):
    history.land(movement(occurred_at=at(MONDAY)))
    history.aggregate()
    before = history.rows(tables.agg_daily_demand)
    assert len(before) == 1
    assert chosen(history.aggregate(again=True)) == [(MOVEMENTS, MONDAY)]
    assert history.jobs == 2
    assert history.rows(tables.agg_daily_demand) == before


def test_a_late_event_reopens_its_day_and_no_other(history):
    history.land(movement(occurred_at=at(MONDAY)), movement(occurred_at=at(TUESDAY)))
    history.aggregate()
    history.land(movement(occurred_at=at(MONDAY), quantity_milli=7))
    assert chosen(history.aggregate()) == [(MOVEMENTS, MONDAY)]
    assert history.sold() == {MONDAY: 1007, TUESDAY: 1000}


@pytest.mark.parametrize(
    "unready", [{"state": "planned"}, {"is_checked": False}], ids=["not ready", "not checked"]
)
def test_a_day_with_a_part_that_is_not_ready_waits(history, unready):
    history.land(movement(occurred_at=at(MONDAY)))
    late = history.land(movement(occurred_at=at(MONDAY)), **unready)
    done = history.aggregate()
    assert (done.days, done.waiting) == ((), ((MOVEMENTS, MONDAY),))
    assert history.jobs == 0
    history.check(late)
    assert chosen(history.aggregate()) == [(MOVEMENTS, MONDAY)]
    assert history.sold() == {MONDAY: 2000}


def test_today_is_counted_only_when_asked_for_and_again_when_it_is_over(history):
    today = WEDNESDAY_NOON.date()
    history.land(movement(occurred_at=at(today, 6)))
    history.land(movement(occurred_at=at(today, 7)), is_checked=False)
    assert history.aggregate().days == ()
    done = history.aggregate(include_open=True)
    assert [(each.day, each.is_open, each.expected_rows) for each in done.days] == [
        (today, True, 1)
    ]
    assert history.sold() == {today: 1000}
    assert history.aggregate().days == ()
    history.check(history.rows(tables.landing_file)[1]["path"])
    history.watch.wait(days=1)
    (again,) = history.aggregate().days
    assert (again.day, again.is_open) == (today, False)
    assert history.sold() == {today: 2000}


def test_only_the_days_asked_for_are_counted(history):
    history.land(movement(occurred_at=at(MONDAY)), movement(occurred_at=at(TUESDAY)))
    done = history.aggregate(first_day=TUESDAY, last_day=TUESDAY)
    assert chosen(done) == [(MOVEMENTS, TUESDAY)]
    assert history.sold() == {TUESDAY: 1000}


def test_a_doubted_row_is_left_out_until_it_is_released(history):
    history.land(movement(occurred_at=at(MONDAY)), movement(occurred_at=at(MONDAY)))
    history.quarantine(2, MONDAY)
    history.aggregate()
    (told,) = history.rows(tables.aggregated_day)
    assert (told["counted_rows"], told["quarantined_rows"]) == (1, 1)
    assert history.sold() == {MONDAY: 1000}
    history.watch.wait(seconds=1)
    with history.engine.begin() as connection:
        connection.execute(sa.update(tables.quarantine).values(released_at=history.watch()))
        history.touch(connection, MOVEMENTS, MONDAY, 0)
    history.aggregate()
    assert history.sold() == {MONDAY: 2000}


def test_a_line_dropped_before_the_load_fails_and_the_tables_stay_as_they_were(history):
    name = history.land(movement(occurred_at=at(MONDAY)), movement(occurred_at=at(MONDAY)))
    history.aggregate()
    before = history.rows(tables.agg_daily_demand), history.rows(tables.aggregated_day)
    history.land(movement(occurred_at=at(MONDAY)))
    path = history.folder / name
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    with pytest.raises(NotReconciled, match="3 landed, 2 counted"):
        history.aggregate()
    assert (history.rows(tables.agg_daily_demand), history.rows(tables.aggregated_day)) == before


def test_a_day_whose_last_sale_was_reversed_loses_its_row(history):
    from remedy.events import pharmacy as events

    sold = movement(occurred_at=at(MONDAY))
    history.land(sold)
    history.aggregate()
    assert history.sold() == {MONDAY: 1000}
    undone = movement(
        events.StockReversed,
        # Reversed on Tuesday; it counts for Monday, and so it lands.
        occurred_at=at(MONDAY) + timedelta(hours=1),
        reversed_kind="sold",
        reversed_quantity_milli=1000,
        reversed_at=at(MONDAY),
    )
    history.land(undone)
    history.aggregate()
    assert history.sold() == {}


def test_a_job_that_did_not_finish_loads_nothing(history):
    history.land(movement(occurred_at=at(MONDAY), pharmacy_id=CORNER))

    def unfinished(plan: Plan, inputs: Sequence[str], output: str) -> str:
        history.count(plan, inputs, output)
        Path(output, "_SUCCESS").unlink()
        return "application_1_0001"

    with pytest.raises(NotReconciled, match="no _SUCCESS"):
        aggregate(
            history.engine,
            history,
            ZONES,
            unfinished,
            asked=Asked(),
            run_id="scheduled__1",
            clock=history.watch,
        )
    assert history.sold() == {}
