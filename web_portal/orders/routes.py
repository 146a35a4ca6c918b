"""A patient's own orders: how each stands, what to show at the counter, and calling it off."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.orders import queries, service
from remedy.orders.model import ADDRESS, REASON, Order
from remedy.stock.model import Refused
from remedy.vault import Unreadable
from web_portal import access
from web_portal.access import quiet, requires
from web_portal.forms import OnceForm, once
from web_portal.orders import cashier
from web_portal.orders.qr import code_for
from web_portal.orders.troubles import NO_TROUBLE, Trouble, troubles_of
from web_portal.pages import news, render
from web_portal.parts import parts

room = Blueprint("orders", __name__, template_folder="templates", url_prefix="/orders")


@room.get("")
@requires("patient")
def own() -> Response:
    """A patient's own orders, the latest first."""
    patient_id = access.patient_id()

    def look(connection: sa.Connection) -> dict[str, Any]:
        found = queries.orders_of(connection, patient_id)
        return {"orders": found, "troubles": troubles_of(connection, found)}

    return render("orders/own.html", now=parts().now(), **parts().read(look))


@room.get("/<uuid:order_id>")
@requires("patient")
def page(order_id: UUID) -> Response:
    """One of the patient's own orders."""
    return _page(_own_order(order_id), 200)


@room.get("/<uuid:order_id>/state")
@requires("patient")
@quiet
def state(order_id: UUID) -> Response:
    """How it stands, for the page that follows it; 204 while nothing changed."""
    shown = _shown(_own_order(order_id))
    return news(shown["seen"], lambda: render_template("orders/_order.html", is_news=True, **shown))


@room.post("/<uuid:order_id>/cancel")
@requires("patient")
def cancel(order_id: UUID) -> Response:
    """Call off one's own order, until somebody picks it."""
    here, patient_id, form = parts(), access.patient_id(), OnceForm()
    _own_order(order_id)

    def work(connection: sa.Connection) -> str:
        service.cancel_own(connection, order_id, patient_id=patient_id, clock=here.clock)
        return url_for("orders.page", order_id=order_id, done="order-cancelled")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _page(_own_order(order_id), 409, refusal=str(refusal))


@room.post("/<uuid:order_id>/pay")
@requires("patient")
def pay(order_id: UUID) -> Response:
    """Try again to have a place made where the order is paid."""
    _own_order(order_id)
    if not cashier.open_payment(order_id):
        return _page(
            _own_order(order_id),
            503,
            refusal=_("The payment provider does not answer. Try again in a minute."),
        )
    return redirect(url_for("orders.page", order_id=order_id), 303)


def _own_order(order_id: UUID) -> Order:
    patient_id = access.patient_id()
    found = parts().read(lambda c: queries.order(c, order_id, patient_id=patient_id))
    if found is None:
        abort(404)
    return found


def _page(found: Order, status: int, refusal: str | None = None) -> Response:
    return render("orders/order.html", status, refusal=refusal, **_shown(found))


def _shown(found: Order) -> dict[str, Any]:
    here, now = parts(), parts().now()
    trouble = here.read(lambda c: troubles_of(c, [found])).get(found.order_id, NO_TROUBLE)
    waits_at_counter = found.way == "pickup" and found.is_open and not found.is_over(now)
    return {
        "order": found,
        "trouble": trouble,
        "now": now,
        "address": address_of(found),
        "reason": reason_of(found),
        "code": code_for(found.order_id) if waits_at_counter and not trouble else None,
        "form": OnceForm(formdata=None),
        "seen": _mark(found, trouble),
    }


def _mark(found: Order, trouble: Trouble) -> str:
    """What a page was drawn at: an order whose time is over changes without a new version."""
    is_over = "-over" if found.is_over(parts().now()) else ""
    return f"{found.version}-{found.paid}{is_over}-{trouble.mark}"


def address_of(found: Order) -> str:
    """Where an order is brought; empty for one that is collected, and once its patient was erased."""
    return _opened(found, ADDRESS, found.address_sealed)


def reason_of(found: Order) -> str:
    """Why its pharmacy cancelled an order; empty where it did not, and once its patient was erased."""
    return _opened(found, REASON, found.reason_sealed)


def _opened(found: Order, field: str, token: str | None) -> str:
    here = parts()
    if token is None:
        return ""
    try:
        return here.read(
            lambda c: here.vault.open(c, found.patient_id, found.order_id, field, token)
        )
    except Unreadable:
        return ""
