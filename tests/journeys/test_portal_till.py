"""The story of a till without a line: it sells on, is switched off and on, and the shelf knows of it afterwards."""

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from remedy.gateways.mysql import engine_for

pytestmark = pytest.mark.journey

WITHIN_MS = 60_000


@pytest.fixture(scope="module")
def sold(stack):
    """What was sold from tablets, newest last, by a query of one's own."""
    engine = engine_for(stack.settings("owner").database_url)

    def look() -> list[int]:
        with engine.connect() as connection:
            return list(
                connection.execute(
                    sa.text(
                        "SELECT quantity_milli FROM stock_movement"
                        " WHERE line_id LIKE 'tablet-%' ORDER BY id"
                    )
                ).scalars()
            )

    yield look
    engine.dispose()


@pytest.fixture(scope="module")
def codes(stack) -> list[str]:
    """Codes of two medicines of the pharmacist's own pharmacy, as a scanner types them."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        found = list(
            connection.execute(
                sa.text(
                    "SELECT m.source_key FROM stock_item i JOIN medicine m ON m.id = i.medicine_id"
                    " JOIN account a ON a.pharmacy_id = i.pharmacy_id"
                    " WHERE a.staff_email = :email AND m.source_key IS NOT NULL"
                    " ORDER BY m.brand_name LIMIT 2"
                ),
                {"email": stack.demo("pharmacist")["email"]},
            ).scalars()
        )
    engine.dispose()
    assert len(found) == 2
    return found


def scan_and_sell(page: Page, code: str, packs: str) -> None:
    page.get_by_label("Medicine", exact=True).focus()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Packs")).to_be_focused()
    page.keyboard.type(packs)
    page.keyboard.press("Enter")
    expect(page.locator("#till-said")).to_contain_text(f"Sold: {packs} ×")


def test_a_tablet_sells_on_while_the_network_is_cut_and_sends_each_sale_once(
    stack, page_as, sold, codes
):
    page = page_as("pharmacist")
    address = f"{stack.url('portal')}/pharmacy/till"
    page.goto(address)
    line = page.locator("#till-line")
    expect(line).to_contain_text("The line is there", timeout=WITHIN_MS)
    page.wait_for_function(
        "caches.open('remedy-till').then((kept) => kept.match('/pharmacy/till')).then(Boolean)"
    )
    before = sold()
    scan_and_sell(page, codes[0], "0.5")
    expect(page.locator("#till-sent li")).to_have_count(1, timeout=WITHIN_MS)
    page.context.set_offline(True)
    expect(line).to_contain_text("There is no line", timeout=WITHIN_MS)
    scan_and_sell(page, codes[0], "1")
    scan_and_sell(page, codes[1], "1.5")
    # Not "nothing was changed": what is sold is kept.
    expect(page.locator("#offline")).to_be_hidden()
    context = page.context
    page.close()
    # Switched off and on again, still without a line.
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#till-waiting li")).to_have_count(2)
    scan_and_sell(page, codes[0], "2")
    other = context.new_page()
    other.goto(address)
    expect(other.locator("#till-waiting li")).to_have_count(3)
    assert sold()[len(before) :] == [500]
    context.set_offline(False)
    for window in (page, other):
        expect(window.locator("#till-line")).to_contain_text("The line is there", timeout=WITHIN_MS)
        expect(window.locator("#till-waiting")).to_be_hidden(timeout=WITHIN_MS)
    assert sold()[len(before) :] == [500, 1000, 1500, 2000]


def test_without_javascript_the_till_points_to_the_stock_page(stack, page_as):
    page = page_as("pharmacist", java_script_enabled=False)
    page.goto(f"{stack.url('portal')}/pharmacy/till")
    expect(page.locator("#till")).to_be_hidden()
    page.get_by_role("link", name="Record sales on the stock page instead.").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stock")
