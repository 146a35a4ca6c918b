"""The lots of a medicine: what there is of each, and what takes them off the shelf - written off, recalled, returned."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response
from wtforms import Field, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from remedy.catalogue.queries import medicine
from remedy.stock import reasons, service
from remedy.stock.lot_queries import lots_of
from remedy.stock.model import Line, Refused
from remedy.stock.transfer_queries import sent_on
from remedy.values import packs_text
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, PacksField, once, text_between
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.pharmacy.words import MOVEMENT_WORDS, REASON_WORDS

room = Blueprint("lots", __name__, url_prefix="/pharmacy/stock")

BY_HAND = ("expired", "recalled", "returned")
"""What is decided of a lot on this page; a transfer has pages of its own."""


class LotForm(OnceForm):
    """What happens to packs of one lot, and why; the reason says which way they go."""

    reason_code = SelectField(
        _l("What happens, and why"),
        choices=[SelectChoice("", _l("Choose"))]
        + [
            SelectChoice(r.code, REASON_WORDS[r.code]) for r in reasons.REASONS if r.kind in BY_HAND
        ],
    )
    lot_number = StringField(
        _l("Lot number"), [text_between(0, 60, _l("A lot number has at most 60 letters."))]
    )
    packs = PacksField(_l("Packs"), zero=True)

    def validate_reason_code(self, field: Field) -> None:
        """One of the list; which kind of change it is follows from it."""
        if not field.data:
            raise ValidationError(_("Choose what happens and why."))

    def validate_lot_number(self, field: Field) -> None:
        """A recall is of a number."""
        if self.reason is not None and self.reason.kind == "recalled" and not field.data.strip():
            raise ValidationError(_("Give the number of the lot that is recalled."))

    @property
    def reason(self) -> reasons.Reason | None:
        """The reason that was chosen."""
        return reasons.BY_CODE.get(self.reason_code.data or "")

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Packs are asked for where packs move: a recall is of the whole lot."""
        is_right = bool(super().validate(*args, **kwargs))
        if self.reason is not None and self.reason.kind == "recalled":
            self.packs.errors = []
            return not self.problems()
        if is_right and self.packs.data == 0:
            self.refuse("packs", _("The number of packs cannot be zero."))
            return False
        return is_right


@room.get("/<uuid:medicine_id>/lots")
@requires("pharmacist")
def page(medicine_id: UUID) -> Response:
    """A medicine's lots; `lot` in the address is the one that is meant."""
    form = LotForm(formdata=None)
    chosen = request.args.get("lot")
    if chosen is not None:
        form.lot_number.data = chosen[:60]
    return _page(200, medicine_id, form)


@room.post("/<uuid:medicine_id>/lots")
@requires("pharmacist")
def change(medicine_id: UUID) -> Response:
    """Write packs of a lot off, return them, or recall the lot."""
    here, form = parts(), LotForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    if not form.validate() or form.reason is None:
        return _page(422, medicine_id, form)
    reason, lot_number = form.reason, (form.lot_number.data or "").strip()

    def work(connection: sa.Connection) -> str:
        if reason.kind == "recalled":
            recalled = service.recall_lot(
                connection, pharmacy_id, medicine_id, lot_number, reason_code=reason.code,
                account_id=account_id, clock=here.clock,
            )  # fmt: skip
            return url_for(
                "lots.page", medicine_id=medicine_id, done="recalled", ended=recalled.withdrawn
            )
        packs = form.packs.data
        line = Line(
            reason.kind,  # type: ignore[arg-type]  # one of BY_HAND
            medicine_id,
            packs if reason.kind == "expired" else packs * reason.sign,
            here.now(),
            lot_number=lot_number,
            reason_code=reason.code,
        )
        service.record_of_lot(
            connection, pharmacy_id, line, account_id=account_id, clock=here.clock
        )
        return url_for("lots.page", medicine_id=medicine_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refused:
        return _page(422, medicine_id, form, str(refused))


def _page(status: int, medicine_id: UUID, form: LotForm, refusal: str = "") -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    found = here.read(lambda c: medicine(c, medicine_id))
    if found is None:
        abort(404)
    lots = here.read(lambda c: lots_of(c, pharmacy_id, medicine_id, now=here.now()))
    recalled = [lot.lot_number for lot in lots if lot.is_recalled]
    sent = here.read(lambda c: sent_on(c, pharmacy_id, medicine_id, recalled)) if recalled else []
    unnumbered = sum(lot.quantity_milli for lot in lots if not lot.lot_number)
    chosen = next((lot for lot in lots if lot.lot_number == form.lot_number.data), None)
    if chosen is not None and form.packs.data is None and not form.packs.raw_data:
        form.packs.data = chosen.quantity_milli
    groups = [
        (MOVEMENT_WORDS[kind], [c for c in form.reason_code.iter_choices() if _kind(c) == kind])
        for kind in BY_HAND
    ]
    return render(
        "pharmacy/lots.html", status, medicine=found, lots=lots, form=form, groups=groups,
        refusal=refusal, sent=sent, ended=request.args.get("ended", type=int), unnumbered=packs_text(unnumbered) if unnumbered else "",
    )  # fmt: skip


def _kind(choice: Any) -> str:
    reason = reasons.BY_CODE.get(choice.value)
    return reason.kind if reason else ""
