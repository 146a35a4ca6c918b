"""A pharmacist's desk for prescriptions: what waits, its picture, its medicines, the check, the decision, other brands."""

import hashlib
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts.queries import contact
from remedy.catalogue.model import Medicine
from remedy.catalogue.queries import find_medicines, medicine
from remedy.catalogue.substitution import never_swapped, why_never
from remedy.files.model import PDF
from remedy.prescriptions import other_brands, queries, review
from remedy.prescriptions.checks import Check, check
from remedy.prescriptions.model import Changed, Line, Prescription, Refused
from remedy.prescriptions.review import REASON, NewLine
from remedy.stock.queries import stock_rows
from remedy.vault import Unreadable
from web_portal import access, postman
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.prescriptions.forms import LineForm, OtherBrandForm, ReviewForm

room = Blueprint("review", __name__, url_prefix="/pharmacy/prescriptions")


@room.get("")
@requires("pharmacist")
def queue() -> Response:
    """What waits, the oldest first, and what was accepted here and is still valid. No names of patients here."""
    here, pharmacy_id = parts(), access.pharmacy_id()

    def look(connection: sa.Connection) -> dict[str, Any]:
        return {
            "waiting": queries.review_queue(connection, pharmacy_id),
            "accepted": queries.accepted_here(connection, pharmacy_id, now=here.now()),
        }

    return render("prescriptions/queue.html", **here.read(look))


@room.get("/<uuid:prescription_id>")
@requires("pharmacist")
def one(prescription_id: UUID) -> Response:
    """One prescription: the picture, its medicines, the check as of now, and the forms to decide."""
    return _page(200, prescription_id, ReviewForm(formdata=None))


@room.post("/<uuid:prescription_id>")
@requires("pharmacist")
def decide(prescription_id: UUID) -> Response:
    """Accept or refuse; of two pharmacists who do, one wins and the other reads who did what."""
    form, found = ReviewForm(), _own(prescription_id)
    if not form.validate():
        return _page(422, prescription_id, form)
    try:
        address = once(form, _decision(found, form))
    except Changed as refusal:
        return _page(409, prescription_id, form, str(refusal))
    except Refused as refusal:
        return _page(422, prescription_id, form, str(refusal))
    # The mail is owed since the commit; this only spares the patient the wait.
    postman.wake()
    return redirect(address, 303)


@room.get("/<uuid:prescription_id>/medicines")
@requires("pharmacist")
def find(prescription_id: UUID) -> Response:
    """Which medicine the prescription names."""
    found, q = _own(prescription_id), request.args.get("q", "").strip()[:100]
    medicines = parts().read(lambda c: find_medicines(c, q)) if q else []
    return render(
        "prescriptions/find.html", one=found, q=q,
        medicines=[each for each in medicines if each.kind == "product"],
    )  # fmt: skip


@room.get("/<uuid:prescription_id>/medicines/<uuid:medicine_id>")
@requires("pharmacist")
def line(prescription_id: UUID, medicine_id: UUID) -> Response:
    """What the prescription says about it."""
    return _line_page(200, prescription_id, medicine_id, LineForm(formdata=None))


