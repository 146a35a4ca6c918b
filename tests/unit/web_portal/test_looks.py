"""The language and the colours of pages: what the browser asks for, what the reader chooses, and where they stay."""

import pytest
from flask.testing import FlaskClient

from tests.unit.web_portal.settings import an_app


@pytest.fixture
def browser() -> FlaskClient:
    return an_app().test_client()


@pytest.mark.parametrize(
    ("asked", "language"),
    [("fr", "fr"), ("fr-CA,en;q=0.5", "fr"), ("de,en;q=0.5", "en"), ("ar", "en"), ("", "en")],
)
def test_a_page_is_in_the_language_the_browser_asks_for(
    browser: FlaskClient, asked: str, language: str
) -> None:
    page = browser.get("/sign-in", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}" dir="ltr">' in page


def test_what_the_reader_chose_wins_and_they_stay_on_their_page(browser: FlaskClient) -> None:
    chosen = browser.get(
        "/language/fr", headers={"Referer": "http://localhost/sign-in?next=/holds"}
    )
    assert (chosen.status_code, chosen.location) == (303, "/sign-in?next=/holds")
    page = browser.get("/sign-in", headers={"Accept-Language": "en"}).text
    assert '<html lang="fr"' in page
    assert "Se connecter" in page


def test_a_language_nobody_speaks_here_is_not_found(browser: FlaskClient) -> None:
    assert browser.get("/language/xx").status_code == 404
    browser.set_cookie("remedy-language", "xx")
    assert '<html lang="en"' in browser.get("/sign-in").text


def test_the_colours_are_the_devices_until_chosen(browser: FlaskClient) -> None:
    assert "data-bs-theme" not in browser.get("/sign-in").text
    browser.get("/colours/dark")
    assert '<html lang="en" dir="ltr" data-bs-theme="dark">' in browser.get("/sign-in").text
    browser.get("/colours/device")
    assert "data-bs-theme" not in browser.get("/sign-in").text
    assert browser.get("/colours/pink").status_code == 404


def test_a_cookie_that_says_nonsense_colours_nothing(browser: FlaskClient) -> None:
    browser.set_cookie("remedy-colours", '"><script>')
    page = browser.get("/sign-in")
    assert page.status_code == 200
    assert "data-bs-theme" not in page.text


@pytest.mark.parametrize(
    "came_from",
    [
        None,
        "http://evil.example/sign-in",
        "http://localhost//evil.example",
        "http://localhost/nowhere",
        "http://localhost/sign-out",  # cannot be read, only sent
        "http://localhost",
    ],
)
def test_who_comes_from_nowhere_of_ours_goes_to_the_first_page(
    browser: FlaskClient, came_from: str | None
) -> None:
    headers = {"Referer": came_from} if came_from else {}
    assert browser.get("/language/fr", headers=headers).location == "/"
