"""A pharmacist's stock: movements by hand, conflicts that show, mistakes undone."""

import html
import re
import secrets

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from tests.integration.portal_cast import Cast, a_cast
from web_portal.pharmacy import routes


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def card(cast: Cast, medicine: str = "calmadol") -> str:
    return cast.of("chitra").get(f"/pharmacy/stock/{cast.ids[medicine]}").text


def version(cast: Cast, medicine: str = "calmadol") -> str:
    return re.findall(r'name="version" value="(\d+)"', card(cast, medicine))[0]


def figure(page: str, name: str) -> str:
    return page.split(f"<dt>{name}</dt><dd>")[1].split("<")[0]


def move(
    cast: Cast,
    kind: str,
    packs: str,
    medicine: str = "calmadol",
    *,
    part: bool = False,
    **told: str,
) -> TestResponse:
    form = {"kind": kind, "packs": packs, "version": version(cast, medicine), **told}
    headers = {"HX-Request": "true", "HX-Target": "row-1"} if part else {}
    address = f"/pharmacy/stock/{cast.ids[medicine]}/movements"
    return cast.of("chitra").post(address, form, **headers)


def test_the_table_shows_packs_prices_and_expiry(cast: Cast) -> None:
    page = cast.of("chitra").get("/pharmacy/stock").text
    row = page.split("Calmadol (paracetamol)")[1].split("</tr>")[0]
    cells = re.findall(r'data-cell="(\w+)">([^<]*)<', row)
    assert dict(cells) == {
        "available": "18", "held": "2", "on_hand": "20", "price": "4.50 EUR",
        "next_expiry": "2027-06-30",
    }  # fmt: skip
    assert 'data-seq="' in page


def test_stock_is_found_by_name(cast: Cast) -> None:
    page = cast.of("chitra").get("/pharmacy/stock?q=bacto").text
    assert "Bactonil" in page
    assert "Calmadol" not in page


def test_what_happened_is_recorded_and_the_card_shows_it(cast: Cast) -> None:
    answer = move(cast, "received", "5", lot_number="L-77", expires_on="2028-01-31")
    assert answer.headers["Location"].endswith("?done=saved")
    move(cast, "sold", "2.5")
    page = card(cast)
    assert figure(page, "On the shelf") == "22.5"
    assert page.index("Sold") < page.index("Received")
    assert cast.told("stock-movements")[-1] == "remedy.stock-movements.sold.v1"


def test_a_form_in_the_table_is_answered_with_its_row(cast: Cast) -> None:
    answer = move(cast, "sold", "1", "amoxil", part=True)
    assert answer.status_code == 200
    assert answer.text.strip().startswith("<tr")
    assert "<html" not in answer.text
    assert 'data-cell="available">19<' in answer.text


def test_without_javascript_the_table_comes_back(cast: Cast) -> None:
    answer = move(cast, "sold", "1", "amoxil", **{"from": "table"})
    address, _, place = answer.headers["Location"].partition("#")
    assert address.startswith("/pharmacy/stock?done=saved&")
    assert place == f"card-{cast.ids['amoxil']}"
    page = cast.of("chitra").get(address).text
    (undo,) = re.findall(r'action="([^"]+/undo)"', page)
    cast.of("chitra").post(undo, {"reason": "Undone at once.", "from": "table"})
    assert 'data-cell="available">19<' in cast.of("chitra").get("/pharmacy/stock?q=bacto").text
    assert not re.findall(r'action="([^"]+/undo)"', cast.of("chitra").get(address).text)


def test_a_code_is_found_as_a_scanner_types_it(cast: Cast) -> None:
    for code in ("register:A-1", "a-1"):
        page = cast.of("chitra").get("/pharmacy/stock", query_string={"q": code}).text
        assert "Bactonil" in page
        assert "Calmadol" not in page
        # Without JavaScript the one row that was found is where typing goes on.
        assert page.count(" autofocus") == 1


def test_a_row_takes_back_what_was_just_saved(cast: Cast) -> None:
    before = figure(card(cast, "amoxil"), "On the shelf")
    row = move(cast, "received", "4", "amoxil", part=True).text
    told = dict(re.findall(r'name="(\w+)" value="([^"]*)"', row.split('class="quick undo"')[1]))
    (address,) = re.findall(r'action="([^"]+/undo)"', row)
    answer = cast.of("chitra").post(address, told, **{"HX-Request": "true", "HX-Target": "row-1"})
    assert "The change is undone." in answer.text
    assert f'data-cell="on_hand">{before}<' in answer.text
    kinds = cast.rows("SELECT kind FROM stock_movement ORDER BY id DESC LIMIT 2")
    assert [row.kind for row in kinds] == ["reversed", "received"]


def test_a_price_typed_in_the_table_can_be_taken_back(cast: Cast) -> None:
    before = figure(card(cast), "Price")
    row = move(cast, "price", "6.35", part=True).text
    assert 'data-cell="price">6.35 EUR<' in row
    told = dict(re.findall(r'name="(\w+)" value="([^"]*)"', row.split('class="quick undo"')[1]))
    assert told["kind"] == "price"
    (address,) = set(re.findall(r'action="([^"]+)"', row.split("</form>")[1]))
    answer = cast.of("chitra").post(address, told, **{"HX-Request": "true", "HX-Target": "row-1"})
    assert f'data-cell="price">{before}<' in answer.text
    assert "as a number" in move(cast, "price", "much", part=True).text


