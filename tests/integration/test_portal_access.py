"""Who may open what: every route, every role, one's own and others'; nobody sees a foreign canary."""

import re
from dataclasses import dataclass
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.stock import transfers
from remedy.values import uuid7
from tests.factories import a_pharmacy
from tests.integration.portal_cast import Cast, a_cast, ids_of_accounts, settings_for
from web_portal import create_app

PEOPLE = (None, "asha", "ben", "chitra", "dev", "ekow", "farah", "gwen")
PATIENTS, PHARMACISTS, ADMINS = {"asha", "ben"}, {"chitra", "dev", "gwen"}, {"farah"}
OWNERS = {"chitra", "dev"}
COLLEAGUES = {"chitra": "gwen"}
"""What is Chitra's pharmacy's is Gwen's too, where the route admits staff."""

EVERYBODY = set(PEOPLE)
MEMBERS = EVERYBODY - {None}


@dataclass(frozen=True)
class Route:
    """A route, an address of it, who may call it, and who of them owns what that address names."""

    endpoint: str
    method: str
    address: str
    may: set[str | None]
    owners: set[str | None] | None = None
    answers: frozenset[int] | set[int] = frozenset({200, 400, 422})


ROUTES = (
    Route("health.healthz", "GET", "/healthz", EVERYBODY),
    Route("health.readyz", "GET", "/readyz", EVERYBODY),
    Route("till.openapi", "GET", "/openapi.json", EVERYBODY),
    Route("search.home", "GET", "/?q=paracetamol", EVERYBODY),
    Route("search.medicine_page", "GET", "/medicines/{calmadol}", EVERYBODY),
    Route("search.hold", "POST", "/medicines/{calmadol}/holds", PATIENTS, set()),
    Route("search.holds", "GET", "/holds", PATIENTS),
    Route("search.release", "POST", "/holds/{asha_hold}/release", PATIENTS, {"asha"}),
    Route("pharmacies.page", "GET", "/pharmacies/{corner}", EVERYBODY),
    Route("pharmacies.every", "GET", "/pharmacies?district=Harbour", EVERYBODY),
    Route("pharmacies.districts_geojson", "GET", "/districts.json", EVERYBODY),
    Route("whole.page", "GET", "/whole-prescription?item={calmadol}", EVERYBODY),
    Route("whole.suggestions", "GET", "/whole-prescription/suggestions?add=cal", EVERYBODY),
    Route("whole.hold", "POST", "/whole-prescription/holds", PATIENTS),
    Route("watches.page", "GET", "/watches", PATIENTS),
    Route("watches.begin", "POST", "/medicines/{rare}/watch", PATIENTS),
    Route("watches.end", "POST", "/medicines/{rare}/watch/end", PATIENTS),
    Route("accounts.sign_in", "GET", "/sign-in", EVERYBODY),
    Route("accounts.sign_in", "POST", "/sign-in", EVERYBODY),
    Route("accounts.register", "GET", "/register", EVERYBODY),
    Route("accounts.confirm", "GET", "/confirm/{nothing}", EVERYBODY),
    Route("accounts.confirm", "POST", "/confirm/{nothing}", EVERYBODY),
    Route("accounts.forgotten", "GET", "/forgotten", EVERYBODY),
    Route("accounts.forgotten", "POST", "/forgotten", EVERYBODY),
    Route("accounts.reset", "GET", "/reset/{asha_reset}", EVERYBODY),
    Route("accounts.reset", "POST", "/reset/{asha_reset}", EVERYBODY),
    Route("registration.step", "GET", "/register/name", EVERYBODY),
    Route("registration.step", "POST", "/register/name", EVERYBODY),
    Route("registration.check", "GET", "/register/check", EVERYBODY, answers={303}),
    Route("registration.check", "POST", "/register/check", EVERYBODY, answers={303}),
    Route("registration.sent", "GET", "/register/sent", EVERYBODY),
    Route("account.page", "GET", "/account", MEMBERS),
    Route("account.awake", "GET", "/account/awake", MEMBERS, answers={204}),
    Route("account.details", "GET", "/account/details", PATIENTS),
    Route("account.details", "POST", "/account/details", PATIENTS),
    Route("account.password", "GET", "/account/password", MEMBERS),
    Route("account.password", "POST", "/account/password", MEMBERS),
    Route("account.email", "GET", "/account/email", MEMBERS),
    Route("account.email", "POST", "/account/email", MEMBERS),
    Route("account.confirm_email", "GET", "/confirm-address/{nothing}", EVERYBODY, answers={410}),
    Route("account.confirm_email", "POST", "/confirm-address/{nothing}", EVERYBODY, answers={410}),
    Route("account.end_device", "POST", "/account/devices/{asha_session}/end", MEMBERS, {"asha"}),
    Route("account.end_others", "POST", "/account/devices/end-others", MEMBERS),
    Route("people.page", "GET", "/admin/people", ADMINS),
    Route("people.invite", "POST", "/admin/people", ADMINS),
    Route("people.withdraw", "POST", "/admin/people/invitations/{invitation}/withdraw", ADMINS),
    Route("people.close", "POST", "/admin/people/{farah_account}/close", ADMINS),
    Route("people.application", "GET", "/admin/applications/{application}", ADMINS),
    Route("people.application", "POST", "/admin/applications/{application}", ADMINS),
    Route("people.invitation", "GET", "/invitation/{nothing}", EVERYBODY, answers={410}),
    Route("people.invitation", "POST", "/invitation/{nothing}", EVERYBODY, answers={410}),
    Route("people.apply", "GET", "/apply", EVERYBODY),
    Route("people.apply", "POST", "/apply", EVERYBODY),
    Route("people.applied", "GET", "/apply/sent", EVERYBODY),
    Route("appointments.doctors", "GET", "/doctors", EVERYBODY),
    Route("appointments.doctor", "GET", "/doctors/{ekow}", EVERYBODY),
    Route("appointments.times", "GET", "/doctors/{ekow}/times", EVERYBODY),
    Route("asking.hold", "POST", "/doctors/{ekow}/hold", PATIENTS),
    Route("asking.release", "POST", "/hold/release", PATIENTS),
    Route("asking.ask", "GET", "/doctors/{ekow}/request?starts_at={slot}", PATIENTS),
    Route("asking.ask", "POST", "/doctors/{ekow}/request", PATIENTS),
    Route("asking.emergency", "GET", "/emergency", EVERYBODY),
    Route("asking.emergency", "POST", "/emergency", EVERYBODY),
    Route("appointments.requests", "GET", "/requests", PATIENTS),
    Route("appointments.visit", "GET", "/requests/{asha_visit}", PATIENTS, {"asha"}),
    Route("appointments.state", "GET", "/requests/{asha_visit}/state", PATIENTS, {"asha"}),
    Route("appointments.cancel", "POST", "/requests/{asha_visit}/cancel", PATIENTS, {"asha"}),
    Route("appointments.answer", "POST", "/requests/{asha_visit}/answer", PATIENTS, {"asha"}),
    Route("appointments.other_times", "GET", "/requests/{asha_visit}/move", PATIENTS, {"asha"}),
    Route("appointments.move", "POST", "/requests/{asha_visit}/move", PATIENTS, {"asha"}),
    Route("pharmacy.stock", "GET", "/pharmacy/stock", PHARMACISTS),
    Route("pharmacy.medicines", "GET", "/pharmacy/medicines?q=paracetamol", PHARMACISTS),
    Route("pharmacy.card", "GET", "/pharmacy/stock/{calmadol}", PHARMACISTS),
    Route("pharmacy.move", "POST", "/pharmacy/stock/{calmadol}/movements", PHARMACISTS),
    Route("pharmacy.price", "POST", "/pharmacy/stock/{calmadol}/price", PHARMACISTS),
    Route(
        "pharmacy.undo", "POST",
        "/pharmacy/stock/{calmadol}/movements/{chitra_calmadol_movement}/undo",
        PHARMACISTS, {"chitra"},
    ),
    Route("stock_list.page", "GET", "/pharmacy/list", PHARMACISTS),
    Route("stock_list.upload", "POST", "/pharmacy/list", PHARMACISTS),
    Route("stock_list.export", "GET", "/pharmacy/list/stock.csv", PHARMACISTS),
    Route("stock_list.export_workbook", "GET", "/pharmacy/list/stock.xlsx", PHARMACISTS),
    Route("stock_list.preview", "GET", "/pharmacy/list/{chitra_list}", PHARMACISTS, {"chitra"}),
    Route(
        "stock_list.apply", "POST", "/pharmacy/list/{chitra_list}/apply", PHARMACISTS, {"chitra"}
    ),
    Route("basket.page", "GET", "/basket", PATIENTS),
    Route("basket.put", "POST", "/basket/{calmadol}", PATIENTS, set()),
    Route("basket.change", "POST", "/basket/{calmadol}/packs", PATIENTS),
    Route("basket.order", "POST", "/basket/order", PATIENTS),
    Route("orders.own", "GET", "/orders", PATIENTS),
    Route("orders.page", "GET", "/orders/{asha_order}", PATIENTS, {"asha"}),
    Route("orders.state", "GET", "/orders/{asha_order}/state", PATIENTS, {"asha"}),
    Route("orders.cancel", "POST", "/orders/{asha_order}/cancel", PATIENTS, {"asha"}),
    Route("orders.pay", "POST", "/orders/{asha_order}/pay", PATIENTS, {"asha"}, {303}),
    Route("picking.queue", "GET", "/pharmacy/orders", PHARMACISTS),
    Route("picking.waiting", "GET", "/pharmacy/orders/waiting", PHARMACISTS),
    Route("picking.page", "GET", "/pharmacy/orders/{asha_order}", PHARMACISTS, {"chitra"}),
    Route("picking.step", "POST", "/pharmacy/orders/{asha_order}/step", PHARMACISTS, {"chitra"}),
    Route("picking.cancel", "POST", "/pharmacy/orders/{asha_order}/cancel", PHARMACISTS, {"chitra"}),
    Route("counter.page", "GET", "/pharmacy/holds", PHARMACISTS),
    Route("counter.waiting", "GET", "/pharmacy/holds/waiting", PHARMACISTS),
    Route("counter.look", "POST", "/pharmacy/holds", PHARMACISTS),
    Route("counter.hand_out", "POST", "/pharmacy/holds/hand-out", PHARMACISTS),
    Route("lots.page", "GET", "/pharmacy/stock/{calmadol}/lots?lot=LOT-chitra", PHARMACISTS),
    Route("lots.change", "POST", "/pharmacy/stock/{calmadol}/lots", PHARMACISTS),
    Route("receive.page", "GET", "/pharmacy/receive?code=4006381333931", PHARMACISTS),
    Route("receive.save", "POST", "/pharmacy/receive", PHARMACISTS),
    Route("queues.counts", "GET", "/pharmacy/counts", PHARMACISTS),
    Route("queues.count", "POST", "/pharmacy/counts/{calmadol}", PHARMACISTS),
    Route("queues.expiry", "GET", "/pharmacy/expiry?days=900", PHARMACISTS),
    Route("queues.levels", "GET", "/pharmacy/levels?show=all", PHARMACISTS),
    Route("queues.set_levels", "POST", "/pharmacy/levels/{calmadol}", PHARMACISTS),
    Route("transfers.page", "GET", "/pharmacy/transfers", PHARMACISTS),
    Route("transfers.state", "GET", "/pharmacy/transfers/state", PHARMACISTS),
    Route("transfers.new", "GET", "/pharmacy/transfers/new?medicine={calmadol}", PHARMACISTS),
    Route("transfers.propose", "POST", "/pharmacy/transfers/new?medicine={calmadol}", PHARMACISTS),
    Route("transfers.one", "GET", "/pharmacy/transfers/{chitra_transfer}", PHARMACISTS, {"chitra"}),
    Route(
        "transfers.step", "POST", "/pharmacy/transfers/{chitra_transfer}", PHARMACISTS, {"chitra"}
    ),
    Route("demand.page", "GET", "/pharmacy/demand", PHARMACISTS),
    Route("demand.now", "GET", "/pharmacy/demand/now", PHARMACISTS),
    Route("demand.banner", "GET", "/pharmacy/demand/alerts", PHARMACISTS),
    Route("hours.page", "GET", "/pharmacy/hours", OWNERS),
    Route("hours.save", "POST", "/pharmacy/hours", OWNERS),
    Route("till_keys.page", "GET", "/pharmacy/keys", OWNERS),
    Route("till_keys.new", "POST", "/pharmacy/keys", OWNERS),
    Route("till_keys.revoke", "POST", "/pharmacy/keys/{chitra_key}/revoke", OWNERS, {"chitra"}),
    Route("tablet.page", "GET", "/pharmacy/till", PHARMACISTS),
    Route("tablet.state", "GET", "/pharmacy/till/state", PHARMACISTS),
    Route("tablet.worker", "GET", "/pharmacy/till-worker.js", EVERYBODY),
    Route("tablet.send", "POST", "/pharmacy/till/lines", PHARMACISTS),
    Route("colleagues.page", "GET", "/pharmacy/people", OWNERS),
    Route("colleagues.invite", "POST", "/pharmacy/people", OWNERS),
    Route(
        "colleagues.withdraw", "POST", "/pharmacy/people/invitations/{corner_invitation}/withdraw",
        OWNERS, {"chitra"},
    ),
    Route(
        "colleagues.remove", "POST", "/pharmacy/people/{gwen_account}/remove", OWNERS, {"chitra"}
    ),
    Route("colleagues.part", "POST", "/pharmacy/people/{gwen_account}/part", OWNERS, {"chitra"}),
    Route("licences.page", "GET", "/admin/pharmacies", ADMINS),
    Route("licences.one", "GET", "/admin/pharmacies/{corner}", ADMINS),
    Route("licences.decide", "POST", "/admin/pharmacies/{corner}", ADMINS),
    Route("prescriptions.page", "GET", "/prescriptions", PATIENTS),
    Route("prescriptions.choose", "GET", "/prescriptions/new", PATIENTS),
    Route("prescriptions.new", "GET", "/prescriptions/new/{corner}", PATIENTS),
    Route("prescriptions.upload", "POST", "/prescriptions/new/{corner}", PATIENTS),
    Route("prescriptions.one", "GET", "/prescriptions/{asha_prescription}", PATIENTS, {"asha"}),
    Route(
        "prescriptions.withdraw", "POST", "/prescriptions/{asha_prescription}/withdraw",
        PATIENTS, {"asha"}, answers={200, 303, 400, 409, 422},
    ),
    Route(
        "pictures.picture", "GET", "/prescriptions/{asha_prescription}/picture",
        PATIENTS | PHARMACISTS, {"asha", "chitra"},
    ),
    Route("own_health.page", "GET", "/account/allergies", PATIENTS),
    Route("own_health.add", "POST", "/account/allergies", PATIENTS),
    Route("own_health.none", "POST", "/account/allergies/none", PATIENTS, answers={303, 400, 409}),
    Route(
        "own_health.remove", "POST", "/account/allergies/{asha_allergy}/remove", PATIENTS, {"asha"}
    ),
    Route("own_health.reminders", "GET", "/account/reminders", PATIENTS),
    Route("own_health.remind", "POST", "/account/reminders", PATIENTS),
    Route("review.queue", "GET", "/pharmacy/prescriptions", PHARMACISTS),
    Route(
        "review.one", "GET", "/pharmacy/prescriptions/{asha_prescription}", PHARMACISTS, {"chitra"}
    ),
    Route(
        "review.decide", "POST", "/pharmacy/prescriptions/{asha_prescription}",
        PHARMACISTS, {"chitra"},
    ),
    Route(
        "review.find", "GET",
        "/pharmacy/prescriptions/{asha_prescription}/medicines?q=paracetamol",
        PHARMACISTS, {"chitra"},
    ),
    Route(
        "review.line", "GET", "/pharmacy/prescriptions/{asha_prescription}/medicines/{calmadol}",
        PHARMACISTS, {"chitra"},
    ),
    Route(
        "review.add", "POST", "/pharmacy/prescriptions/{asha_prescription}/medicines/{calmadol}",
        PHARMACISTS, {"chitra"},
    ),
    Route(
        "review.remove", "POST",
        "/pharmacy/prescriptions/{asha_prescription}/lines/{asha_line}/remove",
        PHARMACISTS, {"chitra"}, answers={200, 303, 400, 409, 422},
    ),
    Route(
        "review.other", "GET",
        "/pharmacy/prescriptions/{asha_accepted}/lines/{asha_accepted_line}/other",
        PHARMACISTS, {"chitra"},
    ),
    Route(
        "review.confirm", "POST",
        "/pharmacy/prescriptions/{asha_accepted}/lines/{asha_accepted_line}/other",
        PHARMACISTS, {"chitra"},
    ),
    Route("admin.queue", "GET", "/admin/requests", ADMINS),
    Route("admin.waiting", "GET", "/admin/requests/waiting", ADMINS),
    Route("admin.decision", "GET", "/admin/requests/{asha_visit}", ADMINS),
    Route("admin.decide", "POST", "/admin/requests/{asha_visit}", ADMINS),
    Route("admin.demand_csv", "GET", "/admin/export/demand.csv", ADMINS),
    Route("admin.forecast_csv", "GET", "/admin/export/forecast.csv", ADMINS),
)  # fmt: skip
ELSEWHERE = {
    "static",
    "live.follow",
    "till.stock_movements",
    "cashier.told",
    "accounts.sign_out",
    "looks.language",
    "looks.colours",
}
"""Files of ours; what other tests look at: the socket, the till, and signing out (test_portal_sessions); the two cookies of `looks`."""

COUNTED = (
    "account", "api_key", "invitation", "link_request", "mailed_link", "pharmacy_application",
    "session", "appointment", "stock_movement", "stock_hold", "stock_transfer", "outbox", "patient",
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
