"""Owners and staff of a pharmacy: who may invite, who is removed, and that a removed one is out at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.accounts.colleagues import people, set_owner
from remedy.accounts.model import Refused
from tests.factories import PASSWORD, a_pharmacist, a_pharmacy
from tests.integration.mailbox import link_to
from tests.integration.portal_cast import Browser, Cast, a_cast

PEOPLE = "/pharmacy/people"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def invited(cast: Cast, email: str, part: str) -> Browser:
    """Somebody Chitra invites, who chooses a password and signs in."""
    told = {"name": "Hugo", "email": email, "part": part}
    answer = cast.of("chitra").post(PEOPLE, told)
    assert answer.headers["Location"].endswith("changed=invited")
    browser = cast.browser()
    browser.post(link_to(cast, email, "/invitation/"), {"password": PASSWORD})
    assert browser.sign_in(email).status_code == 303
    return browser


def account(cast: Cast, email: str) -> str:
    (row,) = cast.rows("SELECT public_id FROM account WHERE staff_email = :email", email=email)
    return str(UUID(bytes=bytes(row.public_id)))


def test_staff_keep_the_stock_and_an_owner_keeps_the_pharmacy(cast: Cast) -> None:
    staff = invited(cast, "hugo@town.example", "staff")
    owner = invited(cast, "ivy@town.example", "owner")
    for address in ("/pharmacy/stock", "/pharmacy/list", f"/pharmacy/stock/{cast.ids['calmadol']}"):
        assert staff.get(address).status_code == owner.get(address).status_code == 200
    for address in (PEOPLE, "/pharmacy/hours", "/pharmacy/keys"):
        assert (staff.get(address).status_code, owner.get(address).status_code) == (404, 200)
    assert staff.post("/pharmacy/keys", {"label": "mine"}).status_code == 404
    nav = staff.get("/pharmacy/stock").text
    assert "/pharmacy/keys" not in nav
    assert PEOPLE not in nav
    assert PEOPLE in owner.get("/pharmacy/stock").text


def test_staff_may_set_a_price(cast: Cast) -> None:
    staff = invited(cast, "jon@town.example", "staff")
    (row,) = cast.rows(
        "SELECT s.version FROM stock_item s JOIN medicine m ON m.id = s.medicine_id"
        " JOIN pharmacy p ON p.id = s.pharmacy_id"
        " WHERE m.brand_name = 'Calmadol' AND p.name = 'Corner Pharmacy'"
    )
    told = {"price": "9.90", "version": str(row.version)}
    answer = staff.post(f"/pharmacy/stock/{cast.ids['calmadol']}/price", told)
    assert answer.status_code == 303


def test_who_is_removed_is_out_at_once_and_cannot_come_back(cast: Cast) -> None:
    staff = invited(cast, "kim@town.example", "staff")
    assert staff.get("/pharmacy/stock").status_code == 200
    answer = cast.of("chitra").post(f"{PEOPLE}/{account(cast, 'kim@town.example')}/remove")
    assert answer.headers["Location"].endswith("changed=removed")
    gone = staff.get("/pharmacy/stock")
    assert (gone.status_code, gone.headers["Location"][:8]) == (303, "/sign-in")
    assert staff.sign_in("kim@town.example").status_code == 422
    assert "kim@town.example" not in cast.of("chitra").get(PEOPLE).text


def test_an_owner_makes_an_owner_and_takes_it_back(cast: Cast) -> None:
    staff = invited(cast, "lea@town.example", "staff")
    address = f"{PEOPLE}/{account(cast, 'lea@town.example')}/part"
    for part, status in (("owner", 200), ("staff", 404)):
        assert cast.of("chitra").post(address, {"part": part}).status_code == 303
        assert staff.get(PEOPLE).status_code == status


def test_nobody_removes_or_demotes_themselves(cast: Cast) -> None:
    mine = f"{PEOPLE}/{cast.ids['chitra_account']}"
    for address, told in ((f"{mine}/remove", {}), (f"{mine}/part", {"part": "staff"})):
        answer = cast.of("chitra").post(address, told)
        assert answer.status_code == 422
        assert "There is a problem" in answer.text
    assert cast.of("chitra").get(PEOPLE).status_code == 200


def test_people_of_another_pharmacy_are_nobody_here(cast: Cast) -> None:
    theirs = cast.ids["gwen_account"]
    for end, told in (("remove", {}), ("part", {"part": "owner"})):
        assert cast.of("dev").post(f"{PEOPLE}/{theirs}/{end}", told).status_code == 404
    assert cast.of("gwen").get("/pharmacy/stock").status_code == 200


def test_a_withdrawn_invitation_is_worth_nothing(cast: Cast) -> None:
    told = {"name": "Max", "email": "max@town.example", "part": "staff"}
    cast.of("chitra").post(PEOPLE, told)
    link = link_to(cast, "max@town.example", "/invitation/")
    page = cast.of("chitra").get(PEOPLE).text
    address = page.split("/pharmacy/people/invitations/")[1].split('"')[0]
    done = cast.of("chitra").post(f"{PEOPLE}/invitations/{address}")
    assert done.headers["Location"].endswith("changed=withdrawn")
    assert cast.browser().get(link).status_code == 410


def test_what_is_wrong_with_an_invitation_is_said_and_kept(cast: Cast) -> None:
    answer = cast.of("chitra").post(PEOPLE, {"name": "", "email": "no address", "part": "staff"})
    assert answer.status_code == 422
    assert 'value="no address"' in answer.text
    assert "<title>Error: " in answer.text


def test_of_two_owners_who_demote_each_other_one_stays(cast: Cast) -> None:
    with cast.engine.begin() as connection:
        place = a_pharmacy(connection, name="Two Owners")
        one, other = (a_pharmacist(connection, place, clock=cast.watch) for _ in range(2))
    barrier = threading.Barrier(2)

    def demote(by: UUID, whom: UUID) -> bool:
        barrier.wait()
        try:
            with cast.engine.begin() as connection:
                return set_owner(connection, place, whom, is_owner=False, by=by)
        except Refused:
            return False

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(demote, (one, other), (other, one)))
    assert sorted(done) == [False, True]
    with cast.engine.connect() as connection:
        assert [row.is_owner for row in people(connection, place)] == [True, False]
