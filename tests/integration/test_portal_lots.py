"""A stock-keeper's pages: receive by scanner, lots and recalls, counts, dates, levels, transfers."""

import io
import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from remedy.catalogue.codes import keep_codes
from remedy.orders import pickup
from remedy.stock.own_codes import Meaning, meaning_of
from tests.integration.portal_cast import Browser, Cast, a_cast, mails, prescribe

EAN = "4006381333931"
SCANNED = f"01{EAN.zfill(14)}1727093010CA26-1"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    made = a_cast(database_url, database)
    with database.begin() as connection:
        keep_codes(connection, {made.ids["calmadol"]: EAN})
    return made


def chitra(cast: Cast) -> Browser:
    return cast.of("chitra")


def fields(page: str, begin: str) -> dict[str, str]:
    """The fields of the form that is sent to such an address, as the page filled them in."""
    form = re.split(r"</form>", page.split(f'action="{begin}')[1])[0]
    told = {}
    for tag in re.findall(r"<input[^>]*>", form):
        named = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if named.get("type") != "radio" and "name" in named:
            told[named["name"]] = named.get("value", "")
    return told


def shelf(cast: Cast, medicine: str = "calmadol", who: str = "chitra") -> str:
    page = cast.of(who).get(f"/pharmacy/stock/{cast.ids[medicine]}").text
    return page.split("<dt>On the shelf</dt><dd>")[1].split("<")[0]


def test_a_scanned_pack_is_on_the_shelf_after_enter_twice(cast: Cast) -> None:
    before = shelf(cast)
    page = chitra(cast).get("/pharmacy/receive", query_string={"code": SCANNED}).text
    told = fields(page, "/pharmacy/receive")
    assert (told["packs"], told["lot_number"], told["expires_on"]) == ("1", "CA26-1", "2027-09-30")
    assert page.count(" autofocus") == 1
    answer = chitra(cast).post("/pharmacy/receive", told)
    assert answer.status_code == 303
    assert int(shelf(cast)) == int(before) + 1
    page = chitra(cast).get(answer.headers["Location"]).text
    assert f"On the shelf now: {int(before) + 1} of Calmadol" in page
    (undo,) = re.findall(r'action="([^"]+/undo)"', page)
    chitra(cast).post(undo, fields(page, undo))
    assert shelf(cast) == before


def test_a_form_sent_24_times_at_once_is_one_movement(cast: Cast) -> None:
    before = int(shelf(cast))
    count = "SELECT COUNT(*) FROM stock_movement"
    movements = cast.rows(count)[0][0]
    page = chitra(cast).get("/pharmacy/receive", query_string={"code": SCANNED}).text
    told = {**fields(page, "/pharmacy/receive"), "nonce": secrets.token_hex(8)}
    cookie = chitra(cast).client.get_cookie("remedy", domain="localhost")
    assert cookie is not None

    def send(_number: int) -> int:
        client = cast.app.test_client()
        client.set_cookie("remedy", cookie.value, domain="localhost")
        return client.post("/pharmacy/receive", data=told).status_code

    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(send, range(24))) == {303}
    assert cast.rows(count)[0][0] == movements + 1
    assert int(shelf(cast)) == before + 1


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("4006381333932", "does not fit the others"),
        ("calmadol", "no code of a pack"),
        (f"01{EAN.zfill(14)}17279930", "no date"),
    ],
)
def test_a_code_that_cannot_be_read_says_why_and_is_kept(
    cast: Cast, code: str, sentence: str
) -> None:
    answer = chitra(cast).get("/pharmacy/receive", query_string={"code": code})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{code}"' in answer.text


def test_a_code_nobody_knows_is_looked_for_by_name_with_its_lot_kept(cast: Cast) -> None:
    code = "01" + "96385074".zfill(14) + "1727093010ZZ1"
    page = chitra(cast).get("/pharmacy/receive", query_string={"code": code, "name": "bacto"}).text
    assert "No medicine has the code 00000096385074" in page
    (address,) = re.findall(r'href="(/pharmacy/receive\?[^"]*medicine=[^"]*)"', page)
    page = chitra(cast).get(address.replace("&amp;", "&")).text
    assert fields(page, "/pharmacy/receive")["lot_number"] == "ZZ1"
    assert "Bactonil" in page


