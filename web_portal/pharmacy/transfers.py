"""Transfers between pharmacies: what is asked, offered, on its way; each pharmacy reads its own side."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response
from wtforms import Field, RadioField, SelectField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from remedy.catalogue.queries import medicine
from remedy.stock import reasons, transfers
from remedy.stock.model import Refused
from remedy.stock.queries import stock_rows
from remedy.stock.transfer_queries import (
    Partner,
    Transfer,
    partners,
    transfers_mark,
    transfers_of,
)
from remedy.stock.transfers import Step
from remedy.values import packs_text
from web_portal import access
from web_portal.access import quiet, requires
from web_portal.forms import OnceForm, PacksField, once
from web_portal.pages import news, render
from web_portal.parts import parts
from web_portal.pharmacy.words import REASON_WORDS, STATE_WORDS

room = Blueprint("transfers", __name__, url_prefix="/pharmacy/transfers")

STEP_WORDS: dict[Step, Any] = {
    "agree": _l("Take the offer"),
    "decline": _l("Decline"),
    "cancel": _l("Cancel the transfer"),
    "send": _l("Send the packs"),
    "receive": _l("Receive the packs"),
    "take_back": _l("Take the packs back"),
}


class NewForm(OnceForm):
    """Packs asked of another pharmacy, or offered to it."""

    direction = RadioField(
        _l("What do you want?"),
        choices=[
            SelectChoice("ask", _l("Ask for packs")),
            SelectChoice("offer", _l("Offer packs")),
        ],
        default="ask",
    )
    other = SelectField(_l("Which pharmacy?"), validate_choice=False)
    packs = PacksField(_l("Packs"))

    def validate_other(self, field: Field) -> None:
        """One of those on the page."""
        if field.data not in {str(value) for value, *_rest in field.choices if value}:
            raise ValidationError(_("Choose a pharmacy."))


class StepForm(OnceForm):
    """The next step of a transfer; what arrived, where it is received."""

    reason_code = SelectField(
        _l("If fewer arrived than were sent: why?"),
        choices=[SelectChoice("", _l("All arrived"))]
        + [SelectChoice(code, REASON_WORDS[code]) for code in reasons.LOST],
        # Only who receives is asked; the core knows the codes.
        validate_choice=False,
    )


@room.get("")
@requires("pharmacist")
def page() -> Response:
    """The pharmacy's transfers, out and in, those that wait first."""
    return render("pharmacy/transfers.html", **_transfers())


@room.get("/state")
@requires("pharmacist")
@quiet
def state() -> Response:
    """The tables, for a page that follows them; 204 while nothing changed."""
    pharmacy_id = access.pharmacy_id()
    seen = parts().read(lambda c: transfers_mark(c, pharmacy_id))
    return news(seen, lambda: render_template("pharmacy/_transfers.html", **_transfers()))


def _transfers() -> dict[str, Any]:
    pharmacy_id = access.pharmacy_id()

    def look(connection: sa.Connection) -> tuple[str, list[Transfer]]:
        # The mark first: what changes in between is drawn twice, never not at all.
        return transfers_mark(connection, pharmacy_id), transfers_of(connection, pharmacy_id)

    seen, found = parts().read(look)
    sides = {side: [one for one in found if one.side == side] for side in ("in", "out")}
    return {"seen": seen, "sides": sides, "words": STATE_WORDS}


@room.get("/new")
@requires("pharmacist")
def new() -> Response:
    """Ask for a medicine, or offer some of it."""
    return _new_page(200, _medicine_meant(), NewForm(formdata=None))


