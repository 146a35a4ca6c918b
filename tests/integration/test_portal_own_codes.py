"""A code that no medicine has: a pharmacist keeps it with the medicine chosen for it, for their pharmacy alone."""

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.catalogue.codes import keep_codes
from remedy.catalogue.service import add_medicine
from remedy.gateways.mysql import in_transaction
from remedy.stock.model import Refused, UnknownMedicine
from remedy.stock.own_codes import (
    keep_own_code,
    meaning_of,
    own_meanings,
    take_back_own_code,
)
from remedy.values import uuid7
from tests.integration.portal_cast import Browser, Cast, a_cast
from tests.integration.test_portal_lots import fields, shelf
from tests.integration.test_portal_stock_list import send

NEW = "0100000096385074" + "1727093010ZZ1"
GTIN, OTHER, TAKEN = "00000096385074", "00036000291452", "04006381333931"


@pytest.fixture(scope="module")
def people(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(people: Cast) -> Cast:
    with people.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM pharmacy_code"))
        connection.execute(sa.text("UPDATE medicine SET gtin = NULL"))
        keep_codes(connection, {people.ids["calmadol"]: TAKEN})
    return people


def chitra(cast: Cast) -> Browser:
    return cast.of("chitra")


def scan(cast: Cast, code: str, who: str = "chitra", **more: object) -> str:
    return cast.of(who).get("/pharmacy/receive", query_string={"code": code, **more}).text


def chosen(cast: Cast, medicine: str = "amoxil") -> dict[str, str]:
    """What the page of an unknown code for which that medicine was chosen sends."""
    return fields(scan(cast, NEW, medicine=cast.ids[medicine]), "/pharmacy/receive")


def keep(cast: Cast, who: str, medicine: str, gtin: str = GTIN) -> None:
    (account,) = cast.rows(
        "SELECT a.public_id FROM account a JOIN pharmacy p ON p.id = a.pharmacy_id"
        " WHERE p.public_id = :p AND a.is_owner",
        p=cast.ids[who].bytes,
    )
    in_transaction(
        cast.engine,
        lambda c: keep_own_code(
            c, cast.ids[who], cast.ids[medicine], gtin,
            account_id=UUID(bytes=account.public_id), clock=cast.watch,
        ),
    )  # fmt: skip


def test_a_kept_code_is_known_by_the_scanner_the_stock_list_and_the_till(cast: Cast) -> None:
    page = scan(cast, NEW, name="bacto")
    assert f"No medicine has the code {GTIN}" in page
    assert "in your stock" in page
    (address,) = re.findall(r'href="(/pharmacy/receive\?[^"]*medicine=[^"]*)"', page)
    page = chitra(cast).get(address.replace("&amp;", "&")).text
    assert "Compare name, strength, form and size with the pack." in page
    assert 'name="keep_code" value="y" aria' in page, "nothing is kept unless it is ticked"
    before = int(shelf(cast, "amoxil"))
    answer = chitra(cast).post("/pharmacy/receive", {**chosen(cast), "keep_code": "y"})
    assert answer.status_code == 303
    assert int(shelf(cast, "amoxil")) == before + 1
    page = scan(cast, NEW)
    assert "Your pharmacy keeps the code" in page
    assert fields(page, '/pharmacy/receive"')["lot_number"] == "ZZ1"
    assert "keep_code" not in page
    found = chitra(cast).get("/pharmacy/stock", query_string={"q": "96385074"}).text
    assert ("Bactonil" in found, "Calmadol" in found) == (True, False)
    kept = chitra(cast).get("/pharmacy/till/state").json["medicines"]
    assert [one["id"] for one in kept if GTIN in one["codes"]] == [str(cast.ids["amoxil"])]


def test_what_the_pharmacy_keeps_is_found_first_however_many_have_the_name(cast: Cast) -> None:
    with cast.engine.begin() as connection:
        for number in range(25):
            add_medicine(connection, generic_name=f"aabactonil bactonil {number}")
    found = re.findall(r'medicine=([0-9a-f-]{36})"', scan(cast, NEW, name="bactonil"))
    assert len(found) == len(set(found)) > 20
    assert found[0] == str(cast.ids["amoxil"])


def test_nothing_is_kept_unless_it_is_ticked(cast: Cast) -> None:
    told = {name: value for name, value in chosen(cast).items() if name != "keep_code"}
    assert chitra(cast).post("/pharmacy/receive", told).status_code == 303
    assert f"No medicine has the code {GTIN}" in scan(cast, NEW)


def test_what_one_pharmacy_keeps_no_other_and_no_patient_is_told(cast: Cast) -> None:
    keep(cast, "corner", "amoxil")
    assert "Your pharmacy keeps the code" in scan(cast, NEW)
    assert f"No medicine has the code {GTIN}" in scan(cast, NEW, "dev")
    with cast.engine.connect() as connection:
        assert own_meanings(connection, cast.ids["elsewhere"]) == {}
    keep(cast, "elsewhere", "calmadol")
    assert "Bactonil" in scan(cast, NEW)
    assert "Bactonil" not in scan(cast, NEW, "dev")
    found = cast.of("asha").get("/whole-prescription/suggestions", query_string={"add": "96385074"})
    assert "Bactonil" not in found.text


def test_a_code_that_means_another_medicine_is_refused_by_its_name(cast: Cast) -> None:
    with pytest.raises(Refused, match=f"The code {TAKEN} means another medicine already: Calmadol"):
        keep(cast, "corner", "amoxil", TAKEN)
    page = chosen(cast)
    keep(cast, "corner", "calmadol")
    before = shelf(cast, "amoxil")
    answer = chitra(cast).post("/pharmacy/receive", {**page, "keep_code": "y"})
    assert (answer.status_code, "means another medicine already: Calmadol" in answer.text) == (
        422,
        True,
    )
    assert shelf(cast, "amoxil") == before
    keep(cast, "corner", "calmadol")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [("00000096385075", "does not fit the others"), ("963", "8, 12, 13 or 14 digits")],
)
def test_a_misread_code_is_not_kept(cast: Cast, code: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        keep(cast, "corner", "amoxil", code)
    assert cast.rows("SELECT COUNT(*) FROM pharmacy_code")[0][0] == 0


def test_a_code_is_kept_with_no_medicine_that_nobody_knows(cast: Cast) -> None:
    cast.ids["nothing"] = uuid7()
    with pytest.raises(UnknownMedicine):
        keep(cast, "corner", "nothing")


def test_of_two_who_keep_one_code_at_once_one_wins(cast: Cast) -> None:
    def one(medicine: str) -> int:
        try:
            keep(cast, "corner", medicine)
        except Refused:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(one, ["amoxil", "calmadol"] * 4))
    assert sum(won) == 4
    assert {tuple(won[0::2]), tuple(won[1::2])} == {(1, 1, 1, 1), (0, 0, 0, 0)}