def test_without_javascript_a_price_can_be_taken_back_and_a_strange_link_offers_none(
    cast: Cast,
) -> None:
    before = figure(card(cast), "Price")
    answer = move(cast, "price", "7.15", **{"from": "table"})
    address, _, _place = answer.headers["Location"].partition("#")
    offered = cast.of("chitra").get(address).text.split('class="quick undo"')
    assert len(offered) == 2
    told = dict(re.findall(r'name="(\w+)" value="([^"]*)"', offered[1].split("</form>")[0]))
    assert f"{told['packs']} EUR" == before
    strange = address.replace("last=", "last=x")
    assert 'class="quick undo"' not in cast.of("chitra").get(strange).text
    assert 'class="quick undo"' not in cast.of("dev").get(address).text
    cast.of("chitra").post(f"/pharmacy/stock/{cast.ids['calmadol']}/movements", told)
    assert figure(card(cast), "Price") == before


def test_every_movement_is_on_the_card_page_by_page(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("sold", "received", "sold"):
        move(cast, kind, "1")
    everything = card(cast).count('<th scope="row">')
    assert everything > 4
    monkeypatch.setattr(routes, "MOVEMENTS_SHOWN", 2)
    seen, address = 0, f"/pharmacy/stock/{cast.ids['calmadol']}"
    while address:
        page = cast.of("chitra").get(address).text
        seen += page.count('<th scope="row">')
        older = re.findall(r'href="([^"]+before=\d+)', page)
        address = html.unescape(older[0]) if older else ""
    assert seen == everything


def test_a_count_decided_by_an_old_page_shows_the_conflict_with_both_values(cast: Cast) -> None:
    old = version(cast)
    move(cast, "sold", "1")
    before = figure(card(cast), "On the shelf")
    for part in (False, True):
        answer = move(cast, "counted", "7", part=part, version=old)
        assert answer.status_code == 409
        assert "changed since the page was drawn" in answer.text
        assert f"{before} packs are on the shelf now" in answer.text
        assert "you typed 7" in answer.text
        assert 'value="7"' in answer.text
    assert figure(card(cast), "On the shelf") == before
    assert move(cast, "counted", "7").status_code == 303
    assert figure(card(cast), "On the shelf") == "7"


def test_a_sale_is_a_fact_whatever_the_page_showed(cast: Cast) -> None:
    old = version(cast)
    move(cast, "received", "1")
    assert move(cast, "sold", "1", version=old).status_code == 303


def test_a_price_decided_by_an_old_page_shows_the_conflict(cast: Cast) -> None:
    address, old = f"/pharmacy/stock/{cast.ids['calmadol']}/price", version(cast)
    first = cast.of("chitra").post(address, {"price": "5.10", "version": old})
    second = cast.of("chitra").post(address, {"price": "4.90", "version": old})
    assert (first.status_code, second.status_code) == (303, 409)
    assert figure(card(cast), "Price") == "5.10 EUR"


@pytest.mark.parametrize(
    ("kind", "packs", "told", "words"),
    [
        ("sold", "", {}, "Say how many packs."),
        ("sold", "0", {}, "cannot be zero"),
        ("sold", "-1", {}, "cannot be negative"),
        ("received", "abc", {}, "as a number"),
        ("adjusted", "-1", {}, "Say why"),
        ("counted", "-1", {}, "cannot be negative"),
        ("received", "1", {"expires_on": "2028-01-31"}, "lot number"),
        ("received", "1", {"lot_number": "x" * 61}, "60 letters"),
        ("stolen", "1", {}, "Not a valid choice"),
        ("sold", "1", {"version": "x"}, "Reload"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    cast: Cast, kind: str, packs: str, told: dict[str, str], words: str
) -> None:
    before = len(cast.rows("SELECT 1 FROM stock_movement"))
    answer = move(cast, kind, packs, **told)
    assert answer.status_code == 422
    assert words in answer.text
    assert "<title>Error: " in answer.text
    assert words in move(cast, kind, packs, part=True, **told).text
    assert len(cast.rows("SELECT 1 FROM stock_movement")) == before


def test_a_movement_sent_twice_is_one(cast: Cast) -> None:
    nonce, at = secrets.token_hex(8), version(cast)
    before = len(cast.rows("SELECT 1 FROM stock_movement"))
    for _ in range(2):
        assert move(cast, "sold", "1", nonce=nonce, version=at).status_code == 303
    assert len(cast.rows("SELECT 1 FROM stock_movement")) == before + 1


def test_a_mistake_is_undone_once_with_its_reason(cast: Cast) -> None:
    move(cast, "received", "40")
    page = card(cast)
    shelf = float(figure(page, "On the shelf"))
    undo = re.findall(r'action="([^"]+/undo)"', page)[0]
    assert cast.of("chitra").post(undo, {"reason": ""}).status_code == 422
    answer = cast.of("chitra").post(undo, {"reason": "typed a nought too many"})
    assert answer.headers["Location"].endswith("?done=undone")
    page = card(cast)
    assert float(figure(page, "On the shelf")) == shelf - 40
    assert "Undone: typed a nought too many" in page
    again = cast.of("chitra").post(undo, {"reason": "again"})
    assert again.status_code == 422


def test_a_medicine_the_pharmacy_never_had_is_added_by_receiving_it(cast: Cast) -> None:
    found = cast.of("chitra").get("/pharmacy/medicines?q=unobtan").text
    assert f"/pharmacy/stock/{cast.ids['rare']}" in found
    assert "You do not keep this medicine yet" in card(cast, "rare")
    assert move(cast, "received", "3", "rare").status_code == 303
    assert figure(card(cast, "rare"), "Available") == "3"


def test_selling_more_than_there_is_asks_for_a_count(cast: Cast) -> None:
    move(cast, "sold", "50", "rare")
    assert "please count" in card(cast, "rare").lower()


def test_what_somebody_wrote_is_shown_as_text(cast: Cast) -> None:
    move(cast, "adjusted", "1", reason="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in card(cast)
