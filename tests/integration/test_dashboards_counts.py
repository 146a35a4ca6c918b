"""The pages of the count over both halves and of the imported register: every tile is as many as the rows it opens."""

from datetime import date
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import streamlit as st

from remedy.appointments import activity
from remedy.appointments.activity import Chosen
from remedy.schema.visit_counts import agg_daily_imported_visits, agg_weekly_visit_demand
from streamlit_app.queries import week_ahead as queries
from streamlit_app.views import imported, week_ahead
from tests.integration.dashboard_counts import REGISTER, WEEKS, count_weeks, import_register
from tests.integration.dashboard_scene import set_scene
from tests.integration.dashboards import browser, open_page, reader, words_of

__all__ = ["browser", "reader"]


@pytest.fixture(scope="module")
def scene(database: sa.Engine) -> SimpleNamespace:
    """What the database holds for these tests."""
    with database.begin() as at:
        made = set_scene(at)
        count_weeks(at)
        import_register(at)
    return made


def numbers(page) -> dict[str, int]:
    return {one.label: int(one.value.replace(",", "")) for one in page.metric}


def opened(page, kind: str, head: str) -> list:
    """The rows that a tile's button opens; closed again."""
    page.button(key=f"rows-{kind}").click().run()
    assert not page.exception
    found = [one.value for one in page.dataframe if head in one.value]
    page.button(key=f"rows-{kind}").click().run()
    assert not [one for one in page.dataframe if head in one.value]
    return found


def test_every_tile_of_the_imported_register_opens_as_many_rows_as_it_says(browser, scene):
    page = open_page("imported")
    shown = numbers(page)
    assert shown == {
        "Visits": len(REGISTER),
        "Missed": sum(row[3] for row in REGISTER),
        "Kept": sum(not row[3] for row in REGISTER),
        "Doubtful": sum(bool(row[4]) for row in REGISTER),
    }
    for kind, (title, _) in imported.TILES.items():
        (rows,) = opened(page, kind, "Record")
        assert len(rows) == shown[title] > 0, title
    assert "The tile says" not in words_of(page)


@pytest.mark.long
def test_of_one_neighbourhood_everything_is_of_it(browser, scene):
    page = open_page("imported")
    page.selectbox[0].select("SANTA LÚCIA").run()
    there = [row for row in REGISTER if row[1] == "SANTA LÚCIA"]
    assert numbers(page)["Visits"] == len(there)
    (rows,) = opened(page, "missed", "Record")
    assert len(rows) == sum(row[3] for row in there)
    assert set(rows["Neighbourhood"]) == {"SANTA LÚCIA"}
    leads = next(one.value for one in page.dataframe if "Booked before" in one.value)
    assert leads["Visits"].sum() == len(there)
    assert leads["Booked before"].tolist() == ["after the visit", "same day", "over 30 days"]


@pytest.mark.long
def test_the_imported_page_says_what_it_is_of_and_how_sure_it_is(browser, scene):
    page = open_page("imported")
    shown = words_of(page)
    assert "imported from a file: 21 from Mon 2 May 2016 to Wed 4 May 2016" in shown
    assert "in no other number" in shown
    assert "6 min ago" in shown
    leads = next(one.value for one in page.dataframe if "Booked before" in one.value).set_index(
        "Booked before"
    )
    # Of six for the same day those of the third day were missed; Wilson's interval by hand.
    assert leads.loc["same day"].tolist() == [6, 2, "33.3% (9.7% to 70.0%)"]


@pytest.mark.long
def test_a_count_that_lost_a_line_is_said(browser, scene, database):
    """The control: a tile that is not as many as its rows does not pass in silence."""
    more = agg_daily_imported_visits.c.missed_count + 1
    one = (agg_daily_imported_visits.c.day == date(2016, 5, 2)) & (
        agg_daily_imported_visits.c.neighbourhood == "CENTRO"
    )
    with database.begin() as at:
        at.execute(agg_daily_imported_visits.update().where(one).values(missed_count=more))
    try:
        page = open_page("imported")
        page.button(key="rows-missed").click().run()
        assert "The tile says 14, and 13 rows are here." in words_of(page)
    finally:
        with database.begin() as at:
            at.execute(agg_daily_imported_visits.update().where(one).values(missed_count=more - 2))


def test_every_tile_of_the_weeks_opens_rows_that_add_up_to_it(browser, scene):
    page = open_page("week-ahead")
    page.selectbox[0].select("general practice").run()
    page.selectbox[1].select("N02").run()
    shown = numbers(page)
    assert shown["Visits"] == sum(visits for visits, _ in WEEKS)
    assert shown["Packs sold"] == sum(packs for _, packs in WEEKS)
    for kind, column in (("visits", "Visits"), ("packs", "Packs sold"), ("sales", "Sales")):
        (rows,) = opened(page, kind, "Visits, week from")
        assert rows[column].sum() == shown[week_ahead.TILES[kind][0]] > 0
    (rows,) = opened(page, "weeks", "Visits, week from")
    assert len(rows) == shown["Weeks"] == len(WEEKS)
    # The visits stand beside the sales of the week after.
    assert rows.iloc[0][["Visits, week from", "Sales, week from"]].tolist() == [
        "Mon 29 Dec 2025", "Mon 5 Jan 2026",
    ]  # fmt: skip


def test_the_register_is_in_no_number_of_the_visits_here(reader, scene):
    whole = Chosen(date(2016, 5, 1), date(2016, 5, 31))
    with reader.connect() as at:
        for closed in (None, date(2026, 3, 1)):
            assert activity.days(at, whole, closed) == []
        assert activity.booked_count(at, whole) == 0


def test_a_speciality_that_saw_nobody_in_a_week_saw_nobody(reader, scene):
    with reader.connect() as at:
        weeks = queries.weeks(at, "cardiology", "C07")
    assert weeks["visit_count"].tolist() == [7, 6, 5, 4, 3, 2, 1, 0]
    assert weeks["sold_milli"].tolist() == [12_000] * 8


@pytest.mark.long
def test_a_correlation_is_told_with_its_weeks_and_is_no_cause(browser, scene):
    page = open_page("week-ahead")
    page.selectbox[0].select("general practice").run()
    page.selectbox[1].select("N02").run()
    shown = words_of(page)
    assert "**Correlation 0.92** over 8 weeks" in shown
    assert "It is no cause." in page.warning[-1].value
    page.selectbox[1].select("C07").run()
    assert "the same in every week" in words_of(page)
    assert "Correlation 0" not in words_of(page)


@pytest.mark.long
def test_few_weeks_and_none_are_said_in_words(browser, scene, database):
    with database.begin() as at:
        rows = [dict(row) for row in at.execute(sa.select(agg_weekly_visit_demand)).mappings()]
        at.execute(
            agg_weekly_visit_demand.delete().where(
                agg_weekly_visit_demand.c.week_on > date(2026, 1, 12)
            )
        )
    try:
        assert "2 weeks are too few to tell" in words_of(open_page("week-ahead"))
        with database.begin() as at:
            at.execute(agg_weekly_visit_demand.delete())
        st.cache_data.clear()
        assert "No week has been counted yet." in words_of(open_page("week-ahead"))
    finally:
        with database.begin() as at:
            at.execute(agg_weekly_visit_demand.delete())
            at.execute(agg_weekly_visit_demand.insert(), rows)
