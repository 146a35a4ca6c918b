"""Registering as a patient: one question per page, nothing lost, no address probed, confirmed by mail."""

import re
from contextlib import suppress

import pytest
import sqlalchemy as sa

from remedy.accounts import own
from remedy.accounts.model import AlreadyRegistered
from remedy.accounts.service import forget_old
from tests.factories import A_MONDAY, PASSWORD, a_vault
from tests.integration.mailbox import link_to, links_to
from tests.integration.portal_cast import Browser, Cast, a_cast

ANSWERS = {
    "name": {"name": "Noor Al-Amin"},
    "telephone": {"phone": "+39 06 5550 999"},
    "e-mail": {"email": "noor@town.example"},
    "birth-date": {"day": "31", "month": "1", "year": "1980"},
    "address": {"address": "3 Well Street"},
    "password": {"password": PASSWORD},
}
STEPS = list(ANSWERS)


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Cast:
    with everybody.engine.begin() as connection:
        for table in ("session", "sign_in_failure", "link_request", "mailed_link"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
    everybody.watch.now = A_MONDAY
    everybody.posted.clear()
    return everybody


def answer(browser: Browser, step: str, told: dict[str, str] | None = None):
    return browser.post(f"/register/{step}", told or ANSWERS[step])


def answered(browser: Browser, *, until: str | None = None, **differs: dict[str, str]) -> None:
    for step in STEPS:
        if step == until:
            return
        assert answer(browser, step, differs.get(step)).status_code == 303


def registered(cast: Cast, email: str, password: str = PASSWORD) -> Browser:
    browser = cast.browser()
    answered(browser, **{"e-mail": {"email": email}, "password": {"password": password}})
    done = browser.post("/register/check")
    assert done.headers["Location"] == "/register/sent"
    assert browser.get("/register/sent").status_code == 200
    return browser


def patients(cast: Cast) -> int:
    return cast.rows("SELECT COUNT(*) FROM patient")[0][0]


def test_one_question_leads_to_the_next_and_at_last_to_the_answers(cast: Cast) -> None:
    browser, seen = cast.browser(), []
    target = "/register/name"
    while target != "/register/check":
        step = target.rpartition("/")[2]
        page = browser.get(target).text
        assert len(re.findall("<h1", page)) == 1
        seen.append(step)
        target = answer(browser, step).headers["Location"]
    assert seen == STEPS
    page = browser.get("/register/check").text
    for told in (
        "Noor Al-Amin",
        "+39 06 5550 999",
        "noor@town.example",
        "31 January 1980",
        "3 Well",
    ):
        assert told in page
    assert page.count(">Change<") == len(STEPS)
    assert PASSWORD not in page


def test_a_changed_answer_leads_back_to_the_answers(cast: Cast) -> None:
    browser = cast.browser()
    answered(browser)
    assert 'value="Noor Al-Amin"' in browser.get("/register/name").text
    assert 'value="1980"' in browser.get("/register/birth-date").text
    changed = answer(browser, "name", {"name": "Noor Amin"})
    assert changed.headers["Location"] == "/register/check"
    assert "Noor Amin" in browser.get("/register/check").text


def test_another_address_asks_for_the_password_again(cast: Cast) -> None:
    browser = cast.browser()
    answered(browser)
    changed = answer(browser, "e-mail", {"email": "other@town.example"})
    assert changed.headers["Location"] == "/register/password"


@pytest.mark.parametrize("step", [*STEPS[1:], "check"])
def test_a_question_cannot_be_reached_before_those_ahead_of_it(cast: Cast, step: str) -> None:
    assert cast.browser().get(f"/register/{step}").headers["Location"] == "/register/name"


@pytest.mark.parametrize(
    ("step", "told", "where"),
    [
        ("name", {"name": "  "}, "name-error"),
        ("telephone", {"phone": "none"}, "phone-error"),
        ("e-mail", {"email": "noor at town"}, "email-error"),
        ("birth-date", {"day": "31", "month": "2", "year": "1980"}, "birth-date-error"),
        ("birth-date", {"day": "3", "month": "3", "year": "2026"}, "birth-date-error"),
        ("birth-date", {"day": "1", "month": "1", "year": "1800"}, "birth-date-error"),
        ("birth-date", {"day": "", "month": "1", "year": "1980"}, "birth-date-error"),
        ("birth-date", {"day": "9" * 8, "month": "1", "year": "1"}, "birth-date-error"),
        ("address", {"address": "x" * 201}, "address-error"),
        ("password", {"password": "short"}, "password-error"),
        ("password", {"password": "aaaaaaaaaaaa"}, "password-error"),
        ("password", {"password": "noor1234"}, "password-error"),
    ],
)
def test_a_bad_answer_is_kept_and_explained(
    cast: Cast, step: str, told: dict[str, str], where: str
) -> None:
    browser = cast.browser()
    answered(browser, until=step)
    page = answer(browser, step, told)
    assert page.status_code == 422
    assert "<title>Error: " in page.text
    assert "There is a problem" in page.text
    assert f'id="{where}"' in page.text
    for name, typed in told.items():
        assert (f'value="{typed}"' in page.text) == (name != "password")


def test_the_draft_is_unreadable_and_ends_after_two_hours(cast: Cast) -> None:
    browser = cast.browser()
    answered(browser)
    cookie = browser.client.get_cookie("remedy-draft", domain="localhost")
    assert cookie is not None
    assert cookie.http_only
    assert "oor" not in cookie.value
    thief = cast.browser()
    thief.client.set_cookie("remedy-draft", cookie.value[:-8] + "AAAAAAA=", domain="localhost")
    assert thief.get("/register/check").status_code == 303
    cast.watch.wait(minutes=121)
    assert browser.get("/register/check").headers["Location"] == "/register/name"


def test_a_patient_registers_confirms_by_mail_and_is_in(cast: Cast) -> None:
    browser = registered(cast, "noor@town.example")
    assert browser.client.get_cookie("remedy-draft", domain="localhost") is None
    link = link_to(cast, "noor@town.example", "/confirm/")
    assert browser.get(link).status_code == 200
    done = browser.post(link, {"email": "noor@town.example", "password": PASSWORD})
    assert (done.status_code, done.headers["Location"]) == (303, "/")
    page = browser.get("/account").text
    for told in (
        "Noor Al-Amin",
        "+39 06 5550 999",
        "noor@town.example",
        "31 January 1980",
        "3 Well",
    ):
        assert told in page
    assert cast.browser().sign_in("noor@town.example").status_code == 303
    again = cast.browser()
    assert "<h1>Sign in</h1>" in again.get(link).text
    told = {"email": "noor@town.example", "password": PASSWORD}
    assert again.post(link, told).status_code == 303


def test_before_the_address_is_confirmed_signing_in_says_what_it_says_to_strangers(
    cast: Cast,
) -> None:
    registered(cast, "early@town.example")
    early = cast.browser().sign_in("early@town.example")
    nobody = cast.browser().sign_in("nobody@town.example")
    assert (early.status_code, nobody.status_code) == (422, 422)
    for page in (early, nobody):
        assert "The e-mail address or the password is not right." in page.text


def test_the_link_without_the_password_confirms_nothing(cast: Cast) -> None:
    registered(cast, "owner@town.example", "three odd umbrellas")
    link = link_to(cast, "owner@town.example", "/confirm/")
    told = {"email": "owner@town.example", "password": "a guess of mine"}
    assert cast.browser().post(link, told).status_code == 422
    assert cast.browser().sign_in("owner@town.example", "three odd umbrellas").status_code == 422


def test_the_link_of_one_account_does_not_confirm_another(cast: Cast) -> None:
    registered(cast, "one@town.example")
    registered(cast, "two@town.example")
    link = link_to(cast, "one@town.example", "/confirm/")
    told = {"email": "two@town.example", "password": PASSWORD}
    assert cast.browser().post(link, told).status_code == 422
    told["email"] = "one@town.example"
    assert cast.browser().post(link, told).status_code == 303


def test_a_link_to_confirm_ends_after_two_days_and_with_it_the_account(cast: Cast) -> None:
    before = patients(cast)
    registered(cast, "late@town.example")
    assert patients(cast) == before + 1
    link = link_to(cast, "late@town.example", "/confirm/")
    cast.watch.wait(hours=49)
    told = {"email": "late@town.example", "password": PASSWORD}
    assert cast.browser().post(link, told).status_code == 422
    with cast.engine.begin() as connection:
        forget_old(connection, clock=cast.watch)
    assert patients(cast) <= before


def test_who_registers_an_unconfirmed_address_takes_its_place(cast: Cast) -> None:
    registered(cast, "mine@town.example", "the password of a stranger")
    stranger = link_to(cast, "mine@town.example", "/confirm/")
    before = patients(cast)
    registered(cast, "mine@town.example")
    assert patients(cast) == before
    told = {"email": "mine@town.example", "password": "the password of a stranger"}
    assert cast.browser().post(stranger, told).status_code == 422
    told["password"] = PASSWORD
    link = link_to(cast, "mine@town.example", "/confirm/")
    assert cast.browser().post(link, told).status_code == 303


def test_a_known_address_looks_the_same_and_its_owner_is_told(cast: Cast) -> None:
    before = patients(cast)
    fresh = registered(cast, "fresh@town.example").get("/register/sent").text
    cast.posted.clear()
    known = registered(cast, cast.emails["asha"]).get("/register/sent").text
    assert re.sub(r'(nonce|value)="[^"]*"', "", fresh) == re.sub(
        r'(nonce|value)="[^"]*"', "", known
    )
    assert patients(cast) == before + 1
    ((to, _subject, text),) = cast.posted
    assert to == cast.emails["asha"]
    assert "There is an account with it already and nothing was changed" in text
    assert cast.browser().sign_in(cast.emails["asha"]).status_code == 303


def test_a_known_and_an_unknown_address_cost_the_same_statements(cast: Cast) -> None:
    """Work is compared, not time: the same statements but for what undoes them."""
    said: list[str] = []

    def listen(_c, _cursor, statement, *_rest) -> None:
        said.append(statement.split("(")[0].split(" WHERE")[0][:60])

    here = cast.app.extensions["remedy"]
    told = {
        "name": "Noor", "phone": "+39 06 5550 999", "birth_date": "1980-01-31", "address": "",
        "password_hash": "x",
    }  # fmt: skip
    made: list[list[str]] = []
    sa.event.listen(here.engine, "before_cursor_execute", listen)
    try:
        for email in ("unheard@town.example", cast.emails["asha"]):
            said.clear()
            with suppress(AlreadyRegistered):
                here.change(
                    lambda c, email=email: own.register(
                        c, a_vault(), email=email, secret_key=here.settings.secret_key,
                        clock=cast.watch, **told,
                    )
                )  # fmt: skip
            made.append(list(said))
    finally:
        sa.event.remove(here.engine, "before_cursor_execute", listen)
    # After the account's row is refused, only finding its id and writing the link are left out.
    assert made[1] == made[0][: len(made[1])]
    assert len(made[0]) - len(made[1]) <= 2


def test_one_mailbox_is_not_flooded_and_nobody_is_told(cast: Cast) -> None:
    for _ in range(5):
        registered(cast, "flooded@town.example")
    assert len(links_to(cast, "flooded@town.example")) == 3
    cast.watch.wait(minutes=61)
    registered(cast, "flooded@town.example")
    assert len(links_to(cast, "flooded@town.example")) == 4
