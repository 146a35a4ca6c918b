"""What belongs to a visit beside its page: files the patient hands in for it, and its record as a PDF.

The patient whose visit it is, its doctor and admins may see them; for everybody else there is no such page.
Every look is written down before anything is shown, and the patient reads who looked.
"""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers.response import Response

from remedy.appointments import queries
from remedy.appointments.model import Visit
from remedy.files import record, visits
from remedy.files.model import PDF, FileRefused
from remedy.files.record import NotARecord, Record
from remedy.files.service import NAME, StoredFile
from remedy.files.visits import CLOSED, FiledRecord, Look
from remedy.gateways.hdfs import FileStoreError
from remedy.vault import Unreadable
from web_portal import access, handed_in
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("visit_files", __name__)


class VisitFileForm(OnceForm):
    """One file for a visit."""

    file = FileField(
        _l("Picture or PDF for the visit"), [FileRequired(_l("Choose a picture or a PDF."))]
    )


@dataclass(frozen=True)
class Told:
    """What a visit's page says of its files, its record, and who looked at them."""

    files: list[tuple[StoredFile, str]]
    record: FiledRecord | None
    looks: list[tuple[Look, str]]
    may_add: bool


@room.url_value_preprocessor
def _allow_a_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before anything reads the form: here it may be as large as a picture."""
    if endpoint == "visit_files.add":
        handed_in.allow_a_file()


@room.app_context_processor
def _for_pages() -> dict[str, Any]:
    """For the pages of a visit, which include `appointments/_files.html`."""
    return {"files_of_visit": told_of}


@room.get("/requests/<uuid:visit_id>/files")
@requires("patient")
def page(visit_id: UUID) -> Response:
    """Hand in a file for one's own visit; what was handed in already."""
    return _page(_visit(visit_id), 200, VisitFileForm(formdata=None))


@room.post("/requests/<uuid:visit_id>/files")
@requires("patient")
def add(visit_id: UUID) -> Response:
    """Take one file; it is kept from the moment this answers, whether or not HDFS is there."""
    here, form, patient_id = parts(), VisitFileForm(), access.patient_id()
    found = _visit(visit_id)
    if found.state in CLOSED:
        # There is no field then that a problem could lead to.
        refusal = _("This visit does not take place; nothing can be handed in for it.")
        return _page(found, 422, VisitFileForm(formdata=None), refusal)
    if not form.validate():
        return _page(found, 422, form)
    name = PurePath(form.file.data.filename or "").name
    try:
        file = handed_in.taken(name, form.file.data.read())

        def work(connection: sa.Connection) -> str:
            visits.attach(
                connection, here.vault, visit_id, file, patient_id=patient_id, clock=here.clock
            )
            return url_for("visit_files.page", visit_id=visit_id, done="file-kept")

        return redirect(once(form, work), 303)
    except FileRefused as refused:
        form.refuse("file", str(refused))
        return _page(found, 422, form)


@room.get("/requests/<uuid:visit_id>/files/<uuid:file_id>")
@requires("patient", "doctor", "admin")
def one(visit_id: UUID, file_id: UUID) -> Response:
    """A file of a visit: a picture in the browser, a PDF to be saved."""
    found = _visit(visit_id)
    of_visit = parts().read(lambda c: visits.files_of(c, found.appointment_id))
    file = next((each for each in of_visit if each.file_id == file_id), None)
    if file is None:
        abort(404)
    return handed_in.looked_at(file, access.signed_in(), "visit-file")


@room.get("/requests/<uuid:visit_id>/record.pdf")
@requires("patient", "doctor", "admin")
def record_as_pdf(visit_id: UUID) -> Response:
    """All that happened to a visit, as a PDF made from its record in HDFS."""
    here, found, who = parts(), _visit(visit_id), access.signed_in()
    try:
        whole = _record(found)
        if whole is None:
            return render(
                "error.html",
                title=_("The record of this visit is not filed yet"),
                advice=_("It is written a few minutes after something happens to the visit. Try again then."),
            )  # fmt: skip
        here.change(
            lambda c: visits.note_record_read(c, visit_id, who.account_id, clock=here.clock)
        )
    except (FileStoreError, NotARecord):
        return handed_in.not_now()
    # Here and not above: most workers never draw one, and the library is large.
    from web_portal.appointments.record_pdf import draw

    return handed_in.shown(PDF, draw(found, whole), f"visit-{found.reference}")


def told_of(visit: Visit) -> Told:
    """What a visit's page says of its files; for who may see the visit."""
    here, visit_id = parts(), visit.appointment_id
    is_patient = access.signed_in().role == "patient"

    def look(connection: sa.Connection) -> Told:
        named = [(file, _name(connection, file)) for file in visits.files_of(connection, visit_id)]
        names = {file.file_id: name for file, name in named}
        looks = visits.looks_of(connection, visit_id) if is_patient else []
        return Told(
            files=named,
            record=visits.record_of(connection, visit_id),
            looks=[(each, names.get(each.file_id, "") if each.file_id else "") for each in looks],
            may_add=is_patient and visit.state not in CLOSED,
        )

    return here.read(look)


def _page(found: Visit, status: int, form: VisitFileForm, refusal: str = "") -> Response:
    return render("appointments/files.html", status, visit=found, form=form, refusal=refusal)


def _name(connection: sa.Connection, file: StoredFile) -> str:
    try:
        return parts().vault.open(connection, file.patient_id, file.file_id, NAME, file.name_sealed)
    except Unreadable:
        return _("(erased)")


def _record(found: Visit) -> Record | None:
    """The record a visit's row names; None while it is not filed yet.

    Raises:
        FileStoreError: if HDFS is away.
        NotARecord: if the file is not what was written.
    """
    here, visit_id = parts(), found.appointment_id
    filed = here.read(lambda c: visits.record_of(c, visit_id))
    while filed is not None:
        try:
            return record.read(here.file_store().read(filed.path), visit_id, filed.sha256)
        except FileStoreError:
            # It may have been rewritten since we looked where it lies; then that one is there.
            before, filed = filed, here.read(lambda c: visits.record_of(c, visit_id))
            if filed is None or filed.path == before.path:
                raise
    return None


def _visit(visit_id: UUID) -> Visit:
    """The visit, if it is the patient's or the doctor's who asks, or an admin asks; else there is no such page."""
    who = access.signed_in()
    found = parts().read(lambda c: queries.visit(c, visit_id))
    is_theirs = found is not None and (
        who.role == "admin"
        or (who.role == "patient" and who.patient_id == found.patient_id)
        or (who.role == "doctor" and who.doctor_id == found.doctor_id)
    )
    if found is None or not is_theirs:
        abort(404)
    return found
