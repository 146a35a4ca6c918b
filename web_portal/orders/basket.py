"""A patient's basket at one pharmacy, and the order made of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts import own
from remedy.orders import basket, service
from remedy.orders.basket import Basket
from remedy.orders.model import PriceChanged
from remedy.prescriptions.model import NeedsPrescription
from remedy.prescriptions.queries import accepted_quantity
from remedy.stock.holds import LinesShort
from remedy.stock.model import Refused
from remedy.values import packs_text
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.orders import cashier
from web_portal.orders.forms import BasketForm, ChangeForm, PlaceForm
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("basket", __name__, template_folder="templates", url_prefix="/basket")


@room.get("")
@requires("patient")
def page() -> Response:
    """What is in the basket, what of it is there now, and how it can be had."""
    return _page(200)


@room.post("/<uuid:medicine_id>")
@requires("patient")
def put(medicine_id: UUID) -> Response:
    """Put so many packs of a medicine into the basket, at the pharmacy of its button."""
    here, form, patient_id = parts(), BasketForm(), access.patient_id()
    try:
        pharmacy_id = UUID(request.form.get("pharmacy_id", ""))
    except ValueError:
        abort(404)
    if not form.validate():
        return _page(422, problems=form.problems())

    def work(connection: sa.Connection) -> str:
        basket.put(
            connection, patient_id, pharmacy_id, medicine_id, form.packs.data, clock=here.clock
        )
        return url_for("basket.page", done="in-basket")

    return _changed(form, work)


@room.post("/<uuid:medicine_id>/packs")
@requires("patient")
def change(medicine_id: UUID) -> Response:
    """Have another number of packs in the basket, or none."""
    form, patient_id = ChangeForm(), access.patient_id()
    if not form.validate():
        problems = [(f"packs-{medicine_id}", sentence) for _id, sentence in form.problems()]
        return _page(422, problems=problems, typed={medicine_id: request.form.get("packs", "")})

    def work(connection: sa.Connection) -> str:
        basket.change(connection, patient_id, medicine_id, form.packs.data)
        return url_for("basket.page", done="basket-changed")

    return _changed(form, work)


def _changed(form: OnceForm, work: Callable[[sa.Connection], str]) -> Response:
    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _page(409, refusal=str(refusal))


@room.post("/order")
@requires("patient")
def order() -> Response:
    """Order what is in the basket: all of it is set aside, or nothing."""
    here, form, patient_id = parts(), PlaceForm(), access.patient_id()
    if not form.validate():
        return _page(422, form=form)
    before = here.read(lambda c: basket.basket_of(c, patient_id, now=here.now()))

    def work(connection: sa.Connection) -> str:
        pharmacy_id, wanted = basket.take(connection, patient_id)
        order_id = service.place(
            connection,
            here.vault,
            patient_id=patient_id,
            pharmacy_id=pharmacy_id,
            wanted=wanted,
            way=form.way.data,
            payment=form.payment.data,
            address=own.details(connection, here.vault, patient_id)["address"],
            fee_minor=here.region.delivery_fee_minor or 0,
            currency=here.region.currency,
            expected_minor=int(form.goods.data),
            clock=here.clock,
        )
        return url_for("orders.page", order_id=order_id, done="ordered")

    try:
        address = once(form, work)
        if form.payment.data == "online":
            # After the commit: an order stands whether or not the provider answers; its page offers to try again.
            cashier.open_payment(UUID(address.partition("/orders/")[2][:36]))
        return redirect(address, 303)
    except LinesShort as refusal:
        _tell_short(form, before, refusal)
        return _page(
            409, form=form, refusal=_("Not everything is there any more; nothing was ordered.")
        )
    except PriceChanged:
        return _page(
            409, form=form, refusal=_("A price changed since you looked; nothing was ordered.")
        )
    except NeedsPrescription as refusal:
        return _page(
            422,
            form=form,
            refusal=_("Nothing was ordered."),
            problems=[
                (
                    f"packs-{line.medicine_id}",
                    _(
                        "%(medicine)s needs a prescription that a pharmacist has accepted for so many packs.",
                        medicine=line.label,
                    ),
                )
                for line in (before.lines if before else ())
                if line.medicine_id in refusal.medicine_ids
            ],
        )
    except Refused as refusal:
        return _page(409, form=form, refusal=str(refusal))


def _tell_short(form: PlaceForm, before: Basket | None, refusal: LinesShort) -> None:
    """Count the demand that was refused: in a second transaction, under the same number, so told once."""
    if before is None:
        return
    here = parts()
    wanted = {
        line.medicine_id: line.quantity_milli
        for line in before.lines
        if line.medicine_id in refusal.available
    }

    def tell(connection: sa.Connection) -> str:
        service.record_short(connection, before.pharmacy_id, wanted, clock=here.clock)
        return url_for("basket.page")

    once(form, tell)


def _page(
    status: int,
    *,
    form: PlaceForm | None = None,
    refusal: str | None = None,
    problems: list[tuple[str, str]] | None = None,
    typed: dict[UUID, str] | None = None,
) -> Response:
    here, patient_id = parts(), access.patient_id()

    def look(connection: sa.Connection) -> dict[str, Any]:
        now = here.now()
        found = basket.basket_of(connection, patient_id, now=now)
        return {
            "basket": found,
            "allowed": {
                line.medicine_id: accepted_quantity(
                    connection, patient_id, line.medicine_id, now=now
                )
                for line in (found.lines if found else ())
                if line.is_prescription_only
            },
            "address": own.details(connection, here.vault, patient_id)["address"],
        }

    shown = here.read(look)
    found: Basket | None = shown["basket"]
    fresh = PlaceForm(formdata=None, way="pickup")
    if form is not None:
        # What was chosen is kept; the number used once and the sum are those of this page.
        fresh.way.data, fresh.payment.data = form.way.data, form.payment.data
        fresh.way.errors, fresh.payment.errors = form.way.errors, form.payment.errors
    is_short = [line for line in found.lines if not line.is_there] if found else []
    return render(
        "orders/basket.html",
        status,
        form=fresh,
        refusal=refusal,
        problems=[
            *(problems or []),
            *fresh.problems(),
            *((f"packs-{line.medicine_id}", _short(line)) for line in is_short if status == 409),
        ],
        typed=typed or {},
        line_form=OnceForm(formdata=None),
        fee_minor=here.region.delivery_fee_minor,
        takes_online=cashier.takes_online(),
        **shown,
    )


def _short(line: basket.BasketLine) -> str:
    return _(
        "There now of %(medicine)s: %(packs)s.",
        medicine=line.label,
        packs=packs_text(line.available_milli),
    )
