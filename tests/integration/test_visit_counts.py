"""The count of visits on a real database: which days are chosen, what they are told from, and that they are replaced whole.

The job runs inline over local files, with several reducers; on YARN it runs in test_visits_imported.py.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from mapreduce.landed_lines import Wanted
from mapreduce.runner import run
from remedy.pipeline.aggregates import Asked, Done, NotReconciled, Plan, aggregate
from remedy.pipeline.visit_counts import TOPIC, VISITS, plan_visits
from remedy.schema import pipeline as tables
from remedy.schema import visit_counts as counts
from tests.integration.history import MONDAY, TUESDAY, WEDNESDAY_NOON, History, LocalFolder, at
from tests.unit.mapreduce.landed import ZONES, event_id
from tests.unit.mapreduce.visit_lines import CLINIC, EKOW, accepted, cancelled, requested

JOB = "mapreduce.visits:MRVisits"


class VisitHistory(History):
    """A landed history of visits, counted as aggregate_visits counts it."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        super().__init__(engine, LocalFolder(folder), count_inline)
        with engine.begin() as connection:
            for table in VISITS.tables_of(TOPIC):
                connection.execute(sa.delete(table))

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
            subject=VISITS,
            planned=plan_visits,
        )

    def doubt(self, number: int, day: date) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(tables.quarantine).values(
                    event_id=event_id(number),
                    topic=TOPIC,
                    day=day,
                    expectation="doctor_is_known",
                    quarantined_at=self.watch(),
                )
            )

    def booked(self) -> int:
        return sum(row["booked_minutes"] for row in self.rows(counts.agg_hourly_visits))

    def contents(self) -> list[list[dict]]:
        return [self.rows(table) for table in VISITS.tables_of(TOPIC)]


def count_inline(plan: Plan, inputs: Sequence[str], output: str) -> str:
    question = Wanted.of(plan.wanted_days(), map(str, plan.quarantined))
    run(JOB, inputs, output, wanted=question)
    Path(output, "_SUCCESS").touch()
    return "application_1_0001"


@pytest.fixture
def history(database: sa.Engine, tmp_path: Path) -> VisitHistory:
    return VisitHistory(database, tmp_path)


def chosen(done: Done) -> list[date]:
    return [each.day for each in done.days]


def test_nothing_landed_starts_no_job(history):
    assert history.aggregate() == Done((), (), "")
    assert history.jobs == 0


def test_all_changed_days_are_counted_in_one_job_and_loaded(history):
    history.land(requested(occurred_at=at(MONDAY)), requested(visit=2, occurred_at=at(MONDAY)))
    history.land(accepted(occurred_at=at(TUESDAY)), accepted(visit=2, occurred_at=at(TUESDAY, 13)))
    done = history.aggregate()
    assert (chosen(done), history.jobs) == ([MONDAY, TUESDAY], 1)
    monday, tuesday = history.rows(counts.agg_daily_visits)
    assert (monday["requested_count"], tuesday["accepted_count"]) == (2, 2)
    assert (monday["hospital_id"], monday["doctor_id"]) == (CLINIC, EKOW)
    assert monday["speciality"] == tuesday["speciality"] == "cardiology"
    waits = history.rows(counts.agg_daily_waiting)
    assert {(row["waited_for"], row["wait_count"]) for row in waits} >= {("visit", 2)}
    assert sum(row["wait_minutes"] for row in waits if row["waited_for"] == "accepted") == 49 * 60
    assert history.booked() == 60
    told = history.rows(tables.aggregated_day)
    assert [(row["landed_rows"], row["counted_rows"]) for row in told] == [(2, 2), (2, 2)]
    assert history.aggregate().days == ()


def test_what_a_later_day_means_is_told_from_the_days_before_it(history):
    history.land(requested(occurred_at=at(MONDAY)), accepted(occurred_at=at(MONDAY, 13)))
    history.aggregate()
    assert history.booked() == 30
    history.land(cancelled(occurred_at=at(TUESDAY)))
    assert chosen(history.aggregate()) == [TUESDAY]
    assert history.booked() == 0
    rows = history.rows(counts.agg_hourly_visits)
    assert {row["day"]: row["booked_count"] for row in rows if row["booked_count"]} == {
        MONDAY: 1,
        TUESDAY: -1,
    }


def test_a_late_event_has_the_days_after_it_counted_anew(history):
    history.land(requested(occurred_at=at(MONDAY)))
    history.land(cancelled(occurred_at=at(TUESDAY)))
    history.aggregate()
    assert history.booked() == 0
    history.land(accepted(occurred_at=at(MONDAY, 14)))
    assert chosen(history.aggregate()) == [MONDAY, TUESDAY]
    assert history.booked() == 0
    days = {row["day"] for row in history.rows(counts.agg_hourly_visits)}
    assert days == {MONDAY, TUESDAY}


def test_a_day_waits_until_those_before_it_are_whole(history):
    late = history.land(requested(occurred_at=at(MONDAY)), is_checked=False)
    history.land(accepted(occurred_at=at(TUESDAY)))
    done = history.aggregate()
    assert done.days == ()
    assert done.waiting == ((TOPIC, MONDAY), (TOPIC, TUESDAY))
    history.check(late)
    assert chosen(history.aggregate()) == [MONDAY, TUESDAY]
    assert history.booked() == 30


def test_counted_again_on_request_nothing_differs(history):
    history.land(requested(occurred_at=at(MONDAY)), accepted(occurred_at=at(MONDAY)))
    history.aggregate()
    before = history.contents()
    assert sum(map(len, before)) > 3
    assert chosen(history.aggregate(again=True)) == [MONDAY]
    assert history.contents() == before


def test_a_doubted_event_is_left_out_also_on_the_days_after_it(history):
    history.land(requested(occurred_at=at(MONDAY)), accepted(occurred_at=at(MONDAY)))
    history.land(cancelled(occurred_at=at(TUESDAY)))
    history.doubt(2, MONDAY)
    history.aggregate()
    assert history.rows(counts.agg_hourly_visits) == []
    monday, _ = history.rows(tables.aggregated_day)
    assert (monday["counted_rows"], monday["quarantined_rows"]) == (1, 1)


def test_today_is_counted_only_when_asked_for(history):
    today = WEDNESDAY_NOON.date()
    history.land(requested(occurred_at=at(today, 6)))
    assert history.aggregate().days == ()
    assert chosen(history.aggregate(include_open=True)) == [today]
    history.watch.wait(days=1)
    (again,) = history.aggregate().days
    assert (again.day, again.is_open) == (today, False)


def test_only_what_began_on_the_days_asked_for_is_counted(history):
    for day in (MONDAY - timedelta(days=1), MONDAY, TUESDAY):
        history.land(requested(occurred_at=at(day)))
    assert chosen(history.aggregate(first_day=MONDAY, last_day=MONDAY)) == [MONDAY, TUESDAY]


def test_a_line_dropped_before_the_load_fails_and_the_tables_stay_as_they_were(history):
    name = history.land(requested(occurred_at=at(MONDAY)), accepted(occurred_at=at(MONDAY)))
    history.aggregate()
    before = history.contents()
    history.land(requested(visit=2, occurred_at=at(MONDAY)))
    path = Path(history.files.path(name))
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    with pytest.raises(NotReconciled, match="3 landed, 2 counted"):
        history.aggregate()
    assert history.contents() == before
