"""The count over both halves on a real database: which weeks are chosen, and that they are replaced whole.

The job runs inline over local files, both of its steps.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from mapreduce.landed_lines import Wanted
from mapreduce.runner import run
from remedy.pipeline.aggregates import Asked, Done, NotReconciled, Plan, aggregate
from remedy.pipeline.week_ahead import KIND, WEEKS, groups_of, plan_weeks, wanted_days
from remedy.schema.pipeline import landed_day
from remedy.schema.visit_counts import agg_weekly_visit_demand
from tests.factories import a_medicine
from tests.integration.history import History, LocalFolder
from tests.unit.mapreduce.landed import ZONES, movement
from tests.unit.mapreduce.visit_lines import accepted, cancelled, requested

JOB = "mapreduce.visit_demand:MRVisitDemand"
MONDAY = date(2026, 3, 9)
ASKED = datetime(2026, 3, 2, 9, tzinfo=UTC)
VISIT = {"starts_at": ASKED + timedelta(days=2), "ends_at": ASKED + timedelta(days=2, minutes=20)}
SOLD = datetime(2026, 3, 10, 9, tzinfo=UTC)


class Weeks(History):
    """A landed history of both halves, counted as aggregate_weeks counts it."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        super().__init__(engine, LocalFolder(folder), self.inline)
        with engine.begin() as connection:
            connection.execute(sa.delete(agg_weekly_visit_demand))
            self.medicine = a_medicine(connection, atc_code="R03AC02")
        self.watch.now = datetime(2026, 3, 17, 9, tzinfo=UTC)

    def inline(self, plan: Plan, inputs: Sequence[str], output: str) -> str:
        with self.engine.connect() as connection:
            groups = groups_of(connection)
        run(
            JOB,
            inputs,
            output,
            wanted=Wanted.of(wanted_days(plan), map(str, plan.quarantined), groups=groups),
        )
        Path(output, "_SUCCESS").touch()
        return "application_1_0001"

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
            subject=WEEKS,
            planned=plan_weeks,
        )

    def sell(self, at: datetime = SOLD, **differs: object) -> str:
        return self.land(movement(occurred_at=at, medicine_id=self.medicine), **differs)

    def counted(self) -> list[tuple]:
        rows = self.rows(agg_weekly_visit_demand)
        return [tuple(row.values()) for row in rows]


@pytest.fixture
def weeks(database: sa.Engine, tmp_path: Path) -> Weeks:
    return Weeks(database, tmp_path)


def see(weeks: Weeks, visit: int = 1) -> None:
    weeks.land(*(make(visit=visit, occurred_at=ASKED, **VISIT) for make in (requested, accepted)))


def test_a_week_with_visits_before_it_is_counted_once_it_is_over(weeks):
    see(weeks)
    weeks.sell()
    weeks.watch.now = datetime(2026, 3, 15, 9, tzinfo=UTC)
    assert weeks.aggregate() == Done((), (), "")
    weeks.watch.now = datetime(2026, 3, 17, 9, tzinfo=UTC)
    (done,) = weeks.aggregate().days
    assert (done.kind, done.day, done.expected_rows) == (KIND, MONDAY, 3)
    assert weeks.counted() == [(MONDAY, "cardiology", "R03", 1, 1000, 1)]
    assert weeks.aggregate().days == ()


def test_a_late_sale_or_an_earlier_visit_has_the_week_counted_anew(weeks):
    see(weeks)
    weeks.sell()
    weeks.aggregate()
    weeks.sell(SOLD + timedelta(hours=1))
    assert len(weeks.aggregate().days) == 1
    assert weeks.counted() == [(MONDAY, "cardiology", "R03", 1, 2000, 2)]
    off = cancelled(occurred_at=ASKED + timedelta(hours=1), **VISIT)
    see(weeks, 2)
    weeks.land(off)
    assert len(weeks.aggregate().days) == 1
    assert weeks.counted() == [(MONDAY, "cardiology", "R03", 1, 2000, 2)]


def test_a_week_waits_for_what_is_not_checked_and_is_not_loaded_when_a_row_is_missing(weeks):
    see(weeks)
    late = weeks.sell(is_checked=False)
    assert weeks.aggregate().waiting == ((KIND, MONDAY),)
    weeks.check(late)
    weeks.aggregate()
    before = weeks.counted()
    assert before
    with weeks.engine.begin() as connection:
        connection.execute(sa.update(landed_day).values(changed_at=weeks.watch()))
    path = Path(weeks.files.path(late))
    path.write_bytes(b"")
    with pytest.raises(NotReconciled, match="3 landed, 2 counted"):
        weeks.aggregate()
    assert weeks.counted() == before