def test_a_code_is_taken_back_by_who_keeps_it_and_by_nobody_else(cast: Cast) -> None:
    keep(cast, "corner", "amoxil")
    address = f"/pharmacy/receive/codes/{GTIN}/take-back"
    answer = cast.of("dev").post(address)
    assert (answer.status_code, "keeps no such code" in answer.text) == (422, True)
    card = chitra(cast).get(f"/pharmacy/stock/{cast.ids['amoxil']}").text
    assert address in card
    answer = chitra(cast).post(address, fields(scan(cast, NEW), address))
    assert answer.status_code == 303
    page = chitra(cast).get(answer.headers["Location"]).text
    assert "The code is taken back" in page
    assert f"No medicine has the code {GTIN}" in page
    assert address not in chitra(cast).get(f"/pharmacy/stock/{cast.ids['amoxil']}").text
    assert chitra(cast).post(address).status_code == 422


def test_what_the_catalogue_learns_goes_before_what_was_kept(cast: Cast) -> None:
    keep(cast, "corner", "amoxil")
    with cast.engine.begin() as connection:
        keep_codes(connection, {cast.ids["rare"]: GTIN})
        meant = meaning_of(connection, cast.ids["corner"], GTIN)
        assert meant is not None
        assert (meant.medicine_id, meant.own) == (cast.ids["rare"], None)
        assert own_meanings(connection, cast.ids["corner"]) == {}
    # Neither an address with another medicine in it nor the card hides that.
    assert (
        str(cast.ids["amoxil"])
        not in fields(scan(cast, NEW, medicine=cast.ids["amoxil"]), "/pharmacy/receive").values()
    )
    card = chitra(cast).get(f"/pharmacy/stock/{cast.ids['amoxil']}").text
    assert "The catalogue knows this code since" in card
    with cast.engine.begin() as connection:
        take_back_own_code(connection, cast.ids["corner"], GTIN)


def test_a_list_may_name_a_medicine_by_a_kept_code(cast: Cast) -> None:
    keep(cast, "corner", "amoxil", OTHER)
    for who, is_known in (("chitra", True), ("dev", False)):
        answer = send(cast, "medicine,counted\n036000291452,7\n", who)
        assert answer.status_code == 303, answer.text
        page = cast.of(who).get(answer.headers["Location"]).text
        assert ("Bactonil" in page) is is_known
