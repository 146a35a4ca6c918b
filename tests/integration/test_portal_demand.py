"""Live demand in the portal: a pharmacist sees their own refusals and the town's, and nothing of few people."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remedy.schema.demand import demand_alert
from tests.integration.demand_scene import Town
from tests.integration.portal_cast import Cast, a_cast
from web_portal.demand import queries
from web_portal.pages import moment


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def town(cast: Cast, database: sa.Engine) -> Town:
    """A town with four counted weeks, whose clock is the portal's; a minute later, so that nothing is kept."""
    cast.app.extensions["remedy_demand"]._read_at = float("-inf")
    return Town(database, clock=cast.watch)


def watch(town: Town) -> None:
    with town.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        town.watch(connection).look()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_before_the_first_look_the_page_says_so(cast, town):
    assert "the watch has not looked" in cast.of("chitra").get("/pharmacy/demand").text


def test_an_alert_stands_on_every_page_of_a_pharmacist_and_on_no_other(cast, town):
    town.land("searched", 12)
    watch(town)
    sentence = "at least 10 in 2 minutes, usually"
    assert sentence in words(cast.of("chitra").get("/pharmacy/hours").text)
    assert sentence in words(cast.of("dev").get("/pharmacy/demand/alerts").text)
    assert sentence not in words(cast.of("asha").get("/").text)
    assert cast.of("asha").get("/pharmacy/demand/alerts").status_code == 404


def test_an_alert_at_rest_is_in_no_banner_and_still_one_row_of_history(cast, town):
    town.land("searched", 12)
    watch(town)
    chitra = cast.of("chitra")
    began = moment(town.clock(), "Europe/Rome")
    assert f"Since {began}." in words(chitra.get("/pharmacy/demand/alerts").text)
    assert f"{began} 10 in 2 min less than 0.1 now lasts" in words(_history(chitra))
    latest_at = town.clock() + timedelta(minutes=70)
    with town.engine.begin() as connection:
        connection.execute(demand_alert.update().values(latest_at=latest_at))
    cast.app.extensions["remedy_demand"]._read_at = float("-inf")
    assert "More than usual" not in words(chitra.get("/pharmacy/demand/alerts").text)
    latest = moment(latest_at, "Europe/Rome")
    assert f"{began} 10 in 2 min less than 0.1 {latest} lasts" in words(_history(chitra))


def _history(person) -> str:
    page = person.get("/pharmacy/demand").text
    return page[page.index('id="unusual"') : page.index('id="wanted"')]


def test_who_asks_again_hears_only_what_changed(cast, town):
    town.land("sold", 12)
    watch(town)
    chitra = cast.of("chitra")
    banner = chitra.get("/pharmacy/demand/alerts").text
    (seen,) = re.findall(r'name="alerts" value="(\w+)"', banner)
    assert chitra.get(f"/pharmacy/demand/alerts?alerts={seen}").status_code == 204
    page = chitra.get("/pharmacy/demand/now").text
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page)
    assert chitra.get(f"/pharmacy/demand/now?seen={seen}").status_code == 204
    assert chitra.get("/pharmacy/demand/now?seen=0").status_code == 200


def test_what_few_people_look_for_is_not_on_the_page(cast, town):
    town.land("searched", 4)
    watch(town)
    assert (
        "No medicine was looked for by enough people"
        in cast.of("chitra").get("/pharmacy/demand").text
    )
    town.land("searched", 1)
    watch(town)
    page = words(cast.of("chitra").get("/pharmacy/demand").text)
    assert "Calmadol" in page
    assert "5 in 60 minutes" in page


def test_a_pharmacist_sees_their_own_refusals_and_the_districts_only_from_the_threshold_on(
    cast, town
):
    corner, elsewhere = str(cast.ids["corner"]), str(cast.ids["elsewhere"])
    town.land("refused", 1, pharmacy_id=corner)
    town.land("refused", 4, pharmacy_id=elsewhere, medicine=1)
    chitra, dev = cast.of("chitra"), cast.of("dev")
    assert "Calmadol (paracetamol), 500 mg, tablet, 20 tablets: once" in words(
        chitra.get("/pharmacy/demand").text
    )
    assert "Calmadol" not in dev.get("/pharmacy/demand").text
    assert "4 times" in dev.get("/pharmacy/demand").text
    # The town's own pharmacy lies in Chitra's district, Dev's does not.
    town.land("refused", 4, medicine=2)
    assert ": 4 times" not in chitra.get("/pharmacy/demand").text
    town.land("refused", 1, medicine=2)
    assert ": 5 times" in chitra.get("/pharmacy/demand").text
    assert ": 5 times" not in dev.get("/pharmacy/demand").text


def test_a_banner_that_cannot_be_read_fails_no_page(cast, town, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(queries, "alerts", fails)
    assert cast.of("chitra").get("/pharmacy/hours").status_code == 200


def test_a_watch_that_stands_still_is_said(cast, town):
    watch(town)
    assert "stands still" not in cast.of("chitra").get("/pharmacy/demand").text
    town.clock.wait(minutes=3)
    assert "stands still" in cast.of("chitra").get("/pharmacy/demand").text