@room.post("/<uuid:prescription_id>/medicines/<uuid:medicine_id>")
@requires("pharmacist")
def add(prescription_id: UUID, medicine_id: UUID) -> Response:
    """Enter it."""
    here, form, pharmacy_id = parts(), LineForm(), access.pharmacy_id()
    _own(prescription_id)
    if not form.validate():
        return _line_page(422, prescription_id, medicine_id, form)
    new = NewLine(
        medicine_id=medicine_id,
        quantity_milli=form.packs.data,
        repeats=form.repeats.data,
        valid_until=form.valid_until.data,
        is_as_written=bool(form.is_as_written.data),
        daily_dose_milli=form.daily_dose.data,
        units_per_pack=form.units_per_pack.data,
    )

    def work(connection: sa.Connection) -> str:
        review.add_line(connection, pharmacy_id, prescription_id, new, clock=here.clock)
        return url_for("review.one", prescription_id=prescription_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _line_page(422, prescription_id, medicine_id, form, str(refusal))


@room.post("/<uuid:prescription_id>/lines/<uuid:line_id>/remove")
@requires("pharmacist")
def remove(prescription_id: UUID, line_id: UUID) -> Response:
    """Take a medicine out again."""
    pharmacy_id = access.pharmacy_id()
    _line_of(_own(prescription_id), line_id)

    def work(connection: sa.Connection) -> str:
        review.remove_line(connection, pharmacy_id, prescription_id, line_id)
        return url_for("review.one", prescription_id=prescription_id, done="saved")

    try:
        return redirect(once(OnceForm(), work), 303)
    except Refused as refusal:
        return _page(409, prescription_id, ReviewForm(formdata=None), str(refusal))


@room.get("/<uuid:prescription_id>/lines/<uuid:line_id>/other")
@requires("pharmacist")
def other(prescription_id: UUID, line_id: UUID) -> Response:
    """Which other brands may be given in its place."""
    return _other_page(200, prescription_id, line_id, OtherBrandForm(formdata=None))


@room.post("/<uuid:prescription_id>/lines/<uuid:line_id>/other")
@requires("pharmacist")
def confirm(prescription_id: UUID, line_id: UUID) -> Response:
    """Confirm one, with a reason."""
    here, form, account_id = parts(), OtherBrandForm(), access.signed_in().account_id
    _line_of(_own(prescription_id), line_id)
    if not form.validate():
        return _other_page(422, prescription_id, line_id, form)
    try:
        substitute_id = UUID(form.medicine_id.data or "")
    except ValueError:
        form.refuse("medicine_id", _("Choose the brand that is given."))
        return _other_page(422, prescription_id, line_id, form)
    pharmacy_id = access.pharmacy_id()

    def work(connection: sa.Connection) -> str:
        other_brands.confirm_substitute(
            connection, here.vault, pharmacy_id, prescription_id, line_id, substitute_id,
            reason=form.reason.data or "", decided_by=account_id, clock=here.clock,
        )  # fmt: skip
        return url_for("review.one", prescription_id=prescription_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _other_page(422, prescription_id, line_id, form, str(refusal))


def _decision(found: Prescription, form: ReviewForm) -> Callable[[sa.Connection], str]:
    here, account_id = parts(), access.signed_in().account_id
    told: dict[str, Any] = {
        "version": int(form.version.data), "decided_by": account_id, "clock": here.clock,
    }  # fmt: skip

    def work(connection: sa.Connection) -> str:
        if form.decision.data == "refuse":
            review.refuse(
                connection, here.vault, found.pharmacy_id, found.prescription_id,
                reason=form.reason.data or "", **told,
            )  # fmt: skip
            return url_for("review.queue", done="decided")
        made = _checked(connection, found)
        # What waits no more is refused by `accept`, which says who decided it.
        is_waiting = found.state == "waiting"
        if is_waiting and mark(made) != form.seen.data:
            raise Changed(_("The check says something else by now; read it again."))
        if is_waiting and made.state != "clear" and not form.is_read.data:
            raise Refused(_("Tick that you have read what the check says."))
        review.accept(
            connection, found.pharmacy_id, found.prescription_id, checked=made.state, **told
        )
        return url_for("review.queue", done="decided")

    return work


def mark(made: Check) -> str:
    """What a check said, as a short text to compare by."""
    return hashlib.sha256(repr((made.findings, made.unchecked)).encode()).hexdigest()[:16]


def _checked(connection: sa.Connection, found: Prescription) -> Check:
    here = parts()
    ids = [each.medicine_id for each in found.lines]
    return check(
        connection, here.vault, found.patient_id, ids, prescription_id=found.prescription_id,
        now=here.now(),
    )  # fmt: skip


def _own(prescription_id: UUID) -> Prescription:
    pharmacy_id = access.pharmacy_id()
    found = parts().read(
        lambda c: queries.prescription_of(c, prescription_id, pharmacy_id=pharmacy_id)
    )
    if found is None:
        abort(404)
    return found


def _line_of(found: Prescription, line_id: UUID) -> Line:
    meant = [each for each in found.lines if each.line_id == line_id]
    if not meant:
        abort(404)
    return meant[0]


def _medicine(medicine_id: UUID) -> Medicine:
    found = parts().read(lambda c: medicine(c, medicine_id))
    if found is None or found.kind != "product":
        abort(404)
    return found


def _page(status: int, prescription_id: UUID, form: ReviewForm, refusal: str = "") -> Response:
    here, found = parts(), _own(prescription_id)

    def look(connection: sa.Connection) -> dict[str, Any]:
        # What was taken back is the patient's again: no word of who it was, nor of their health.
        is_theirs = found.state == "withdrawn"
        made = _checked(connection, found) if found.lines and not is_theirs else None
        reason = ""
        if found.reason_sealed:
            try:
                reason = here.vault.open(
                    connection, found.patient_id, prescription_id, REASON, found.reason_sealed
                )
            except Unreadable:
                reason = _("(This text was erased.)")
        return {
            "check": made,
            "seen": mark(made) if made else "",
            "patient": None if is_theirs else contact(connection, here.vault, found.patient_id),
            "confirmed": queries.confirmed_for(connection, prescription_id),
            "reason": reason,
        }

    return render(
        "prescriptions/review.html", status, one=found, is_picture=found.media_type != PDF, form=form, refusal=refusal,
        plain=OnceForm(formdata=None), now=here.now(), **here.read(look),
    )  # fmt: skip


def _line_page(
    status: int, prescription_id: UUID, medicine_id: UUID, form: LineForm, refusal: str = ""
) -> Response:
    found, meant = _own(prescription_id), _medicine(medicine_id)
    if not form.is_submitted():
        held = re.search(r"\d+", meant.pack or "")
        form.units_per_pack.data = None
        pack_hint = held.group() if held else ""
    else:
        pack_hint = ""
    return render(
        "prescriptions/line.html", status, one=found, medicine=meant, form=form, refusal=refusal,
        pack_hint=pack_hint,
    )  # fmt: skip


def _other_page(
    status: int, prescription_id: UUID, line_id: UUID, form: OtherBrandForm, refusal: str = ""
) -> Response:
    here, found, pharmacy_id = parts(), _own(prescription_id), access.pharmacy_id()
    meant = _line_of(found, line_id)
    prescribed = _medicine(meant.medicine_id)

    def look(connection: sa.Connection) -> dict[str, Any]:
        candidates = other_brands.candidates(connection, prescribed)
        wanted = {each.medicine_id for each in candidates}
        here_too = {
            row.medicine_id: row.available_milli
            for row in stock_rows(connection, pharmacy_id, now=here.now())
            if row.medicine_id in wanted
        }
        return {"candidates": candidates, "available": here_too}

    return render(
        "prescriptions/other.html", status, one=found, line=meant, form=form, refusal=refusal,
        why_never=why_never(prescribed), never=never_swapped(), **here.read(look),
    )  # fmt: skip
