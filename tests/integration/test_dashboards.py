"""The dashboards against a real database, through the dashboards' own account."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest

from remedy.schema.demand import demand_alert
from remedy.schema.people import session
from remedy.schema.pipeline import (
    agg_daily_look_alike,
    agg_daily_search,
    agg_daily_searcher,
    agg_daily_unmet_demand,
)
from remedy.settings import Settings
from remedy.values import uuid7
from streamlit_app import access, data, words
from streamlit_app.queries import (
    demand,
    forecasts,
    names,
    performance,
    pipeline,
    requests,
    trends,
)
from streamlit_app.queries.forecasts import Chosen
from tests.factories import (
    Watch,
    an_admin,
)
from tests.integration.dashboard_scene import CLOSED, NOW, TOKEN, set_scene, sign_in
from tests.integration.dashboards import APP, browser, open_page, reader, words_of

__all__ = ["browser", "reader"]

PAGES = (
    "demand",
    "live",
    "trends",
    "performance",
    "forecast",
    "shortages",
    "orders",
    "models",
    "drift",
    "requests",
    "visits",
    "week-ahead",
    "imported",
    "pipeline",
    "system",
    "quality",
)


@pytest.fixture(scope="module")
def scene(database: sa.Engine) -> SimpleNamespace:
    """What the database holds for these tests."""
    with database.begin() as at:
        return set_scene(at)


@pytest.fixture
def connection(reader: sa.Engine, scene: SimpleNamespace) -> Iterator[sa.Connection]:
    with reader.connect() as at:
        yield at


def test_closed_days_and_the_time_since_are_told_apart_and_never_both(connection, scene):
    count = demand.last_count(connection)
    closed = demand.daily(connection, CLOSED - timedelta(days=9), CLOSED)
    later = demand.so_far(connection, CLOSED)

    assert count["day"].iloc[0].date() == CLOSED  # the open day was counted too, and is not closed
    assert closed[["sold_milli", "refused_milli", "uncovered_milli"]].to_numpy().tolist() == [
        [7000, 2000, 1000]
    ]
    # 3 sold less 1 reversed; what was received is no demand, what is quarantined is not believed.
    assert later[["sold_milli", "refused_milli", "row_count"]].to_numpy().tolist() == [
        [2000, 4000, 4]
    ]
    assert demand.days_to_recount(connection) == 1


def test_demand_can_be_asked_for_one_pharmacy_and_one_medicine(connection, scene):
    mine = demand.so_far(connection, CLOSED, scene.pharmacy_id, scene.medicine_id)
    other = demand.so_far(connection, CLOSED, scene.pharmacy_id, scene.other_id)
    nowhere = demand.daily(connection, CLOSED, CLOSED, uuid7())

    assert mine["sold_milli"].tolist() == [2000]
    assert other.empty
    assert nowhere.empty
    assert demand.by_medicine(connection, CLOSED, CLOSED)["medicine"].tolist() == [
        "Calmadol (paracetamol), 500 mg, tablet, 20 tablets"
    ]


def test_what_was_not_found_is_named_by_medicine_or_by_its_words(connection, scene):
    unmet = demand.unmet(connection, CLOSED, CLOSED, 5)
    since = demand.unmet_so_far(connection, CLOSED).iloc[0]

    assert unmet["wanted"].tolist()[0] == "“kalmadol”"
    assert unmet["wanted"].tolist()[1].startswith("Calmadol")
    assert (since["search_count"], since["unmet_count"]) == (2, 1)


def test_what_few_people_looked_for_is_on_no_trend(connection, scene):
    assert trends.searched(connection, CLOSED, 5)["people_count"].tolist() == [5]
    assert trends.look_alikes(connection, CLOSED, CLOSED, 5)["query"].tolist() == ["calmadoll"]
    assert len(trends.look_alikes(connection, CLOSED, CLOSED, 4)) == 2
    assert demand.unmet(connection, CLOSED, CLOSED, 6).empty


def test_one_person_on_many_days_is_on_no_list_of_words(database, scene):
    with database.connect() as at:
        for ago in range(7):
            written = {
                "day": CLOSED - timedelta(days=ago), "district": "Hill", "query": "asha canari",
                "search_count": 3, "searcher_count": 1,
            }  # fmt: skip
            at.execute(agg_daily_look_alike.insert().values(**written, name="canary"))
            at.execute(agg_daily_unmet_demand.insert().values(**written, medicine_id=UUID(int=0)))
        first = CLOSED - timedelta(days=27)
        alike = trends.look_alikes(at, first, CLOSED, 5)["query"].tolist()
        unmet = demand.unmet(at, first, CLOSED, 5)["wanted"].tolist()
        at.rollback()
    assert alike == ["calmadoll"]
    assert "“asha canari”" not in unmet


def test_searches_of_two_periods_cannot_be_subtracted_until_one_person_is_left(database, scene):
    def show(at, days):
        frame = demand.unmet(at, CLOSED - timedelta(days=days - 1), CLOSED, 5)
        return frame[["search_count", "searcher_count"]].to_numpy().tolist()

    with database.connect() as at:
        for ago, people in ((0, 6), (20, 1)):
            at.execute(
                agg_daily_unmet_demand.insert().values(
                    day=CLOSED - timedelta(days=ago), medicine_id=scene.other_id, district="Hill",
                    query="", search_count=people, searcher_count=people,
                )
            )  # fmt: skip
        assert show(at, 14) == show(at, 30)
        assert [5, 5] in show(at, 14)
        at.rollback()


def test_a_week_before_of_few_people_counts_for_nothing(database, scene):
    with database.connect() as at:
        that_day = {"day": CLOSED - timedelta(days=9), "medicine_id": scene.medicine_id}
        at.execute(agg_daily_search.insert().values(**that_day, search_count=9, found_count=9))
        at.execute(agg_daily_searcher.insert().values(**that_day, searcher_count=4))
        row = trends.searched(at, CLOSED, 5).iloc[0]
        at.rollback()
    assert (row["week_count"], row["before_count"], row["people_count"]) == (5, 0, 5)


def test_an_empty_shelf_is_empty_until_something_moves_on_it(connection, scene):
    (row,) = performance.shelves(connection, CLOSED - timedelta(days=27), CLOSED).to_dict("records")
    assert (row["out_count"], row["kept_count"], row["stock_milli"]) == (6, 10, 0)
    (row,) = performance.shelves(connection, CLOSED - timedelta(days=2), CLOSED).to_dict("records")
    assert (row["out_count"], row["kept_count"]) == (3, 3)


def test_what_expired_is_worth_the_price_of_its_day(connection, scene):
    (row,) = performance.expired(connection, CLOSED - timedelta(days=27), CLOSED).to_dict("records")
    assert (row["expired_milli"], int(row["loss_minor"]), row["unpriced_count"]) == (2000, 1000, 0)


def test_the_pipeline_is_seen_from_its_own_tables(connection, scene):
    topics = pipeline.topics(connection).set_index("topic")

    assert topics.loc["stock-movements", "median_s"] == pytest.approx(1.0)
    assert topics.loc["stock-movements", "row_count"] == 10
    assert topics["median_s"].isna().sum() == len(topics) - 3
    assert pipeline.dead_letters(connection)["letter_count"].tolist() == [1]
    assert pipeline.quarantined(connection)["held_count"].tolist() == [1]
    days = pipeline.counted_days(connection)
    assert len(days) == 4
    assert days["is_stale"].astype(bool).all()
    for empty in (
        pipeline.files(connection),
        pipeline.positions(connection),
        pipeline.backlog(connection),
    ):
        assert empty.empty


def test_every_query_answers_an_account_that_may_only_read(connection, scene):
    assert names.pharmacies(connection)["name"].tolist() == ["Corner Pharmacy"]
    assert len(names.counted_medicines(connection)) == 1
    assert forecasts.model_in_use(connection)["method"].tolist() == ["ridge"]
    assert forecasts.cover(connection, Chosen(scene.pharmacy_id))["item_count"].tolist() == [1]
    waiting = requests.waiting(connection)
    assert waiting["appointment_id"].tolist() == [str(scene.appointment_id)]
    assert requests.by_state(connection)["request_count"].tolist() == [1]


def test_the_session_decides_at_every_look(reader, database, scene):
    with database.begin() as at:
        sign_in(at, an_admin(at, name="Idle"), "idle", NOW - timedelta(minutes=31))
        ended = an_admin(at, name="Gone")
        sign_in(at, ended, "ended", NOW)
        at.execute(
            session.update()
            .where(session.c.token_sha256 == hashlib.sha256(b"ended").digest())
            .values(ended_at=NOW)
        )
    with reader.connect() as at:
        assert access.role_of(at, TOKEN, NOW) == "admin"
        assert access.role_of(at, TOKEN, NOW + timedelta(minutes=31)) is None
        assert access.role_of(at, "idle", NOW) is None
        assert access.role_of(at, "ended", NOW) is None
        assert access.role_of(at, "no such token", NOW) is None
        assert access.role_of(at, "", NOW) is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("demand", ["Sold, packs: 7", "Since 1 Mar, packs: 2", "MapReduce (application_17_0001)", "5 min ago", "“kalmadol”"]),
        ("forecast", ["Method in use: ridge", "Past error: 20%", "Against the mean: 87%", "4\\.5 days", "20260302T080000Z-abc", "next training", "Next forecast", "28 packs expected", "is not known yet"]),
        ("requests", ["general practice", "asked 20 min ago", "in 2 days", "urgent"]),
        ("live", ["Searches, 5 min: 5", "More than usual", "31 in 5 minutes, usually 4.2", "28 counted days", "medicines of the group N02", "lasts", "2 s ago"]),
        ("trends", ["Calmadol", "calmadoll", "out of stock", "100%", "4.0", "9.0"]),
        ("performance", ["Corner Pharmacy", "78%", "60.0%", "17 min", "10.00 EUR", "the same"]),
        ("pipeline", ["stock-movements", "1.0 s", "The body is not JSON.", "dead letter", "changed since", "SMS, 3 h before", "The patient has told no telephone number."]),
        ("quality", ["pharmacy is known", "Critical ones failed: 1", "Rows held back: 1"]),
    ],
)  # fmt: skip
def test_each_page_shows_its_figures_with_age_and_source(browser, scene, name, wanted):
    shown = words_of(open_page(name))

    for each in wanted:
        assert each in shown
    assert "Source: " in shown
    assert "Canary" not in shown
    assert "what draws it" not in shown  # Streamlit prints bare strings of its main file


def test_who_is_no_admin_gets_a_sentence_and_no_figure(browser, scene):
    browser.token = "somebody else's"
    for name in PAGES:
        page = open_page(name)
        assert "These pages are for admins" in words_of(page)
        assert not page.metric
        assert not page.dataframe


def test_a_session_that_ends_ends_the_dashboards_with_the_next_look(browser, scene, database):
    with database.begin() as at:
        sign_in(at, an_admin(at, name="Brief"), "brief", NOW)
    browser.token = "brief"
    page = open_page("demand")
    assert page.metric
    with database.begin() as at:
        at.execute(
            session.update()
            .where(session.c.token_sha256 == hashlib.sha256(b"brief").digest())
            .values(ended_at=NOW)
        )

    page.run()

    assert not page.metric
    assert "These pages are for admins" in words_of(page)


def test_what_is_unusual_stands_above_every_page_until_it_rests(browser, scene, database):
    is_new = demand_alert.c.subject_kind == "medicine"
    assert "More than usual" in words_of(open_page("forecast"))
    with database.begin() as at:
        at.execute(demand_alert.update().where(is_new).values(latest_at=NOW))
    st.cache_data.clear()
    try:
        assert "More than usual" not in words_of(open_page("forecast"))
        (table,) = [one for one in open_page("live").dataframe if "Latest" in one.value]
        first = table.value.iloc[0]
        assert first["Ended"] == "lasts"
        assert first["Latest"] == words.instant(NOW, "Europe/Rome")
    finally:
        with database.begin() as at:
            at.execute(demand_alert.update().where(is_new).values(latest_at=None))


def test_a_watch_that_stands_still_is_said(browser, scene, monkeypatch):
    monkeypatch.setattr(data, "now", Watch(NOW + timedelta(minutes=5)))
    assert "stands still" in open_page("live").error[0].value


def test_when_the_database_does_not_answer_the_page_says_so(browser, scene, monkeypatch):
    st.cache_resource.clear()
    monkeypatch.setattr(
        data,
        "settings",
        lambda: Settings(database_url="mysql+pymysql://nobody@127.0.0.1:1/remedy"),
    )
    page = AppTest.from_file(APP, default_timeout=60).run()

    assert not page.exception
    assert "The database does not answer" in page.error[0].value