def test_a_receipt_that_cannot_be_made_says_why_and_keeps_what_was_typed(cast: Cast) -> None:
    told = {"medicine_id": cast.ids["calmadol"], "packs": "many", "lot_number": "L", "code": EAN}
    answer = chitra(cast).post("/pharmacy/receive", told)
    assert answer.status_code == 422
    assert 'value="many"' in answer.text
    told |= {"packs": "1", "lot_number": "LOT-chitra", "expires_on": "2029-01-01"}
    answer = chitra(cast).post("/pharmacy/receive", told)
    assert answer.status_code == 422
    assert "is known to expire on 2027-06-30" in answer.text


def test_stock_is_found_by_what_a_scanner_types(cast: Cast) -> None:
    for code in (EAN, SCANNED, f"]d2{SCANNED}\x1d21S7"):
        page = chitra(cast).get("/pharmacy/stock", query_string={"q": code}).text
        assert "Calmadol" in page
        assert "Bactonil" not in page


def test_a_code_is_of_one_medicine(cast: Cast) -> None:
    with cast.engine.connect() as connection:
        with pytest.raises(ValueError, match="another medicine"):
            keep_codes(connection, {cast.ids["amoxil"]: EAN})
        with pytest.raises(ValueError, match="does not fit"):
            keep_codes(connection, {cast.ids["amoxil"]: "4006381333932"})
        meant = meaning_of(connection, cast.ids["corner"], EAN.zfill(14))
        assert meant == Meaning(cast.ids["calmadol"])


def lots_address(cast: Cast, medicine: str = "calmadol") -> str:
    return f"/pharmacy/stock/{cast.ids[medicine]}/lots"


def test_a_lot_is_written_off_returned_and_undone(cast: Cast) -> None:
    before, address = int(shelf(cast)), lots_address(cast)
    page = chitra(cast).get(f"{address}?lot=LOT-chitra").text
    assert fields(page, address)["lot_number"] == "LOT-chitra"
    told = {"lot_number": "LOT-chitra", "reason_code": "date_too_near", "packs": "2"}
    assert chitra(cast).post(address, told).status_code == 303
    told |= {"reason_code": "surplus", "packs": "1"}
    assert chitra(cast).post(address, told).status_code == 303
    assert int(shelf(cast)) == before - 3
    card = chitra(cast).get(f"/pharmacy/stock/{cast.ids['calmadol']}").text
    assert "Written off: its date is too near" in card
    assert "Returned: to the supplier: too many" in card
    for undo in re.findall(r'action="([^"]+/undo)"', card)[:2]:
        chitra(cast).post(undo, {"reason": "still there"})
    assert int(shelf(cast)) == before
    assert cast.told("stock-movements")[-3:] == [
        "remedy.stock-movements.returned.v1",
        "remedy.stock-movements.reversed.v1",
        "remedy.stock-movements.reversed.v1",
    ]


def test_what_a_patient_had_at_home_changes_no_stock(cast: Cast) -> None:
    before, address = shelf(cast), lots_address(cast)
    told = {"lot_number": "", "reason_code": "brought_back_by_patient", "packs": "2"}
    assert chitra(cast).post(address, told).status_code == 303
    assert shelf(cast) == before


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"reason_code": "", "packs": "1"}, "Choose what happens"),
        ({"reason_code": "transfer_sent", "packs": "1"}, "Not a valid choice"),
        ({"reason_code": "date_passed", "packs": "0"}, "cannot be zero"),
        ({"reason_code": "date_passed", "packs": "-1"}, "cannot be negative"),
        ({"reason_code": "surplus", "packs": ""}, "Say how many"),
        ({"reason_code": "surplus", "packs": "500"}, "packs of it are there"),
        ({"reason_code": "surplus", "packs": "1", "lot_number": "NONE"}, "Only 0 packs"),
        ({"reason_code": "recalled_by_maker", "lot_number": " "}, "Give the number"),
    ],
)
def test_what_cannot_be_done_with_a_lot_says_why(
    cast: Cast, told: dict[str, str], sentence: str
) -> None:
    before = shelf(cast)
    answer = chitra(cast).post(lots_address(cast), {"lot_number": "LOT-chitra", **told})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert shelf(cast) == before


