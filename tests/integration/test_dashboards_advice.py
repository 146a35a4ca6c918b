"""The pages of forecasts and advice: each figure is its rows', in words that say what is not known."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest
import sqlalchemy as sa
import streamlit as st

from remedy.schema.advice import out_stock_risk
from remedy.schema.pipeline import model_run
from streamlit_app.queries import advice, forecasts, shortages
from streamlit_app.queries.forecasts import Chosen
from streamlit_app.views import shortages as page_of
from tests.integration.dashboard_advice import METHODS, set_advice
from tests.integration.dashboard_scene import CLOSED, NOW, set_scene
from tests.integration.dashboards import browser, open_page, reader, words_of

__all__ = ["browser", "reader"]


@pytest.fixture(scope="module")
def scene(database: sa.Engine) -> SimpleNamespace:
    """What the database holds for these tests."""
    with database.begin() as at:
        made = set_scene(at)
        set_advice(at, made)
    return made


@pytest.fixture
def connection(reader: sa.Engine, scene: SimpleNamespace) -> Iterator[sa.Connection]:
    with reader.connect() as at:
        yield at


def shown(page) -> str:
    """The words of a page, without the signs that keep names from acting as Markdown."""
    return words_of(page).replace("\\", "")


def column(page, head: str) -> list:
    """The first table that has such a column, as its rows."""
    return next(one.value[head].tolist() for one in page.dataframe if head in one.value)


def test_a_shortage_has_its_chance_its_day_and_what_would_be_missing(browser, scene):
    page = open_page("shortages")
    words = shown(page)

    assert "35 items of 7 pharmacies" in words
    assert "1 item without a price left out" in words
    assert "20260302T080000Z-abc" in words
    assert "30 min ago" in words
    (alert,) = [one for one in page.selectbox if one.label == "Alert"]
    chosen = next(
        number for number, text in enumerate(alert.options) if text.endswith("Corner Pharmacy") and "Calmadol" in text
    )  # fmt: skip
    alert.select_index(chosen).run()
    words = shown(page)
    assert "4.5 packs were there; they last 3 (2 to 9) days" in words
    assert "expected on Sat 7 Mar 2026, as this item's deliveries came" in words
    assert "is 62%; on average 2 packs would be missing" in words


def test_every_tile_of_shortages_opens_as_many_rows_as_it_says(browser, scene):
    page = open_page("shortages")
    numbers = {one.label: int(one.value) for one in page.metric}
    for kind, (title, _) in page_of.TILES.items():
        page.button(key=f"rows-{kind}").click().run()
        (rows,) = [one.value for one in page.dataframe if "Told from" in one.value]
        assert len(rows) == numbers[title] > 0


def test_a_district_narrows_every_table_of_the_shortages(browser, scene):
    page = open_page("shortages")
    every = int(page.metric[0].value)
    (district,) = [one for one in page.selectbox if one.label == "District"]
    district.select("Hills").run()

    assert 0 < int(page.metric[0].value) < every
    assert set(column(page, "District")) == {"Hills"}
    # Two pharmacies of the hills keep each medicine: nobody else's count there.
    assert all(text.endswith("of 2") for text in column(page, "Pharmacies at risk"))


def test_shortages_are_sorted_by_the_harm_that_is_asked_for(connection):
    rows = shortages.alerts(connection)
    by_packs = shortages.worst_first(rows, "Packs missing")["missing_milli"].tolist()
    by_money = shortages.worst_first(rows, "Money missing")["missing_minor"]
    soonest = shortages.worst_first(rows, "How soon")["cover_middle"].tolist()

    assert by_packs == sorted(by_packs, reverse=True)
    assert by_money.isna().tolist() == [False] * (len(rows) - 1) + [True]  # without a price: last
    assert soonest == sorted(soonest)
    assert rows["runs_out"].min() >= 0.2


def test_the_alerts_of_each_day_are_counted_in_a_district_too(browser, scene):
    page = open_page("shortages")
    # Four pharmacies on eight days, six on four.
    assert "120 alerts on 28 days of the last 28" in shown(page)
    (district,) = [one for one in page.selectbox if one.label == "District"]
    district.select("Harbour").run()
    assert "84 alerts on 28 days" in shown(page)


def test_orders_are_summed_by_pharmacy_in_money(browser, scene):
    page = open_page("orders")
    words = shown(page)

    assert "Orders: 3" in words
    assert "They cost: 110.00 EUR" in words
    assert "Packs saved: 8.8" in words
    assert column(page, "Orders") == [2, 1]
    assert column(page, "Cost, EUR") == [60.0, 50.0]
    # Nine tenths of 40.00 and six of 20.00.
    assert column(page, "Sell in time") == ["80%", "97%"]


def test_a_transfer_names_both_pharmacies_the_way_and_both_gains(browser, scene):
    page = open_page("orders")
    assert column(page, "From") == ["Hills Pharmacy 3", "Old Town Pharmacy 5"]
    assert column(page, "To") == ["Corner Pharmacy", "Harbour Pharmacy 1"]
    assert column(page, "km") == [1.8, 3.2]
    assert column(page, "Giver, EUR") == [15.0, 3.0]
    assert column(page, "Taker, EUR") == [9.0, 2.5]
    words = shown(page)
    assert (
        "5 packs of lot B77, which expires on Wed 1 Apr 2026. Hills Pharmacy 3 does not sell"
        in words
    )
    assert "Packs beyond what is missed there: 1; they would expire" in words
    (district,) = [one for one in page.selectbox if one.label == "District"]
    district.select("Old Town").run()
    assert column(page, "From") == ["Old Town Pharmacy 5"]
    assert "Packs beyond" not in shown(page)


def test_what_expires_and_what_lies_too_long_is_told_in_money(browser, scene):
    words = shown(open_page("orders"))
    assert "8 packs, 30.00 EUR at the pharmacies' prices, 1 lot without a price left out" in words
    assert (
        "120 packs of 3 items lie beyond what 28 days ask for nine times of ten: 600.00 EUR"
        in words
    )


def test_one_item_has_its_interval_and_its_own_past_error(browser, scene):
    page = open_page("forecast")
    (pharmacy,) = [one for one in page.selectbox if one.label == "Pharmacy"]
    pharmacy.select(str(scene.pharmacy_id)).run()
    (medicine,) = [one for one in page.selectbox if one.label.startswith("Medicine")]
    medicine.select(str(scene.medicine_id)).run()
    words = shown(page)

    assert "28 packs expected, eight times of ten 20 to 36" in words
    assert "One day in ten should be above the band and one below it." in words
    assert "told 34 packs, came 40; week by week 20% off." in words
    assert "Worked out afterwards by the model in use" in words
    # The last ten of forty days had 14 of 50 outside, the others nine.
    assert "80% of the days lay in their band, on 40 days" in words


def test_a_group_says_that_it_has_no_interval_of_its_own(browser, scene):
    page = open_page("forecast")
    (medicine,) = [one for one in page.selectbox if one.label.startswith("Medicine")]
    assert "Group N02" in medicine.options
    medicine.select("N02").run()
    words = shown(page)

    assert "where every item is low" in words
    assert "a group has no interval of its own" in words
    # Eight of 40 packs and two of 20; the item none of whose weeks could be compared is not counted.
    assert "the errors of 2 items, week by week, are 17% of what came" in words


def test_a_group_has_its_own_band_where_the_model_knows_how_far_items_are_off_together(
    browser, scene, database, connection
):
    def known(shared: float | None, inside: float | None) -> None:
        with database.begin() as at:
            at.execute(
                model_run.update()
                .values(shared_error=shared, group_inside=inside)
                .where(model_run.c.version == "20260302T080000Z-abc")
            )
        st.cache_data.clear()

    def words_of_group() -> str:
        page = open_page("forecast")
        (medicine,) = [one for one in page.selectbox if one.label.startswith("Medicine")]
        medicine.select("N02").run()
        return shown(page)

    try:
        known(0.04, 0.83)
        words = words_of_group()
        assert "the band is narrower than their own bounds added up" in words
        assert "83% of the days of groups" in words
        assert "no interval of its own" not in words
        known(0.04, None)
        assert "How often it held is not known yet." in words_of_group()
    finally:
        known(None, None)

    # The only item of which days are stored: 1 pack expected, 0 to 3.
    told = forecasts.foretold(connection, Chosen(scene.pharmacy_id, scene.medicine_id))
    assert told["below_squares"].tolist() == [1000.0**2] * 28
    assert told["above_squares"].tolist() == [2000.0**2] * 28


def test_days_without_anything_sold_are_gaps_and_empty_shelves_are_marked(connection, scene):
    first, before = CLOSED - timedelta(days=6), CLOSED + timedelta(days=1)
    days = pd.date_range(first, CLOSED)
    chosen = Chosen(scene.pharmacy_id, scene.medicine_id)
    past = forecasts.past(
        forecasts.wanted_before(connection, chosen, first, before),
        forecasts.open_days(connection, scene.pharmacy_id, first, before),
        forecasts.shelf(connection, scene.pharmacy_id, scene.medicine_id, first, before),
        days,
    )

    assert past["demand_milli"].isna().tolist() == [True] * 6 + [False]
    assert past["demand_milli"].iloc[-1] == 9000
    # Empty since five days before the last closed one.
    assert past["is_empty"].tolist() == [False] + [True] * 6


def test_the_method_in_use_of_each_class_is_named_and_the_others_are_not_used(browser, scene):
    page = open_page("models")
    words = shown(page)

    assert "Smooth (21 items): level mix." in words
    assert "Intermittent (21 items): 28-day mean." in words
    assert (
        "LSTM: not used. Its 28-day error against the method in use: 7% more on smooth, 2% less on seasonal."
        in words
    )
    assert "boosted trees: not used." in words
    assert "level mix: not used" not in words
    tables = [one.value for one in page.dataframe if "In this class" in one.value]
    assert [len(one) for one in tables] == [len(of) for of in METHODS.values()]
    for table in tables:
        assert table["In this class"].tolist().count("in use") == 1
    assert "Short" not in tables[0]  # nothing was replayed: no column of dashes


def test_a_version_that_waits_is_shown_with_its_reason_and_where_it_is_decided(browser, scene):
    page = open_page("models")
    (warning,) = [one.value for one in page.warning if "waits for a person" in one.value]
    assert "20260302T083000Z-fed" in warning
    assert "14% more for the next 28 days" in warning.replace("\\", "")
    assert column(page, "What became of it") == ["waits for a decision", "in use", "not in use"]


def test_drift_is_said_with_both_figures_and_only_where_it_is(browser, scene):
    page = open_page("drift")
    (warning,) = [one.value.replace("\\", "") for one in page.warning if "drifted" in one.value]
    assert warning.startswith("Smooth: days above the interval drifted")
    assert "Last 28 days: 18.0%; promised: 10.1%." in warning
    assert column(page, "Says") == [
        "no drift (2.1 of 5.0)", "no drift (0.4 of 5.0)", "no drift (0.3 of 5.0)",
        "drifts since 27 Feb", "nothing was promised",
    ]  # fmt: skip
    words = shown(page)
    assert "80% of all items' days lay in their interval, over 40 days" in words
    assert "On average 1.70 times" in words
    assert column(page, "Errors, of what came") == ["21%"]


def test_a_class_without_a_score_is_said_to_have_none(browser, scene):
    page = open_page("drift")
    (kind,) = [one for one in page.selectbox if one.label == "Class of series"]
    kind.select("intermittent").run()
    words = shown(page)
    assert "No day of this class and period has been held against what came." in words
    assert "No week of this class" in words
    assert "none is scored" in words
    assert not page.get("plotly_chart")


def test_the_model_before_classes_were_compared_is_shown_as_it_was_measured(
    browser, scene, database
):
    with database.begin() as at:
        at.execute(
            model_run.update().values(champion_of=None).where(model_run.c.champion_of == "demand")
        )
        at.execute(
            model_run.update().values(champion_of="demand").where(model_run.c.version == "20260223T080000Z-def")
        )  # fmt: skip
    st.cache_data.clear()
    try:
        assert "No past error yet" in shown(open_page("models"))
    finally:
        with database.begin() as at:
            at.execute(model_run.update().values(champion_of=None))
            at.execute(
                model_run.update().values(champion_of="demand").where(model_run.c.version == "20260302T080000Z-abc")
            )  # fmt: skip


def test_advice_that_stands_still_says_so(browser, scene, database):
    def made_at(at: datetime) -> None:
        with database.begin() as connection:
            connection.execute(out_stock_risk.update().values(made_at=at))
        st.cache_data.clear()

    made_at(NOW - timedelta(hours=35))
    assert not [one for one in open_page("shortages").warning if "has not succeeded" in one.value]
    made_at(NOW - timedelta(hours=40))
    assert [one for one in open_page("orders").warning if "worked out 2 days ago" in one.value]
    made_at(NOW - timedelta(minutes=30))


def test_what_is_summed_is_all_of_it_or_said_to_be_a_part(browser, scene, connection, monkeypatch):
    for module in (forecasts, shortages, advice):
        monkeypatch.setattr(module, "MOST_ROWS", 1)
    assert len(forecasts.told_before(connection, Chosen())) == 1
    # Eight of forty packs and two of twenty; none of the third item's weeks could be compared.
    total = forecasts.told_total(connection, Chosen())
    assert total["item_count"] == 2
    assert forecasts.past_error(total) == pytest.approx(10 / 60)
    st.cache_data.clear()
    for page in ("shortages", "orders"):
        assert "Only the worst 1 are looked at" in shown(open_page(page))
    st.cache_data.clear()
