"""A pharmacist's stock: the table that stays live, each medicine's card, and what changes it."""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers.response import Response

from remedy.catalogue.queries import find_medicines, medicine
from remedy.stock import barcodes, queries, service
from remedy.stock.model import Conflict, Line, Refused, StockRow
from remedy.stock.own_codes import meaning_of, own_codes
from remedy.values import money_text, packs_text
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.pharmacy import undo as undo_of
from web_portal.pharmacy.forms import (
    IN_TABLE,
    KIND_WORDS,
    NEEDS_FRESH_PAGE,
    MovementForm,
    PriceForm,
    UndoForm,
    first_error,
)
from web_portal.pharmacy.words import MOVEMENT_WORDS, REASON_WORDS

room = Blueprint("pharmacy", __name__, template_folder="templates", url_prefix="/pharmacy")

ROWS_SHOWN = 200
MOVEMENTS_SHOWN = 50


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
    q = request.args.get("q", "").strip()
    meant = _scanned(q)
    found = [row for row in rows if _is_meant(row, q, meant)]
    return render(
        "pharmacy/stock.html",
        seq=seq,
        rows=found[:ROWS_SHOWN],
        found_count=len(found),
        is_whole=len(found) == len(rows) <= ROWS_SHOWN,
        q=q,
        form=OnceForm(),
        kinds=IN_TABLE,
        undo=undo_of.in_address(found[:ROWS_SHOWN]),
    )


