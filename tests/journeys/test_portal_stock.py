"""Stories of a pharmacist's stock: by keyboard, on two screens, from a file, and without JavaScript."""

import json
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from remedy.gateways.mysql import engine_for

pytestmark = pytest.mark.journey

WITHIN_MS = 30_000
FIELD = "input[name=packs]:not([type=hidden])"


@pytest.fixture(scope="module")
def products(stack):
    """Three medicines of the pharmacist's own pharmacy, found by their codes: name and code."""
    engine = engine_for(stack.settings("owner").database_url)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT m.brand_name, CONCAT(m.source, ':', m.source_key) AS code FROM stock_item i"
                " JOIN medicine m ON m.id = i.medicine_id"
                " JOIN account a ON a.pharmacy_id = i.pharmacy_id"
                " WHERE a.staff_email = :email AND m.source_key IS NOT NULL"
                " AND m.brand_name IS NOT NULL ORDER BY m.brand_name DESC LIMIT 3"
            ),
            {"email": stack.demo("pharmacist")["email"]},
        ).all()
    engine.dispose()
    assert len(rows) == 3
    return rows


def row_of(page: Page, name: str) -> Locator:
    return page.locator("#stock-list tr[id^=row-]").filter(
        has=page.get_by_role("rowheader", name=re.compile(rf"^{re.escape(name)}\b"))
    )


def cell(page: Page, name: str, which: str = "on_hand") -> Locator:
    return row_of(page, name).first.locator(f"[data-cell={which}]")


def shelf(page: Page, name: str) -> float:
    return float(cell(page, name).inner_text())


def words(amount: float) -> str:
    return f"{amount:.3f}".rstrip("0").rstrip(".")


def open_stock(page: Page, stack, q: str = "") -> None:
    page.goto(f"{stack.url('portal')}/pharmacy/stock?q={q}")
    expect(page.locator("#live-state.on")).to_be_visible(timeout=WITHIN_MS)


def is_focused(page: Page, name: str) -> None:
    expect(row_of(page, name).first.locator(FIELD)).to_be_focused(timeout=WITHIN_MS)


def scan(page: Page, code: str, name: str) -> None:
    """What a scanner does: the code into the search field, then Enter; typing goes on in the row it found."""
    page.locator("#q").focus()
    page.locator("#q").fill("")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    is_focused(page, name)


def test_receive_sell_count_and_take_back_by_keyboard(stack, page_as, products):
    page, (name, code) = page_as("pharmacist"), products[0]
    open_stock(page, stack)
    page.evaluate("window.isTheSameDocument = true")
    scan(page, code, name)
    before = shelf(page, name)
    # The first letter chooses what happened, Enter saves, the row keeps the focus.
    for typed, after in (("r12", before + 12), ("s2.5", before + 9.5)):
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(cell(page, name)).to_have_text(words(after), timeout=WITHIN_MS)
        is_focused(page, name)
    page.keyboard.press("Control+z")
    expect(cell(page, name)).to_have_text(words(before + 12), timeout=WITHIN_MS)
    expect(row_of(page, name).first).to_contain_text("The change is undone.")
    is_focused(page, name)
    page.keyboard.type("c7")
    page.keyboard.press("Enter")
    expect(cell(page, name)).to_have_text("7", timeout=WITHIN_MS)
    is_focused(page, name)
    page.keyboard.type("p3.45")
    page.keyboard.press("Enter")
    expect(cell(page, name, "price")).to_contain_text("3.45", timeout=WITHIN_MS)
    is_focused(page, name)
    page.keyboard.type("9")
    page.keyboard.press("Escape")
    expect(row_of(page, name).first.locator(FIELD)).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_be_focused()
    assert page.evaluate("window.isTheSameDocument === true")
    # The card shows every movement, the reversal beside what it took back.
    row_of(page, name).first.get_by_role("link").first.click()
    card = page.locator("#ledger ~ table, section[aria-labelledby=ledger] table").first
    expect(card).to_contain_text("Counted")
    expect(card).to_contain_text("Undone: Undone at once.")