def test_a_recall_hides_the_lot_ends_holds_and_writes_to_their_patients(cast: Cast) -> None:
    medicine = f"/medicines/{cast.ids['amoxil']}"
    prescribe(cast, "amoxil", 2)
    with cast.engine.begin() as connection:
        pickup.hold(
            connection, cast.ids["corner"], cast.ids["amoxil"], 2000,
            patient_id=cast.ids["asha"], minutes=60, clock=cast.watch,
        )  # fmt: skip
    told = {"lot_number": "LOT-chitra", "reason_code": "recalled_by_authority", "packs": ""}
    answer = chitra(cast).post(lots_address(cast, "amoxil"), told)
    assert "done=recalled" in answer.headers["Location"]
    assert "1 hold is no longer covered" in chitra(cast).get(answer.headers["Location"]).text
    row = chitra(cast).get("/pharmacy/stock?q=bacto").text.split("Bactonil")[1]
    assert 'data-cell="available">0<' in row
    assert "recalled: not for sale" in chitra(cast).get(lots_address(cast, "amoxil")).text
    offer = cast.browser().get(medicine).text.partition("Corner Pharmacy")[2].partition("</li>")[0]
    assert "tag-out" in offer
    holds = cast.of("asha").get("/holds").text
    assert "may not be handed out" in holds
    ((to, subject, text),) = [m for m in [*mails(cast), *mails(cast)] if "set aside" in m[1]]
    assert to == cast.emails["asha"]
    assert text.endswith("/holds")
    assert "Bactonil" not in subject + text
    answer = chitra(cast).post(lots_address(cast, "amoxil"), told)
    assert (answer.status_code, "recalled already" in answer.text) == (422, True)


def test_what_was_sold_without_being_there_waits_in_the_queue_of_counts(cast: Cast) -> None:
    address = f"/pharmacy/stock/{cast.ids['rare']}/movements"
    chitra(cast).post(address, {"kind": "sold", "packs": "2", "version": "0"})
    page = chitra(cast).get("/pharmacy/counts").text
    assert "raresine" in page
    count = f"/pharmacy/counts/{cast.ids['rare']}"
    told = fields(page, count)
    wrong = chitra(cast).post(count, told | {"packs": "x"})
    assert (wrong.status_code, 'value="x"' in wrong.text) == (422, True)
    stale = chitra(cast).post(count, told | {"packs": "3", "version": "0"})
    assert (stale.status_code, "changed since" in stale.text) == (422, True)
    assert chitra(cast).post(count, told | {"packs": "3"}).status_code == 303
    assert "raresine" not in chitra(cast).get("/pharmacy/counts").text
    assert shelf(cast, "rare") == "3"


def test_lots_near_their_date_are_summed_in_packs_and_money(cast: Cast) -> None:
    chitra(cast).post(
        "/pharmacy/receive",
        {"medicine_id": cast.ids["calmadol"], "packs": "4", "lot_number": "SOON", "expires_on": "2026-03-11"},
    )  # fmt: skip
    page = chitra(cast).get("/pharmacy/expiry?days=10").text
    assert "SOON" in page
    assert "4 packs · 18.00 EUR" in page
    assert "Days left must be at least" in page
    # Nine days left: at least nine are there, so a lot is named only where more are wanted.
    assert "SOON" not in chitra(cast).get("/pharmacy/expiry?days=9").text
    for wrong in ("x", "0", "-1", "99999"):
        assert chitra(cast).get(f"/pharmacy/expiry?days={wrong}").status_code == 422


