"""Where patients, pharmacists and doctors come in, and admins decide. `create_app` builds the Flask application."""

from urllib.parse import urlsplit

from flask import Flask
from flask_babel import Babel
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from remedy.settings import Settings, SettingsError
from remedy.values import Clock, utc_now
from web_portal import (
    access,
    errors,
    headers,
    health,
    live,
    looks,
    metrics,
    page_words,
    pages,
    parts,
    postman,
    reminding,
)

FORM_BYTES = 64 * 1024
"""The largest form; the till interface sets its own limit."""


def create_app(
    settings: Settings, *, clock: Clock = utc_now, translations: str = pages.TRANSLATIONS
) -> Flask:
    """The portal, ready to serve; nothing is connected before the first request.

    Args:
        settings: of this process.
        clock: what tells the time.
        translations: folders of catalogues, with semicolons between them.

    Raises:
        SettingsError: if the portal's secrets are missing, or the words of a language of the region.
        LookupError: if a route declares no policy.
    """
    _check_secrets(settings)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        IS_HTTPS=settings.portal_url.startswith("https://"),
        MAX_CONTENT_LENGTH=FORM_BYTES,
        MAX_FORM_PARTS=100,
        # A token lives as long as its session; the server-side session is what ends.
        WTF_CSRF_TIME_LIMIT=None,
        TRUSTED_HOSTS=_trusted_hosts(settings.portal_url),
        SOCK_SERVER_OPTIONS=live.SOCKET_OPTIONS,
    )
    if app.config["IS_HTTPS"]:
        # Under https exactly one proxy of ours stands in front and sets these headers itself.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]  # werkzeug's own way
    parts.keep(app, parts.Parts.of(settings, clock=clock))
    app.session_interface = access.FormSecrets()
    Babel(
        app,
        locale_selector=pages.locale_of_request,
        default_translation_directories=translations,
    )
    page_words.init_app(app)
    pages.check_languages(app)
    # First, so that what follows is within the time a request is said to take.
    metrics.init_app(app)
    app.before_request(access.enforce)
    csrf = CSRFProtect(app)
    errors.init_app(app)
    headers.init_app(app)
    pages.init_app(app)
    _add_rooms(app, csrf)
    access.public(app.view_functions["static"])
    access.check_policies(app)
    return app


def _add_rooms(app: Flask, csrf: CSRFProtect) -> None:
    from web_portal.absence import routes as absence
    from web_portal.absence import settling
    from web_portal.accounts import own, registration, staff, staff_colleagues, staff_licences
    from web_portal.accounts import reminders as visit_reminders
    from web_portal.accounts import routes as accounts
    from web_portal.admin import advice_exports, attendance, deciding, report
    from web_portal.admin import routes as admin
    from web_portal.appointments import asking
    from web_portal.appointments import files as visit_files
    from web_portal.appointments import routes as appointments
    from web_portal.calls import routes as calls
    from web_portal.demand import routes as demand
    from web_portal.hospital import calendars
    from web_portal.hospital import routes as hospitals
    from web_portal.orders import basket, cashier, counter, picking
    from web_portal.orders import routes as orders
    from web_portal.pharmacy import (
        advice,
        hours,
        keys,
        lots,
        notices,
        queues,
        receive,
        stock_list,
        transfers,
    )
    from web_portal.pharmacy import routes as pharmacy
    from web_portal.prescriptions import own as own_health
    from web_portal.prescriptions import pictures, review, shortages
    from web_portal.prescriptions import routes as prescriptions
    from web_portal.search import pharmacy_page, watches, whole, words
    from web_portal.search import routes as search
    from web_portal.till import routes as till
    from web_portal.till import tablet
    from web_portal.waiting import routes as waiting
    from web_portal.waiting import staff as waiters

    rooms = (
        absence,
        accounts,
        admin,
        advice,
        advice_exports,
        appointments,
        asking,
        attendance,
        basket,
        calendars,
        calls,
        cashier,
        counter,
        deciding,
        demand,
        health,
        hospitals,
        hours,
        keys,
        live,
        looks,
        orders,
        lots,
        notices,
        own,
        own_health,
        pharmacy,
        pharmacy_page,
        picking,
        pictures,
        prescriptions,
        queues,
        receive,
        registration,
        report,
        review,
        search,
        shortages,
        staff,
        staff_colleagues,
        staff_licences,
        stock_list,
        tablet,
        till,
        transfers,
        visit_files,
        visit_reminders,
        waiters,
        waiting,
        watches,
        whole,
    )
    for room in rooms:
        app.register_blueprint(room.room)
    # A till has no cookie to be misused: it shows its key with every request.
    csrf.exempt(till.room)
    demand.init_app(app)
    # Nor has a payment provider: it signs what it tells.
    csrf.exempt(cashier.room)
    cashier.init_app(app)
    live.init_app(app)
    postman.init_app(app)
    reminding.init_app(app)
    settling.init_app(app)
    words.init_app(app)


def _check_secrets(settings: Settings) -> None:
    missing = [
        f"REMEDY_{name.upper()}"
        for name in ("secret_key", "master_key")
        if not getattr(settings, name)
    ]
    if missing:
        raise SettingsError(
            f"The portal needs {' and '.join(missing)}; name a file with it in {missing[0]}_FILE."
        )


def _trusted_hosts(portal_url: str) -> list[str]:
    host = urlsplit(portal_url).hostname or "127.0.0.1"
    local = ["127.0.0.1", "localhost", "[::1]"]
    return [*local, host] if host in {"127.0.0.1", "localhost", "::1"} else [host]
