"""What was handed in, taken and shown: by whoever may, from MySQL or HDFS, with a row that says who looked."""

import threading
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts.model import Person
from remedy.files import service as files
from remedy.files.model import PDF, Examined, examine
from remedy.files.service import StoredFile
from remedy.gateways import hdfs
from remedy.gateways.hdfs import FileStoreError
from remedy.prescriptions import queries
from remedy.prescriptions.model import Prescription
from remedy.vault import Unreadable
from web_portal import access
from web_portal.access import requires
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("pictures", __name__)

SANDBOX = "default-src 'none'; sandbox"
"""What a file of a stranger may do when a browser shows it by itself: nothing."""

_one_at_a_time = threading.BoundedSemaphore(1)
"""A large picture takes much memory while it is drawn anew."""


def taken(name: str, content: bytes) -> Examined:
    """A file that was sent, looked at; see `remedy.files.model.examine`.

    Raises:
        FileRefused: with the sentence why it is not taken.
    """
    with _one_at_a_time:
        return examine(name, content)


def own(prescription_id: UUID) -> Prescription:
    """The prescription, if it is the patient's or the pharmacy's who asks; else there is no such page."""
    who = access.signed_in()
    found = parts().read(lambda c: queries.prescription_of(c, prescription_id, **_whose(who)))
    if found is None:
        abort(404)
    return found


@room.get("/prescriptions/<uuid:prescription_id>/picture")
@requires("patient", "pharmacist")
def picture(prescription_id: UUID) -> Response:
    """What was handed in: a picture in the page, a PDF to be saved. Every look is written down first."""
    here, found, who = parts(), own(prescription_id), access.signed_in()
    if found.state == "withdrawn" and who.role != "patient":
        # What the patient took back is the patient's again.
        abort(404)
    account_id = who.account_id

    def look(connection: sa.Connection) -> tuple[StoredFile | None, bytes | None]:
        files.note_read(connection, found.file_id, account_id, clock=here.clock)
        return files.stored(connection, found.file_id), files.spooled(connection, found.file_id)

    told, sealed = here.change(look)
    if told is None:
        abort(404)
    try:
        whole = sealed or here.file_store().read(hdfs.patient_file(found.file_id))
        _name, content = here.read(lambda c: files.opened(c, here.vault, told, whole))
    except FileStoreError:
        return render(
            "error.html", 503,
            title=_("The picture cannot be shown at the moment"),
            advice=_("The store of files does not answer. Nothing is lost; try again in a few minutes."),
        )  # fmt: skip
    except Unreadable:
        return render(
            "error.html", 410,
            title=_("This file was erased"),
            advice=_("The patient's record was erased, and the file with it. It cannot be read by anybody."),
        )  # fmt: skip
    return _shown(told.media_type, content)


def _shown(media_type: str, content: bytes) -> Response:
    response = FlaskResponse(content, mimetype=media_type)
    ending = media_type.partition("/")[2]
    kind = "attachment" if media_type == PDF else "inline"
    # Its own name says too much, or worse.
    response.headers["Content-Disposition"] = f'{kind}; filename="prescription.{ending}"'
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _whose(who: Person) -> dict[str, Any]:
    if who.role == "patient":
        return {"patient_id": access.patient_id()}
    return {"pharmacy_id": access.pharmacy_id()}
