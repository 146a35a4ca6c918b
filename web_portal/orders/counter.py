"""The pharmacist's counter: what is set aside, and handing it out to who shows its code."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, render_template, url_for
from flask import redirect as redirect_to
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.orders import pickup, queries, service
from remedy.orders.model import Order
from remedy.prescriptions.queries import Taken, taken_by
from remedy.stock import codes, collecting
from remedy.stock.collecting import NoSuchCode, TooManyCodes, WaitingHold
from remedy.stock.locks import place_of
from remedy.stock.model import Refused
from remedy.stock.picking import PickLine, pick_list
from remedy.values import amount_of
from web_portal import access
from web_portal.access import quiet, requires
from web_portal.forms import once
from web_portal.orders.forms import CodeForm, HandOutForm
from web_portal.orders.troubles import troubles_of
from web_portal.pages import moment, news, render
from web_portal.parts import parts

room = Blueprint("counter", __name__, template_folder="templates", url_prefix="/pharmacy/holds")


@dataclass(frozen=True)
class Found:
    """What a code collects, a hold or an order: what to take from the shelf, and what is still to be paid.

    `accepted` is what it took of accepted prescriptions; `needs_prescription` whether the paper is looked at here.
    """

    hold: WaitingHold | None
    order: Order | None
    lines: list[PickLine]
    to_pay_minor: int
    accepted: list[Taken]
    needs_prescription: bool


@room.get("")
@requires("pharmacist")
def page() -> Response:
    """What is set aside at the pharmacy, and the field for codes."""
    return _page(200)


@room.get("/waiting")
@requires("pharmacist")
@quiet
def waiting() -> Response:
    """The list alone, for a page that follows it; 204 while nothing changed."""
    holds = _waiting_holds()
    seen = _mark(holds)
    return news(
        seen,
        lambda: render_template(
            "orders/_waiting_holds.html", holds=holds, seen=seen, time_zone=_time_zone()
        ),
    )


@room.post("")
@requires("pharmacist")
def look() -> Response:
    """What a code collects. A wrong one is counted, so that nobody guesses."""
    form = CodeForm()
    if not form.validate():
        return _page(422, form)
    try:
        found = _found(form.code.data)
    except TooManyCodes as refusal:
        return _page(429, form, str(refusal))
    except NoSuchCode as refusal:
        return _wrong_code(form, str(refusal))
    except Refused as refusal:
        return _page(409, form, str(refusal))
    asked = HandOutForm(formdata=None)
    asked.code.data = form.code.data
    return _hand_out_page(200, asked, found)


@room.post("/hand-out")
@requires("pharmacist")
def hand_out() -> Response:
    """Hand out what the code collects: one sale, however often the form is sent."""
    here, form = parts(), HandOutForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    if not form.validate():
        return _page(422, CodeForm())

    def work(connection: sa.Connection) -> str:
        found = _look_up(connection, form.code.data)
        if found.needs_prescription and not form.seen.data:
            raise NotSeen
        if found.hold is not None:
            pickup.collect_hold(
                connection, pharmacy_id, found.hold.hold_id, account_id=account_id, clock=here.clock
            )
        elif found.order is not None:
            service.step(
                connection,
                found.order.order_id,
                "collected",
                pharmacy_id=pharmacy_id,
                version=found.order.version,
                account_id=account_id,
                clock=here.clock,
            )
        return url_for("counter.page", done="handed-out")

    try:
        return redirect_to(once(form, work), 303)
    except NotSeen:
        form.refuse("seen", _("Look at the prescription first, and say that you did."))
        return _hand_out_page(422, form, _found(form.code.data))
    except TooManyCodes as refusal:
        return _page(429, CodeForm(formdata=None), str(refusal))
    except NoSuchCode as refusal:
        return _wrong_code(CodeForm(), str(refusal))
    except Refused as refusal:
        return _page(409, CodeForm(formdata=None), str(refusal))


class NotSeen(Exception):
    """The prescription was not looked at."""


def _found(typed: str) -> Found:
    return parts().read(lambda c: _look_up(c, typed))


def _look_up(connection: sa.Connection, typed: str) -> Found:
    """What the code collects now.

    Raises:
        TooManyCodes: if too many wrong ones were typed.
        NoSuchCode: if nothing has that code.
        Refused: saying what became of it, if it is not to be collected any more.
    """
    here, pharmacy_id = parts(), access.pharmacy_id()
    collecting.check_throttle(connection, pharmacy_id, clock=here.clock)
    hold = collecting.hold_of_code(
        connection, pharmacy_id, typed, secret_key=here.settings.secret_key, now=here.now()
    )
    if hold is None:
        return _order_of_code(connection, typed)
    if not hold.is_waiting(here.now()):
        raise Refused(_what_became(hold))
    lines = pick_list(
        connection, pharmacy_id, {hold.medicine_id: hold.quantity_milli}, now=here.now()
    )
    to_pay = amount_of(hold.quantity_milli, hold.price_minor or 0)
    accepted = taken_by(connection, hold.hold_id)
    return Found(hold, None, lines, to_pay, accepted, hold.is_prescription_only)


def _order_of_code(connection: sa.Connection, typed: str) -> Found:
    """The order that the code collects; that its prescriptions are in order was seen to when it was placed.

    Raises:
        NoSuchCode: if there is none.
        Refused: saying how it stands, if it is not to be handed out now.
    """
    here, pharmacy_id = parts(), access.pharmacy_id()
    lately = queries.ready_at(connection, pharmacy_id, since=here.now() - collecting.REMEMBERED)
    named = codes.meant_by(here.settings.secret_key, typed, lately)
    found = queries.order(connection, named[0], pharmacy_id=pharmacy_id) if named else None
    if found is None:
        raise NoSuchCode
    if found.is_over(here.now()):
        raise Refused(_("The time of this order is over; its packs went back."))
    if found.state != "ready":
        raise Refused(_how_it_stands(found))
    if any(one.withdrawn for one in troubles_of(connection, [found]).values()):
        raise Refused(
            _(
                "Packs of order %(reference)s were withdrawn, so it cannot be handed out: cancel it and give that as the reason.",
                reference=found.reference,
            )
        )
    wanted = {line.medicine_id: line.quantity_milli for line in found.lines}
    lines = pick_list(connection, pharmacy_id, wanted, now=here.now())
    accepted = taken_by(connection, found.order_id)
    return Found(None, found, lines, found.to_pay_minor, accepted, False)


def _how_it_stands(found: Order) -> str:
    when = moment(found.changed_at, found.time_zone)
    if found.state == "collected":
        return _("This order was handed out already: %(when)s.", when=when)
    if found.state == "cancelled":
        return _("This order was cancelled: %(when)s.", when=when)
    return _(
        "Order %(reference)s is not ready yet: pick it and make it ready first.",
        reference=found.reference,
    )


def _what_became(hold: WaitingHold) -> str:
    when = moment(hold.ended_at or hold.expires_at, _time_zone())
    if hold.state == "collected":
        return _("These packs were handed out already: %(when)s.", when=when)
    if hold.state == "held":
        return _("The time of this hold is over since %(when)s; its packs went back.", when=when)
    if hold.state == "withdrawn":
        return _("The packs of this hold may not be handed out any more.")
    return _("This hold was let go: %(when)s.", when=when)


def _wrong_code(form: CodeForm, sentence: str) -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    here.change(lambda c: collecting.note_failure(c, pharmacy_id, clock=here.clock))
    form.refuse("code", sentence)
    return _page(422, form)


def _waiting_holds() -> list[WaitingHold]:
    here, pharmacy_id = parts(), access.pharmacy_id()
    return here.read(lambda c: collecting.holds_at(c, pharmacy_id, now=here.now()))


def _mark(holds: list[WaitingHold]) -> str:
    """What a list was drawn at: holds only come and go."""
    last = max((hold.hold_id for hold in holds), default=UUID(int=0))
    return f"{len(holds)}-{last.hex[-12:]}"


def _page(status: int, form: CodeForm | None = None, refusal: str | None = None) -> Response:
    holds = _waiting_holds()
    return render(
        "orders/holds.html",
        status,
        code_form=form or CodeForm(formdata=None),
        refusal=refusal,
        holds=holds,
        seen=_mark(holds),
        time_zone=_time_zone(),
    )


def _time_zone() -> str:
    pharmacy_id = access.pharmacy_id()
    return parts().read(lambda c: place_of(c, pharmacy_id)).time_zone


def _hand_out_page(status: int, form: HandOutForm, found: Found) -> Response:
    return render(
        "orders/hand_out.html",
        status,
        form=form,
        refusal=None,
        lines=found.lines,
        to_pay=found.to_pay_minor,
        accepted=found.accepted,
        needs_prescription=found.needs_prescription,
    )
