"""Stories about pharmacies: somebody signed out finds one that has a medicine, and reads its page."""

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from remedy.gateways.mysql import engine_for
from tests.settled import await_settled

pytestmark = pytest.mark.journey

WITHIN_MS = 30_000
MOST_TABS = 80


@pytest.fixture(scope="module")
def kept(stack):
    """A medicine that Corner Pharmacy has plenty of, with that pharmacy's details."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        row = connection.execute(
            sa.text(
                "SELECT m.brand_name, p.name, p.phone, p.licence, p.latitude, p.longitude, p.district"
                " FROM stock_item s JOIN medicine m ON m.id = s.medicine_id"
                " JOIN pharmacy p ON p.id = s.pharmacy_id JOIN stock_lot l ON l.stock_item_id = s.id"
                " WHERE p.name = 'Corner Pharmacy' AND NOT m.is_controlled"
                " AND m.kind = 'product' AND CHAR_LENGTH(m.brand_name) > 5"
                " AND s.count_wanted_at IS NULL GROUP BY m.id, p.id"
                " HAVING SUM(l.quantity_milli) > 20000 ORDER BY m.brand_name LIMIT 1"
            )
        ).one()
    engine.dispose()
    return row


def slipped(name: str) -> str:
    """The name with two letters swapped that differ."""
    at = next(at for at in range(2, len(name) - 1) if name[at] != name[at + 1])
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until what is wanted has the focus, and can be seen to have it."""
    await_settled(page)
    for _ in range(MOST_TABS):
        if wanted.evaluate("element => element === document.activeElement"):
            outline = wanted.evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none", "Nobody sees where the keyboard is."
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab never came to what was wanted.")


def expect_details(page: Page, kept) -> None:
    main = page.locator("main")
    expect(page.get_by_role("heading", level=1)).to_have_text(kept.name)
    expect(main).to_contain_text(kept.licence)
    expect(main).to_contain_text("verified on")
    telephone = main.get_by_role("link", name=kept.phone)
    expect(telephone).to_have_attribute("href", "tel:" + kept.phone.replace(" ", ""))
    way = main.get_by_role("link", name="Directions")
    expect(way).to_have_attribute(
        "href", re.compile(r"^https://www\.openstreetmap\.org/directions")
    )
    expect(main.get_by_role("heading", name="Opening hours")).to_be_visible()
    expect(main.get_by_role("heading", name="What it has")).to_be_visible()
    expect(main.locator(".tag-in").first).to_contain_text("In stock (")


def test_a_pharmacy_is_found_and_read_by_keyboard_though_the_name_is_misspelt(stack, browser, kept):
    page = browser.new_page()
    page.goto(stack.url("portal"))
    page.evaluate("document.isTheSame = true")
    tab_to(page, page.get_by_role("searchbox"))
    page.keyboard.type(slipped(kept.brand_name), delay=30)
    # The results come without Enter, and are told to who does not see them.
    found = page.locator("#results a").filter(has_text=kept.brand_name).first
    expect(found).to_be_visible(timeout=WITHIN_MS)
    expect(page.locator("#results")).to_contain_text("written almost like it")
    expect(page.locator("#found")).to_contain_text("almost like that")
    tab_to(page, found)
    page.keyboard.press("Enter")
    pharmacy = page.locator(".offer-row").get_by_role("link", name=kept.name, exact=True)
    expect(pharmacy).to_be_visible(timeout=WITHIN_MS)
    tab_to(page, pharmacy)
    page.keyboard.press("Enter")
    expect_details(page, kept)
    assert page.evaluate("document.isTheSame"), "The document was loaded anew."
    page.close()


def test_a_pharmacy_is_found_and_read_without_javascript(stack, browser, kept):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(stack.url("portal"))
    expect(page.get_by_role("button", name="Near me")).to_be_hidden()
    page.get_by_role("searchbox").fill(slipped(kept.brand_name))
    page.get_by_label("Near", exact=True).fill(kept.district.lower())
    page.get_by_role("button", name="Search").click()
    expect(page.locator("main")).to_contain_text("written almost like it")
    page.locator("#results a").filter(has_text=kept.brand_name).first.click()
    offer = page.locator(".offer-row").filter(has_text=kept.name)
    expect(offer).to_contain_text("km away")
    offer.get_by_role("link", name=kept.name, exact=True).click()
    expect_details(page, kept)
    context.close()


def test_where_somebody_is_stays_in_the_browser_and_only_the_district_is_sent(stack, browser, kept):
    place = {"latitude": kept.latitude + 0.0004, "longitude": kept.longitude}
    context = browser.new_context(geolocation=place, permissions=["geolocation"])
    page, sent = context.new_page(), []
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    page.goto(stack.url("portal"))
    page.get_by_role("button", name="Near me").click()
    expect(page.get_by_label("Near", exact=True)).to_have_value(kept.district)
    page.get_by_role("searchbox").fill(kept.brand_name)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("main")).to_contain_text(kept.brand_name)
    assert any(f"district={kept.district}" in one for one in sent)
    assert not any(str(place["latitude"])[:7] in one for one in sent)
    context.close()


def test_results_come_while_one_types_and_the_document_stays(stack, browser, kept):
    page = browser.new_page()
    page.goto(stack.url("portal"))
    page.evaluate("() => { window.stayed = true; }")
    page.get_by_role("searchbox").press_sequentially(kept.brand_name[:5], delay=30)
    result = page.locator("#results").get_by_role("link", name=re.compile(kept.brand_name))
    expect(result.first).to_be_visible(timeout=WITHIN_MS)
    expect(page.get_by_role("searchbox")).to_be_focused()
    # The address is the one the button would have led to, so the page can be kept and sent on.
    page.wait_for_url(re.compile(rf"q={kept.brand_name[:5]}"))
    page.get_by_role("searchbox").fill("zzzz no medicine")
    expect(page.locator("#results")).to_contain_text("No medicine is called")
    assert page.evaluate("() => window.stayed === true")
    page.close()


def test_a_pharmacist_keeps_the_hours_that_patients_read(stack, page_as, browser, kept):
    pharmacist = page_as("pharmacist")
    pharmacist.goto(stack.url("portal"))
    pharmacist.locator(".menu > summary").press("Enter")
    pharmacist.get_by_role("link", name="Opening hours").click()
    sunday = pharmacist.get_by_role("group", name="Sunday")
    expect(sunday).to_be_visible()
    before = [field.input_value() for field in sunday.locator("input").all()]
    tab_to(pharmacist, sunday.get_by_label(re.compile("^Opens, Sunday")))
    for label, value in (("Opens, Sunday", "10:15"), ("Closes, Sunday", "12:45")):
        sunday.get_by_label(re.compile(f"^{label}")).fill(value)
    pharmacist.get_by_role("button", name="Save the hours").press("Enter")
    expect(pharmacist.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    page = browser.new_page()
    page.goto(f"{stack.url('portal')}/?q={kept.brand_name}")
    page.get_by_role("link", name=kept.name).first.click()
    expect(page.locator("main")).to_contain_text("10:15–12:45")
    page.close()
    for field, value in zip(sunday.locator("input").all(), before, strict=True):
        field.fill(value)
    pharmacist.get_by_role("button", name="Save the hours").click()
