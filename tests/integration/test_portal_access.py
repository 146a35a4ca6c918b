"""Who may open what: every route, every role, one's own and others'; nobody sees a foreign canary."""

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import rules
from remedy.stock import transfers
from remedy.values import uuid7
from tests.factories import a_pharmacy
from tests.integration.notice_scene import told_and_dismissed
from tests.integration.portal_cast import Cast, a_cast, canary, ids_of_accounts, settings_for
from tests.integration.routes import COLLEAGUES, ELSEWHERE, PEOPLE, ROUTES, Route
from web_portal import create_app
from web_portal.parts import parts_of

COUNTED = (
    "account", "api_key", "invitation", "link_request", "mailed_link", "pharmacy_application",
    "session", "appointment", "stock_movement", "stock_hold", "stock_transfer", "outbox", "patient",
    "shortage_notice", "shortage_told", "shortage_silence",
)  # fmt: skip


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return cast_with_ids(database_url, database)


def cast_with_ids(database_url: str, database: sa.Engine) -> Cast:
    """The cast, with an id for every address of the table."""
    made = a_cast(database_url, database)
    found = made.rows(
        "SELECT k.public_id FROM api_key k JOIN pharmacy p ON p.id = k.pharmacy_id"
        " WHERE p.name = 'Corner Pharmacy'"
    )
    made.ids["chitra_key"] = UUID(bytes=bytes(found[0].public_id))
    with database.begin() as connection:
        third = a_pharmacy(connection, name="Third Pharmacy")
        made.ids["chitra_transfer"] = transfers.propose(
            connection, third, made.ids["corner"], made.ids["calmadol"], 3000, offers=True,
            clock=made.watch,
        )  # fmt: skip
        made.ids["rule"] = rules.add(
            connection, doctor_id=made.ids["ekow"], speciality=None, urgency="routine",
            hours_ahead=24, made_by=made.ids["farah_account"], clock=made.watch,
        )  # fmt: skip
        told_and_dismissed(
            connection, parts_of(made.app).vault, made.ids, made.watch, note=canary("asha"),
            reason=canary("dev"),
        )  # fmt: skip
    for name in PEOPLE:
        if name:
            made.of(name)
    made.ids |= ids_of_accounts(made)
    return made


def address_of(cast: Cast, route: Route) -> str:
    return route.address.format(slot="2026-03-03T09:00:00%2B00:00", **cast.ids)


def counts(cast: Cast) -> dict[str, int]:
    each = ", ".join(f"(SELECT COUNT(*) FROM {table}) AS `{table}`" for table in COUNTED)
    return dict(cast.rows(f"SELECT {each}")[0]._mapping)


def with_colleagues(owners: set[str | None]) -> set[str | None]:
    return owners | {colleague for who, colleague in COLLEAGUES.items() if who in owners}


def test_the_table_names_every_route(cast: Cast) -> None:
    real = {
        (rule.endpoint, method)
        for rule in cast.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in ELSEWHERE
    }
    assert real == {(route.endpoint, route.method) for route in ROUTES}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.endpoint}")
def test_a_route_admits_whom_it_should(cast: Cast, route: Route, who: str | None) -> None:
    browser, address = cast.of(who) if who else cast.browser(), address_of(cast, route)
    before = counts(cast)
    # A form with nothing in it: whom the route admits is told what is missing.
    answer = browser.get(address) if route.method == "GET" else browser.post(address, {"nonce": ""})
    if who not in route.may:
        if who is None:
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/sign-in")
        else:
            assert answer.status_code == 404
    elif route.owners is not None and who not in with_colleagues(route.owners):
        assert answer.status_code == 404
    else:
        assert answer.status_code in route.answers
    if route.method == "POST":
        assert counts(cast) == before


def test_what_does_not_exist_looks_like_what_is_not_yours(cast: Cast) -> None:
    theirs = cast.of("ben").get(f"/requests/{cast.ids['asha_visit']}")
    nobodys = cast.of("ben").get(f"/requests/{uuid7()}")
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert _without_nonce(theirs.text) == _without_nonce(nobodys.text)


def _without_nonce(text: str) -> str:
    return re.sub(r'(nonce|value)="[^"]*"', "", text)


@pytest.mark.parametrize("told", [{"csrf_token": ""}, {"csrf_token": "forged"}])
def test_a_form_without_its_token_changes_nothing(cast: Cast, told: dict[str, str]) -> None:
    before = counts(cast)
    address = f"/pharmacy/stock/{cast.ids['calmadol']}/movements"
    form = {"kind": "sold", "packs": "1", "version": "0", **told}
    assert cast.of("chitra").post(address, form).status_code == 400
    assert counts(cast) == before


def test_a_token_of_another_session_is_refused(cast: Cast) -> None:
    before = counts(cast)
    address = f"/pharmacy/stock/{cast.ids['calmadol']}/movements"
    form = {"kind": "sold", "packs": "1", "version": "0", "csrf_token": cast.of("dev").token()}
    assert cast.of("chitra").post(address, form).status_code == 400
    assert counts(cast) == before


def test_reading_a_page_changes_nothing_but_what_was_looked_for(cast: Cast) -> None:
    before = counts(cast)
    for route in ROUTES:
        if route.method == "POST":
            answer = cast.of("chitra").get(address_of(cast, route), buffered=True)
            assert answer.status_code in {200, 404, 405} | route.answers
    assert counts(cast) == before


def test_every_answer_to_a_person_is_kept_by_nobody(cast: Cast) -> None:
    for route in ROUTES:
        if route.method == "GET":
            answer = cast.of("asha").get(address_of(cast, route), buffered=True)
            assert answer.headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_without_its_database_the_portal_lives_and_says_so(cast: Cast) -> None:
    browser = create_app(settings_for("mysql+pymysql://nobody@127.0.0.1:1/none")).test_client()
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/readyz").status_code == 503
    page = browser.get("/doctors")
    assert page.status_code == 503
    assert "Nothing was changed. Please try again in a minute." in page.text
    assert "127.0.0.1:1" not in page.text
    told = browser.post(
        "/api/v1/stock-movements", json={"lines": []}, headers={"Authorization": "Bearer rmd_x"}
    )
    assert (told.status_code, told.is_json) == (503, True)


def test_events_that_wait_are_told_and_refuse_nobody(cast: Cast) -> None:
    cast.watch.wait(minutes=1)
    ready = cast.browser().get("/readyz")
    cast.watch.wait(minutes=-1)
    assert ready.status_code == 200
    assert ready.get_json()["kafka"].startswith("degraded, backlog ")
    assert ready.get_json()["backlog"] > 0