def test_levels_are_typed_in_the_row_and_what_is_below_them_is_listed(cast: Cast) -> None:
    page = chitra(cast).get("/pharmacy/levels?q=calm").text
    address = f"/pharmacy/levels/{cast.ids['calmadol']}"
    told = fields(page, address)
    wrong = chitra(cast).post(address, told | {"minimum": "900", "reorder": "800"})
    assert (wrong.status_code, "not above" in wrong.text) == (422, True)
    wrong = chitra(cast).post(address, told | {"minimum": "few", "reorder": "800"})
    assert (wrong.status_code, 'value="few"' in wrong.text) == (422, True)
    assert chitra(cast).post(address, told | {"minimum": "5", "reorder": "800"}).status_code == 303
    page = chitra(cast).get("/pharmacy/levels").text
    assert "Calmadol" in page
    assert "time to order" in page
    assert "Bactonil" not in page
    told = fields(page, address)
    assert chitra(cast).post(address, told | {"minimum": "", "reorder": ""}).status_code == 303
    assert "You keep no levels yet" in chitra(cast).get("/pharmacy/levels").text


def propose(cast: Cast, who: str, other: str, **told: str) -> str:
    told = {"direction": "ask", "other": str(cast.ids[other]), "packs": "3", **told}
    answer = cast.of(who).post(f"/pharmacy/transfers/new?medicine={cast.ids['calmadol']}", told)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("?")[0]


def step(cast: Cast, who: str, address: str, name: str, **told: str) -> int:
    return cast.of(who).post(address, {"step": name, **told}).status_code


def test_packs_asked_for_are_sent_and_received_each_side_on_its_own_page(cast: Cast) -> None:
    ours, theirs = int(shelf(cast)), int(shelf(cast, who="dev"))
    address = propose(cast, "dev", "corner")
    seen = re.findall(
        r'id="transfers-seen" name="seen" value="([^"]*)"',
        cast.of("dev").get("/pharmacy/transfers").text,
    )[0]
    state = "/pharmacy/transfers/state"
    assert cast.of("dev").get(state, query_string={"seen": seen}).status_code == 204
    assert "They ask you for packs" in chitra(cast).get("/pharmacy/transfers").text
    cast.watch.wait(minutes=1)
    assert step(cast, "chitra", address, "send") == 303
    assert "On the way to you" in cast.of("dev").get(state, query_string={"seen": seen}).text
    assert int(shelf(cast)) == ours - 3
    page = cast.of("dev").get(address).text
    arrived = {k: v for k, v in fields(page, address).items() if k.startswith("arrived")}
    assert sum(map(int, arrived.values())) == 3
    first, *rest = arrived
    assert step(cast, "dev", address, "receive", **arrived | {first: "x"}) == 422
    short = {first: str(int(arrived[first]) - 1), **{name: arrived[name] for name in rest}}
    assert step(cast, "dev", address, "receive", **short) == 422
    assert int(shelf(cast, who="dev")) == theirs
    assert step(cast, "dev", address, "receive", reason_code="lost_on_the_way", **short) == 303
    assert int(shelf(cast, who="dev")) == theirs + 2
    assert "lost on the way" in chitra(cast).get(address).text
    assert '<button class="btn btn-primary"' not in chitra(cast).get(address).text


def test_no_more_is_sent_than_is_there(cast: Cast) -> None:
    before = shelf(cast)
    address = propose(cast, "dev", "corner", packs="700")
    answer = chitra(cast).post(address, {"step": "send"})
    assert (answer.status_code, "This pharmacy has only" in answer.text) == (422, True)
    assert shelf(cast) == before
    assert step(cast, "chitra", address, "decline") == 303
    assert step(cast, "chitra", address, "send") == 422


