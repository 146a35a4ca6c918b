"""The pharmacist's second level of pages: opened by mouse or keyboard, without a script too, and fit for every reader."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from tests.integration.portal_cast import Cast
from tests.integration.shown import (
    FOCUS,
    HOST,
    NARROW,
    OVERFLOW,
    RUN_AXE,
    TOUCH,
    WHOLE,
    WIDE,
    Screen,
    Shown,
    report,
)
from tests.integration.test_portal_access import cast_with_ids

OPEN = "() => document.querySelector('.top .menu').open"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return cast_with_ids(database_url, database)


@pytest.fixture
def screen(browser: Browser, cast: Cast) -> Iterator[Screen]:
    with Screen(browser, cast.app) as made:
        yield made


def show(screen: Screen, cast: Cast, address: str, who: str = "chitra") -> None:
    screen.shown = Shown(address, cast.of(who).get(address))
    screen.page.goto(HOST + address)


def test_the_daily_pages_are_at_once_there_and_the_others_behind_one_key(
    cast: Cast, screen: Screen
) -> None:
    show(screen, cast, "/pharmacy/stock")
    page, nav = screen.page, screen.page.locator(".top nav")
    for name in ("My pharmacy", "Stock", "Orders", "Holds", "Prescriptions", "Till"):
        expect(nav.get_by_role("link", name=name, exact=True)).to_be_visible()
    others = (
        "Live demand",
        "Opening hours",
        "Till keys",
        "Our people",
        "Find a medicine",
        "My account",
    )
    for name in others:
        expect(nav.get_by_role("link", name=name)).to_be_hidden()
    nav.locator("summary").press("Enter")
    for name in others:
        expect(nav.get_by_role("link", name=name)).to_be_visible()
    page.keyboard.press("Tab")
    expect(nav.get_by_role("link", name="Live demand")).to_be_focused()
    page.keyboard.press("Escape")
    expect(nav.locator("summary")).to_be_focused()
    assert page.evaluate(OPEN) is False
    nav.locator("summary").click()
    assert page.evaluate(OPEN) is True
    page.locator("h1").click()
    assert page.evaluate(OPEN) is False


def test_the_page_that_is_open_is_marked_and_so_is_the_menu_it_is_in(cast: Cast) -> None:
    within = '<summary aria-current="true">'
    page = cast.of("chitra").get("/pharmacy/hours").text
    assert within in page
    assert page.count('aria-current="page">Opening hours') == 1
    assert within not in cast.of("chitra").get("/pharmacy/stock").text
    staff = cast.of("gwen").get("/pharmacy/stock").text
    assert "Live demand" in staff
    assert "Till keys" not in staff


def test_the_header_is_one_line_at_a_desk_and_small_on_a_telephone(
    cast: Cast, screen: Screen
) -> None:
    cast.of("dev").get("/language/fr")
    show(screen, cast, "/pharmacy/stock", "dev")
    assert "Ma pharmacie" in screen.page.inner_text(".top")
    heights = {}
    for size in ((1280, 800), (320, 640)):
        screen.page.set_viewport_size({"width": size[0], "height": size[1]})
        heights[size[0]] = screen.page.evaluate(
            "() => document.querySelector('.top').getBoundingClientRect().height"
        )
    assert heights[1280] < 80
    assert heights[320] < 640 / 3


def test_the_open_menu_is_fit_for_every_reader_without_a_script_too(
    cast: Cast, browser: Browser
) -> None:
    found = []
    with Screen(browser, cast.app) as screen:
        page = screen.page
        show(screen, cast, "/pharmacy/hours")
        for width, height in (WIDE, (768, 1024), NARROW):
            page.set_viewport_size({"width": width, "height": height})
            for scheme, rules in (("light", WHOLE), ("dark", TOUCH)):
                page.emulate_media(color_scheme=scheme)
                page.evaluate("() => { document.querySelector('.top .menu').open = true; }")
                expect(page.get_by_role("link", name="Till keys")).to_be_visible()
                for script, told in ((RUN_AXE, rules), (OVERFLOW, None), (FOCUS, None)):
                    found += [f"{width}, {scheme}: {one}" for one in page.evaluate(script, told)]
    assert not found, report(found)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(cast.of("chitra").get("/pharmacy/stock").text)
    page.locator(".menu > summary").press("Enter")
    expect(page.get_by_role("link", name="Till keys")).to_be_visible()
    context.close()
