"""A page says two minutes before its session ends, and one click goes on with it; what was typed stays."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from tests.integration.portal_cast import Cast, a_cast
from tests.integration.serving import served


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture(scope="module")
def address(cast: Cast) -> Iterator[str]:
    with served(cast.app) as found:
        yield found


def test_a_page_warns_before_its_session_ends_and_one_click_goes_on(
    cast: Cast, address: str, browser: Browser
) -> None:
    token = cast.of("asha").client.get_cookie("remedy", domain="localhost")
    assert token is not None
    context = browser.new_context(base_url=address)
    context.add_cookies([{"name": "remedy", "value": token.value, "url": address}])
    page = context.new_page()
    page.clock.install()
    page.goto("/account/details")
    page.get_by_label("Your name").fill("Asha typed this")
    warning = page.locator("#session-ends")
    # The page's clock goes on beside: half a minute is more than loading and typing takes.
    page.clock.run_for("27:30")
    cast.watch.wait(minutes=28)
    expect(warning).to_be_hidden()
    page.clock.run_for("00:31")
    expect(warning).to_be_visible()
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()
    expect(page.get_by_label("Your name")).to_have_value("Asha typed this")
    # Past the end it would have had: the click counted.
    cast.watch.wait(minutes=28)
    assert cast.of("asha").get("/account").status_code == 200
    context.close()


def test_who_is_not_signed_in_is_not_warned(cast: Cast) -> None:
    assert "session-ends" not in cast.browser().get("/sign-in").text
    assert 'data-after-seconds="1680"' in cast.of("ben").get("/account").text
