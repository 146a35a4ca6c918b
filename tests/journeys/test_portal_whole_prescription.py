"""Stories of a whole prescription: told by keyboard, pasted without JavaScript, set aside in one go, seen on a map."""

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from remedy.gateways.mysql import engine_for

pytestmark = pytest.mark.journey

WITHIN_MS = 30_000


@pytest.fixture(scope="module")
def brands(stack) -> list[str]:
    """Three medicines that Corner Pharmacy has more of than is set aside here, also after the town has bought for an hour, and that need no prescription: their brands."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT m.brand_name FROM stock_item s JOIN medicine m ON m.id = s.medicine_id"
                " JOIN pharmacy p ON p.id = s.pharmacy_id JOIN stock_lot l ON l.stock_item_id = s.id"
                " WHERE p.name = 'Corner Pharmacy' AND NOT m.is_controlled"
                " AND NOT m.is_prescription_only AND m.kind = 'product'"
                " AND CHAR_LENGTH(m.brand_name) > 5"
                " AND (SELECT COUNT(*) FROM medicine o WHERE o.brand_name = m.brand_name) = 1"
                " AND l.recalled_at IS NULL AND l.expires_on > CURDATE() + INTERVAL 30 DAY"
                " GROUP BY m.id HAVING SUM(l.quantity_milli) > 8000 ORDER BY m.brand_name LIMIT 3"
            )
        ).scalars()
        found = list(rows)
    engine.dispose()
    assert len(found) == 3
    return found


def items(page: Page, count: int) -> list[str]:
    """The names of the items, once there are so many."""
    names = page.locator("#whole .card-item h3")
    expect(names).to_have_count(count)
    return [text.split(" (")[0] for text in names.all_inner_texts()]


def test_items_are_typed_by_keyboard_and_all_of_them_set_aside(stack, page_as, brands):
    page = page_as("patient")
    page.goto(f"{stack.url('portal')}/whole-prescription")
    for number, brand in enumerate(brands):
        if number == 0:
            page.get_by_label("Add an item").focus()
        # After an item the field for the next one has the focus.
        expect(page.get_by_label("Add an item")).to_be_focused()
        page.keyboard.type(brand, delay=20)
        link = page.locator("#suggestions a").filter(has_text=brand).first
        expect(link).to_be_visible(timeout=WITHIN_MS)
        page.keyboard.press("Tab")
        expect(link).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#whole > ul > .card-item")).to_have_count(
            number + 1, timeout=WITHIN_MS
        )
    assert items(page, len(brands)) == brands
    best = page.locator("#alone > li").first
    expect(best).to_contain_text("Has all of it")
    name = best.locator("h3 a").inner_text()
    button = best.get_by_role("button", name=re.compile("Set all of it aside"))
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/holds"))
    expect(page.get_by_role("status").first).to_contain_text("All of it is set aside for you.")
    for brand in brands:
        held = page.locator(".card-item").filter(has_text=brand).first
        expect(held).to_contain_text(name)
        expect(held).to_contain_text("Set aside until")


def test_a_list_is_pasted_and_read_without_javascript(stack, page_as, brands):
    page = page_as("patient", java_script_enabled=False, viewport={"width": 320, "height": 640})
    page.goto(f"{stack.url('portal')}/whole-prescription")
    page.get_by_text("Paste a list").click()
    text = "\n".join([f"2 x {brands[0]}", brands[1], "zzzz nothing of the kind"])
    page.get_by_label("One item on each line").fill(text)
    page.get_by_role("button", name="Look").click()
    assert items(page, 2) == brands[:2]
    expect(page.locator("main")).to_contain_text("No medicine is called “zzzz nothing of the kind”")
    expect(page.get_by_label(re.compile("^Packs")).first).to_have_value("2")
    expect(page.locator("details[data-map]")).to_be_hidden()
    page.get_by_role("link", name=re.compile("Leave this line out")).click()
    best = page.locator("#alone > li").first
    expect(best).to_contain_text("Has all of it")
    best.get_by_role("button", name=re.compile("Set all of it aside")).click()
    expect(page.locator("main")).to_contain_text("All of it is set aside for you.")


def test_the_map_shows_what_the_list_shows_and_leads_back_to_it(stack, browser, brands):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    foreign = []
    page.on(
        "request",
        lambda one: None if one.url.startswith(stack.url("portal")) else foreign.append(one.url),
    )
    page.on("console", lambda one: foreign.append(one.text) if one.type == "error" else None)
    page.goto(f"{stack.url('portal')}/?q={brands[0]}")
    signs, rows = page.locator(".map-sign"), page.locator(".offer-row")
    expect(signs).to_have_count(rows.count(), timeout=WITHIN_MS)
    assert rows.count() > 1
    expect(page.locator(".map path.district").first).to_be_attached()
    signs.first.focus()
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup")
    expect(popup).to_contain_text(rows.first.locator("h3 a").inner_text())
    link = popup.get_by_role("link", name="Show in the list")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("#at-"))
    assert foreign == []
    page.close()
