"""Staff and pharmacies come in by invitation: what an admin, a pharmacist and a stranger can and cannot do."""

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.accounts import staff
from remedy.accounts.model import Refused
from tests.factories import A_MONDAY, PASSWORD, a_doctor
from tests.integration.mailbox import link_to, links_to
from tests.integration.portal_cast import Browser, Cast, a_cast

APPLICATION = {
    "name": "Mill Pharmacy", "licence": "LIC-MILL-1", "address": "9 Mill Road", "district": "Mills",
    "phone": "+39 06 5550 909", "latitude": "41.9028", "longitude": "12,4964",
    "pharmacist_name": "Gita Mill", "pharmacist_email": "gita@town.example",
}  # fmt: skip


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Cast:
    with everybody.engine.begin() as connection:
        for table in ("link_request", "mailed_link", "invitation", "pharmacy_application"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
    everybody.watch.now = A_MONDAY
    everybody.posted.clear()
    everybody._browsers.clear()
    return everybody


def invite(cast: Cast, email: str, **told: str):
    given = {"role": "admin", "name": "Hana", "email": email, **told}
    return cast.of("farah").post("/admin/people", given)


def begin(cast: Cast, email: str) -> Browser:
    """Follow the mailed invitation, choose a password, sign in."""
    browser, link = cast.browser(), link_to(cast, email, "/invitation/")
    assert email in browser.get(link).text
    done = browser.post(link, {"password": PASSWORD})
    assert done.headers["Location"] == "/sign-in?done=invited"
    assert browser.sign_in(email).status_code == 303
    assert browser.post(link, {"password": PASSWORD}).status_code == 410
    return browser


def test_an_invited_pharmacist_works_at_the_pharmacy_of_the_invitation(cast: Cast) -> None:
    told = {"role": "pharmacist", "pharmacy": str(cast.ids["corner"])}
    assert invite(cast, "pia@town.example", **told).status_code == 303
    assert "pia@town.example" in cast.of("farah").get("/admin/people").text
    browser = begin(cast, "pia@town.example")
    assert browser.get("/pharmacy/stock").status_code == 200
    assert browser.get("/admin/people").status_code == 404


def test_an_invited_admin_invites_and_a_doctor_gets_the_doctors_record(cast: Cast) -> None:
    invite(cast, "hana@town.example")
    hana = begin(cast, "hana@town.example")
    with cast.engine.begin() as connection:
        doctor = a_doctor(connection, name="Dr Ivo")
    page = hana.get("/admin/people").text
    assert "Dr Ivo" in page
    assert "Dr Ekow, general practice" not in page
    told = {"role": "doctor", "name": "Dr Ivo", "email": "ivo@town.example", "doctor": str(doctor)}
    assert hana.post("/admin/people", told).status_code == 303
    begin(cast, "ivo@town.example")
    (row,) = cast.rows(
        "SELECT d.public_id FROM account a JOIN doctor d ON d.id = a.doctor_id"
        " WHERE a.staff_email = 'ivo@town.example'"
    )
    assert bytes(row.public_id) == doctor.bytes


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"role": "pharmacist"}, "role-error"),
        ({"role": "doctor"}, "role-error"),
        ({"role": "patient"}, "role-error"),
        ({"name": " "}, "name-error"),
        ({"email": "nowhere"}, "email-error"),
    ],
)
def test_an_invitation_that_does_not_fit_is_explained(
    cast: Cast, told: dict[str, str], where: str
) -> None:
    page = invite(cast, **{"email": "x@town.example", **told})
    assert page.status_code == 422
    assert f'id="{where}"' in page.text
    assert cast.rows("SELECT 1 FROM invitation") == []


def test_nobody_is_invited_as_a_patient_whatever_is_sent(cast: Cast, database: sa.Engine) -> None:
    with database.begin() as connection, pytest.raises(Refused):
        staff.invite(
            connection, role="patient", name="X", email="x@town.example",
            invited_by=cast.ids["farah_account"], clock=cast.watch,
        )  # fmt: skip


def test_a_double_click_invites_once(cast: Cast) -> None:
    browser = cast.of("farah")
    told = {"role": "admin", "name": "Hana", "email": "twice@town.example", "nonce": "same"}
    assert browser.post("/admin/people", told).status_code == 303
    assert browser.post("/admin/people", told).status_code == 303
    assert len(links_to(cast, "twice@town.example")) == 1


def test_a_withdrawn_and_an_old_invitation_lead_nowhere(cast: Cast) -> None:
    browser = cast.of("farah")
    invite(cast, "gone@town.example")
    page = browser.get("/admin/people").text
    (address,) = re.findall(r"/admin/people/invitations/[0-9a-f-]{36}/withdraw", page)
    assert browser.post(address).status_code == 303
    link = link_to(cast, "gone@town.example", "/invitation/")
    assert cast.browser().get(link).status_code == 410
    assert cast.browser().post(link, {"password": PASSWORD}).status_code == 410
    invite(cast, "late@town.example")
    link = link_to(cast, "late@town.example", "/invitation/")
    cast.watch.wait(hours=7 * 24 + 1)
    assert cast.browser().get(link).status_code == 410


