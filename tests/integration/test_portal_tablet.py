"""The tablet's till: what is sold without a line is told later, in order and once, by a real browser and by its script."""

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories import PASSWORD
from tests.integration.portal_cast import Browser, Cast, a_cast
from tests.integration.serving import served

TILL = "/pharmacy/till"
WITHIN_MS = 60_000


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def sale(cast: Cast, name: str, **differs: str) -> dict[str, str]:
    return {
        "line_id": name, "kind": "sale", "medicine_id": str(cast.ids["calmadol"]), "quantity": "1",
        "occurred_at": cast.watch().isoformat(),
    } | differs  # fmt: skip


def send(cast: Cast, who: Browser, *lines: dict[str, str], **differs: str):
    told = {"pharmacy_id": str(cast.ids["corner"]), "lines": lines} | differs
    token = who.get(f"{TILL}/state").get_json()["csrf_token"]
    headers = {"X-CSRFToken": token, "Content-Type": "application/json"}
    return who.client.post(f"{TILL}/lines", data=json.dumps(told), headers=headers)


def sold(cast: Cast) -> list[tuple[str, int]]:
    rows = cast.rows(
        "SELECT line_id, quantity_milli FROM stock_movement WHERE kind = 'sold' ORDER BY id"
    )
    return [(row.line_id, row.quantity_milli) for row in rows]


def test_lines_are_recorded_in_order_by_who_sends_them_and_only_once(cast: Cast) -> None:
    lines = [sale(cast, "a-1"), sale(cast, "a-2", quantity="2")]
    first = send(cast, cast.of("gwen"), *lines).get_json()["lines"]
    again = send(cast, cast.of("chitra"), *lines).get_json()["lines"]
    assert [one["result"] for one in first] == ["recorded", "recorded"]
    assert [one["result"] for one in again] == ["repeated", "repeated"]
    assert sold(cast)[-2:] == [("a-1", 1000), ("a-2", 2000)]
    (row,) = cast.rows(
        "SELECT a.staff_email FROM stock_movement m JOIN account a ON a.id = m.account_id"
        " WHERE m.line_id = 'a-1'"
    )
    assert row.staff_email == "gwen@town.example"


def test_what_cannot_be_told_is_named_and_holds_up_nothing(cast: Cast) -> None:
    answers = send(
        cast,
        cast.of("chitra"),
        sale(cast, "b-1", quantity="0"),
        sale(cast, "b-2", kind="receipt"),
        sale(cast, "b-3", medicine_id="00000000-0000-7000-8000-000000000000"),
        sale(cast, "b-4"),
    ).get_json()["lines"]
    assert [one["result"] for one in answers] == ["refused"] * 3 + ["recorded"]
    assert all(one["error"].endswith(".") for one in answers[:3])
    conflict = send(cast, cast.of("chitra"), sale(cast, "b-4", quantity="3")).get_json()["lines"]
    assert "was used before for another line" in conflict[0]["error"]


def test_what_the_stock_does_not_cover_is_a_sale_all_the_same(cast: Cast) -> None:
    (answer,) = send(cast, cast.of("chitra"), sale(cast, "c-1", quantity="500")).get_json()["lines"]
    assert answer["result"] == "recorded"
    assert float(answer["uncovered"]) > 0


def test_sales_of_another_pharmacy_are_not_taken_for_ones_own(cast: Cast) -> None:
    before = sold(cast)
    assert send(cast, cast.of("dev"), sale(cast, "d-1")).status_code == 409
    assert sold(cast) == before


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"lines": []}', b"\xff", b'{"lines": 3}'])
def test_a_body_that_is_none_changes_nothing(cast: Cast, body: bytes) -> None:
    token = cast.of("chitra").get(f"{TILL}/state").get_json()["csrf_token"]
    headers = {"X-CSRFToken": token, "Content-Type": "application/json"}
    answer = cast.of("chitra").client.post(f"{TILL}/lines", data=body, headers=headers)
    assert (answer.status_code, answer.is_json) == (400, True)


def test_a_sending_without_its_token_is_refused(cast: Cast) -> None:
    before = sold(cast)
    told = {"pharmacy_id": str(cast.ids["corner"]), "lines": [sale(cast, "e-1")]}
    assert cast.of("chitra").client.post(f"{TILL}/lines", json=told).status_code == 400
    assert sold(cast) == before


def test_signing_out_leaves_a_tablet_its_sales_and_a_patient_nothing(cast: Cast) -> None:
    for who, cleared in (("dev", '"cache"'), ("ben", '"cache", "storage"')):
        assert cast.of(who).post("/sign-out").headers["Clear-Site-Data"] == cleared


# --- in a real browser


@pytest.fixture(scope="module")
def address(cast: Cast) -> Iterator[str]:
    with served(cast.app) as found:
        yield found


@pytest.fixture
def tablet(browser: Chromium) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def sign_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/sign-in?next={TILL}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}{TILL}")
    expect(page.locator("#till-line")).to_contain_text("The line is there", timeout=WITHIN_MS)


def sell(page: Page, what: str, packs: str = "1") -> None:
    page.get_by_label("Medicine", exact=True).fill(what)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Packs")).to_be_focused()
    page.keyboard.type(packs)
    page.keyboard.press("Enter")
    expect(page.locator("#till-said")).to_contain_text(f"Sold: {packs} ×")


