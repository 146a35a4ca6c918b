"""Pages in a real browser, step by step: the document stays while its parts change; all of it by keyboard alone."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from tests.factories import PASSWORD
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.serving import served
from tests.settled import await_settled

MOST_TABS = 60
FOCUSED = "() => { const e = document.activeElement; return [e.tagName, e.id, e.name || '', e.innerText || e.value || '', !!e.closest('main')]; }"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture(scope="module")
def address(cast: Cast) -> Iterator[str]:
    with served(cast.app) as found:
        yield found


@pytest.fixture
def page_of(cast: Cast, address: str, browser: Browser) -> Iterator[object]:
    """page_of("asha", "/holds"): that page, open in a browser of hers."""
    contexts = []

    def open_page(who: str, path: str) -> Page:
        context = browser.new_context(base_url=address)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"/sign-in?next={path}")
        _type_sign_in(page, cast.emails[who])
        expect(page.get_by_role("button", name="Sign out")).to_be_attached()
        page.wait_for_load_state()
        page.evaluate("() => { window.stayed = true; }")
        return page

    yield open_page
    for context in contexts:
        context.close()


def _type_sign_in(page: Page, email: str) -> None:
    """With the keyboard alone, from the top of the page."""
    tab_to(page, "email")
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def tab_to(page: Page, wanted: str) -> None:
    """Go on by Tab to what has this name, id or begins with these words."""
    await_settled(page)
    seen = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        tag, public_id, name, words, _ = page.evaluate(FOCUSED)
        seen.append(f"{tag} {public_id or name or words[:30]!r}")
        if wanted in (public_id, name) or words.strip().startswith(wanted):
            return
    raise AssertionError(f"{wanted!r} was not reached by Tab; reached were {seen}")


def assert_stayed(page: Page) -> None:
    assert page.evaluate("() => window.stayed === true"), "the document was loaded anew"


def test_the_first_tab_offers_to_skip_to_the_content(page_of, cast: Cast) -> None:
    page = page_of("asha", "/doctors")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)[-1], "the first stop after skipping is in the content"


def test_a_search_and_what_it_finds_come_without_a_reload(page_of) -> None:
    page = page_of("asha", "/")
    tab_to(page, "q")
    page.keyboard.type("paracetamol")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("paracetamol")
    expect(page).to_have_title(re.compile("paracetamol"))
    assert_stayed(page)
    tab_to(page, "Corner Pharmacy")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Corner Pharmacy")
    assert_stayed(page)


def test_the_slots_of_other_days_come_without_a_reload(page_of, cast: Cast) -> None:
    page = page_of("asha", f"/doctors/{cast.ids['ekow']}")
    first = page.locator(".day h3").first.inner_text()
    # A week has more times than one would like to press Tab.
    page.get_by_role("link", name="Later").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("from="))
    expect(page.locator(".day h3").first).not_to_have_text(first)
    expect(page.locator("main")).to_be_focused()
    assert_stayed(page)


def test_stock_is_edited_in_its_row_without_a_reload(page_of, cast: Cast) -> None:
    page = page_of("chitra", "/pharmacy/stock")
    row = page.locator("tr", has_text="Calmadol")
    before = float(row.locator("[data-cell=on_hand]").inner_text())
    tab_to(page, "kind")
    while "Calmadol" not in page.evaluate("() => document.activeElement.ariaLabel"):
        tab_to(page, "kind")
    page.keyboard.press("s")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(row.locator("[data-cell=on_hand]")).to_have_text(f"{before - 2:g}")
    assert_stayed(page)


def test_a_decision_is_made_and_its_patient_calls_off_without_a_reload(page_of, cast: Cast) -> None:
    with cast.engine.begin() as connection:
        # Her visit is tomorrow: this hospital lets patients change one until two hours before.
        connection.execute(sa.text("UPDATE hospital SET change_hours = 2"))
    page = page_of("farah", f"/admin/requests/{cast.ids['asha_visit']}")
    tab_to(page, "Accept")
    page.keyboard.press("Enter")
    expect(page.locator("main .notice")).to_contain_text("The decision is made")
    assert_stayed(page)
    page = page_of("asha", f"/requests/{cast.ids['asha_visit']}")
    expect(page.locator(".tag").first).to_have_text("Accepted")
    tab_to(page, "Cancel this visit")
    page.keyboard.press("Enter")
    expect(page.locator(".tag").first).to_have_text("Cancelled")
    assert_stayed(page)


def test_an_error_summary_takes_the_focus_and_its_links_lead_to_the_fields(
    page_of, cast: Cast
) -> None:
    page = page_of("chitra", "/pharmacy/keys")
    tab_to(page, "label")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#label")).to_be_focused()
    assert_stayed(page)


def test_a_language_chosen_in_the_footer_keeps_the_page(page_of) -> None:
    page = page_of("asha", "/doctors")
    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("h1")).to_have_text("Médecins")
    assert page.url.endswith("/doctors")
    page.get_by_role("link", name="Sombre").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert (
        page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(15, 23, 25)"
    )
