"""A whole prescription at once: items typed, scanned and pasted; pharmacies in order; all of it set aside or nothing."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from remedy.catalogue.service import add_medicine
from remedy.stock.model import Line
from remedy.stock.service import record_movement, set_price
from tests.factories import a_pharmacy
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.serving import served

PAGE = "/whole-prescription"
GTIN = "04012345678901"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    """Corner has Calmadol, Bactonil and Drylin; Elsewhere has Calmadol and Stillin; nobody has Unobtan."""
    made = a_cast(database_url, database)
    ids, clock = made.ids, made.watch
    with made.engine.begin() as connection:
        for name in ("Drylin", "Stillin"):
            ids[name.lower()] = add_medicine(
                connection, generic_name=name.lower(), brand_name=name, strength="5 mg"
            )
        connection.execute(
            sa.text("UPDATE medicine SET gtin = :gtin WHERE brand_name = 'Drylin'"), {"gtin": GTIN}
        )
        for pharmacy, medicine, price in (
            ("corner", "drylin", 700), ("corner", "amoxil", 300), ("elsewhere", "stillin", 250),
        ):  # fmt: skip
            line = Line(
                "received", ids[medicine], 6000, clock(), line_id=f"{pharmacy}-{medicine}-whole"
            )
            record_movement(connection, ids[pharmacy], line, clock=clock)
            set_price(connection, ids[pharmacy], ids[medicine], price, "EUR", clock=clock)
        hidden = a_pharmacy(connection, name="Hidden Pharmacy", verified_at=None)
        for medicine in ("calmadol", "drylin", "stillin"):
            line = Line("received", ids[medicine], 6000, clock(), line_id=f"hidden-{medicine}")
            record_movement(connection, hidden, line, clock=clock)
    return made


def address(cast: Cast, *names: str, **more: str) -> str:
    items = "".join(f"&item={cast.ids[name]}" for name in names)
    return f"{PAGE}?{items}" + "".join(f"&{key}={value}" for key, value in more.items())


def lines_in(page: str, which: str = "alone") -> str:
    part = page.split(f'id="{which}"')[1]
    found = re.search(r'name="lines" value="([^"]+)"', part)
    assert found is not None
    return found.group(1)


def packs_held(cast: Cast) -> int:
    return cast.rows("SELECT COUNT(*) AS n FROM stock_hold WHERE state = 'held'")[0].n


def test_what_means_one_medicine_is_taken_and_stands_in_the_address(cast: Cast) -> None:
    answer = cast.browser().get(f"{PAGE}?add=drylin&district=Harbour")
    assert answer.status_code == 303
    target = answer.headers["Location"]
    assert f"item={cast.ids['drylin']}" in target
    page = cast.browser().get(target).text
    assert "Has all of it" in page
    assert "Corner Pharmacy" in page
    assert "there and back" in page


def test_a_scanned_code_is_the_medicine_of_the_pack(cast: Cast) -> None:
    for code in ("4012345678901", f"01{GTIN}17270630"):
        answer = cast.browser().get(f"{PAGE}?add={code}")
        assert f"item={cast.ids['drylin']}" in answer.headers["Location"]


def test_a_pasted_list_with_amounts_is_read_line_by_line(cast: Cast) -> None:
    text = "2 x Drylin%0ACalmadol 500 mg x 3%0A%0Anothing of the kind"
    answer = cast.browser().get(f"{PAGE}?list={text}")
    target = answer.headers["Location"]
    assert f"item={cast.ids['drylin']}&item={cast.ids['calmadol']}" in target
    assert "packs=2&packs=3" in target
    page = unescape(cast.browser().get(target).text)
    assert "No medicine is called “nothing of the kind”" in page
    assert "6 packs" not in page


def test_a_name_with_a_slip_is_never_taken_by_itself(cast: Cast) -> None:
    answer = cast.browser().get(f"{PAGE}?add=Drxlin")
    assert answer.status_code == 200
    page = unescape(answer.text)
    assert "written almost like it" in page
    assert "Add drylin" in page or "Add Drylin" in page


def test_who_has_most_of_it_stands_first(cast: Cast) -> None:
    page = cast.browser().get(address(cast, "calmadol", "drylin", "amoxil")).text
    alone = page.split('id="alone"')[1]
    assert alone.index("Corner Pharmacy") < alone.index("Elsewhere Pharmacy")
    assert "Has 2 of 3" in page
    assert 'id="pair"' not in page
    assert "Hidden Pharmacy" not in page


def test_where_none_has_all_the_best_two_are_named_and_explained(cast: Cast) -> None:
    page = unescape(cast.browser().get(address(cast, "drylin", "stillin", "calmadol")).text)
    assert "No pharmacy has all 3: the best one has 2, and these two together have 3." in page
    pair = page.split('id="pair"')[1].split('id="alone"')[0]
    assert pair.index("Corner Pharmacy") < pair.index("Drylin") < pair.index("Stillin")
    assert "Elsewhere Pharmacy" in pair


def test_more_packs_than_there_are_is_not_having_it(cast: Cast) -> None:
    page = cast.browser().get(address(cast, "drylin", packs="99")).text
    assert "No pharmacy has enough of these" in page
    assert "Has all of it" not in page


def test_all_of_it_is_set_aside_at_two_pharmacies_once(cast: Cast) -> None:
    browser = cast.of("asha")
    page = browser.get(address(cast, "drylin", "stillin")).text
    before = packs_held(cast)
    told = {"lines": lines_in(page, "pair"), "nonce": "the-same-form"}
    for _again in range(3):
        answer = browser.post(f"{PAGE}/holds", told)
        assert answer.headers["Location"] == "/holds?done=held-all"
    assert packs_held(cast) == before + 2
    mine = browser.get("/holds?done=held-all").text
    assert "All of it is set aside for you." in mine
    assert "Drylin" in mine
    assert "Stillin" in mine


def test_if_one_is_gone_nothing_is_set_aside_and_the_refusal_is_told_once(cast: Cast) -> None:
    before, told_before = packs_held(cast), cast.told("stock-movements")
    ids = cast.ids
    lines = f"{ids['corner']}:{ids['calmadol']}:1000 {ids['elsewhere']}:{ids['stillin']}:90000"
    told = {"lines": lines, "nonce": "short-one", "item": str(ids["stillin"])}
    answer = cast.of("ben").post(f"{PAGE}/holds", told)
    assert answer.status_code == 409
    assert "There is a problem" in answer.text
    # Sent again, it leads to the page and is told no second time.
    again = cast.of("ben").post(f"{PAGE}/holds", told)
    assert again.headers["Location"].startswith(f"{PAGE}?item={ids['stillin']}")
    assert packs_held(cast) == before
    new = cast.told("stock-movements")[len(told_before) :]
    assert new == ["remedy.stock-movements.refused.v1"]


@pytest.mark.parametrize("lines", ["", "nonsense", "a:b:c", ":::", "x" * 5000])
def test_lines_nobody_of_ours_wrote_set_nothing_aside(cast: Cast, lines: str) -> None:
    before = packs_held(cast)
    assert cast.of("ben").post(f"{PAGE}/holds", {"lines": lines}).status_code == 422
    assert packs_held(cast) == before


def test_a_controlled_medicine_is_asked_for_in_person(cast: Cast) -> None:
    page = cast.browser().get(address(cast, "strong", "drylin")).text
    assert "ask a pharmacy in person" in page
    assert "Has all of it" in page
    ids = cast.ids
    told = {"lines": f"{ids['corner']}:{ids['strong']}:1000"}
    assert cast.of("ben").post(f"{PAGE}/holds", told).status_code == 422


def test_each_item_that_is_added_counts_as_one_search(cast: Cast) -> None:
    cast.announced.clear()
    target = cast.browser().get(f"{PAGE}?add=drylin").headers["Location"]
    assert cast.announced == []
    cast.browser().get(target)
    assert len(cast.announced) == 1
    cast.browser().get(address(cast, "drylin", "calmadol"))
    assert len(cast.announced) == 1


def test_suggestions_come_while_one_types_and_add_to_what_is_there(cast: Cast) -> None:
    answer = cast.browser().get(
        f"{PAGE}/suggestions?item={cast.ids['drylin']}&add=calm", headers={"HX-Request": "true"}
    )
    assert f"item={cast.ids['drylin']}&amp;item={cast.ids['calmadol']}" in answer.text
    assert cast.browser().get(f"{PAGE}/suggestions?add=").text.strip() == ""


@pytest.mark.parametrize("query", ["item=x", "packs=-1", "item=&packs=", "list=%00", "added=x"])
def test_an_address_somebody_made_up_is_a_page_all_the_same(cast: Cast, query: str) -> None:
    assert cast.browser().get(f"{PAGE}?{query}").status_code == 200


def test_one_item_is_added_after_another_without_leaving_the_keyboard(
    cast: Cast, browser: Chromium
) -> None:
    with served(cast.app) as address:
        page = browser.new_page()
        page.goto(address + PAGE)
        field = page.get_by_label("Add an item")
        field.focus()
        for number, brand in enumerate(("Calmadol", "Stillin"), start=1):
            expect(field).to_be_focused()
            page.keyboard.type(brand, delay=20)
            link = page.locator("#suggestions a").filter(has_text=brand).first
            expect(link).to_be_visible()
            page.keyboard.press("Tab")
            expect(link).to_be_focused()
            page.keyboard.press("Enter")
            expect(page.locator("#whole > ul > .card-item")).to_have_count(number)
        # As a scanner types: the code, and Enter.
        expect(field).to_be_focused()
        page.keyboard.type("4012345678901")
        page.keyboard.press("Enter")
        expect(page.locator("#whole > ul > .card-item")).to_have_count(3)
        expect(field).to_be_focused()
        page.close()
