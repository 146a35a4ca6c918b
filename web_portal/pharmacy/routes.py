"""A pharmacist's stock: the table that stays live, each medicine's card, and what changes it."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers.response import Response

from remedy.catalogue.queries import find_medicines, medicine
from remedy.stock import queries, service
from remedy.stock.model import Conflict, Line, Refused, StockRow
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.pharmacy.forms import (
    KIND_WORDS,
    NEEDS_FRESH_PAGE,
    MovementForm,
    PriceForm,
    UndoForm,
    first_error,
)

room = Blueprint("pharmacy", __name__, template_folder="templates", url_prefix="/pharmacy")

ROWS_SHOWN = 200


@room.get("/stock")
@requires("pharmacist")
def stock() -> Response:
    """The pharmacy's stock; open on two screens, a change on one shows on the other."""
    here, pharmacy_id = parts(), access.pharmacy_id()

    def look(connection: sa.Connection) -> tuple[int, list[StockRow]]:
        # The counter first: what changes in between is then sent again, never missed.
        seq = queries.pharmacy_seq(connection, pharmacy_id)
        return seq, queries.stock_rows(connection, pharmacy_id, now=here.now())

    seq, rows = here.read(look)
    words = request.args.get("q", "").casefold().split()
    found = [row for row in rows if all(word in row.label.casefold() for word in words)]
    return render(
        "pharmacy/stock.html",
        seq=seq,
        rows=found[:ROWS_SHOWN],
        found_count=len(found),
        is_whole=len(found) == len(rows) <= ROWS_SHOWN,
        q=request.args.get("q", ""),
        form=OnceForm(),
        kinds=KIND_WORDS,
    )


@room.get("/medicines")
@requires("pharmacist")
def medicines() -> Response:
    """Look for a medicine the pharmacy does not keep yet."""
    q = request.args.get("q", "").strip()[:100]
    found = parts().read(lambda c: find_medicines(c, q)) if q else []
    return render("pharmacy/medicines.html", q=q, medicines=found)


@room.get("/stock/<uuid:medicine_id>")
@requires("pharmacist")
def card(medicine_id: UUID) -> Response:
    """A medicine's stock card: its movements, and forms for the next."""
    return _card_page(medicine_id, 200)


@room.post("/stock/<uuid:medicine_id>/movements")
@requires("pharmacist")
def move(medicine_id: UUID) -> Response:
    """Record what was sold, received, counted or adjusted."""
    here, form = parts(), MovementForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id

    def work(connection: sa.Connection) -> str:
        kind = form.kind.data
        service.record_movement(
            connection,
            pharmacy_id,
            Line(
                kind=kind,
                medicine_id=medicine_id,
                quantity_milli=form.packs.data,
                occurred_at=here.now(),
                reason=(form.reason.data or "").strip() or None,
                lot_number=form.lot_number.data or "",
                expires_on=form.expires_on.data,
            ),
            account_id=account_id,
            expected_version=form.expected_version if kind in NEEDS_FRESH_PAGE else None,
            clock=here.clock,
        )
        return url_for("pharmacy.card", medicine_id=medicine_id, done="saved")

    return _changed(medicine_id, form, work, "movement")


@room.post("/stock/<uuid:medicine_id>/price")
@requires("pharmacist")
def price(medicine_id: UUID) -> Response:
    """Set the price of a pack."""
    here, form, pharmacy_id = parts(), PriceForm(), access.pharmacy_id()

    def work(connection: sa.Connection) -> str:
        service.set_price(
            connection,
            pharmacy_id,
            medicine_id,
            form.price.data,
            here.region.currency,
            expected_version=form.expected_version,
            clock=here.clock,
        )
        return url_for("pharmacy.card", medicine_id=medicine_id, done="saved")

    return _changed(medicine_id, form, work, "price")


@room.post("/stock/<uuid:medicine_id>/movements/<uuid:movement_id>/undo")
@requires("pharmacist")
def undo(medicine_id: UUID, movement_id: UUID) -> Response:
    """Reverse a movement that was a mistake; both stay in the ledger."""
    here, form = parts(), UndoForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    known = here.read(lambda c: queries.movements(c, pharmacy_id, medicine_id, limit=1000))
    if movement_id not in {movement.movement_id for movement in known}:
        abort(404)

    def work(connection: sa.Connection) -> str:
        service.reverse_movement(
            connection,
            pharmacy_id,
            movement_id,
            reason=form.reason.data,
            account_id=account_id,
            clock=here.clock,
        )
        return url_for("pharmacy.card", medicine_id=medicine_id, done="undone")

    return _changed(medicine_id, form, work, "undo")


def _changed(
    medicine_id: UUID, form: OnceForm, work: Callable[[sa.Connection], str], which: str
) -> Response:
    """Make a form's change and answer: with the row to a form in the table, else with the card."""
    status, refusal = 200, ""
    if form.validate():
        try:
            address = once(form, work)
        except Refused as refused:
            status, refusal = 409 if isinstance(refused, Conflict) else 422, str(refused)
    else:
        status, refusal = 422, first_error(form)
    if request.headers.get("HX-Target", "").startswith("row-"):
        return _row_part(medicine_id, status, refusal)
    if status == 200:
        in_table = request.form.get("from") == "table"
        return redirect(
            url_for("pharmacy.stock", done="saved", _anchor=f"card-{medicine_id}")
            if in_table
            else address,
            303,
        )
    # A summary lists what is wrong in the fields; only a refusal of the core is said beside it.
    return _card_page(
        medicine_id, status, refusal=None if form.errors else refusal, **{which: form}
    )


def _row_part(medicine_id: UUID, status: int, refusal: str) -> Response:
    row = _row(medicine_id)
    if row is None:
        abort(404)
    return render(
        "pharmacy/row.html", status, row=row, refusal=refusal, form=OnceForm(formdata=None),
        kinds=KIND_WORDS,
    )  # fmt: skip


def _card_page(
    medicine_id: UUID,
    status: int,
    *,
    refusal: str | None = None,
    movement: MovementForm | None = None,
    price: PriceForm | None = None,
    undo: UndoForm | None = None,
) -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    found = here.read(lambda c: medicine(c, medicine_id))
    if found is None:
        abort(404)
    row = _row(medicine_id)
    version = row.version if row else 0
    if price is None:
        price = PriceForm(formdata=None)
        price.price.data = row.price_minor if row else None
    movement = movement or MovementForm(formdata=None)
    undo = undo or UndoForm(formdata=None)
    return render(
        "pharmacy/card.html",
        status,
        medicine=found,
        row=row,
        version=version,
        movements=here.read(lambda c: queries.movements(c, pharmacy_id, medicine_id)),
        movement=movement,
        price=price,
        undo=undo,
        problems=[form for form in (movement, price, undo) if form.errors],
        refusal=refusal,
        kinds=KIND_WORDS,
    )


def _row(medicine_id: UUID) -> StockRow | None:
    here, pharmacy_id = parts(), access.pharmacy_id()
    rows = here.read(
        lambda c: queries.stock_rows(c, pharmacy_id, now=here.now(), medicine_id=medicine_id)
    )
    return rows[0] if rows else None