def _scanned(q: str) -> UUID | None:
    """The medicine, where a scanner typed what is looked for; None where no code is read in it, or nobody knows it."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    if barcodes.looks_scanned(q):
        with suppress(Refused):
            gtin = barcodes.read(q, today=here.now().date()).gtin
            meaning = here.read(lambda c: meaning_of(c, pharmacy_id, gtin))
            return meaning.medicine_id if meaning else None
    return None


def _is_meant(row: StockRow, q: str, meant: UUID | None) -> bool:
    """Whether a row is looked for: by words of its name, or by its code, as a scanner types it."""
    if meant is not None and row.medicine_id == meant:
        return True
    label, code = row.label.casefold(), row.code.casefold()
    words = q.casefold().split()
    return all(word in label for word in words) or q.casefold() in {code, code.partition(":")[2]}


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
    """Record what was sold, received, counted or adjusted; from the table also a new price."""
    if request.form.get("kind") == "price":
        told = MultiDict(request.form)
        told["price"] = told.get("packs", "")
        return _set_price(medicine_id, PriceForm(told))
    here, form = parts(), MovementForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id

    def work(connection: sa.Connection) -> str:
        kind = form.kind.data
        recorded = service.record_movement(
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
        return str(recorded.movement_id) if kind in undo_of.REVERSIBLE else ""

    return _changed(medicine_id, form, work, "movement")


@room.post("/stock/<uuid:medicine_id>/price")
@requires("pharmacist")
def price(medicine_id: UUID) -> Response:
    """Set the price of a pack."""
    return _set_price(medicine_id, PriceForm())


def _set_price(medicine_id: UUID, form: PriceForm) -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()

    def work(connection: sa.Connection) -> str:
        before = queries.stock_rows(
            connection, pharmacy_id, now=here.now(), medicine_id=medicine_id
        )
        service.set_price(
            connection,
            pharmacy_id,
            medicine_id,
            form.price.data,
            here.region.currency,
            expected_version=form.expected_version,
            clock=here.clock,
        )
        return undo_of.of_price(before[0].price_minor if before else None)

    return _changed(medicine_id, form, work, "price")


@room.post("/stock/<uuid:medicine_id>/movements/<uuid:movement_id>/undo")
@requires("pharmacist")
def undo(medicine_id: UUID, movement_id: UUID) -> Response:
    """Reverse a movement that was a mistake; both stay in the ledger."""
    here, form = parts(), UndoForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    if not here.read(
        lambda c: queries.movements(c, pharmacy_id, medicine_id, movement_id=movement_id)
    ):
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
        return undo_of.UNDONE

    return _changed(medicine_id, form, work, "undo")


def _changed(
    medicine_id: UUID, form: OnceForm, work: Callable[[sa.Connection], str], which: str
) -> Response:
    """Make a form's change and answer: with the row to a form in the table, else with the card.

    `work` says what would take it back: a movement's id, `price:` and the former one, or nothing.
    """
    status, refusal, became = 200, "", ""
    if form.validate():
        try:
            became = once(form, work)
        except Conflict:
            status, refusal = 409, _conflict(medicine_id, which)
        except Refused as refused:
            status, refusal = 422, str(refused)
    else:
        status, refusal = 422, first_error(form)
    if request.headers.get("HX-Target", "").startswith("row-"):
        return _row_part(medicine_id, status, refusal, became)
    if status != 200:
        # A summary lists what is wrong in the fields; only a refusal of the core is said beside it.
        return _card_page(
            medicine_id, status, refusal=None if form.errors else refusal, **{which: form}
        )
    done = "undone" if became == undo_of.UNDONE else "saved"
    if request.form.get("from") != "table":
        return redirect(url_for("pharmacy.card", medicine_id=medicine_id, done=done), 303)
    address = url_for(
        "pharmacy.stock",
        done=done,
        q=request.form.get("q") or None,
        last=undo_of.told_in_address(medicine_id, became),
        _anchor=f"card-{medicine_id}",
    )
    return redirect(address, 303)


def _conflict(medicine_id: UUID, which: str) -> str:
    """Both values: what another screen made of it, and what was typed here."""
    row = _row(medicine_id)
    if which == "price":
        return _(
            "This stock changed since the page was drawn: its price is %(now)s now, and you typed"
            " %(typed)s. Save again to keep what you typed.",
            now=_price_text(row.price_minor) if row and row.price_minor is not None else "–",
            typed=request.form.get("price") or request.form.get("packs", ""),
        )
    return _(
        "This stock changed since the page was drawn: %(now)s packs are on the shelf now, and you"
        " typed %(typed)s. Save again to keep what you typed.",
        now=packs_text(row.on_hand_milli if row else 0),
        typed=request.form.get("packs", ""),
    )


def _row_part(medicine_id: UUID, status: int, refusal: str, became: str) -> Response:
    row = _row(medicine_id)
    if row is None:
        abort(404)
    return render(
        "pharmacy/row.html", status, row=row, refusal=refusal, form=OnceForm(formdata=None),
        kinds=IN_TABLE, typed=request.form.get("packs", "") if refusal else "",
        kind=request.form.get("kind", ""), q=request.form.get("q", ""), became=became,
        undo=undo_of.of_row(row, became),
    )  # fmt: skip


def _price_text(price_minor: int) -> str:
    return money_text(price_minor, "", parts().region.minor_digits).strip()


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
    before = request.args.get("before", "")
    before_seq = int(before) if before.isdecimal() and len(before) <= 18 else None
    shown = here.read(
        lambda c: queries.movements(
            c, pharmacy_id, medicine_id, before_seq=before_seq, limit=MOVEMENTS_SHOWN + 1
        )
    )
    return render(
        "pharmacy/card.html",
        status,
        medicine=found,
        row=row,
        version=version,
        movements=shown[:MOVEMENTS_SHOWN],
        has_older=len(shown) > MOVEMENTS_SHOWN,
        is_reversible=undo_of.is_reversible,
        movement=movement,
        price=price,
        undo=undo,
        problems=[form for form in (movement, price, undo) if form.errors],
        refusal=refusal,
        codes=here.read(lambda c: own_codes(c, pharmacy_id, medicine_id=medicine_id)),
        kinds=KIND_WORDS,
        movement_words=MOVEMENT_WORDS,
        reason_words=REASON_WORDS,
    )


def _row(medicine_id: UUID) -> StockRow | None:
    here, pharmacy_id = parts(), access.pharmacy_id()
    rows = here.read(
        lambda c: queries.stock_rows(c, pharmacy_id, now=here.now(), medicine_id=medicine_id)
    )
    return rows[0] if rows else None
