"""Every route of the portal: an address of it, who may call it, and who of them owns what that address names."""

from dataclasses import dataclass

PEOPLE = (None, "asha", "ben", "chitra", "dev", "ekow", "farah", "gwen")
PATIENTS, PHARMACISTS, ADMINS = {"asha", "ben"}, {"chitra", "dev", "gwen"}, {"farah"}
KEEPERS = {"ekow", "farah"}
"""Who keeps a doctor's calendar: the doctor, and any admin."""

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
    Route("visit_files.page", "GET", "/requests/{asha_visit}/files", PATIENTS, {"asha"}),
    Route("visit_files.add", "POST", "/requests/{asha_visit}/files", PATIENTS, {"asha"}),
    Route(
        "visit_files.one", "GET", "/requests/{asha_visit}/files/{asha_visit_file}",
        PATIENTS | ADMINS | {"ekow"}, {"asha", "ekow", "farah"},
    ),
    # Nothing landed in these tests: whoever may see it is told that there is no record yet.
    Route(
        "visit_files.record_as_pdf", "GET", "/requests/{asha_visit}/record.pdf",
        PATIENTS | ADMINS | {"ekow"}, {"asha", "ekow", "farah"}, answers={503},
    ),
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
    Route("receive.take_back", "POST", "/pharmacy/receive/codes/00000096385074/take-back", PHARMACISTS),
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
    Route("visit_reminders.page", "GET", "/account/visit-reminders", PATIENTS),
    Route("visit_reminders.choose", "POST", "/account/visit-reminders", PATIENTS),
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
    Route("calls.page", "GET", "/admin/calls", ADMINS),
    Route("calls.turn", "POST", "/admin/calls/switch", ADMINS),
    Route("calls.note", "POST", "/admin/calls/{asha_visit}", ADMINS),
    Route("hospitals.page", "GET", "/admin/hospitals", ADMINS),
    Route("hospitals.make", "GET", "/admin/hospitals/new", ADMINS),
    Route("hospitals.make", "POST", "/admin/hospitals/new", ADMINS),
    Route("hospitals.one", "GET", "/admin/hospitals/{hill}", ADMINS),
    Route("hospitals.make_doctor", "POST", "/admin/hospitals/{hill}/doctors", ADMINS),
    Route("hospitals.bring", "POST", "/admin/hospitals/{hill}/holidays/bring", ADMINS),
    Route("hospitals.add_holiday", "POST", "/admin/hospitals/{hill}/holidays", ADMINS),
    Route("hospitals.open_holiday", "POST", "/admin/hospitals/{hill}/holidays/open", ADMINS),
    Route("calendars.own", "GET", "/calendars", {"ekow"}, answers={303}),
    Route("calendars.page", "GET", "/calendars/{ekow}", KEEPERS, KEEPERS),
    Route("calendars.add_hours", "POST", "/calendars/{ekow}/hours", KEEPERS, KEEPERS),
    Route("calendars.remove_hours", "POST", "/calendars/{ekow}/hours/remove", KEEPERS, KEEPERS),
    Route("calendars.add_date", "POST", "/calendars/{ekow}/dates", KEEPERS, KEEPERS),
    Route(
        "calendars.remove_date", "POST", "/calendars/{ekow}/dates/{ekow}/remove",
        KEEPERS, KEEPERS,
    ),
    Route("calendars.add_kind", "POST", "/calendars/{ekow}/kinds", KEEPERS, KEEPERS),
    Route(
        "calendars.end_kind", "POST", "/calendars/{ekow}/kinds/{ekow}/end", KEEPERS, KEEPERS
    ),
    Route("calendars.details", "POST", "/calendars/{ekow}/details", ADMINS),
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
