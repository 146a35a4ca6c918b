"""The daily count on a real database: which days are chosen, and that they are replaced whole.

The job runs inline over local files; on YARN it runs in test_yarn.py.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from remedy.events import pharmacy as events
from remedy.pipeline.aggregates import Asked, Done, NotReconciled, Plan, aggregate
from remedy.schema import pipeline as tables
from tests.factories import a_medicine
from tests.integration.history import (
    MONDAY,
    TUESDAY,
    WEDNESDAY_NOON,
    History,
    LocalFolder,
    at,
    count_inline,
)
from tests.unit.mapreduce.landed import (
    MOVEMENTS,
    SEARCHES,
    ZONES,
    event_id,
    movement,
    search,
)


@pytest.fixture
def history(database: sa.Engine, tmp_path: Path) -> History:
    return History(database, LocalFolder(tmp_path), count_inline)


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
    path = Path(history.files.path(name))
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    with pytest.raises(NotReconciled, match="3 landed, 2 counted"):
        history.aggregate()
    assert (history.rows(tables.agg_daily_demand), history.rows(tables.aggregated_day)) == before


def test_a_day_whose_last_sale_was_reversed_loses_its_row(history):
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
    history.land(movement(occurred_at=at(MONDAY)))

    def unfinished(plan: Plan, inputs: Sequence[str], output: str) -> str:
        history.count(plan, inputs, output)
        Path(output, "_SUCCESS").unlink()
        return "application_1_0001"

    with pytest.raises(NotReconciled, match="no _SUCCESS"):
        aggregate(
            history.engine,
            history.files,
            ZONES,
            unfinished,
            asked=Asked(),
            run_id="scheduled__1",
            clock=history.watch,
        )
    assert history.sold() == {}


def test_shelves_prices_people_and_look_alikes_are_loaded_and_replaced_with_their_day(history):
    with history.engine.begin() as connection:
        a_medicine(connection, generic_name="ibuprofen", brand_name="Brufalin")
    lot = events.LotChange(event_id(0), -2000)
    sold = movement(occurred_at=at(MONDAY), pharmacy_seq=7, balance_milli=0, lots=(lot,))
    history.land(sold)
    history.land(search(occurred_at=at(MONDAY), medicine_id=None, query="ibuprofne"))
    for _ in range(2):
        history.aggregate(again=True)
        (shelf,) = history.rows(tables.agg_daily_stock)
        assert (shelf["opening_milli"], shelf["closing_milli"]) == (2000, 0)
        (people,) = history.rows(tables.agg_daily_searcher)
        assert people["searcher_count"] == 1
        (alike,) = history.rows(tables.agg_daily_look_alike)
        assert (alike["query"], alike["name"], alike["searcher_count"]) == (
            "ibuprofne", "ibuprofen", 1,
        )  # fmt: skip
        assert history.rows(tables.agg_daily_price) == []
