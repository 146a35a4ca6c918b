"""A patient's prescriptions: hand one in, see how it stands and what is left, take it back."""

from pathlib import PurePath
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers.response import Response

from remedy.catalogue.pharmacies import pharmacy_of
from remedy.files.model import FileRefused
from remedy.notices.queries import current_for
from remedy.prescriptions import queries, refills, service
from remedy.prescriptions.model import Changed, Prescription, Refused
from remedy.prescriptions.review import REASON
from remedy.vault import Unreadable
from web_portal import access, handed_in
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.prescriptions import pictures
from web_portal.prescriptions.forms import UploadForm

room = Blueprint(
    "prescriptions", __name__, template_folder="templates", url_prefix="/prescriptions"
)


@room.url_value_preprocessor
def _allow_a_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before anything reads the form: here it may be as large as a picture."""
    if endpoint == "prescriptions.upload":
        handed_in.allow_a_file()


@room.get("")
@requires("patient")
def page() -> Response:
    """A patient's own prescriptions, with what is left of each and how long it lasts."""
    here, patient_id = parts(), access.patient_id()

    def look(connection: sa.Connection) -> dict[str, Any]:
        found = queries.prescriptions_of(connection, patient_id)
        return {
            "prescriptions": found,
            "lasts": _lasts(connection, patient_id, found),
            "shortages": current_for(connection, patient_id, now=here.now()),
        }

    return render("prescriptions/page.html", now=here.now(), **here.read(look))


@room.get("/new")
@requires("patient")
def choose() -> Response:
    """Which pharmacy is to look at it."""
    q = request.args.get("q", "").strip()[:100]
    found = parts().read(lambda c: queries.pharmacies_to_choose(c, q))
    return render("prescriptions/choose.html", q=q, pharmacies=found, medicine_id=_wanted())


@room.get("/new/<uuid:pharmacy_id>")
@requires("patient")
def new(pharmacy_id: UUID) -> Response:
    """Hand the picture in."""
    return _upload_page(200, pharmacy_id, UploadForm(formdata=None))


@room.post("/new/<uuid:pharmacy_id>")
@requires("patient")
def upload(pharmacy_id: UUID) -> Response:
    """Take the picture; it waits for a pharmacist from the moment this answers."""
    here, form, patient_id = parts(), UploadForm(), access.patient_id()
    if not form.validate():
        return _upload_page(422, pharmacy_id, form)
    name = PurePath(form.file.data.filename or "").name
    try:
        file = handed_in.taken(name, form.file.data.read())
    except FileRefused as refused:
        form.refuse("file", str(refused))
        return _upload_page(422, pharmacy_id, form)

    def work(connection: sa.Connection) -> str:
        made = service.upload(
            connection, here.vault, patient_id, pharmacy_id, file, clock=here.clock
        )
        return url_for(
            "prescriptions.one", prescription_id=made, medicine=_wanted(), done="prescription-sent"
        )

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        form.refuse("file", str(refusal))
        return _upload_page(422, pharmacy_id, form)


@room.get("/<uuid:prescription_id>")
@requires("patient")
def one(prescription_id: UUID) -> Response:
    """One of a patient's own prescriptions."""
    return _one_page(200, prescription_id)


@room.post("/<uuid:prescription_id>/withdraw")
@requires("patient")
def withdraw(prescription_id: UUID) -> Response:
    """Take it back before anybody decided."""
    here, patient_id = parts(), access.patient_id()
    pictures.own(prescription_id)

    def work(connection: sa.Connection) -> str:
        service.withdraw(connection, prescription_id, patient_id=patient_id, clock=here.clock)
        return url_for("prescriptions.page", done="prescription-withdrawn")

    try:
        return redirect(once(OnceForm(), work), 303)
    except Changed as refusal:
        return _one_page(409, prescription_id, str(refusal))


def _upload_page(status: int, pharmacy_id: UUID, form: UploadForm) -> Response:
    found = parts().read(lambda c: pharmacy_of(c, pharmacy_id))
    if found is None:
        abort(404)
    return render(
        "prescriptions/upload.html", status, pharmacy=found, form=form, medicine_id=_wanted()
    )


def _one_page(status: int, prescription_id: UUID, refusal: str = "") -> Response:
    here, patient_id = parts(), access.patient_id()
    found = pictures.own(prescription_id)

    def look(connection: sa.Connection) -> dict[str, Any]:
        return {
            "reason": _opened(connection, found),
            "confirmed": queries.confirmed_for(connection, prescription_id),
            "lasts": _lasts(connection, patient_id, [found]),
            "shortages": current_for(connection, patient_id, now=here.now()),
        }

    return render(
        "prescriptions/one.html", status, one=found, refusal=refusal, now=here.now(),
        form=OnceForm(formdata=None), medicine_id=_wanted(), **here.read(look),
    )  # fmt: skip


def _wanted() -> UUID | None:
    """The medicine whose page sent the patient here, to go back to."""
    return request.args.get("medicine", type=UUID)


def _opened(connection: sa.Connection, found: Prescription) -> str:
    if not found.reason_sealed:
        return ""
    try:
        return parts().vault.open(
            connection, found.patient_id, found.prescription_id, REASON, found.reason_sealed
        )
    except Unreadable:
        return ""


def _lasts(
    connection: sa.Connection, patient_id: UUID, found: list[Prescription]
) -> dict[UUID, Any]:
    """Until when each line lasts, by what was handed out."""
    out = queries.handed_out(connection, patient_id)
    return {
        line.line_id: refills.lasts_until(
            out.get(line.line_id, ()),
            daily_dose_milli=line.daily_dose_milli,
            units_per_pack=line.units_per_pack,
            time_zone=each.time_zone,
        )
        for each in found
        for line in each.lines
    }
