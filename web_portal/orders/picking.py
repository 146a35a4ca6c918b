"""The pharmacist's orders: what to pick, from which lots, and each step to the counter or the door."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers.response import Response

from remedy.accounts.queries import contact
from remedy.orders import queries, service
from remedy.orders.model import ON_THE_SHELF, Order
from remedy.stock.model import Refused
from remedy.stock.picking import pick_list
from web_portal import access, postman
from web_portal.access import quiet, requires
from web_portal.forms import OnceForm, once
from web_portal.orders.forms import CancelForm, CodeForm, StepForm
from web_portal.orders.routes import address_of, reason_of
from web_portal.orders.troubles import NO_TROUBLE, Trouble, troubles_at, troubles_of
from web_portal.pages import news, render
from web_portal.parts import parts

room = Blueprint("picking", __name__, template_folder="templates", url_prefix="/pharmacy/orders")

BY_HAND = ("picking", "ready", "out", "delivered")
"""Steps with a button; collecting goes by the patient's code."""


@room.get("")
@requires("pharmacist")
def queue() -> Response:
    """What is to be done, the oldest order first."""
    pharmacy_id = access.pharmacy_id()
    ended = parts().read(lambda c: queries.ended(c, pharmacy_id))
    return render("orders/queue.html", ended=ended, code_form=CodeForm(formdata=None), **_waiting())


@room.get("/waiting")
@requires("pharmacist")
@quiet
def waiting() -> Response:
    """The queue alone, for a page that follows it; 204 while nothing changed."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    seen = here.read(lambda c: _mark(c, pharmacy_id, troubles_at(c, pharmacy_id)))
    return news(seen, lambda: render_template("orders/_queue.html", **_waiting()))


def _mark(connection: sa.Connection, pharmacy_id: UUID, troubles: dict[UUID, Trouble]) -> str:
    """What the queue was drawn at; packs that are withdrawn change no order."""
    mark = queries.queue_mark(connection, pharmacy_id, parts().now())
    return f"{mark}-{sum(len(one.withdrawn) for one in troubles.values())}"


def _waiting() -> dict[str, Any]:
    here, pharmacy_id = parts(), access.pharmacy_id()

    def look(connection: sa.Connection) -> dict[str, Any]:
        troubles = troubles_at(connection, pharmacy_id)
        return {
            # The mark first: what changes in between is drawn twice, never not at all.
            "seen": _mark(connection, pharmacy_id, troubles),
            "orders": queries.queue(connection, pharmacy_id),
            "troubles": troubles,
            "now": here.now(),
        }

    return here.read(look)


@room.get("/<uuid:order_id>")
@requires("pharmacist")
def page(order_id: UUID) -> Response:
    """One order: what to take from which lot, for whom, and the next step."""
    return _page(_own_order(order_id), 200)


@room.post("/<uuid:order_id>/step")
@requires("pharmacist")
def step(order_id: UUID) -> Response:
    """Take an order one step on; of two pharmacists who do, one wins and the other reads who did what."""
    here, form = parts(), StepForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    _own_order(order_id)
    if not form.validate() or form.to.data not in BY_HAND:
        abort(400)

    def work(connection: sa.Connection) -> str:
        service.step(
            connection,
            order_id,
            form.to.data,
            pharmacy_id=pharmacy_id,
            version=int(form.version.data),
            account_id=account_id,
            clock=here.clock,
        )
        return url_for("picking.page", order_id=order_id, done="saved")

    return _changed(order_id, form, work)


@room.post("/<uuid:order_id>/cancel")
@requires("pharmacist")
def cancel(order_id: UUID) -> Response:
    """Cancel an order with a reason; its packs are back on the shelf."""
    here, form = parts(), CancelForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    found = _own_order(order_id)
    if not form.validate():
        if form.version.errors:
            abort(400)
        return _page(found, 422, form=form)

    def work(connection: sa.Connection) -> str:
        service.cancel(
            connection,
            here.vault,
            order_id,
            pharmacy_id=pharmacy_id,
            reason=form.reason.data,
            version=int(form.version.data),
            account_id=account_id,
            clock=here.clock,
        )
        return url_for("picking.page", order_id=order_id, done="order-cancelled")

    return _changed(order_id, form, work)


def _changed(order_id: UUID, form: OnceForm, work: Callable[[sa.Connection], str]) -> Response:
    try:
        address = once(form, work)
    except Refused as refusal:
        return _page(_own_order(order_id), 409, refusal=str(refusal))
    # The mail is owed since the commit; this only spares the patient the wait.
    postman.wake()
    return redirect(address, 303)


def _own_order(order_id: UUID) -> Order:
    pharmacy_id = access.pharmacy_id()
    found = parts().read(lambda c: queries.order(c, order_id, pharmacy_id=pharmacy_id))
    if found is None:
        abort(404)
    return found


def _page(
    found: Order, status: int, *, form: CancelForm | None = None, refusal: str | None = None
) -> Response:
    here = parts()
    wanted = {line.medicine_id: line.quantity_milli for line in found.lines}
    lines = []
    if found.state in ON_THE_SHELF:
        lines = here.read(lambda c: pick_list(c, found.pharmacy_id, wanted, now=here.now()))
    return render(
        "orders/picking.html",
        status,
        order=found,
        trouble=here.read(lambda c: troubles_of(c, [found])).get(found.order_id, NO_TROUBLE),
        now=here.now(),
        lines=lines,
        patient=here.read(lambda c: contact(c, here.vault, found.patient_id)),
        address=address_of(found),
        reason=reason_of(found),
        form=form or CancelForm(formdata=None),
        code_form=CodeForm(formdata=None),
        step_form=StepForm(formdata=None),
        refusal=refusal,
    )
