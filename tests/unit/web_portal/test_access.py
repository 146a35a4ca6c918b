"""Policies, secrets, and where a sign-in may lead."""

import pytest
from flask import Flask

from remedy.settings import Settings, SettingsError
from tests.unit.web_portal.settings import an_app
from web_portal import access, create_app


def test_every_route_of_the_portal_says_who_may_call_it() -> None:
    app = an_app()
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert len(endpoints) > 25
    assert all(access.policy_of(app, endpoint) for endpoint in endpoints)


def test_a_route_without_a_policy_fails_the_build() -> None:
    app = Flask(__name__)
    app.add_url_rule("/open", "open", lambda: "for anybody?")
    with pytest.raises(LookupError, match="/open"):
        access.check_policies(app)


def test_a_policy_names_roles_that_exist() -> None:
    with pytest.raises(ValueError, match="nurse"):
        access.requires("nurse")
    with pytest.raises(ValueError, match="needs roles"):
        access.requires()


def test_the_portal_is_not_built_without_its_secrets() -> None:
    with pytest.raises(SettingsError, match="REMEDY_SECRET_KEY and REMEDY_MASTER_KEY"):
        create_app(Settings())


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\tx",
        "/\n",
        "",
        None,
        "requests",
    ],
)
def test_a_sign_in_never_leads_to_another_site(target: str | None) -> None:
    assert access.safe_next(target) == "/"


def test_a_sign_in_leads_back_to_the_page_that_was_asked_for() -> None:
    assert access.safe_next("/doctors/1/request?starts_at=9") == "/doctors/1/request?starts_at=9"


def test_digests_for_different_purposes_differ() -> None:
    one, other = (access.keyed_digest("key", purpose, "text") for purpose in ("form", "searcher"))
    assert one != other


def test_under_https_cookies_are_bound_to_the_host_and_pages_to_https() -> None:
    app = an_app(portal_url="https://remedy.example")
    answer = app.test_client().get(
        "/sign-in", base_url="https://remedy.example", headers={"X-Forwarded-Proto": "https"}
    )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-remedy-visit=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_a_strange_host_name_is_refused() -> None:
    answer = an_app().test_client().get("/healthz", base_url="http://evil.example")
    assert answer.status_code == 400
