"""Every page, as those who may see it see it: axe-core finds nothing, nothing is cut off, the keyboard is seen.

The pages come from the table of routes, which `test_portal_access` compares with the application's own: a new
page is looked at from its first day.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser

from tests.factories import PASSWORD
from tests.integration import pseudo
from tests.integration.mailbox import link_to
from tests.integration.portal_cast import Browser as Client
from tests.integration.portal_cast import Cast, settings_for
from tests.integration.routes import ROUTES, Route
from tests.integration.shown import (
    NARROW,
    ZOOMED,
    Screen,
    Shown,
    of_method,
    report,
    shown_to,
    who_may,
)
from tests.integration.test_portal_access import address_of, cast_with_ids
from tests.integration.test_portal_registration import answered
from web_portal import create_app

MOST_SCRIPT_BYTES = 120_000


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return cast_with_ids(database_url, database)


@pytest.fixture(scope="module")
def screen(browser: Browser, cast: Cast) -> Iterator[Screen]:
    with Screen(browser, cast.app) as made:
        yield made


@pytest.mark.parametrize("route", of_method("GET"))
def test_a_page_is_fit_for_every_reader(cast: Cast, screen: Screen, route: Route) -> None:
    shown = shown_to(cast, route, who_may(route)[0])
    # What answers otherwise without a link from a mail or the answers before is shown by the next test.
    assert shown.answer.status_code in route.answers & {200, 204, 303, 410}
    if shown.is_page:
        problems = screen.problems(shown)
        assert not problems, report(problems)
        assert 0 < screen.script_bytes() <= MOST_SCRIPT_BYTES


def test_what_a_mail_or_earlier_answers_lead_to_is_fit_for_every_reader(
    cast: Cast, screen: Screen
) -> None:
    visitor, found = cast.browser(), []
    answered(visitor)
    cast.of("farah").post(
        "/admin/people", {"role": "admin", "name": "Hana", "email": "hana@town.example"}
    )
    cast.of("asha").post("/account/email", {"email": "new@town.example", "password": PASSWORD})
    for address in (
        "/register/check",
        link_to(cast, "hana@town.example", "/invitation/"),
        link_to(cast, "new@town.example", "/confirm-address/"),
    ):
        shown = Shown(address, visitor.get(address))
        assert shown.answer.status_code == 200
        found += [f"{address}: {one}" for one in screen.problems(shown)]
    assert not found, report(found)


@pytest.mark.long
@pytest.mark.parametrize("route", of_method("POST"))
def test_a_form_sent_empty_leads_its_reader_to_what_is_missing(
    cast: Cast, screen: Screen, route: Route
) -> None:
    shown = shown_to(cast, route, who_may(route)[0])
    if shown.is_page:
        problems = screen.problems(shown)
        assert not problems, report(problems)


def test_what_is_not_there_is_told_on_a_page_fit_for_every_reader(
    cast: Cast, screen: Screen
) -> None:
    for who in ("asha", None):
        browser = cast.of(who) if who else cast.browser()
        shown = Shown("/nowhere", browser.get("/nowhere"))
        problems = screen.problems(shown)
        assert not problems, report(problems)


@pytest.fixture(scope="module")
def mirrored(cast: Cast, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The same portal in a region that writes from right to left."""
    folder: Path = tmp_path_factory.mktemp("arabic")
    return create_app(
        settings_for(database_url, region_file=pseudo.write_region(folder / "region.toml")),
        clock=cast.watch,
        translations=pseudo.write_catalogue(folder),
    )


@pytest.mark.long
def test_from_right_to_left_every_page_is_mirrored_and_nothing_is_cut_off(
    browser: Browser, cast: Cast, mirrored: Flask
) -> None:
    clients: dict[str | None, Client] = {}
    seen, found = set(), []
    with Screen(browser, mirrored) as screen:
        for route in ROUTES:
            who = who_may(route)[0]
            if who not in clients:
                clients[who] = Client(mirrored.test_client())
                if who:
                    clients[who].sign_in(cast.emails[who])
            if route.method == "GET":
                address = address_of(cast, route)
                shown = Shown(address, clients[who].get(address))
                if shown.is_page:
                    seen.add(route.endpoint)
                    found += [f"{address}: {one}" for one in screen.mirrored_problems(shown)]
    assert len(seen) > 10
    assert not found, report(found)


@pytest.mark.long
@pytest.mark.parametrize("route", of_method("GET"))
def test_a_page_is_fit_for_every_reader_in_every_role_and_at_every_size(
    cast: Cast, screen: Screen, route: Route
) -> None:
    for who in who_may(route):
        shown = shown_to(cast, route, who)
        if shown.is_page:
            problems = screen.problems(shown, sizes=(ZOOMED, NARROW))
            assert not problems, report([f"{who}: {one}" for one in problems])