@room.post("/new")
@requires("pharmacist")
def propose() -> Response:
    """Send the other pharmacy what is asked or offered."""
    here, pharmacy_id, form = parts(), access.pharmacy_id(), NewForm()
    medicine_id = _medicine_meant()
    _offer_partners(form, medicine_id)
    if not form.validate():
        return _new_page(422, medicine_id, form)

    def work(connection: sa.Connection) -> str:
        made = transfers.propose(
            connection, pharmacy_id, UUID(form.other.data), medicine_id, form.packs.data,
            offers=form.direction.data == "offer", clock=here.clock,
        )  # fmt: skip
        return url_for("transfers.one", transfer_id=made, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refused:
        return _new_page(422, medicine_id, form, str(refused))


def _medicine_meant() -> UUID:
    found = request.values.get("medicine", type=UUID)
    if found is None:
        abort(404)
    return found


def _offer_partners(form: NewForm, medicine_id: UUID) -> list[Partner]:
    here, pharmacy_id = parts(), access.pharmacy_id()
    found = here.read(lambda c: partners(c, pharmacy_id, medicine_id, now=here.now()))
    form.other.choices = [SelectChoice("", _("Choose"))] + [
        SelectChoice(
            str(one.pharmacy_id),
            _(
                "%(name)s, %(address)s: has %(packs)s",
                name=one.name,
                address=one.address,
                packs=packs_text(one.available_milli),
            ),
        )
        for one in found
    ]
    return found


def _new_page(status: int, medicine_id: UUID, form: NewForm, refusal: str = "") -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    found = here.read(lambda c: medicine(c, medicine_id))
    if found is None:
        abort(404)
    rows = here.read(lambda c: stock_rows(c, pharmacy_id, now=here.now(), medicine_id=medicine_id))
    others = _offer_partners(form, medicine_id)
    return render(
        "pharmacy/transfer_new.html", status, medicine=found, form=form, refusal=refusal,
        row=rows[0] if rows else None, has_others=bool(others),
    )  # fmt: skip


@room.get("/<uuid:transfer_id>")
@requires("pharmacist")
def one(transfer_id: UUID) -> Response:
    """One transfer, and what this side may do next."""
    return _one_page(200, transfer_id, StepForm(formdata=None))


@room.post("/<uuid:transfer_id>")
@requires("pharmacist")
def step(transfer_id: UUID) -> Response:
    """Make the next step."""
    form, shown = StepForm(), _found(transfer_id)
    wanted = next((name for name in STEP_WORDS if name == request.form.get("step")), None)
    if wanted is None:
        abort(400)
    if not form.validate():
        return _one_page(422, transfer_id, form)
    try:
        work = _work(shown, wanted, form)
        return redirect(once(form, work), 303)
    except ValueError as refused:
        # Refused by the core, or an amount that cannot be read; both are sentences.
        return _one_page(422, transfer_id, form, str(refused))


def _work(shown: Transfer, wanted: Step, form: StepForm) -> Callable[[sa.Connection], str]:
    here, pharmacy_id = parts(), access.pharmacy_id()
    account_id, transfer_id = access.signed_in().account_id, shown.transfer_id
    arrived = _arrived(shown, form) if wanted == "receive" else {}

    def work(connection: sa.Connection) -> str:
        told: dict[str, Any] = {"account_id": account_id, "clock": here.clock}
        if wanted == "send":
            transfers.send(connection, pharmacy_id, transfer_id, **told)
        elif wanted == "take_back":
            transfers.take_back(connection, pharmacy_id, transfer_id, **told)
        elif wanted == "receive":
            transfers.receive(
                connection, pharmacy_id, transfer_id, arrived,
                reason_code=form.reason_code.data or None, **told,
            )  # fmt: skip
        else:
            transfers.answer(connection, pharmacy_id, transfer_id, wanted, clock=here.clock)
        return url_for("transfers.one", transfer_id=transfer_id, done="saved")

    return work


def _arrived(shown: Transfer, form: StepForm) -> dict[str, int]:
    """What was typed for each lot; a ValueError says what cannot be read."""
    found = {}
    for at, lot in enumerate(shown.lots):
        field = PacksField(zero=True).bind(form, f"arrived-{at}")
        field.process_formdata(request.form.getlist(f"arrived-{at}"))
        found[lot.lot_number] = int(field.data)
    return found


def _found(transfer_id: UUID) -> Transfer:
    pharmacy_id = access.pharmacy_id()
    found = parts().read(lambda c: transfers_of(c, pharmacy_id, transfer_id=transfer_id))
    if not found:
        abort(404)
    return found[0]


def _one_page(status: int, transfer_id: UUID, form: StepForm, refusal: str = "") -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    shown = _found(transfer_id)
    rows = here.read(
        lambda c: stock_rows(c, pharmacy_id, now=here.now(), medicine_id=shown.medicine_id)
    )
    return render(
        "pharmacy/transfer.html",
        status,
        transfer=shown,
        available_milli=rows[0].available_milli if rows else 0,
        state_words=STATE_WORDS[shown.state, shown.side],
        step_words=STEP_WORDS,
        reason=REASON_WORDS.get(shown.reason_code or "", ""),
        form=form,
        refusal=refusal,
        typed=request.form,
    )
