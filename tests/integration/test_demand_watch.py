"""The watch on a real database: what lands is held against what is usual, and written and told at once."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remedy.events.demand import DemandCalmed, DemandRose
from remedy.pipeline import demand_watch
from remedy.schema import demand as tables
from remedy.schema.people import outbox
from remedy.schema.pipeline import aggregated_day
from remedy.values import at_that
from tests.integration.demand_scene import NOON, ZONE, Town


@pytest.fixture
def town(database: sa.Engine) -> Town:
    return Town(database)


@pytest.fixture
def connection(database: sa.Engine) -> Iterator[sa.Connection]:
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as at:
        yield at


def test_a_surge_that_lands_is_an_alert_and_an_event_of_one_transaction(town, connection):
    watch = town.watch(connection)
    town.land("sold", 12)
    watch.look()
    (alert,) = town.rows(tables.demand_alert)
    assert (alert["subject_kind"], alert["medicine_id"], alert["measure"]) == (
        "medicine", town.medicines[0], "sales",
    )  # fmt: skip
    assert (alert["opened_count"], alert["highest_count"], alert["ended_at"]) == (12, 12, None)
    assert alert["usual_milli"] < 1000 * alert["band_high"] < 12_000
    (row,) = town.rows(outbox)
    assert (row["type"], row["aggregateid"]) == (DemandRose.TYPE, str(town.medicines[0]))


def rests(town, watch) -> None:
    for _ in range(90):
        town.clock.wait(seconds=60)
        watch.look()


def test_an_alert_rises_rests_comes_back_ends_and_is_history(town, connection):
    watch = town.watch(connection)
    town.land("sold", 12)
    watch.look()
    town.clock.wait(seconds=10)
    town.land("sold", 5)
    watch.look()
    (alert,) = town.rows(tables.demand_alert)
    assert (alert["highest_count"], alert["highest_at"]) == (17, town.clock())
    assert alert["latest_at"] is None
    rests(town, watch)
    (alert,) = town.rows(tables.demand_alert)
    assert alert["opened_at"] < alert["highest_at"] < alert["latest_at"] < town.clock()
    assert (alert["open_key"] is None, alert["ended_at"]) == (False, None)
    town.clock.wait(hours=20)
    town.land("sold", 12)
    watch.look()
    assert town.rows(tables.demand_alert)[0]["latest_at"] is None
    rests(town, watch)
    town.clock.wait(hours=72)
    watch.look()
    (alert,) = town.rows(tables.demand_alert)
    assert alert["open_key"] is None
    assert alert["opened_at"] + timedelta(hours=20) < alert["latest_at"] < alert["ended_at"]
    assert alert["ended_at"] == town.clock()
    assert [row["type"] for row in town.rows(outbox)] == [DemandRose.TYPE, DemandCalmed.TYPE]


def test_searches_of_few_people_are_neither_named_nor_shown(town, connection):
    watch = town.watch(connection)
    town.land("searched", 60, searcher="one and the same")
    watch.look()
    assert town.rows(tables.demand_alert) == []
    assert {row["subject_kind"] for row in town.rows(tables.demand_now)} == {"all"}
    town.land("searched", 12)
    watch.look()
    assert [row["measure"] for row in town.rows(tables.demand_alert)] == ["searches"]
    assert "medicine" in {row["subject_kind"] for row in town.rows(tables.demand_now)}


def test_two_counts_of_searches_cannot_be_subtracted_until_one_person_is_left(town, connection):
    watch = town.watch(connection)

    def shown(kind: str, measure: str = "searches") -> set[int]:
        return {
            row["event_count"]
            for row in town.rows(tables.demand_now)
            if (row["subject_kind"], row["measure"]) == (kind, measure)
        }

    town.land("searched", 6)
    watch.look()
    before = (shown("medicine"), shown("group"))
    # Two moments; and a sixth who has looked for another medicine of the same group.
    town.clock.wait(seconds=1)
    town.land("searched", 1)
    town.land("searched", 1, medicine=1)
    watch.look()
    assert (shown("medicine"), shown("group")) == before == ({5}, {5})
    # All together names nothing, and a sale nobody.
    assert shown("all") == {8}
    town.land("sold", 7)
    watch.look()
    assert shown("medicine", "sales") == {7}


def test_nor_the_counts_of_an_alert(town, connection):
    watch = town.watch(connection)
    town.land("searched", 12)
    watch.look()
    town.clock.wait(seconds=1)
    town.land("searched", 1)
    watch.look()
    (alert,) = town.rows(tables.demand_alert)
    assert (alert["opened_count"], alert["highest_count"]) == (10, 10)
    town.land("searched", 2)
    watch.look()
    assert town.rows(tables.demand_alert)[0]["highest_count"] == 15


def test_a_search_that_found_nothing_is_unmet_too(town, connection):
    watch = town.watch(connection)
    town.land("searched", 12, pharmacies_found=0)
    watch.look()
    assert {row["measure"] for row in town.rows(tables.demand_alert)} == {"searches", "unmet"}


def test_a_watch_that_begins_anew_goes_on_where_the_other_was(town, connection):
    first = town.watch(connection)
    town.land("sold", 12)
    first.look()
    town.clock.wait(seconds=30)
    second = town.watch(connection)
    second.look()
    assert len(town.rows(tables.demand_alert)) == 1
    rests(town, second)
    latest_at = town.rows(tables.demand_alert)[0]["latest_at"]
    assert NOON < latest_at < town.clock()
    # And one that begins while it rests knows since when.
    third = town.watch(connection)
    town.clock.wait(hours=72)
    third.look()
    (alert,) = town.rows(tables.demand_alert)
    assert (alert["latest_at"], alert["ended_at"]) == (latest_at, town.clock())


def test_a_watch_that_was_away_does_not_say_that_it_was_unusual_meanwhile(town, connection):
    first = town.watch(connection)
    town.land("sold", 12)
    first.look()
    last_look = town.clock()
    town.clock.wait(hours=30)
    town.watch(connection).look()
    (alert,) = town.rows(tables.demand_alert)
    assert (alert["latest_at"], alert["ended_at"]) == (last_look, None)


def test_what_lands_late_and_happened_long_ago_is_no_surge_now(town, connection):
    watch = town.watch(connection)
    town.clock.wait(hours=-3)
    town.land("sold", 50)
    town.clock.wait(hours=3)
    watch.look()
    assert town.rows(tables.demand_alert) == []


def test_a_row_that_cannot_be_read_stops_nothing(town, connection):
    watch = town.watch(connection)
    town.land("sold", 3, medicine_id="no id at all")
    town.land("searched", 3, medicine_id=None)
    town.land("sold", 12)
    watch.look()
    assert len(town.rows(tables.demand_alert)) == 1


def test_days_that_are_counted_while_it_watches_are_learnt_at_once(town, connection):
    with town.engine.begin() as at:
        rows = at.execute(sa.select(aggregated_day)).mappings().all()
        at.execute(sa.delete(aggregated_day))
    watch = town.watch(connection)
    town.land("sold", 12)
    watch.look()
    assert town.rows(tables.demand_alert) == []
    with town.engine.begin() as at:
        at.execute(sa.insert(aggregated_day), [dict(row) for row in rows])
    town.clock.wait(seconds=21)
    town.land("sold", 1)
    watch.look()
    assert len(town.rows(tables.demand_alert)) == 1


def test_how_the_town_stands_is_written_though_nothing_lands(town, connection):
    watch = town.watch(connection)
    rows = town.rows(tables.demand_now)
    assert {(row["measure"], row["window_minutes"]) for row in rows} == {
        (measure, minutes)
        for measure in ("searches", "unmet", "sales", "refusals")
        for minutes in (5, 60)
    }
    assert all(row["event_count"] == 0 for row in rows)
    (state,) = town.rows(tables.demand_watch)
    assert (state["history_days"], state["looked_at"]) == (28, NOON)
    town.clock.wait(seconds=11)
    watch.look()
    assert town.rows(tables.demand_watch)[0]["looked_at"] == town.clock()


def test_a_second_watch_waits_until_the_first_has_gone(town, database):
    first, second = threading.Event(), threading.Event()

    def work(stop: threading.Event) -> threading.Thread:
        thread = threading.Thread(
            target=demand_watch.run,
            args=(database,),
            kwargs={"zone": ZONE, "smallest": 5, "stop": stop, "clock": at_that(NOON)},
        )
        thread.start()
        return thread

    def state_comes() -> bool:
        pause = threading.Event()
        return any(town.rows(tables.demand_watch) or pause.wait(0.1) for _ in range(200))

    one = work(first)
    assert state_comes()
    with database.begin() as at:
        at.execute(sa.delete(tables.demand_watch))
    other = work(second)
    pause = threading.Event()
    pause.wait(1)
    assert town.rows(tables.demand_watch) == []
    first.set()
    one.join(20)
    assert state_comes()
    second.set()
    other.join(20)
    assert not one.is_alive()
    assert not other.is_alive()
