"""Whether a result is believed, and what its lines mean."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from remedy.pipeline.aggregate_lines import Counted, agg_rows, read_counted
from remedy.pipeline.aggregates import DayToCount, NotReconciled, Plan, first_open_day, reconcile
from remedy.schema.pipeline import (
    agg_daily_demand,
    agg_daily_search,
    agg_daily_searcher,
    agg_daily_stock,
    agg_daily_unmet_demand,
)
from tests.unit.mapreduce.landed import (
    CORNER,
    IBUPROFEN,
    MOVEMENTS,
    SEARCHES,
    count,
    event_id,
    line,
    movement,
    search,
    wanted,
)

DAY = date(2026, 3, 10)
LANDED = datetime(2026, 3, 11, 1, tzinfo=UTC)


def plan(movements: int, searches: int) -> Plan:
    return Plan(
        days=(
            DayToCount(SEARCHES, DAY, LANDED, searches, is_open=False),
            DayToCount(MOVEMENTS, DAY, LANDED, movements, is_open=False),
        ),
        files=("landing/x",),
        quarantined=(),
        waiting=(),
    )


def some_lines() -> list[bytes]:
    lines = [line(movement(), number=number) for number in range(3)]
    return [*lines, line(search(), number=3), line(search(pharmacies_found=1), number=4)]


def test_a_result_that_accounts_for_every_row_is_believed():
    found = count(some_lines(), wanted(quarantined=(event_id(2),)))
    assert reconcile(plan(movements=3, searches=2), found) == {
        (MOVEMENTS, DAY): Counted(2, 1),
        (SEARCHES, DAY): Counted(2, 0),
    }


def test_a_dropped_line_makes_the_reconciliation_fail_with_the_numbers():
    found = count(some_lines()[1:])
    with pytest.raises(NotReconciled, match="stock-movements of 2026-03-10: 3 landed, 2 counted"):
        reconcile(plan(movements=3, searches=2), found)


def test_a_line_that_was_read_twice_makes_it_fail_too():
    with pytest.raises(NotReconciled, match="3 landed, 4 counted"):
        reconcile(plan(movements=3, searches=2), count([*some_lines(), some_lines()[0]]))


def test_a_day_the_job_says_nothing_of_was_not_counted():
    with pytest.raises(NotReconciled, match="medicine-searches of 2026-03-10: 2 landed, 0 counted"):
        reconcile(plan(movements=3, searches=2), count(some_lines()[:3]))


def test_a_day_nobody_asked_for_is_not_loaded():
    lines = [*count(some_lines()), "rows\tstock-movements\t2026-03-09\t1\t0"]
    with pytest.raises(NotReconciled, match="2026-03-09: not asked for"):
        reconcile(plan(movements=3, searches=2), lines)


def test_each_kind_of_line_becomes_a_row_of_its_table():
    lines = count([*some_lines(), line(search(medicine_id=None, query="ginseng"), number=9)])
    found = {table.name: rows for table, rows in agg_rows(lines, 100)}
    assert set(found) == {
        table.name
        for table in (
            agg_daily_demand,
            agg_daily_search,
            agg_daily_searcher,
            agg_daily_stock,
            agg_daily_unmet_demand,
        )
    }
    assert found["agg_daily_demand"] == [
        {
            "day": DAY,
            "pharmacy_id": CORNER,
            "medicine_id": IBUPROFEN,
            "sold_milli": 3000,
            "uncovered_milli": 0,
            "refused_milli": 0,
            "received_milli": 0,
            "sale_count": 3,
            "refusal_count": 0,
        }
    ]
    assert {(row["medicine_id"], row["query"]) for row in found["agg_daily_unmet_demand"]} == {
        (IBUPROFEN, ""),
        (UUID(int=0), "ginseng"),
    }
    assert {row["found_count"] for row in found["agg_daily_search"]} == {0, 1}
    assert read_counted(lines)[SEARCHES, DAY] == Counted(3, 0)


def test_rows_come_in_batches_and_none_is_left_behind():
    lines = [f"search\t2026-03-10\t{UUID(int=number)}\t1\t0" for number in range(5)]
    assert [len(rows) for _, rows in agg_rows(lines, 2)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("bad", "words"),
    [("trend\t2026-03-10", "no kind we know"), ("search\t2026-03-10", "has 1 columns")],
)
def test_a_line_of_another_job_is_refused(bad, words):
    with pytest.raises(ValueError, match=words):
        list(agg_rows([bad], 10))


def test_a_day_is_over_when_it_is_over_everywhere():
    zones = {"*": "Europe/Rome", "a": "America/New_York"}
    evening_in_new_york = datetime(2026, 3, 11, 2, tzinfo=UTC)
    assert first_open_day(zones, evening_in_new_york) == DAY
    assert first_open_day({"*": "Europe/Rome"}, evening_in_new_york) == date(2026, 3, 11)
