"""Find a medicine, see who has it, have packs set aside."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.catalogue.model import Medicine
from remedy.catalogue.queries import Found, find, medicine
from remedy.catalogue.watches import is_watching
from remedy.orders import pickup
from remedy.prescriptions import queries as prescribed
from remedy.prescriptions.queries import Standing
from remedy.stock import service
from remedy.stock.model import OutOfStock, Refused
from remedy.values import packs_text
from web_portal import access
from web_portal.access import public, requires
from web_portal.forms import OnceForm, once
from web_portal.orders.qr import code_for
from web_portal.pages import render, wants_part
from web_portal.parts import parts
from web_portal.search import demand, own_holds
from web_portal.search.around import Around, around, nowhere
from web_portal.search.forms import HoldForm

room = Blueprint("search", __name__, template_folder="templates")

LONGEST_QUERY = 200
RESULTS = "results"
"""The id of what is drawn anew while somebody types."""


@room.get("/")
@public
def home() -> Response:
    """The search: by any words of a medicine's name; open to everybody."""
    q = request.args.get("q", "").strip()[:LONGEST_QUERY]
    is_typing = request.headers.get("HX-Target") == RESULTS

    def look(connection: sa.Connection) -> tuple[Found, Around]:
        # Groups are how some pharmacies tell their sales; nobody can buy one.
        found = find(connection, q, kind="product")
        if is_typing:
            # The box with its places stays as it is.
            return found, nowhere()
        only = found.exact[0] if len(found.exact) == 1 else None
        return found, around(connection, only)

    found, near = parts().read(look)
    if "settled" in request.args and wants_part():
        # What stands in the box for a while, and nobody has, is what somebody looked for.
        if q and not found.any:
            demand.tell(None, 0, query=q, district=near.district)
        return Response(status=204)
    if is_typing:
        # Every letter asks again: nothing is counted here.
        response = make_response(
            render_template("search/_typed.html", q=q, found=found, around=near)
        )
        response.vary.update(("HX-Request", "HX-Target"))
        return response
    if len(found.exact) == 1:
        return _medicine_page(found.exact[0], near, 200, q=q)
    if q and not found.any:
        demand.tell(None, 0, query=q, district=near.district)
    return render("search/home.html", q=q, found=found, around=near)


@room.get("/medicines/<uuid:medicine_id>")
@public
def medicine_page(medicine_id: UUID) -> Response:
    """Who has a medicine: availability in words, price, distance, age of the figure."""
    return _page_of(medicine_id, 200)


@room.post("/medicines/<uuid:medicine_id>/holds")
@requires("patient")
def hold(medicine_id: UUID) -> Response:
    """Set packs aside for pick-up; what is refused counts as demand."""
    here, form, found = parts(), HoldForm(), _medicine(medicine_id)
    patient_id, pharmacy_id = access.patient_id(), _uuid(request.form.get("pharmacy_id"))
    if found.is_controlled or found.kind != "product":
        # design decision 15: the page offers no such form either.
        abort(404)
    if not form.validate():
        return _page_of(medicine_id, 422, form=form)
    wanted = form.packs.data

    def work(connection: sa.Connection) -> str:
        pickup.hold(
            connection, pharmacy_id, medicine_id, wanted,
            patient_id=patient_id, minutes=pickup.minutes_to_hold(connection, [pharmacy_id], now=here.now()),
            clock=here.clock,
        )  # fmt: skip
        return url_for("search.holds", done="held")

    def tell_refusal(connection: sa.Connection) -> str:
        service.record_refusal(connection, pharmacy_id, medicine_id, wanted, clock=here.clock)
        return url_for("search.medicine_page", medicine_id=medicine_id)

    try:
        return redirect(once(form, work), 303)
    except OutOfStock as refusal:
        # A second transaction: the first was rolled back. Under the same number, so told once.
        once(form, tell_refusal)
        return _page_of(medicine_id, 409, refusal=str(refusal))
    except Refused as refusal:
        return _page_of(medicine_id, 422, refusal=str(refusal))


