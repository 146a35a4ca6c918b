"""A pharmacist's stock as a file: handed out as CSV or Excel, brought in with a look at what will change."""

import csv
import io
import time
from pathlib import PurePath
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers.response import Response

from remedy.catalogue import stock_import, stock_list, stock_workbook
from remedy.catalogue.csvfile import ImportRefused
from remedy.stock.queries import stock_rows
from remedy.values import money_text, packs_text
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("stock_list", __name__, url_prefix="/pharmacy/list")

FORM_BYTES = 64 * 1024
"""What a form has beside its file."""

MOST_SECONDS = 20.0
"""After that the rest of a list waits for another click, and the page says so."""

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ListForm(OnceForm):
    """The file with the list."""

    file = FileField(_l("CSV or Excel file"), [FileRequired(_l("Choose the file with your list."))])


@room.url_value_preprocessor
def _allow_a_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before anything reads the form: here it may be as large as a list."""
    if endpoint == "stock_list.upload":
        request.max_content_length = stock_list.MOST_BYTES + FORM_BYTES


@room.get("")
@requires("pharmacist")
def page() -> Response:
    """How a list looks, and where to send it."""
    return _upload_page(200, ListForm(formdata=None))


@room.post("")
@requires("pharmacist")
def upload() -> Response:
    """Read a list and keep what it would change; nothing changes yet."""
    here, form = parts(), ListForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    if not form.validate():
        return _upload_page(422, form)
    name = PurePath((form.file.data.filename or "").replace("\\", "/")).name[:100]
    try:
        told = stock_list.read(name, form.file.data.read(), here.region.minor_digits)
    except ImportRefused as refused:
        form.refuse("file", str(refused))
        return _upload_page(422, form)
    address = once(
        form,
        lambda c: url_for(
            "stock_list.preview",
            list_id=stock_import.preview(c, pharmacy_id, account_id, name, told, clock=here.clock),
        ),
    )
    return redirect(address, 303)


@room.get("/<uuid:list_id>")
@requires("pharmacist")
def preview(list_id: UUID) -> Response:
    """What a list will change, line by line; afterwards, what came of each line."""
    return _preview_page(200, list_id)


@room.post("/<uuid:list_id>/apply")
@requires("pharmacist")
def apply(list_id: UUID) -> Response:
    """Apply what waits. Sent twice, or by two at once, each line is applied once."""
    here, form = parts(), OnceForm()
    pharmacy_id, account_id = access.pharmacy_id(), access.signed_in().account_id
    known = here.read(lambda c: stock_import.read_back(c, pharmacy_id, list_id))
    if known is None:
        abort(404)
    if not form.validate():
        abort(400)
    if not known.lines or set(known.counts) == {"unread"}:
        return _preview_page(422, list_id, refusal=_("No line of this list can be applied."))
    started = time.monotonic()
    while here.change(
        lambda c: stock_import.apply_some(
            c,
            pharmacy_id,
            list_id,
            account_id=account_id,
            currency=here.region.currency,
            minor_digits=here.region.minor_digits,
            clock=here.clock,
        )
    ):
        if time.monotonic() - started > MOST_SECONDS:
            break
    return redirect(url_for("stock_list.preview", list_id=list_id), 303)


@room.get("/stock.csv")
@requires("pharmacist")
def export() -> FlaskResponse:
    """The pharmacy's stock as a list that can be filled in and brought back."""
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\r\n").writerow
    for row in _rows():
        # A name that begins like a formula must not become one in somebody's spreadsheet.
        write(f"'{text}" if text.startswith(FORMULA) else text for text in row)
    response = FlaskResponse("\ufeff" + file.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="stock.csv"'
    return response


@room.get("/stock.xlsx")
@requires("pharmacist")
def export_workbook() -> FlaskResponse:
    """The same list as an Excel workbook."""
    response = FlaskResponse(stock_workbook.written(_rows()), mimetype=WORKBOOK)
    response.headers["Content-Disposition"] = 'attachment; filename="stock.xlsx"'
    return response


def _rows() -> list[tuple[str, ...]]:
    """The columns' names, then a row for each medicine."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    rows: list[tuple[str, ...]] = [
        (stock_list.MEDICINE, "name", "on_shelf", *stock_list.AMOUNTS, *stock_list.OF_A_LOT)
    ]
    for row in here.read(lambda c: stock_rows(c, pharmacy_id, now=here.now())):
        price = ""
        if row.price_minor is not None:
            price = money_text(row.price_minor, "", here.region.minor_digits).strip()
        code, there = row.code or str(row.medicine_id), packs_text(row.on_hand_milli)
        rows.append((code, row.label, there, "", "", "", price, "", ""))
    return rows


def _upload_page(status: int, form: ListForm) -> Response:
    return render(
        "pharmacy/list.html", status, form=form, most_lines=stock_list.MOST_LINES,
        most_kilobytes=stock_list.MOST_BYTES // 1000,
    )  # fmt: skip


def _preview_page(status: int, list_id: UUID, refusal: str = "") -> Response:
    here, pharmacy_id = parts(), access.pharmacy_id()
    shown = here.read(lambda c: stock_import.read_back(c, pharmacy_id, list_id))
    if shown is None:
        abort(404)
    return render(
        "pharmacy/preview.html", status, shown=shown, counts=shown.counts, refusal=refusal,
        list_id=list_id, form=OnceForm(formdata=None),
    )  # fmt: skip