def test_an_offer_is_taken_sent_and_taken_back(cast: Cast) -> None:
    before = shelf(cast)
    address = propose(cast, "chitra", "elsewhere", direction="offer")
    assert step(cast, "dev", address, "receive") == 422
    assert step(cast, "dev", address, "agree") == 303
    assert step(cast, "chitra", address, "send") == 303
    assert step(cast, "chitra", address, "take_back") == 303
    assert shelf(cast) == before


def test_who_recalls_a_lot_reads_to_whom_packs_of_it_were_sent(cast: Cast) -> None:
    chitra(cast).post(
        "/pharmacy/receive",
        {"medicine_id": cast.ids["rare"], "packs": "5", "lot_number": "GONE"},
    )  # fmt: skip
    told = {"direction": "offer", "other": str(cast.ids["elsewhere"]), "packs": "5"}
    answer = chitra(cast).post(f"/pharmacy/transfers/new?medicine={cast.ids['rare']}", told)
    address = answer.headers["Location"].partition("?")[0]
    assert step(cast, "dev", address, "agree") == 303
    assert step(cast, "chitra", address, "send") == 303
    lots = lots_address(cast, "rare")
    assert "Elsewhere Pharmacy" not in chitra(cast).get(lots).text
    recall = {"lot_number": "GONE", "reason_code": "suspected_by_us", "packs": ""}
    assert chitra(cast).post(lots, recall).status_code == 303
    assert "Elsewhere Pharmacy" in chitra(cast).get(lots).text
    assert "Corner Pharmacy" not in cast.of("dev").get(lots).text
    # The other pharmacy reads it before it receives, and has the packs blocked afterwards.
    assert "a lot is recalled" in cast.of("dev").get("/pharmacy/transfers").text
    page = cast.of("dev").get(address).text
    assert "Corner Pharmacy has recalled lot GONE since it sent it." in page
    assert 'value="receive"' in page
    arrived = {k: v for k, v in fields(page, address).items() if k.startswith("arrived")}
    assert step(cast, "dev", address, "receive", **arrived) == 303
    assert shelf(cast, "rare", who="dev") == "5"
    assert "recalled: not for sale" in cast.of("dev").get(lots).text
    assert "a lot is recalled" not in cast.of("dev").get("/pharmacy/transfers").text


@pytest.mark.parametrize(
    "told",
    [{"other": ""}, {"other": "x"}, {"packs": "0"}, {"packs": "-3"}, {"direction": "take"}],
)
def test_a_transfer_that_says_too_little_is_not_sent(cast: Cast, told: dict[str, str]) -> None:
    whole = {"direction": "ask", "other": str(cast.ids["elsewhere"]), "packs": "3", **told}
    address = f"/pharmacy/transfers/new?medicine={cast.ids['calmadol']}"
    assert chitra(cast).post(address, whole).status_code == 422
    assert chitra(cast).get("/pharmacy/transfers/new").status_code == 404


def test_the_stock_as_a_workbook_is_filled_in_and_brought_back(cast: Cast) -> None:
    before = int(shelf(cast))
    got = chitra(cast).get("/pharmacy/list/stock.xlsx").data
    book = load_workbook(io.BytesIO(got))
    sheet = book.active
    names = [cell.value for cell in sheet[1]]
    row = next(row for row in sheet.iter_rows(min_row=2) if "Calmadol" in row[1].value)
    # The EAN on the pack names it too.
    row[names.index("medicine")].value = int(EAN)
    row[names.index("received")].value = 2
    filled = io.BytesIO()
    book.save(filled)
    filled.seek(0)
    form = {
        "csrf_token": chitra(cast).token(),
        "nonce": secrets.token_hex(8),
        "file": (filled, "stock.xlsx"),
    }
    answer = chitra(cast).client.post(
        "/pharmacy/list", data=form, content_type="multipart/form-data"
    )
    assert answer.status_code == 303, answer.text
    assert int(shelf(cast)) == before
    chitra(cast).post(f"{answer.headers['Location']}/apply")
    assert int(shelf(cast)) == before + 2
