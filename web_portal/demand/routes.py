"""Live demand for pharmacists: how the town stands, what is wanted, what was refused near; and the banner of what is unusual now."""

import hashlib
import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, current_app, render_template
from flask_babel import format_decimal
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from web_portal import access
from web_portal.access import quiet, requires
from web_portal.demand import queries
from web_portal.demand.queries import AlertRow, Figure
from web_portal.pages import news, render
from web_portal.parts import Parts, parts, parts_of

log = logging.getLogger(__name__)
room = Blueprint("demand", __name__, template_folder="templates", url_prefix="/pharmacy/demand")

EXTENSION = "remedy_demand"
KEPT_SECONDS = 1.0
"""So long a worker shows the alerts it knows: hundreds of pages ask, the database is asked once."""

IN_BANNER = 3


class AlertsNow:
    """What is unusual now, read at most once a second by a worker."""

    def __init__(self, here: Parts) -> None:
        self._here = here
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._kept: list[AlertRow] = []

    def now(self) -> list[AlertRow]:
        """The alerts of what is unusual."""
        with self._lock:
            if time.monotonic() - self._read_at > KEPT_SECONDS:
                self._read_at = time.monotonic()
                now = self._here.now()
                try:
                    self._kept = self._here.read(lambda c: queries.alerts(c, now, only_now=True))
                except sa.exc.DBAPIError as error:
                    # A banner must not fail the page it stands on, least of all one that says what is wrong.
                    log.warning("the alerts were not read: %s", type(error.orig).__name__)
            return self._kept


@room.get("")
@requires("pharmacist")
def page() -> Response:
    """Live demand."""
    return render("demand/live.html", **_shown())


@room.get("/now")
@requires("pharmacist")
@quiet
def now() -> Response:
    """The figures alone, for the page that follows them; 204 while nothing changed."""
    shown = _shown()
    return news(shown["seen"], lambda: render_template("demand/_live.html", **shown))


@room.get("/alerts")
@requires("pharmacist")
@quiet
def banner() -> Response:
    """The banner alone, for every page of a pharmacist; 204 while nothing changed."""
    found = _banner()
    return news(
        found["seen"],
        lambda: render_template("demand/_banner.html", banner=found),
        asked_by="alerts",
    )


def init_app(app: Flask) -> None:
    """Give pages what the banner says."""
    app.extensions[EXTENSION] = AlertsNow(parts_of(app))
    app.jinja_env.globals["demand_banner"] = _banner
    app.jinja_env.filters.update(demand_words=words, demand_usual=usual, demand_name=name_of)


def _banner() -> dict[str, Any]:
    found: list[AlertRow] = current_app.extensions[EXTENSION].now()
    return {
        "alerts": found[:IN_BANNER],
        "more": max(0, len(found) - IN_BANNER),
        "seen": _mark((one.alert_id, one.highest_count) for one in found),
    }


def _shown() -> dict[str, Any]:
    here, pharmacy_id = parts(), access.pharmacy_id()
    now = here.now()
    smallest = int(here.settings.smallest_group)
    watched = here.read(queries.watched)
    town = here.read(queries.town)
    wanted = here.read(queries.wanted)
    alerts = here.read(lambda c: queries.alerts(c, now))
    refused = here.read(lambda c: queries.refusals(c, pharmacy_id, now, smallest=smallest))
    return {
        "watched": watched,
        "is_still": watched is None or (now - watched.looked_at).total_seconds() > 60,
        "tiles": _tiles(town),
        "wanted": wanted,
        "alerts": alerts,
        "refused": refused,
        "smallest": smallest,
        "least_days": 7,
        "seen": _mark([*town, *wanted, *alerts, refused, _minute(now)]),
    }


def _tiles(town: Iterable[Figure]) -> list[tuple[str, list[Figure]]]:
    by_measure: dict[str, list[Figure]] = {}
    for figure in sorted(town, key=lambda one: one.minutes):
        by_measure.setdefault(figure.measure, []).append(figure)
    titles = {
        "searches": _("Searches"),
        "unmet": _("Searches that found nothing"),
        "sales": _("Sales"),
        "refusals": _("Refusals"),
    }
    return [(titles[measure], by_measure[measure]) for measure in titles if measure in by_measure]


def words(alert: AlertRow) -> str:
    """An alert in a sentence."""
    told = {
        "what": name_of(alert),
        "count": alert.highest_count,
        "minutes": alert.minutes,
        "usual": usual(alert.usual),
    }
    if alert.measure == "searches":
        return _(
            "Searches for %(what)s: at least %(count)s in %(minutes)s minutes, usually %(usual)s.",
            **told,
        )
    if alert.measure == "unmet":
        return _(
            "Searches for %(what)s that found nothing: at least %(count)s in %(minutes)s minutes, usually"
            " %(usual)s.",
            **told,
        )
    if alert.measure == "sales":
        return _("Sales of %(what)s: %(count)s in %(minutes)s minutes, usually %(usual)s.", **told)
    return _("Refusals of %(what)s: %(count)s in %(minutes)s minutes, usually %(usual)s.", **told)


def name_of(alert: AlertRow) -> str:
    """What an alert is about."""
    if alert.kind == "medicine":
        return alert.name or _("a medicine that is no longer listed")
    if alert.kind == "group":
        return _("medicines of the group %(code)s", code=alert.name)
    return _("all medicines")


def usual(count: float) -> str:
    """A usual number: whole from ten on, else to the tenth."""
    if 0 < count < 0.05:
        return _("less than 0.1")
    return str(format_decimal(round(count, 0 if count >= 10 else 1)))


def _minute(now: datetime) -> str:
    # Ages are words of minutes: drawn anew each minute even where nothing changed.
    return now.strftime("%H:%M")


def _mark(shown: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(shown)).encode()).hexdigest()[:16]
