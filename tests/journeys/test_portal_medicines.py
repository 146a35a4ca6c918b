"""Stories about medicines: a patient finds one and the pharmacist's screen changes, with and without JavaScript."""

import re
import time
import uuid

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from remedy.gateways.mysql import engine_for
from tests.journeys.newcomer import register

pytestmark = pytest.mark.journey

WITHIN_MS = 30_000
LANDED_WITHIN_S = 90


@pytest.fixture(scope="module")
def product(stack):
    """The medicine that the pharmacist's own pharmacy has most of: how much differs from day to day."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        row = connection.execute(
            sa.text(
                "SELECT m.brand_name, m.public_id, p.name FROM stock_now s"
                " JOIN medicine m ON m.public_id = s.medicine_id"
                " JOIN pharmacy p ON p.public_id = s.pharmacy_id"
                " WHERE p.name = 'Corner Pharmacy' AND s.stock_milli >= 8000"
                " AND NOT m.is_controlled AND NOT m.is_prescription_only AND m.brand_name IS NOT NULL"
                " ORDER BY s.stock_milli DESC, m.brand_name LIMIT 1"
            )
        ).one()
    engine.dispose()
    return row


def row_of(page: Page, name: str):
    """The stock table's row of a medicine."""
    return page.locator("tr[id^=row-]").filter(has_text=re.compile(rf"^\s*{re.escape(name)}\b"))


def figure(page: Page, name: str, which: str) -> float:
    return float(row_of(page, name).locator(f"[data-cell={which}]").inner_text())


def open_stock(page: Page, stack, name: str) -> None:
    page.goto(f"{stack.url('portal')}/pharmacy/stock?q={name}")
    expect(page.locator("#live-state.on")).to_be_visible(timeout=WITHIN_MS)


def told_in_words(amount: float) -> str:
    return f"{amount:.3f}".rstrip("0").rstrip(".")


def test_a_patient_sets_packs_aside_and_the_pharmacists_screen_changes(stack, page_as, product):
    pharmacist, patient = page_as("pharmacist"), page_as("patient")
    open_stock(pharmacist, stack, product.brand_name)
    held = figure(pharmacist, product.brand_name, "held")
    patient.goto(stack.url("portal"))
    patient.get_by_role("searchbox").fill(product.brand_name)
    patient.get_by_label("Near", exact=True).fill("Harbour")
    patient.get_by_role("button", name="Search").click()
    offer = patient.locator(".offer-row").filter(has_text="Corner Pharmacy")
    expect(offer).to_contain_text("In stock")
    expect(offer).to_contain_text("km away")
    expect(offer).to_contain_text("Stock last changed")
    offer.get_by_role("button", name="Set aside").click()
    expect(patient.locator("main .notice")).to_contain_text("set aside for you")
    cell = row_of(pharmacist, product.brand_name).locator("[data-cell=held]")
    expect(cell).to_have_text(told_in_words(held + 1), timeout=WITHIN_MS)
    patient.get_by_role("button", name="I do not need it").first.click()
    expect(cell).to_have_text(told_in_words(held), timeout=WITHIN_MS)


def test_a_change_on_one_screen_shows_on_the_other(stack, page_as, product):
    one, other = page_as("pharmacist"), page_as("pharmacist")
    for page in (one, other):
        open_stock(page, stack, product.brand_name)
    before = figure(other, product.brand_name, "on_hand")
    row = row_of(one, product.brand_name)
    row.get_by_role("combobox").select_option("received")
    row.get_by_role("textbox").fill("2.5")
    row.get_by_role("button", name="Save").click()
    for page in (one, other):
        cell = row_of(page, product.brand_name).locator("[data-cell=on_hand]")
        expect(cell).to_have_text(told_in_words(before + 2.5), timeout=WITHIN_MS)
    expect(other.locator("#live-state")).to_contain_text(product.brand_name)


def test_a_screen_that_lost_the_server_says_so_and_catches_up(stack, page_as, product):
    one, other = page_as("pharmacist"), page_as("pharmacist")
    for page in (one, other):
        open_stock(page, stack, product.brand_name)
    before = figure(other, product.brand_name, "on_hand")
    other.context.set_offline(True)
    stack.kill("portal", 9)
    expect(other.locator("#live-state.off")).to_be_visible(timeout=WITHIN_MS)
    stack.wait_ready("portal")
    one.reload()
    row = row_of(one, product.brand_name)
    row.get_by_role("textbox").fill("1")
    row.get_by_role("button", name="Save").click()
    mine = row_of(one, product.brand_name).locator("[data-cell=on_hand]")
    expect(mine).to_have_text(told_in_words(before - 1), timeout=WITHIN_MS)
    other.context.set_offline(False)
    cell = row_of(other, product.brand_name).locator("[data-cell=on_hand]")
    expect(cell).to_have_text(told_in_words(before - 1), timeout=WITHIN_MS)
    expect(other.locator("#live-state.on")).to_be_visible(timeout=WITHIN_MS)


def test_a_search_that_found_something_and_one_that_did_not_are_both_landed(
    stack, browser, product
):
    page = browser.new_page()
    nonsense = f"nosuchine{uuid.uuid4().hex[:8]}"
    page.goto(f"{stack.url('portal')}/?q={nonsense}")
    expect(page.locator("main")).to_contain_text("No medicine is called")
    page.goto(f"{stack.url('portal')}/medicines/{uuid.UUID(bytes=bytes(product.public_id))}")
    page.close()
    engine = engine_for(stack.settings("owner").database_url)
    wanted = {f'%"query":"{nonsense}"%', f"%{uuid.UUID(bytes=bytes(product.public_id))}%"}
    deadline = time.monotonic() + LANDED_WITHIN_S
    while wanted and time.monotonic() < deadline:
        with engine.connect() as connection:
            wanted -= {
                text
                for text in wanted
                if connection.execute(
                    sa.text("SELECT 1 FROM raw_medicine_searches WHERE event LIKE :t LIMIT 1"),
                    {"t": text},
                ).first()
            }
        time.sleep(0.2)
    engine.dispose()
    assert not wanted, "A search was not landed."


def test_everything_a_patient_needs_works_without_javascript(stack, browser, product):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    register(page, stack)
    page.goto(stack.url("portal"))
    page.get_by_role("searchbox").fill(product.brand_name)
    page.get_by_role("button", name="Search").click()
    offer = page.locator(".offer-row").filter(has_text="Corner Pharmacy")
    offer.get_by_role("button", name="Set aside").click()
    expect(page.locator("main")).to_contain_text("Set aside until")
    page.get_by_role("button", name="I do not need it").click()
    expect(page.locator("main")).to_contain_text("The hold is released.")
    page.get_by_role("link", name="Doctors", exact=True).click()
    page.locator(".card-item a").first.click()
    page.locator(".slots .btn-outline-primary").last.click()
    page.get_by_label("Routine").check()
    page.get_by_label("What is the visit for?").fill("A check of my tablets.")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator("main")).to_contain_text("Waiting for a decision")
    page.get_by_role("button", name="Cancel this request").click()
    expect(page.locator("main")).to_contain_text("Cancelled")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("main")).to_contain_text("You are signed out.")
    context.close()