def test_arrows_go_from_row_to_row_and_typing_filters(stack, page_as, products):
    page, name = page_as("pharmacist"), products[1][0]
    open_stock(page, stack)
    fields = page.locator(f"#stock-list {FIELD}")
    everything = fields.count()
    page.locator("#q").focus()
    page.keyboard.press("ArrowDown")
    expect(fields.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(fields.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type(name[:5].lower())
    expect(fields).not_to_have_count(everything, timeout=WITHIN_MS)
    expect(page.locator("#q")).to_be_focused()
    expect(row_of(page, name).first).to_be_visible()


def test_two_pharmacists_screens_stay_in_step_and_a_conflict_shows_both_values(
    stack, page_as, products
):
    (name, _), one, other = products[1], page_as("pharmacist"), page_as("pharmacist")
    for page in (one, other):
        open_stock(page, stack, name)
    before = shelf(one, name)
    # Somebody begins to type a count while another sells.
    counted = row_of(other, name).first
    counted.get_by_role("combobox").select_option("counted")
    counted.locator(FIELD).fill("30")
    sold = row_of(one, name).first
    sold.get_by_role("combobox").select_option("sold")
    sold.locator(FIELD).fill("1")
    sold.locator(FIELD).press("Enter")
    for page in (one, other):
        expect(cell(page, name)).to_have_text(words(before - 1), timeout=WITHIN_MS)
    expect(counted.locator(FIELD)).to_have_value("30")
    counted.locator(FIELD).press("Enter")
    said = row_of(other, name).first.get_by_role("alert")
    expect(said).to_contain_text(f"{words(before - 1)} packs are on the shelf now")
    expect(said).to_contain_text("you typed 30")
    # Saved again, it is meant.
    row_of(other, name).first.locator(FIELD).press("Enter")
    for page in (one, other):
        expect(cell(page, name)).to_have_text("30", timeout=WITHIN_MS)


def test_a_message_that_was_lost_is_noticed_and_fetched(stack, page_as, products):
    (name, _), one, other = products[1], page_as("pharmacist"), page_as("pharmacist")
    lost = []

    def between(socket) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str) -> None:
            # The first change is lost on its way; the page is not told that it was.
            if json.loads(message).get("rows") and not lost:
                lost.append(message)
            else:
                socket.send(message)

        server.on_message(pass_on)

    other.route_web_socket(re.compile(r"/live\?"), between)
    for page in (one, other):
        open_stock(page, stack, name)
    before = shelf(one, name)
    sold = row_of(one, name).first
    sold.get_by_role("combobox").select_option("received")
    sold.locator(FIELD).fill("3")
    sold.locator(FIELD).press("Enter")
    for page in (one, other):
        expect(cell(page, name)).to_have_text(words(before + 3), timeout=WITHIN_MS)
    expect(other.locator("#live-state.on")).to_be_visible(timeout=WITHIN_MS)
    assert lost


def test_a_list_with_bad_lines_is_looked_at_then_applied(stack, page_as, products, tmp_path):
    page, (name, code) = page_as("pharmacist"), products[2]
    open_stock(page, stack, name)
    before = shelf(page, name)
    # A price that is the present one would change nothing.
    price = "3.05" if "2.95" in cell(page, name, "price").inner_text() else "2.95"
    file = tmp_path / "list.csv"
    file.write_text(
        f"medicine;received;price\r\n{code};4;{price.replace('.', ',')}\r\nNobody makes this;1;\r\n{code};many;\r\n",
        encoding="cp1252",
    )
    page.get_by_role("link", name="Bring in a list").click()
    page.get_by_label("CSV or Excel file").set_input_files(file)
    page.get_by_role("button", name="Show what changes").click()
    expect(page.locator("main")).to_contain_text("2 changes wait for your word.")
    expect(page.locator("main")).to_contain_text("2 lines cannot be read and change nothing.")
    expect(page.locator("main")).to_contain_text("No medicine has that code")
    expect(page.locator("main")).to_contain_text("'many' in received is no number")
    page.get_by_role("button", name="Make these changes").click()
    expect(page.locator("main")).to_contain_text("2 changes are made.")
    expect(page.locator("main")).not_to_contain_text("Make these changes")
    open_stock(page, stack, name)
    expect(cell(page, name)).to_have_text(words(before + 4))
    expect(cell(page, name, "price")).to_contain_text(price)


def test_the_stock_is_worked_without_javascript(stack, page_as, products, tmp_path):
    page = page_as("pharmacist", java_script_enabled=False, viewport={"width": 320, "height": 640})
    name, code = products[0]
    page.goto(f"{stack.url('portal')}/pharmacy/stock")
    page.get_by_label(re.compile("Find in your stock")).fill(code)
    page.get_by_role("button", name="Find", exact=True).click()
    before = shelf(page, name)
    is_focused(page, name)
    for kind, packs, after in (("received", "6", before + 6), ("sold", "2", before + 4)):
        row = row_of(page, name).first
        row.get_by_role("combobox").select_option(kind)
        row.locator(FIELD).fill(packs)
        row.get_by_role("button", name="Save").click()
        expect(page.locator("main")).to_contain_text("Saved.")
        expect(cell(page, name)).to_have_text(words(after))
    row_of(page, name).first.get_by_role("button", name="Undo").click()
    expect(page.locator("main")).to_contain_text("The movement is undone.")
    expect(cell(page, name)).to_have_text(words(before + 6))
    file = tmp_path / "list.csv"
    file.write_text(f"medicine,counted\n{code},5\nNobody makes this,1\n")
    page.get_by_role("link", name="Bring in a list").click()
    page.get_by_label("CSV or Excel file").set_input_files(file)
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("button", name="Make these changes").click()
    expect(page.locator("main")).to_contain_text("1 change is made.")
    page.goto(f"{stack.url('portal')}/pharmacy/stock?q={code}")
    expect(cell(page, name)).to_have_text("5")