@room.get("/holds")
@requires("patient")
def holds() -> Response:
    """A patient's own holds."""
    return _holds_page(200)


@room.post("/holds/<uuid:hold_id>/release")
@requires("patient")
def release(hold_id: UUID) -> Response:
    """Let go of packs that were set aside."""
    here, form, patient_id = parts(), OnceForm(), access.patient_id()
    own = here.read(lambda c: own_holds.holds_of(c, patient_id))
    if hold_id not in {one.hold_id for one in own}:
        abort(404)

    def work(connection: sa.Connection) -> str:
        pickup.release_hold(connection, hold_id, patient_id=patient_id, clock=here.clock)
        return url_for("search.holds", done="released")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _holds_page(409, refusal=str(refusal))


def _holds_page(status: int, refusal: str | None = None) -> Response:
    here, patient_id = parts(), access.patient_id()
    own = here.read(lambda c: own_holds.holds_of(c, patient_id))
    return render(
        "search/holds.html",
        status,
        holds=own,
        codes={one.hold_id: code_for(one.hold_id) for one in own if one.is_waiting(here.now())},
        now=here.now(),
        form=OnceForm(formdata=None),
        refusal=refusal,
    )


def _page_of(
    medicine_id: UUID, status: int, *, form: HoldForm | None = None, refusal: str | None = None
) -> Response:
    def look(connection: sa.Connection) -> tuple[Medicine | None, Around]:
        found = medicine(connection, medicine_id)
        return found, around(connection, found)

    found, near = parts().read(look)
    if found is None:
        abort(404)
    return _medicine_page(found, near, status, form=form, refusal=refusal)


def _medicine_page(
    found: Medicine,
    near: Around,
    status: int,
    *,
    q: str = "",
    form: HoldForm | None = None,
    refusal: str | None = None,
) -> Response:
    if near.page == 1:
        # Who leafs on has been counted.
        demand.tell(found.medicine_id, near.having, query="", district=near.district)
    person = access.person()
    patient_id = person.patient_id if person is not None else None
    standing = None
    if patient_id is not None and found.is_prescription_only and not found.is_controlled:
        standing = parts().read(
            lambda c: prescribed.standing(c, patient_id, found.medicine_id, now=parts().now())
        )
    if form is None and patient_id is not None:
        form = HoldForm(formdata=None)
    return render(
        "search/medicine.html",
        status,
        medicine=found,
        around=near,
        form=form,
        watch=OnceForm(formdata=None) if patient_id is not None else None,
        is_watching=patient_id is not None
        and parts().read(lambda c: is_watching(c, patient_id, found.medicine_id)),
        hours=pickup.HOLD_FOR // timedelta(hours=1),
        refusal=refusal,
        # So that searching again from another district finds the same medicine.
        q=q or found.label,
        advice=_advice(found, standing),
        standing=standing,
    )


def _advice(found: Medicine, standing: Standing | None) -> str:
    if found.is_controlled:
        return _("This is a controlled medicine: ask a pharmacy in person, with your prescription.")
    if not found.is_prescription_only:
        return ""
    if standing is not None and standing.left_milli > 0:
        return _(
            "Packs that your prescription still allows: %(packs)s. Bring it when you collect them.",
            packs=packs_text(standing.left_milli),
        )
    if standing is not None and standing.is_waiting:
        return _(
            "A prescription of yours waits for a pharmacist. If this medicine is on it, you can set packs aside once it is accepted."
        )
    if standing is not None and standing.is_prescribed:
        return _(
            "All that your prescription allows is set aside, ordered or handed out. For more, hand in a new one."
        )
    return _(
        "This medicine needs a prescription. Hand in yours; a pharmacist looks at it, then you can set packs aside."
    )


def _medicine(medicine_id: UUID) -> Medicine:
    found = parts().read(lambda c: medicine(c, medicine_id))
    if found is None:
        abort(404)
    return found


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        abort(404)
