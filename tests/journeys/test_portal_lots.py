"""Stories of a stock-keeper: receive by scanner, count, recall; packs that go from one pharmacy to another."""

import json
import re
import time
from datetime import date

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from remedy.gateways.mysql import engine_for
from remedy.values import utc_now
from tests.journeys.newcomer import link_in_mail
from tests.journeys.test_portal_pharmacies import tab_to
from tests.journeys.test_portal_stock import FIELD, cell, row_of, shelf, words

pytestmark = pytest.mark.journey

WITHIN_MS = 30_000
TOLD_WITHIN_MS = 60_000
EXPIRES_ON = date(utc_now().year + 2, 12, 31)
"""Of every pack that is received here: the stack's clock is the machine's."""


@pytest.fixture(scope="module")
def products(stack):
    """Medicines for everybody that Corner Pharmacy keeps, and their codes."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT m.brand_name, m.gtin FROM stock_item i"
                " JOIN medicine m ON m.id = i.medicine_id JOIN pharmacy p ON p.id = i.pharmacy_id"
                " WHERE p.name = 'Corner Pharmacy' AND NOT m.is_controlled"
                " AND NOT m.is_prescription_only AND m.gtin IS NOT NULL"
                " AND m.brand_name IS NOT NULL ORDER BY m.brand_name DESC LIMIT 9"
            )
        ).all()
    engine.dispose()
    assert len(rows) > 3
    return rows


def scanned(gtin: str, lot_number: str) -> str:
    """What a scanner types: product, expiry, lot."""
    return f"01{gtin}17{EXPIRES_ON:%y%m%d}10{lot_number}"


def is_focused(wanted: Locator) -> None:
    expect(wanted).to_be_focused(timeout=WITHIN_MS)


def on_the_shelf(page: Page) -> float:
    said = page.get_by_text(re.compile("^On the shelf now:")).inner_text()
    return float(re.findall(r"now: ([\d.]+)", said)[0])


def press(page: Page, wanted: Locator) -> None:
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def until_told(stack) -> None:
    """Wait until nobody is owed a mail about a withdrawn hold; a thread of the portal looks every few seconds."""
    engine = engine_for(stack.settings("owner").database_url)
    owed = "SELECT COUNT(*) FROM mail_owed WHERE kind = 'hold_withdrawn'"
    deadline = time.monotonic() + TOLD_WITHIN_MS / 1000
    try:
        while time.monotonic() < deadline:
            with engine.connect() as connection:
                if connection.execute(sa.text(owed)).scalar_one() == 0:
                    return
            time.sleep(0.5)
    finally:
        engine.dispose()
    raise AssertionError("A patient whose hold was withdrawn was not told.")


def test_receive_by_scanner_count_and_recall_by_keyboard(stack, page_as, products):
    page, (name, gtin) = page_as("pharmacist"), products[0]
    main = page.locator("main")
    # More is sold than there is: the medicine waits to be counted.
    page.goto(f"{stack.url('portal')}/pharmacy/stock?q={gtin}")
    held = float(cell(page, name, "held").inner_text())
    tab_to(page, row_of(page, name).first.locator(FIELD))
    page.keyboard.type(f"s{words(shelf(page, name) + 1)}")
    page.keyboard.press("Enter")
    expect(row_of(page, name).first).to_contain_text("Please count", timeout=WITHIN_MS)
    press(page, main.get_by_role("link", name="Counts wanted"))
    counted = main.get_by_role("textbox", name=re.compile(f"^Packs of {name}"))
    expect(counted).to_be_visible(timeout=WITHIN_MS)
    tab_to(page, counted)
    page.keyboard.type(words(held + 2))
    page.keyboard.press("Enter")
    expect(main).to_contain_text("Saved.", timeout=WITHIN_MS)
    expect(counted).to_have_count(0)
    # A delivery: each pack's code, then Enter; the number of packs, then Enter.
    press(page, main.get_by_role("link", name="Receive by scanner"))
    code = page.get_by_label(re.compile("^Scan the code"))
    is_focused(code)
    page.keyboard.type(scanned(gtin, "J-1"))
    page.keyboard.press("Enter")
    is_focused(page.get_by_label("Packs", exact=True))
    expect(page.get_by_label("Packs", exact=True)).to_have_value("1")
    expect(page.get_by_label(re.compile("^Lot number"))).to_have_value("J-1")
    expect(page.get_by_label(re.compile("^Expires on"))).to_have_value(str(EXPIRES_ON))
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    is_focused(code)
    assert on_the_shelf(page) == held + 42
    page.keyboard.type(gtin[:-1] + str((int(gtin[-1]) + 1) % 10))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("does not fit the others")
    # A patient has more set aside than the good lots will hold.
    patient = page_as("patient")
    patient.goto(stack.url("portal"))
    patient.get_by_role("searchbox").fill(name)
    patient.get_by_role("button", name="Search").click()
    offer = patient.locator(".offer-row").filter(has_text="Corner Pharmacy")
    offer.get_by_role("textbox").fill("3")
    offer.get_by_role("button", name="Set aside").click()
    expect(patient.locator("main .notice")).to_contain_text("set aside for you")
    # The recall, by keyboard.
    page.goto(f"{stack.url('portal')}/pharmacy/stock?q={gtin}")
    press(page, row_of(page, name).first.get_by_role("link").first)
    press(page, main.get_by_role("link", name=re.compile("^Lots:")))
    press(page, main.get_by_role("link", name="Choose J-1"))
    expect(page.get_by_label("Lot number", exact=True)).to_have_value("J-1", timeout=WITHIN_MS)
    tab_to(page, page.get_by_label("What happens, and why"))
    page.keyboard.type("the maker")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(main).to_contain_text("The lot is recalled", timeout=WITHIN_MS)
    expect(main.get_by_role("row").filter(has_text="J-1")).to_contain_text("not for sale")
    page.goto(f"{stack.url('portal')}/pharmacy/stock?q={gtin}")
    assert shelf(page, name) == held + 42
    assert cell(page, name, "available").inner_text() == "2"
    assert cell(page, name, "held").inner_text() == words(held)
    patient.goto(f"{stack.url('portal')}/holds")
    expect(patient.locator("main")).to_contain_text("may not be handed out any more")
    until_told(stack)
    assert link_in_mail(stack, "/holds", "cannot be handed out")


def test_lots_are_received_and_written_off_without_javascript(stack, page_as, products):
    page = page_as("pharmacist", java_script_enabled=False, viewport={"width": 320, "height": 640})
    (name, gtin), main = products[1], page.locator("main")
    page.goto(f"{stack.url('portal')}/pharmacy/receive")
    code = page.get_by_label(re.compile("^Scan the code"))
    is_focused(code)
    page.keyboard.type(scanned(gtin, "J-2"))
    page.keyboard.press("Enter")
    is_focused(page.get_by_label("Packs", exact=True))
    page.keyboard.press("Enter")
    is_focused(code)
    first = on_the_shelf(page)
    page.keyboard.type(scanned(gtin, "J-2"))
    page.keyboard.press("Enter")
    is_focused(page.get_by_label("Packs", exact=True))
    page.keyboard.press("Enter")
    expect(main).to_contain_text(f"On the shelf now: {words(first + 1)} of {name}")
    main.get_by_role("button", name="Undo").click()
    expect(main).to_contain_text("The movement is undone.")
    page.goto(f"{stack.url('portal')}/pharmacy/expiry?days=3000")
    expect(main).to_contain_text("These lots have fewer than 3000 days left.")
    main.get_by_role("row").filter(has_text="J-2").get_by_role("link").click()
    page.get_by_label("What happens, and why").select_option("date_too_near")
    page.get_by_role("button", name="Save").click()
    expect(main).to_contain_text("Saved.")
    expect(main.get_by_role("row").filter(has_text="J-2")).to_have_count(0)
    page.goto(f"{stack.url('portal')}/pharmacy/levels?q={name}")
    main.get_by_role("textbox", name=re.compile("^Order again below")).first.fill("9000")
    main.get_by_role("button", name=re.compile("^Save")).first.click()
    page.goto(f"{stack.url('portal')}/pharmacy/levels")
    expect(main.get_by_role("row").filter(has_text=name)).to_contain_text(
        re.compile("time to order|below the minimum")
    )


@pytest.fixture
def neighbour(stack, browser):
    """The page of the pharmacist of another pharmacy, signed in; the name of the pharmacy is read from it."""
    people = json.loads(stack.installation.demo_file.read_text())
    who = [one for one in people if one["role"] == "pharmacist"][1]
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(stack.url("portal") + "/sign-in")
    page.get_by_label("E-mail").fill(who["email"])
    page.get_by_label("Password").fill(who["password"])
    page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()


def test_packs_go_from_one_pharmacy_to_another(stack, page_as, neighbour, products):
    (name, gtin), sender = products[2], page_as("pharmacist")
    portal, main = stack.url("portal"), sender.locator("main")
    sender.goto(f"{portal}/pharmacy/receive")
    is_focused(sender.get_by_label(re.compile("^Scan the code")))
    sender.keyboard.type(scanned(gtin, "J-3"))
    sender.keyboard.press("Enter")
    is_focused(sender.get_by_label("Packs", exact=True))
    sender.keyboard.type("10")
    sender.keyboard.press("Enter")
    is_focused(sender.get_by_label(re.compile("^Scan the code")))
    before = on_the_shelf(sender)
    sender.goto(f"{portal}/pharmacy/stock?q={gtin}")
    held = float(cell(sender, name, "held").inner_text())
    # The neighbour asks, without JavaScript.
    neighbour.goto(f"{portal}/pharmacy/medicines?q={name}")
    neighbour.locator("main .card-item a").first.click()
    neighbour.get_by_role("link", name=re.compile("^Ask another pharmacy")).click()
    others = neighbour.get_by_label("Which pharmacy?")
    others.select_option(
        others.locator("option").filter(has_text="Corner Pharmacy").get_attribute("value")
    )
    neighbour.get_by_label("Packs", exact=True).fill(words(before - held))
    neighbour.get_by_role("button", name="Send to the other pharmacy").click()
    expect(neighbour.locator("main")).to_contain_text("You asked; they have not answered")
    # By keyboard; the state of the sender's open list changes by itself later.
    sender.goto(f"{portal}/pharmacy/transfers")
    press(sender, main.get_by_role("row").filter(has_text="They ask you").get_by_role("link").first)
    press(sender, main.get_by_role("button", name="Send the packs"))
    expect(main).to_contain_text("On the way to them", timeout=WITHIN_MS)
    sender.goto(f"{portal}/pharmacy/transfers")
    neighbour.reload()
    expect(neighbour.locator("main")).to_contain_text("J-3")
    arrived = neighbour.get_by_role("textbox", name="Arrived of lot J-3")
    arrived.fill(words(float(arrived.input_value()) - 1))
    neighbour.get_by_role("button", name="Receive the packs").click()
    expect(neighbour.get_by_role("alert")).to_contain_text("choose why")
    neighbour.get_by_label(re.compile("^If fewer arrived")).select_option("damaged_on_the_way")
    neighbour.get_by_role("button", name="Receive the packs").click()
    expect(neighbour.locator("main")).to_contain_text("You received it")
    expect(main).to_contain_text("They received it", timeout=TOLD_WITHIN_MS)
    press(
        sender, main.get_by_role("row").filter(has_text="They received").get_by_role("link").first
    )
    expect(main).to_contain_text("1: damaged on the way", timeout=WITHIN_MS)
    sender.goto(f"{portal}/pharmacy/stock?q={gtin}")
    assert shelf(sender, name) == held
    neighbour.goto(f"{portal}/pharmacy/expiry?days=3650")
    expect(neighbour.locator("main").get_by_role("row").filter(has_text="J-3")).to_contain_text(
        str(EXPIRES_ON)
    )
