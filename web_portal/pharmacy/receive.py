"""Receiving by scanner: the code of a pack says product, lot and expiry; Enter twice puts it on the shelf.

A code that no medicine has is kept, if the pharmacist says so, with the medicine chosen for it: at that pharmacy alone.
"""

from contextlib import suppress
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response
from wtforms import BooleanField, DateField, Field, HiddenField, StringField
from wtforms.validators import Optional, ValidationError

from remedy.catalogue.queries import find_medicines, medicine
from remedy.stock import barcodes, service
from remedy.stock.barcodes import Scanned
from remedy.stock.model import Line, Refused, StockRow
from remedy.stock.own_codes import Meaning, keep_own_code, meaning_of, take_back_own_code
from remedy.stock.queries import stock_rows
from remedy.values import MILLI, local_day
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, PacksField, once, text_between
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.pharmacy import undo as undo_of

room = Blueprint("receive", __name__, url_prefix="/pharmacy/receive")

CODE_AT_MOST = 200
MOST_OF_A_NAME = 20


class ReceiveForm(OnceForm):
    """Packs of one lot that came in."""

    medicine_id = HiddenField()
    code = HiddenField()
    packs = PacksField(_l("Packs"))
    lot_number = StringField(
        _l("Lot number (optional)"),
        [text_between(0, 60, _l("A lot number has at most 60 letters."))],
    )
    expires_on = DateField(_l("Expires on (optional)"), [Optional()])
    keep_code = BooleanField(_l("Keep this code with this medicine, at our pharmacy"))

    def validate_expires_on(self, field: Field) -> None:
        """An expiry date belongs to a lot."""
        if field.data and not (self.lot_number.data or "").strip():
            raise ValidationError(_("An expiry date needs its lot number."))


@room.get("")
@requires("pharmacist")
def page() -> Response:
    """The field for the scanner; with `code` what it says, with `medicine` what the pharmacist says it is."""
    code = request.args.get("code", "").strip()[:CODE_AT_MOST]
    if not code:
        return _page(200)
    try:
        scanned = _read(code)
    except Refused as refused:
        return _page(422, code=code, refusal=str(refused))
    # What the code means goes before what an address says: a name is chosen only where nobody knows the code.
    meaning = _meaning(scanned)
    found = meaning.medicine_id if meaning else request.args.get("medicine", type=UUID)
    if found is None:
        return _page(200, code=code, scanned=scanned)
    form = ReceiveForm(formdata=None)
    form.medicine_id.data = str(found)
    form.packs.data = MILLI
    form.lot_number.data, form.expires_on.data = scanned.lot_number, scanned.expires_on
    return _page(200, code=code, scanned=scanned, form=form, medicine_id=found)


def _read(code: str) -> Scanned:
    here = parts()
    return barcodes.read(code, today=local_day(here.now(), here.region.time_zone))


def _meaning(scanned: Scanned) -> Meaning | None:
    pharmacy_id = access.pharmacy_id()
    return parts().read(lambda c: meaning_of(c, pharmacy_id, scanned.gtin))


@room.post("")
@requires("pharmacist")
def save() -> Response:
    """Put the packs on the shelf, and keep the code if that is wanted; then the next one is scanned."""
    here, form = parts(), ReceiveForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    try:
        medicine_id = UUID(form.medicine_id.data or "")
    except ValueError:
        abort(400)
    code = (form.code.data or "")[:CODE_AT_MOST]
    if not form.validate():
        return _page(422, code=code, form=form, medicine_id=medicine_id)

    def work(connection: sa.Connection) -> str:
        if form.keep_code.data:
            keep_own_code(
                connection, pharmacy_id, medicine_id, _read(code).gtin, account_id=account_id,
                clock=here.clock,
            )  # fmt: skip
        line = Line(
            "received", medicine_id, form.packs.data, here.now(),
            lot_number=form.lot_number.data or "", expires_on=form.expires_on.data,
        )  # fmt: skip
        recorded = service.record_movement(
            connection, pharmacy_id, line, account_id=account_id, clock=here.clock
        )
        return url_for(
            "receive.page",
            done="saved",
            received=medicine_id,
            last=undo_of.told_in_address(medicine_id, str(recorded.movement_id)),
        )

    try:
        return redirect(once(form, work), 303)
    except Refused as refused:
        return _page(422, code=code, form=form, medicine_id=medicine_id, refusal=str(refused))


@room.post("/codes/<string(length=14):gtin>/take-back")
@requires("pharmacist")
def take_back(gtin: str) -> Response:
    """Forget what the pharmacy kept of a code; then it is looked for by name again."""
    form, pharmacy_id = OnceForm(), access.pharmacy_id()

    def work(connection: sa.Connection) -> str:
        take_back_own_code(connection, pharmacy_id, gtin)
        return url_for("receive.page", code=gtin, done="code-taken-back")

    try:
        return redirect(once(form, work), 303)
    except Refused as refused:
        return _page(422, refusal=str(refused))


def _page(
    status: int,
    *,
    code: str = "",
    scanned: Scanned | None = None,
    form: ReceiveForm | None = None,
    medicine_id: UUID | None = None,
    refusal: str = "",
) -> Response:
    here = parts()
    found = here.read(lambda c: medicine(c, medicine_id)) if medicine_id else None
    if medicine_id is not None and found is None:
        abort(404)
    if scanned is None and code and form:
        with suppress(Refused):
            scanned = _read(code)
    name = request.args.get("name", "").strip()[:100]
    received = _row(request.args.get("received", type=UUID))
    return render(
        "pharmacy/receive.html",
        status,
        code=code,
        scanned=scanned,
        meaning=_meaning(scanned) if scanned else None,
        form=form,
        medicine=found,
        row=_row(medicine_id),
        refusal=refusal,
        name=name,
        medicines=_called(name) if name and not found else [],
        received=received,
        undo=undo_of.in_address([received]).get(received.medicine_id) if received else None,
        nonce=OnceForm(formdata=None).nonce.data,
    )


def _called(name: str) -> list[tuple[UUID, str, bool]]:
    """The medicines of that name: what the pharmacy keeps first (True), then the rest of the catalogue."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    rows = here.read(lambda c: stock_rows(c, pharmacy_id, now=here.now()))
    words, kept = name.casefold().split(), {row.medicine_id for row in rows}
    own = {
        row.medicine_id: row.label
        for row in rows
        if all(word in row.label.casefold() for word in words)
    }
    shown = [(medicine_id, label, True) for medicine_id, label in own.items()][:MOST_OF_A_NAME]
    for one in here.read(lambda c: find_medicines(c, name)):
        if one.medicine_id not in own:
            shown.append((one.medicine_id, one.label, one.medicine_id in kept))
    return shown


def _row(medicine_id: UUID | None) -> StockRow | None:
    here, pharmacy_id = parts(), access.pharmacy_id()
    if medicine_id is None:
        return None
    rows = here.read(lambda c: stock_rows(c, pharmacy_id, now=here.now(), medicine_id=medicine_id))
    return rows[0] if rows else None
