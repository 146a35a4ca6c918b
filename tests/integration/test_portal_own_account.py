"""One's own account: a forgotten password, changes of what was told, and the devices that are signed in."""

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.factories import A_MONDAY, PASSWORD
from tests.integration.mailbox import link_to, links_to
from tests.integration.portal_cast import Browser, Cast, a_cast

NEW = "four quiet green lamps"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Cast:
    """As on the first morning; the two patients' passwords are theirs again."""
    kept = everybody.rows("SELECT password_hash FROM account WHERE role = 'admin'")[0][0]
    with everybody.engine.begin() as connection:
        for table in ("session", "sign_in_failure", "link_request", "mailed_link"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.execute(
            sa.text("UPDATE account SET password_hash = :h WHERE role <> 'admin'"), {"h": kept}
        )
    everybody.watch.now = A_MONDAY
    everybody.posted.clear()
    everybody._browsers.clear()
    return everybody


def is_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == 200


def forget(cast: Cast, email: str) -> None:
    answer = cast.browser().post("/forgotten", {"email": email})
    assert answer.headers["Location"] == "/forgotten?sent=1"


@pytest.mark.parametrize("name", ["asha", "chitra", "ekow"])
def test_a_forgotten_password_is_replaced_once_and_ends_every_session(
    cast: Cast, name: str
) -> None:
    email, elsewhere = cast.emails[name], cast.of(name)
    forget(cast, email)
    link = link_to(cast, email, "/reset/")
    browser = cast.browser()
    assert browser.get(link).status_code == 200
    assert browser.get(link).status_code == 200
    answer = browser.post(link, {"password": NEW})
    assert answer.headers["Location"] == "/sign-in?done=password"
    assert not is_in(elsewhere)
    assert cast.browser().sign_in(email).status_code == 422
    assert cast.browser().sign_in(email, NEW).status_code == 303
    assert browser.post(link, {"password": "another try of mine"}).status_code == 410
    assert browser.get(link).status_code == 410
    assert cast.posted[-1][0] == email
    assert "was changed" in cast.posted[-1][1]


def test_a_link_to_a_new_password_ends_after_half_an_hour(cast: Cast) -> None:
    forget(cast, cast.emails["asha"])
    link = link_to(cast, cast.emails["asha"], "/reset/")
    cast.watch.wait(minutes=29)
    assert cast.browser().get(link).status_code == 200
    cast.watch.wait(minutes=2)
    assert cast.browser().get(link).status_code == 410
    assert cast.browser().post(link, {"password": NEW}).status_code == 410
    assert cast.browser().sign_in(cast.emails["asha"]).status_code == 303


def test_a_weak_new_password_uses_no_link_up(cast: Cast) -> None:
    forget(cast, cast.emails["asha"])
    link = link_to(cast, cast.emails["asha"], "/reset/")
    page = cast.browser().post(link, {"password": "short"})
    assert page.status_code == 422
    assert 'id="password-error"' in page.text
    assert cast.browser().post(link, {"password": NEW}).status_code == 303


def test_a_new_password_ends_the_other_links(cast: Cast) -> None:
    email = cast.emails["asha"]
    forget(cast, email)
    forget(cast, email)
    first, second = links_to(cast, email)
    assert cast.browser().post(second, {"password": NEW}).status_code == 303
    assert cast.browser().post(first, {"password": "another of mine"}).status_code == 410


def test_only_the_digest_of_a_link_is_kept_and_it_is_for_one_purpose(cast: Cast) -> None:
    forget(cast, cast.emails["asha"])
    token = link_to(cast, cast.emails["asha"], "/reset/").rpartition("/")[2]
    (row,) = cast.rows("SELECT * FROM mailed_link")
    assert token not in repr(row)
    for other in ("/confirm-address/", "/invitation/"):
        assert cast.browser().get(other + token).status_code == 410


def test_an_unknown_address_is_told_and_costs_the_same(cast: Cast) -> None:
    pages, rows = [], []
    for email in (cast.emails["asha"], "nobody@town.example"):
        before = len(cast.rows("SELECT 1 FROM mailed_link"))
        browser = cast.browser()
        forget_page = browser.post("/forgotten", {"email": email})
        pages.append(browser.get(forget_page.headers["Location"]).text)
        rows.append(len(cast.rows("SELECT 1 FROM mailed_link")) - before)
    assert rows == [1, 1]
    assert len({re.sub(r'(nonce|value)="[^"]*"', "", page) for page in pages}) == 1
    assert {mail[0] for mail in cast.posted} == {cast.emails["asha"]}


def test_a_reset_lets_its_owner_in_after_a_strangers_guesses(cast: Cast) -> None:
    email = cast.emails["asha"]
    for _ in range(5):
        cast.browser().sign_in(email, "a guess of mine")
    assert "Too many" in cast.browser().sign_in(email).text
    forget(cast, email)
    cast.browser().post(link_to(cast, email, "/reset/"), {"password": NEW})
    assert cast.browser().sign_in(email, NEW).status_code == 303


def test_changing_the_password_signs_the_others_out_and_stays_in(cast: Cast) -> None:
    email, here, elsewhere = cast.emails["asha"], cast.of("asha"), cast.browser()
    elsewhere.sign_in(email)
    wrong = here.post("/account/password", {"current": "not it", "password": NEW})
    assert wrong.status_code == 422
    assert is_in(elsewhere)
    done = here.post("/account/password", {"current": PASSWORD, "password": NEW})
    assert done.headers["Location"] == "/account?changed=password"
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert cast.browser().sign_in(email, NEW).status_code == 303
    assert cast.posted[-1][0] == email


def test_who_found_an_open_screen_guesses_no_password_either(cast: Cast) -> None:
    here = cast.of("asha")
    for _ in range(5):
        here.post("/account/password", {"current": "a guess", "password": NEW})
    page = here.post("/account/password", {"current": PASSWORD, "password": NEW})
    assert page.status_code == 422
    assert "Too many attempts" in page.text


def test_a_patient_changes_what_was_told_and_it_is_kept_sealed(cast: Cast) -> None:
    told = {
        "name": "Ben Ahmed", "phone": "+39 06 5550 321", "day": "29", "month": "2", "year": "1996",
        "address": "5 Canal Walk",
    }  # fmt: skip
    browser = cast.of("ben")
    assert browser.post("/account/details", told).headers["Location"] == "/account?changed=details"
    page = browser.get("/account").text
    for text in ("Ben Ahmed", "+39 06 5550 321", "29 February 1996", "5 Canal Walk"):
        assert text in page
    assert 'value="1996"' in browser.get("/account/details").text
    everything = repr([tuple(row) for row in cast.rows("SELECT * FROM patient")])
    assert "Ahmed" not in everything
    assert "Canal" not in everything


def test_bad_details_are_explained_and_kept(cast: Cast) -> None:
    told = {"name": "Ben", "phone": "x", "day": "40", "month": "2", "year": "1996", "address": ""}
    page = cast.of("ben").post("/account/details", told)
    assert page.status_code == 422
    assert 'id="phone-error"' in page.text
    assert 'id="birth-date-error"' in page.text
    assert 'value="40"' in page.text


@pytest.mark.parametrize("name", ["asha", "dev"])
def test_a_new_address_counts_when_its_mailbox_answered(cast: Cast, name: str) -> None:
    old, new = cast.emails[name], f"{name}.new@town.example"
    browser = cast.of(name)
    done = browser.post("/account/email", {"email": new, "password": PASSWORD})
    assert done.headers["Location"] == "/account?changed=email"
    assert cast.browser().sign_in(new).status_code == 422
    link = link_to(cast, new, "/confirm-address/")
    assert cast.browser().get(link).status_code == 200
    assert cast.browser().sign_in(new).status_code == 422
    assert cast.browser().post(link).status_code == 303
    cast.emails[name] = new
    assert cast.browser().sign_in(new).status_code == 303
    assert cast.browser().sign_in(old).status_code == 422
    assert cast.posted[-1][0] == old
    assert new in browser.get("/account").text
    assert cast.browser().post(link).status_code == 410


def test_an_address_somebody_has_is_not_told_to_who_asks(cast: Cast) -> None:
    browser, taken = cast.of("asha"), cast.emails["ben"]
    done = browser.post("/account/email", {"email": taken, "password": PASSWORD})
    assert done.headers["Location"] == "/account?changed=email"
    ((to, _, text),) = cast.posted
    assert to == taken
    assert "nothing was changed" in text
    assert links_to(cast, taken) == []


def devices_of(browser: Browser) -> list[UUID]:
    return [UUID(i) for i in re.findall(r"/account/devices/([0-9a-f-]{36})/end", browser.get("/account").text)]  # fmt: skip


def test_a_device_is_named_and_signed_out_by_its_owner_only(cast: Cast) -> None:
    here, phone = cast.of("asha"), cast.browser()
    phone.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    phone.sign_in(cast.emails["asha"])
    assert "Firefox, Linux" in here.get("/account").text
    (other,) = devices_of(here)
    assert cast.of("ben").post(f"/account/devices/{other}/end").status_code == 404
    assert is_in(phone)
    assert here.post(f"/account/devices/{other}/end").status_code == 303
    assert (is_in(phone), is_in(here)) == (False, True)
    assert devices_of(here) == []


def test_all_other_devices_are_signed_out_at_once(cast: Cast) -> None:
    here, others = cast.of("asha"), [cast.browser() for _ in range(3)]
    for other in others:
        other.sign_in(cast.emails["asha"])
    ben = cast.of("ben")
    assert len(devices_of(here)) == 3
    assert here.post("/account/devices/end-others").status_code == 303
    assert [is_in(other) for other in others] == [False, False, False]
    assert (is_in(here), is_in(ben)) == (True, True)


def test_sessions_that_ended_are_not_listed(cast: Cast) -> None:
    here, phone = cast.of("asha"), cast.browser()
    phone.sign_in(cast.emails["asha"])
    cast.watch.wait(minutes=20)
    assert is_in(here)
    cast.watch.wait(minutes=20)
    assert devices_of(here) == []


def test_who_was_erased_can_still_open_the_page(cast: Cast) -> None:
    browser = cast.of("asha")
    with cast.engine.begin() as connection:
        kept = connection.execute(
            sa.text("SELECT wrapped_key FROM patient_key WHERE patient_public_id = :asha"),
            {"asha": cast.ids["asha"].bytes},
        ).scalar_one()
    change = sa.text("UPDATE patient_key SET wrapped_key = :key WHERE patient_public_id = :asha")
    try:
        with cast.engine.begin() as connection:
            connection.execute(change, {"key": None, "asha": cast.ids["asha"].bytes})
        page = browser.get("/account")
    finally:
        with cast.engine.begin() as connection:
            connection.execute(change, {"key": kept, "asha": cast.ids["asha"].bytes})
    assert page.status_code == 200
    assert "Not told" in page.text