def test_without_a_line_it_sells_on_is_switched_off_and_sends_all_of_it_later(
    cast: Cast, address: str, tablet: BrowserContext
) -> None:
    page = tablet.new_page()
    sign_in(page, address, "chitra@town.example")
    # Kept by its service worker, so that it opens without a line.
    page.wait_for_function("navigator.serviceWorker.ready.then(() => caches.has('remedy-till'))")
    page.wait_for_function(
        "caches.open('remedy-till').then((kept) => kept.match('/pharmacy/till'))"
        ".then((found) => Boolean(found))"
    )
    before = len(sold(cast))
    tablet.set_offline(True)
    sell(page, "Calmadol", "3")
    expect(page.locator("#till-line")).to_contain_text("no line", timeout=WITHIN_MS)
    sell(page, "A-1", "2")
    expect(page.locator("#till-waiting li")).to_have_count(2)
    page.close()
    page = tablet.new_page()
    page.goto(f"{address}{TILL}")
    expect(page.locator("#till-waiting li")).to_have_count(2)
    sell(page, "Bacton", "4")
    # A mistake is taken back before anybody was told.
    page.locator("#till-waiting li").nth(1).get_by_role("button").click()
    expect(page.locator("#till-waiting li")).to_have_count(2)
    assert len(sold(cast)) == before
    tablet.set_offline(False)
    expect(page.locator("#till-line")).to_contain_text("The line is there", timeout=WITHIN_MS)
    expect(page.locator("#till-waiting")).to_be_hidden()
    assert [milli for _, milli in sold(cast)[before:]] == [3000, 4000]
    expect(page.locator("#till-sent li")).to_have_count(2)


def test_a_window_that_does_not_send_hears_from_the_one_that_does(
    cast: Cast, address: str, tablet: BrowserContext
) -> None:
    page = tablet.new_page()
    sign_in(page, address, "chitra@town.example")
    other = tablet.new_page()
    # Another window is always just sending.
    other.add_init_script(
        "navigator.locks.request = (_name, options, work) => Promise.resolve(work ? work(null) : null)"
    )
    other.goto(f"{address}{TILL}")
    tablet.set_offline(True)
    for window in (page, other):
        expect(window.locator("#till-line")).to_contain_text("no line", timeout=WITHIN_MS)
    sell(other, "Calmadol")
    tablet.set_offline(False)
    for window in (page, other):
        expect(window.locator("#till-line")).to_contain_text("The line is there", timeout=WITHIN_MS)
        expect(window.locator("#till-waiting")).to_be_hidden(timeout=WITHIN_MS)


def test_two_tablets_and_two_windows_sell_at_once_and_nothing_is_told_twice(
    cast: Cast, address: str, browser: Chromium
) -> None:
    contexts = [browser.new_context() for _ in range(2)]
    pages = []
    for context, email in zip(contexts, ("chitra@town.example", "gwen@town.example"), strict=True):
        page = context.new_page()
        sign_in(page, address, email)
        other = context.new_page()
        other.goto(f"{address}{TILL}")
        pages += [page, other]
        context.set_offline(True)
    before = len(sold(cast))
    for page in pages:
        for packs in ("1", "2", "3"):
            sell(page, "Calmadol", packs)
    for context in contexts:
        context.set_offline(False)
    for page in pages:
        expect(page.locator("#till-line")).to_contain_text("The line is there", timeout=WITHIN_MS)
        expect(page.locator("#till-waiting")).to_be_hidden(timeout=WITHIN_MS)
    new = sold(cast)[before:]
    assert sorted(milli for _, milli in new) == [1000] * 4 + [2000] * 4 + [3000] * 4
    assert len({name for name, _ in new}) == 12
    for context in contexts:
        context.close()


def test_who_is_signed_out_keeps_the_sales_and_is_asked_to_sign_in(
    cast: Cast, address: str, tablet: BrowserContext
) -> None:
    page = tablet.new_page()
    sign_in(page, address, "gwen@town.example")
    before = len(sold(cast))
    with cast.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE session s JOIN account a ON a.id = s.account_id SET s.ended_at = NOW(6)"
                " WHERE a.staff_email = 'gwen@town.example'"
            )
        )
    sell(page, "Calmadol", "7")
    expect(page.locator("#till-line")).to_contain_text("signed out", timeout=WITHIN_MS)
    expect(page.locator("#till-waiting li")).to_have_count(1)
    page.locator("#till-line").get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill("gwen@town.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#till-sent li")).to_have_count(1, timeout=WITHIN_MS)
    assert [milli for _, milli in sold(cast)[before:]] == [7000]


def test_what_was_refused_or_not_covered_is_shown_with_why(
    cast: Cast, address: str, tablet: BrowserContext
) -> None:
    page = tablet.new_page()
    sign_in(page, address, "chitra@town.example")
    sell(page, "Calmadol", "9000")
    expect(page.locator("#till-sent li").first).to_contain_text("count this medicine")
    # As if the tablet's clock were years ahead: the server says what is wrong with it.
    page.evaluate("Date.now = () => 4102444800000")
    sell(page, "Calmadol", "1")
    refused = page.locator("#till-refused li")
    expect(refused).to_contain_text("Not accepted", timeout=WITHIN_MS)
    refused.get_by_role("button").click()
    expect(page.locator("#till-refused")).to_be_hidden()
