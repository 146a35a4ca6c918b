"""The page of visits: every tile is as many as the rows it opens, and the time doctors offered is used as by hand."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import streamlit as st

from remedy.appointments import activity, utilisation
from remedy.appointments.activity import KINDS, Chosen
from remedy.schema.pipeline import RAW
from remedy.schema.visit_counts import agg_daily_visits
from streamlit_app.views.visits import TILES
from tests.integration.dashboard_scene import CLOSED, TODAY, set_scene
from tests.integration.dashboards import browser, open_page, reader, words_of
from tests.integration.visit_scene import FIRST, set_visits

__all__ = ["browser", "reader"]

WHOLE = Chosen(FIRST, TODAY)


@pytest.fixture(scope="module")
def scene(database: sa.Engine) -> SimpleNamespace:
    """What the database holds for these tests."""
    with database.begin() as at:
        made = set_scene(at)
        set_visits(at, made)
    return made


@pytest.fixture
def connection(reader: sa.Engine, scene: SimpleNamespace) -> Iterator[sa.Connection]:
    with reader.connect() as at:
        yield at


def rows_table(page):
    return [one.value for one in page.dataframe if "Reference" in one.value]


@pytest.mark.long
def test_every_tile_opens_as_many_rows_as_it_says(browser, scene):
    page = open_page("visits")
    numbers = {metric.label: int(metric.value.replace(",", "")) for metric in page.metric}
    assert set(numbers) == {title for title, _ in TILES.values()}
    assert rows_table(page) == []
    for kind, (title, _) in TILES.items():
        page.button(key=f"rows-{kind}").click().run()
        assert not page.exception
        (rows,) = rows_table(page) or [()]
        assert len(rows) == numbers[title], title
        assert numbers[title], f"{title} proves nothing"
        assert "The tile says" not in words_of(page)
        page.button(key=f"rows-{kind}").click().run()
        assert rows_table(page) == []


def test_the_tiles_say_what_was_told(browser, scene):
    said = Counter()
    ends = {}
    for line in scene.told[:-1]:
        what = line["type"].split(".")[2]
        if what in activity.ENDS:
            ends[line["data"]["appointment_id"]] = what
        else:
            said[activity._kind(what, line["data"].get("why"))] += 1
    said.update(ends.values())
    page = open_page("visits")
    shown = {metric.label: int(metric.value) for metric in page.metric}
    assert {kind: shown[TILES[kind][0]] for kind in KINDS} == {kind: said[kind] for kind in KINDS}
    # Of the five visits of these days one was called off.
    assert shown["Booked"] == 4


def test_closed_days_and_landed_ones_are_told_apart_and_never_both(connection):
    found = activity.days(connection, WHOLE, CLOSED)
    assert {one.day for one in found if not one.is_counted} == {TODAY}
    assert max(one.day for one in found if one.is_counted) <= CLOSED
    assert len({one.day for one in found}) == len(found)
    # Nothing counted: everything is from landed rows, and the sums are the same.
    assert activity.totals(activity.days(connection, WHOLE, None)) == activity.totals(found)


def test_a_choice_of_doctors_leaves_only_theirs(connection, scene):
    whole = activity.totals(activity.days(connection, WHOLE, CLOSED))
    parts = [
        activity.totals(activity.days(connection, Chosen(FIRST, TODAY, (one,)), CLOSED))
        for one in (scene.doctor_id, scene.heart_id)
    ]
    assert all(part["requested"] for part in parts)
    assert {kind: sum(part[kind] for part in parts) for kind in KINDS} == whole
    nobody = activity.days(connection, Chosen(FIRST, TODAY, ()), CLOSED)
    assert sum(activity.totals(nobody).values()) == 0


def test_a_count_that_lost_a_row_is_said(browser, scene, database):
    """The control: a tile that is not as many as its rows does not pass in silence."""
    with database.begin() as at:
        day = at.execute(sa.select(sa.func.min(RAW["appointments"].c.day))).scalar_one()
        at.execute(
            agg_daily_visits.update()
            .where(agg_daily_visits.c.day == day)
            .values(requested_count=agg_daily_visits.c.requested_count + 1)
        )
    st.cache_data.clear()
    try:
        page = open_page("visits")
        page.button(key="rows-requested").click().run()
        assert "The tile says" in words_of(page)
    finally:
        with database.begin() as at:
            at.execute(
                agg_daily_visits.update()
                .where(agg_daily_visits.c.day == day)
                .values(requested_count=agg_daily_visits.c.requested_count - 1)
            )


def test_offered_time_is_used_by_what_was_booked_in_it(connection, scene):
    used = utilisation.of_weeks(connection, WHOLE, CLOSED)
    (ekow,) = utilisation.by(used, lambda one: one.key[0])
    assert ekow.key == scene.doctor_id
    assert ekow.offered_minutes == 14 * 8 * 60
    booked = {}
    for line in scene.told:
        body, what = line["data"], line["type"].split(".")[2]
        if body["doctor_id"] != str(scene.doctor_id) or date.fromisoformat(line["day"]) > CLOSED:
            continue
        if what == "accepted":
            booked[body["appointment_id"]] = body["starts_at"]
        elif what in ("moved", "cancelled", "declined", "proposed"):
            booked.pop(body["appointment_id"], None)
    inside = [at for at in booked.values() if FIRST <= date.fromisoformat(at[:10]) <= CLOSED]
    assert inside
    assert (ekow.booked_count, ekow.booked_minutes) == (len(inside), 20 * len(inside))
    assert ekow.share == pytest.approx(20 * len(inside) / (14 * 8 * 60))
    # The other doctor's time was not measured: it is in no share, and is said.
    assert utilisation.unmeasured(connection, WHOLE, CLOSED) > 0
    by_week = utilisation.by(used, lambda one: one.key[1])
    assert [one.key.weekday() for one in by_week] == [0] * len(by_week)
    assert sum(one.booked_minutes for one in by_week) == ekow.booked_minutes
    by_hour = utilisation.of_hours(connection, WHOLE, CLOSED)
    assert {one.key for one in by_hour if one.offered_minutes} == {
        (day, hour) for day in range(7) for hour in range(9, 17)
    }
    assert sum(one.booked_minutes for one in by_hour) == ekow.booked_minutes
    assert sum(one.offered_minutes for one in by_hour) == ekow.offered_minutes


def test_waits_are_told_by_bounds_that_half_and_nine_of_ten_lie_within(connection, scene):
    waits = {one.waited_for: one for one in activity.waits(connection, WHOLE, CLOSED)}
    assert set(waits) == {"accepted", "declined", "proposed", "lapsed", "visit"}
    for one in waits.values():
        assert 0 < one.half_within <= one.most_within
    assert activity.waits(connection, WHOLE, None) == []
    heart = Chosen(FIRST, TODAY, (scene.heart_id,), "cardiology")
    assert activity.waits(connection, heart, CLOSED)[0].wait_count < waits["accepted"].wait_count


def test_the_page_says_where_its_figures_are_from_and_names_nobody(browser, scene):
    shown = words_of(open_page("visits"))
    for each in ("application_17_0002", "7 min ago", "landed rows of raw_appointments", "within", "general practice",
                 "not measured", "Week from"):  # fmt: skip
        assert each in shown
    assert "Canary" not in shown


def test_a_range_without_visits_says_so(browser, scene):
    page = open_page("visits")
    page.date_input[0].set_value((FIRST - timedelta(days=60), FIRST - timedelta(days=50))).run()
    assert not page.exception
    assert "Nothing happened" in words_of(page)
