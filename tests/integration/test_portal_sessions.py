"""Signing in and out, how long a session lives, and that nothing tells whether an address is known."""

import pytest
import sqlalchemy as sa

from tests.factories import A_MONDAY, PASSWORD
from tests.integration.portal_cast import Browser, Cast, a_cast


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Cast:
    """The cast as on the first morning: nobody signed in, nothing failed yet."""
    with everybody.engine.begin() as connection:
        for change in (
            "DELETE FROM session", "DELETE FROM sign_in_failure", "UPDATE account SET is_active = 1",
        ):  # fmt: skip
            connection.execute(sa.text(change))
    everybody.watch.now = A_MONDAY
    everybody.posted.clear()
    everybody._browsers.clear()
    return everybody


def cookie_of(browser: Browser) -> str:
    cookie = browser.client.get_cookie("remedy", domain="localhost")
    assert cookie is not None
    return cookie.value


def is_in(browser: Browser) -> bool:
    return browser.get("/holds").status_code == 200


def test_each_role_lands_where_its_work_is(cast: Cast) -> None:
    landings = {
        name: cast.browser().sign_in(cast.emails[name]).headers["Location"]
        for name in ("asha", "chitra", "ekow", "farah")
    }
    assert landings == {
        "asha": "/", "chitra": "/pharmacy", "ekow": "/", "farah": "/admin/requests"
    }  # fmt: skip


def test_who_had_to_sign_in_comes_back_to_the_page_asked_for(cast: Cast) -> None:
    browser = cast.browser()
    asked = browser.get("/requests?state=all")
    assert asked.headers["Location"] == "/sign-in?next=/requests?state%3Dall"
    page = browser.get(asked.headers["Location"]).text
    assert 'name="next" value="/requests?state=all"' in page
    answer = browser.sign_in(cast.emails["asha"], next="/requests?state=all")
    assert answer.headers["Location"] == "/requests?state=all"


def test_a_sign_in_does_not_lead_to_another_site(cast: Cast) -> None:
    answer = cast.browser().sign_in(cast.emails["asha"], next="//evil.example/")
    assert answer.headers["Location"] == "/"


def test_the_session_cookie_is_for_our_pages_only(cast: Cast) -> None:
    answer = cast.browser().sign_in(cast.emails["asha"])
    (cookie,) = (c for c in answer.headers.getlist("Set-Cookie") if c.startswith("remedy="))
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "Expires" not in cookie


def test_a_cookie_replayed_after_signing_out_is_worth_nothing(cast: Cast) -> None:
    browser = cast.of("asha")
    token = cookie_of(browser)
    answer = browser.post("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = cast.browser()
    thief.client.set_cookie("remedy", token, domain="localhost")
    assert not is_in(thief)


def test_signing_in_again_ends_the_session_before(cast: Cast) -> None:
    browser = cast.of("asha")
    first = cookie_of(browser)
    browser.sign_in(cast.emails["asha"])
    assert cookie_of(browser) != first
    thief = cast.browser()
    thief.client.set_cookie("remedy", first, domain="localhost")
    assert not is_in(thief)


def test_a_cookie_somebody_planted_does_not_become_a_session(cast: Cast) -> None:
    browser = cast.browser()
    browser.client.set_cookie("remedy", "planted", domain="localhost")
    assert browser.sign_in(cast.emails["asha"]).status_code == 303
    assert cookie_of(browser) != "planted"


def test_a_session_ends_after_half_an_hour_without_a_click(cast: Cast) -> None:
    browser = cast.of("asha")
    for _ in range(3):
        cast.watch.wait(minutes=29)
        assert is_in(browser)
    cast.watch.wait(minutes=31)
    assert not is_in(browser)


def test_a_session_ends_after_twelve_hours_in_any_case(cast: Cast) -> None:
    browser = cast.of("asha")
    for _ in range(28):
        cast.watch.wait(minutes=25)
        assert is_in(browser)
    cast.watch.wait(minutes=25)
    assert not is_in(browser)


def test_an_account_that_was_closed_is_out_at_once(cast: Cast) -> None:
    browser = cast.of("asha")
    with cast.engine.begin() as connection:
        connection.execute(sa.text("UPDATE account SET is_active = 0 WHERE role = 'patient'"))
    assert not is_in(browser)


def test_a_wrong_password_and_an_unknown_name_get_the_same_words(cast: Cast) -> None:
    wrong = cast.browser().sign_in(cast.emails["asha"], "not the password")
    unknown = cast.browser().sign_in("nobody@town.example", "not the password")
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    for answer in (wrong, unknown):
        assert "<title>Error: Sign in" in answer.text
        assert "The e-mail address or the password is not right." in answer.text


def test_after_five_failures_even_the_right_password_waits(cast: Cast) -> None:
    for _ in range(5):
        cast.browser().sign_in(cast.emails["asha"], "not the password")
    answer = cast.browser().sign_in(cast.emails["asha"])
    assert answer.status_code == 422
    assert "Too many attempts" in answer.text
    cast.watch.wait(minutes=16)
    assert cast.browser().sign_in(cast.emails["asha"]).status_code == 303


def test_signing_in_needs_the_forms_token(cast: Cast) -> None:
    told = {"email": cast.emails["asha"], "password": PASSWORD}
    answer = cast.browser().client.post("/sign-in", data=told)
    assert answer.status_code == 400
    assert cast.rows("SELECT 1 FROM session") == []
