"""My pharmacy in the portal: own numbers with their age, each a click from the rows it is made of; empty states in words."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from models.stock_advice import advise
from remedy.schema import advice as tables
from remedy.schema.pipeline import agg_daily_stock
from tests.integration.advice_scene import a_counted_town, foretold
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.shown import NARROW, ZOOMED, Screen, Shown, report
from web_portal.pharmacy.warned import warned

LINK = re.compile(r'<a href="([^"]+)" data-count="(\d+)"')


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture(scope="module")
def advised(cast: Cast) -> Cast:
    before = page(cast)
    assert "There is no forecast yet." in before
    cast.ids |= a_counted_town(cast.engine, cast.ids, cast.watch)
    advise(cast.engine, foretold(cast.engine, cast.watch), clock=cast.watch)
    return cast


def page(cast: Cast, address: str = "/pharmacy", who: str = "chitra", status: int = 200) -> str:
    answer = cast.of(who).get(address)
    assert answer.status_code == status, answer.text
    return answer.text


def test_every_number_leads_to_as_many_rows(advised: Cast) -> None:
    links = LINK.findall(page(advised))
    # What runs out, all items, orders, transfers, lots or none, and four figures.
    assert len(links) >= 8
    for address, count in links:
        rows = page(advised, address.replace("&amp;", "&")).count("<tr data-row")
        assert (address, rows) == (address, int(count))


@pytest.mark.long
def test_pages_full_of_numbers_are_fit_for_every_reader(advised: Cast, browser: Browser) -> None:
    calmadol = advised.ids["calmadol"]
    addresses = (
        "", "/advice/items", "/advice/order?budget=much", "/advice/transfer", "/advice/expires", "/advice/overstock",
        "/figures/forecast_error", f"/forecast/{calmadol}",
    )  # fmt: skip
    found = []
    with Screen(browser, advised.app) as screen:
        for address in addresses:
            shown = Shown(f"/pharmacy{address}", advised.of("chitra").get(f"/pharmacy{address}"))
            problems = screen.problems(shown, sizes=(ZOOMED, NARROW))
            found += [f"{address}: {one}" for one in problems]
    assert not found, report(found)


def test_what_is_told_has_its_interval_model_age_and_source(advised: Cast) -> None:
    text = page(advised)
    risk = advised.rows("SELECT model_version FROM out_stock_risk LIMIT 1")[0]
    for told in ("just now", "mean of 28 days", risk.model_version, "Sunday 1 March 2026"):
        assert told in text
    item = page(advised, f"/pharmacy/forecast/{advised.ids['calmadol']}")
    assert item.count('<tr data-row="forecast"') == 28
    assert item.count('<tr data-row="historic"') == 28
    assert "Eight of ten such days" in item
    # Its own past error: what is told of the weeks that are over, and what came.
    assert "Foretold of 4 past weeks" in item
    assert "worked out afterwards" in item


def test_what_is_too_much_is_listed_in_packs_and_money(advised: Cast) -> None:
    first = page(advised, who="dev")
    assert "More in stock than 28 days need" in first
    listed = page(advised, "/pharmacy/advice/overstock", who="dev")
    assert listed.count("<tr data-row") == int(
        re.findall(r'overstock" data-count="(\d+)"', first)[0]
    )


def test_a_budget_cuts_the_orders_and_a_wrong_one_is_told(advised: Cast) -> None:
    listed = page(advised, "/pharmacy/advice/order")
    everything = listed.count("<tr data-row")
    # What is foretold is never certain.
    assert "out in over 99% of cases" in listed
    assert "100%" not in listed
    little = page(advised, "/pharmacy/advice/order?budget=120")
    assert 0 < little.count("<tr data-row") < everything
    (sum_of_all,) = re.findall(r"Together [\d.]+ packs for ([\d.]+) EUR", little)
    assert float(sum_of_all) <= 120
    assert "There is a problem" in page(advised, "/pharmacy?budget=much", status=422)
    assert "Nothing that should be ordered costs so little" in page(advised, "/pharmacy?budget=0")


def test_a_transfer_shows_each_side_its_own_numbers_only(advised: Cast) -> None:
    (row,) = advised.rows("SELECT * FROM out_transfer WHERE lot_number = 'OLD'")
    taker = page(advised, "/pharmacy/advice/transfer")
    giver = page(advised, "/pharmacy/advice/transfer", who="dev")
    assert "Elsewhere Pharmacy" in taker
    assert "Corner Pharmacy" in giver
    gains = [f"{gain / 100:.2f} EUR" for gain in (row.from_gain_minor, row.to_gain_minor)]
    assert [gain in giver for gain in gains] == [True, False]
    assert [gain in taker for gain in gains] == [False, True]


def test_nobody_reads_another_pharmacys_forecast(advised: Cast) -> None:
    other = advised.ids["more"][0]  # type: ignore[index]  # a list of the scene's
    with advised.engine.begin() as at:
        at.execute(
            tables.out_stock_risk.delete().where(
                tables.out_stock_risk.c.pharmacy_id == advised.ids["elsewhere"],
                tables.out_stock_risk.c.medicine_id == other,
            )
        )
    assert "There is no forecast of this medicine" in page(
        advised, f"/pharmacy/forecast/{other}", who="dev"
    )
    assert "There is no forecast of this medicine" not in page(
        advised, f"/pharmacy/forecast/{other}"
    )
    assert advised.of("asha").get("/pharmacy").status_code == 404


def test_fewer_than_five_others_make_no_median(advised: Cast) -> None:
    text = page(advised)
    assert "too few pharmacies" not in text
    with advised.engine.begin() as at:
        at.execute(sa.text("UPDATE out_pharmacy_figure SET town_median = NULL, usual = NULL"))
    text = page(advised)
    assert text.count("too few pharmacies") == text.count("not enough pharmacies like yours") == 4


def test_advice_that_stood_still_says_how_old_it_is(advised: Cast) -> None:
    assert "stood still" not in page(advised)
    with advised.engine.begin() as at:
        at.execute(sa.text("UPDATE out_pharmacy_figure SET made_at = made_at - INTERVAL 3 DAY"))
    text = page(advised)
    assert "the nightly run stood still" in text
    assert "3 days ago" in text


def test_a_pharmacy_nothing_was_counted_of_is_told_so(advised: Cast) -> None:
    with advised.engine.begin() as at:
        at.execute(
            tables.out_pharmacy_figure.delete().where(
                tables.out_pharmacy_figure.c.pharmacy_id == advised.ids["elsewhere"]
            )
        )
    assert "Your pharmacy is new here" in page(advised, who="dev")


def test_unknown_lists_figures_and_medicines_are_not_there(advised: Cast) -> None:
    nothing = "00000000-0000-7000-8000-000000000000"
    for address in ("advice/other", "figures/other", f"forecast/{nothing}"):
        page(advised, f"/pharmacy/{address}", status=404)


def test_a_long_list_is_on_pages(advised: Cast) -> None:
    lots = [
        {
            "pharmacy_id": advised.ids["elsewhere"],
            "medicine_id": advised.ids["calmadol"], "lot_number": f"P{number:03}",
            "expires_on": advised.watch().date() + timedelta(days=30), "quantity_milli": 1000,
            "unsold_milli": 500, "unsold_minor": 225, "model_version": "v", "made_at": advised.watch(),
        }
        for number in range(130)
    ]  # fmt: skip
    with advised.engine.begin() as at:
        at.execute(tables.out_expiring_lot.insert(), lots)
    try:
        first = page(advised, "/pharmacy/advice/expires", who="dev")
        second = page(advised, "/pharmacy/advice/expires?page=2", who="dev")
    finally:
        with advised.engine.begin() as at:
            at.execute(
                tables.out_expiring_lot.delete().where(
                    tables.out_expiring_lot.c.lot_number.like("P%")
                )
            )
    assert first.count("<tr data-row") == 100
    count = int(re.findall(r"1 to 100 of (\d+) entries", first)[0])
    assert second.count("<tr data-row") == count - 100 >= 30
    assert f"101 to {count} of {count} entries" in second
    assert "page=2" in first
    assert "page=3" not in second
    # Sums are of all, whatever page is shown.
    total = r"Expected unsold: [^<]+"
    assert re.findall(total, first) == re.findall(total, second)


def test_it_says_how_often_its_warnings_came_true(advised: Cast) -> None:
    assert "you were warned" not in page(advised)
    corner, today = advised.ids["corner"], advised.watch().date()
    # Amoxil's shelf was empty on the last three days; Calmadol's never was. Two days in a row are one warning.
    rows = [(advised.ids["amoxil"], 16), (advised.ids["amoxil"], 15), (advised.ids["calmadol"], 20)]
    with advised.engine.begin() as at:
        at.execute(
            tables.stock_alert_day.insert(),
            [
                {"pharmacy_id": corner, "medicine_id": what, "day": today - timedelta(days=back)}
                for what, back in rows
            ],
        )
    text = page(advised)
    assert "From Tuesday 18 November 2025" in text
    assert "you were warned 2 times that a medicine runs out" in text
    assert "50% came true within 14 days" in text


def test_a_shelf_that_was_empty_before_the_warning_made_it_come_true(advised: Cast) -> None:
    place, today = advised.ids["elsewhere"], advised.watch().date()
    item = {"pharmacy_id": place, "medicine_id": advised.ids["calmadol"]}
    days = [today - timedelta(days=back) for back in (30, 40)]
    with advised.engine.begin() as at:
        at.execute(tables.stock_alert_day.insert().values(**item, day=days[0]))
        before = warned(at, place, today - timedelta(days=1))
        # Nothing moved there since it closed empty.
        at.execute(
            agg_daily_stock.insert().values(
                **item, day=days[1], opening_milli=1000, closing_milli=0, lowest_milli=0,
                expired_milli=0, movement_count=1,
            )
        )  # fmt: skip
        after = warned(at, place, today - timedelta(days=1))
    assert (before.count, before.came_true) == (1, 0)
    assert (after.count, after.came_true) == (1, 1)
    assert (after.last_on - after.first_on, today - after.last_on) == (
        timedelta(days=89), timedelta(days=15),
    )  # fmt: skip