def test_a_weak_password_uses_no_invitation_up(cast: Cast) -> None:
    invite(cast, "weak@town.example")
    link = link_to(cast, "weak@town.example", "/invitation/")
    page = cast.browser().post(link, {"password": "short"})
    assert page.status_code == 422
    assert 'id="password-error"' in page.text
    begin(cast, "weak@town.example")


def test_an_invitation_gives_no_second_account_to_an_address(cast: Cast) -> None:
    invite(cast, cast.emails["asha"])
    link = link_to(cast, cast.emails["asha"], "/invitation/")
    page = cast.browser().post(link, {"password": PASSWORD})
    assert page.status_code == 422
    assert "has an account already" in page.text


def test_a_closed_account_is_out_at_once_and_nobody_closes_their_own(cast: Cast) -> None:
    invite(cast, "leaver@town.example")
    leaver = begin(cast, "leaver@town.example")
    (row,) = cast.rows("SELECT public_id FROM account WHERE staff_email = 'leaver@town.example'")
    address = f"/admin/people/{UUID(bytes=bytes(row.public_id))}/close"
    assert leaver.post(address).status_code == 422
    assert cast.of("farah").post(address).status_code == 303
    assert leaver.get("/admin/people").status_code == 303
    assert cast.browser().sign_in("leaver@town.example").status_code == 422


def test_a_patients_account_is_not_closed_from_the_list_of_staff(cast: Cast) -> None:
    (row,) = cast.rows(
        "SELECT a.public_id FROM account a JOIN patient p ON p.id = a.patient_id"
        " WHERE p.public_id = :asha",
        asha=cast.ids["asha"].bytes,
    )
    address = f"/admin/people/{UUID(bytes=bytes(row.public_id))}/close"
    assert cast.of("farah").post(address).status_code == 404
    assert cast.of("asha").get("/account").status_code == 200


def test_a_pharmacy_applies_is_approved_and_its_pharmacist_works(cast: Cast) -> None:
    assert cast.browser().post("/apply", APPLICATION).headers["Location"] == "/apply/sent"
    assert cast.posted == []
    farah = cast.of("farah")
    (address,) = re.findall(r"/admin/applications/[0-9a-f-]{36}", farah.get("/admin/people").text)
    page = farah.get(address).text
    for told in ("Mill Pharmacy", "LIC-MILL-1", "9 Mill Road", "Gita Mill", "41.9028, 12.4964"):
        assert told in page
    assert "Mill Pharmacy" not in cast.browser().get("/?q=calmadol").text
    assert farah.post(address, {"decision": "approve", "note": ""}).status_code == 303
    gita = begin(cast, "gita@town.example")
    assert gita.get("/pharmacy/stock").status_code == 200
    (shop,) = cast.rows(
        "SELECT p.name, p.licence, p.verified_at, p.latitude FROM account a"
        " JOIN pharmacy p ON p.id = a.pharmacy_id WHERE a.staff_email = 'gita@town.example'"
    )
    assert (shop.name, shop.licence, shop.latitude) == ("Mill Pharmacy", "LIC-MILL-1", 41.9028)
    assert shop.verified_at is not None
    second = farah.post(address, {"decision": "decline", "note": "No."})
    assert second.status_code == 409
    assert "Farah approved it." in second.text
    again = {**APPLICATION, "pharmacist_email": "other@town.example"}
    cast.browser().post("/apply", again)
    (address,) = re.findall(r"/admin/applications/[0-9a-f-]{36}", farah.get("/admin/people").text)
    assert "This licence belongs to Mill Pharmacy already." in farah.get(address).text


def test_a_declined_pharmacy_reads_why_and_none_is_made(cast: Cast) -> None:
    before = cast.rows("SELECT COUNT(*) FROM pharmacy")[0][0]
    cast.browser().post("/apply", {**APPLICATION, "licence": "LIC-NO"})
    farah = cast.of("farah")
    (address,) = re.findall(r"/admin/applications/[0-9a-f-]{36}", farah.get("/admin/people").text)
    silent = farah.post(address, {"decision": "decline", "note": ""})
    assert silent.status_code == 422
    told = {"decision": "decline", "note": "The register does not know this licence."}
    assert farah.post(address, told).status_code == 303
    ((to, _subject, text),) = cast.posted
    assert to == "gita@town.example"
    assert "The register does not know this licence." in text
    assert cast.rows("SELECT COUNT(*) FROM pharmacy")[0][0] == before


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""), ("licence", " "), ("phone", "call me"), ("latitude", "91"),
        ("longitude", "east"), ("pharmacist_email", "gita"),
    ],
)  # fmt: skip
def test_a_bad_application_is_kept_and_explained(cast: Cast, field: str, typed: str) -> None:
    page = cast.browser().post("/apply", {**APPLICATION, field: typed})
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert 'value="9 Mill Road"' in page.text
    assert cast.rows("SELECT 1 FROM pharmacy_application") == []


def test_an_application_sent_twice_is_one(cast: Cast) -> None:
    browser = cast.browser()
    for _ in range(2):
        answer = browser.post("/apply", {**APPLICATION, "nonce": "the same"})
        assert answer.status_code == 303
    assert len(cast.rows("SELECT 1 FROM pharmacy_application")) == 1
