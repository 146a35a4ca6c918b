"""Stories of orders: found, held and collected; a basket ordered, picked and handed out; paid online."""

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from remedy.gateways.mysql import engine_for
from tests.settled import await_settled

pytestmark = pytest.mark.journey

WITHIN_MS = 30_000
BACK_WITHIN_S = 90
MOST_TABS = 120
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.fixture(scope="module")
def products(stack):
    """The three medicines with a price that the pharmacist's own pharmacy has most of: how much differs from day to day."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT m.brand_name, m.public_id, s.price_minor FROM stock_now s"
                " JOIN medicine m ON m.public_id = s.medicine_id"
                " JOIN pharmacy p ON p.public_id = s.pharmacy_id"
                " WHERE p.name = 'Corner Pharmacy' AND s.stock_milli >= 8000"
                " AND s.price_minor IS NOT NULL AND NOT m.is_controlled"
                " AND NOT m.is_prescription_only AND m.brand_name IS NOT NULL"
                " ORDER BY s.stock_milli DESC, m.brand_name LIMIT 3"
            )
        ).all()
    engine.dispose()
    assert len(rows) == 3
    return rows


def find(page: Page, stack, name: str):
    """The Corner Pharmacy's offer of a medicine."""
    page.goto(stack.url("portal"))
    page.get_by_role("searchbox").fill(name)
    page.get_by_label("Near", exact=True).fill("Harbour")
    page.get_by_role("button", name="Search").click()
    offer = page.locator(".offer-row").filter(has_text="Corner Pharmacy")
    expect(offer).to_contain_text("In stock", timeout=WITHIN_MS)
    return offer


def code_on(page: Page) -> str:
    return CODE.search(page.locator(".collect .code").first.inner_text()).group()


def scan(page: Page, code: str) -> None:
    """What a scanner does: the field has the focus; the code is typed, then Enter."""
    expect(page.get_by_label("Collection code")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def press(page: Page, name: str, within: Locator | None = None) -> None:
    """Reach a button, of that part of the page, by the keyboard and press it."""
    button = (within or page).get_by_role("button", name=name)
    await_settled(page)
    for _ in range(MOST_TABS):
        if button.evaluate("e => e === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The keyboard does not reach '{name}'.")


def test_found_held_and_collected_by_keyboard(stack, page_as, products):
    patient, pharmacist = page_as("patient"), page_as("pharmacist")
    offer = find(patient, stack, products[0].brand_name)
    press(patient, "Set aside", offer)
    expect(patient.locator("main .notice")).to_contain_text("set aside for you")
    code = code_on(patient)
    expect(patient.locator(".collect svg").first).to_be_visible()
    pharmacist.goto(f"{stack.url('portal')}/pharmacy/holds")
    expect(pharmacist.locator("#waiting")).to_contain_text(products[0].brand_name)
    scan(pharmacist, code)
    expect(pharmacist.get_by_role("heading", name="Hand out")).to_be_visible(timeout=WITHIN_MS)
    expect(pharmacist.locator("table.stock")).to_contain_text(products[0].brand_name)
    press(pharmacist, "Hand out and book as sold")
    expect(pharmacist.locator("main .notice")).to_contain_text("booked as sold")
    patient.reload()
    expect(patient.locator(".card-item").first).to_contain_text("Collected")
    # The same code once more says what became of it.
    pharmacist.goto(f"{stack.url('portal')}/pharmacy/holds")
    scan(pharmacist, code)
    expect(pharmacist.get_by_role("alert")).to_contain_text("handed out already")


def test_a_basket_is_ordered_picked_and_handed_out_while_the_pages_follow(stack, page_as, products):
    patient, pharmacist = page_as("patient"), page_as("pharmacist")
    pharmacist.goto(f"{stack.url('portal')}/pharmacy/orders")
    for product in products[:2]:
        offer = find(patient, stack, product.brand_name)
        press(patient, "Put into the basket", offer)
        expect(patient.locator("main .notice")).to_contain_text("in your basket")
    press(patient, "Place the order")
    expect(patient.locator("main .notice").first).to_contain_text("Your order is placed")
    reference = patient.locator("dl.facts dd").first.inner_text()
    # The queue shows it without being loaded again.
    pharmacist.get_by_role("link", name=reference).click(timeout=WITHIN_MS)
    expect(pharmacist.locator("table.stock")).to_contain_text("of lot")
    press(pharmacist, "Begin to pick")
    expect(patient.locator("#order")).to_contain_text("Being picked", timeout=WITHIN_MS)
    expect(patient.get_by_role("button", name="Cancel this order")).to_have_count(0)
    expect(pharmacist.get_by_role("button", name="It is ready")).to_be_visible()
    press(pharmacist, "It is ready")
    expect(patient.locator("#order")).to_contain_text("Ready to be collected", timeout=WITHIN_MS)
    scan(pharmacist, code_on(patient))
    expect(pharmacist.get_by_role("heading", name="Hand out")).to_be_visible(timeout=WITHIN_MS)
    press(pharmacist, "Hand out and book as sold")
    expect(patient.locator("#order")).to_contain_text("Collected", timeout=WITHIN_MS)


def test_an_order_without_javascript_on_a_small_screen(stack, page_as, products):
    small = {"java_script_enabled": False, "viewport": {"width": 320, "height": 640}}
    patient, pharmacist = page_as("patient", **small), page_as("pharmacist", **small)
    offer = find(patient, stack, products[2].brand_name)
    offer.get_by_role("textbox").fill("2")
    offer.get_by_role("button", name="Put into the basket").click()
    expect(patient.locator("main")).to_contain_text("It is in your basket.")
    patient.get_by_label("I collect it").check()
    patient.get_by_role("button", name="Place the order").click()
    expect(patient.locator("main")).to_contain_text("Your order is placed.")
    code, reference = code_on(patient), patient.locator("dl.facts dd").first.inner_text()
    pharmacist.goto(f"{stack.url('portal')}/pharmacy/orders")
    pharmacist.get_by_role("link", name=reference).click()
    pharmacist.get_by_role("button", name="Begin to pick").click()
    pharmacist.get_by_role("button", name="It is ready").click()
    pharmacist.get_by_label("Collection code").fill(code)
    pharmacist.get_by_role("button", name="Show what it collects").click()
    pharmacist.get_by_role("button", name="Hand out and book as sold").click()
    expect(pharmacist.locator("main")).to_contain_text("booked as sold")
    patient.reload()
    expect(patient.locator("main")).to_contain_text("Collected")


def test_an_order_is_paid_online_and_cancelled_and_the_money_is_back(stack, page_as, products):
    patient = page_as("patient")
    offer = find(patient, stack, products[1].brand_name)
    press(patient, "Put into the basket", offer)
    patient.get_by_label("Online now").check()
    press(patient, "Place the order")
    expect(patient.locator("#order")).to_contain_text("Waiting for your payment")
    patient.get_by_role("link", name=re.compile("^Pay ")).click()
    expect(patient.locator("main")).to_contain_text("it takes no money", timeout=WITHIN_MS)
    patient.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(patient.locator("#order")).to_contain_text("Paid online", timeout=WITHIN_MS)
    press(patient, "Cancel this order")
    expect(patient.locator("#order")).to_contain_text("Cancelled by you", timeout=WITHIN_MS)
    expect(patient.locator("#order")).to_contain_text("being given back")

    def is_back() -> bool:
        patient.reload()
        return "Paid online and given back" in patient.locator("#order").inner_text()

    for _ in range(BACK_WITHIN_S):
        if is_back():
            break
        patient.wait_for_timeout(1000)
    else:
        raise AssertionError("The money is not back.")
