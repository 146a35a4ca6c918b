"""A medicine that very many pharmacies have: the nearest first, a page at a time, all of them counted."""

import re

import pytest
import sqlalchemy as sa

from remedy.stock import service as stock
from remedy.stock.model import Line
from tests.factories import a_pharmacy
from tests.integration.portal_cast import Cast, a_cast
from web_portal.search.around import PAGE

MANY = 44


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    made = a_cast(database_url, database)
    with database.begin() as connection:
        for number in range(MANY):
            place = a_pharmacy(connection, name=f"Place {number:02d}", latitude=41.9 + number / 100)
            line = Line("received", made.ids["rare"], 1000, made.watch())
            stock.record_movement(connection, place, line, clock=made.watch)
        place = a_pharmacy(connection, name="Empty shelf", latitude=41.9)
        stock.set_price(connection, place, made.ids["rare"], 100, "EUR", clock=made.watch)
    return made


def names(page: str) -> list[str]:
    return re.findall(r"<h3><a [^>]+>([^<]+)</a></h3>", page)


def test_the_nearest_stand_on_the_first_page_and_all_are_counted(cast: Cast) -> None:
    cast.announced.clear()
    address = f"/medicines/{cast.ids['rare']}?district=Harbour"
    first = cast.browser().get(address).text
    assert f"{MANY} pharmacies have it now." in first
    assert len(names(first)) == PAGE
    assert cast.announced[0].body["pharmacies_found"] == MANY
    shown, next_page = names(first), first
    while found := re.search(r'href="([^"]+page=\d+)">Next', next_page):
        next_page = cast.browser().get(found[1].replace("&amp;", "&")).text
        assert "page=" in next_page
        shown += names(next_page)
    assert len(shown) == len(set(shown)) == MANY + 1
    assert shown[-1] == "Empty shelf"
    # Leafing on is no new search.
    assert len(cast.announced) == 1
    cast.announced.clear()


@pytest.mark.parametrize("number", ["99", "-1", "x", "6"])
def test_a_page_there_is_not_is_the_first(cast: Cast, number: str) -> None:
    address = f"/medicines/{cast.ids['rare']}?district=Harbour"
    first, page = (cast.browser().get(at).text for at in (address, f"{address}&page={number}"))
    assert f"{MANY} pharmacies have it now." in page
    assert names(page) == names(first)
    assert "Previous" not in page
