"""Every page of a town in which nothing has happened yet: it says so, says what to do, and is fit for every reader."""

import string
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from tests.integration import portal_cast
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.routes import ROUTES, Route
from tests.integration.shown import Screen, report, shown_to, who_may


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portal_cast, "_what_happened", lambda *_told: None)
        return a_cast(database_url, database)


@pytest.fixture(scope="module")
def screen(browser: Browser, cast: Cast) -> Iterator[Screen]:
    with Screen(browser, cast.app) as made:
        yield made


def is_there(cast: Cast, route: Route) -> bool:
    """Whether what the address names is there though nothing has happened."""
    named = {name for _, name, _, _ in string.Formatter().parse(route.address) if name}
    return named <= {*cast.ids, "slot"}


@pytest.mark.long
def test_an_empty_page_is_fit_for_every_reader(cast: Cast, screen: Screen) -> None:
    seen, found = set(), []
    for route in ROUTES:
        if route.method == "GET" and is_there(cast, route):
            shown = shown_to(cast, route, who_may(route)[0])
            if shown.is_page:
                seen.add(route.endpoint)
                found += [f"{route.address}: {one}" for one in screen.problems(shown)]
    assert {"pharmacy.stock", "admin.queue", "appointments.requests", "search.holds"} <= seen
    assert not found, report(found)


@pytest.mark.parametrize(
    ("address", "who", "says"),
    [
        ("/pharmacy/stock", "chitra", "Your stock is empty."),
        ("/admin/requests", "farah", "Nothing waits for a decision."),
        ("/requests", "asha", "You have not asked for a visit yet."),
        ("/holds", "asha", "Nothing is set aside for you."),
    ],
)
def test_an_empty_list_says_so(cast: Cast, address: str, who: str, says: str) -> None:
    assert says in cast.of(who).get(address).text
