"""The picture of a prescription, shown to whoever may see it."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort
from werkzeug.wrappers.response import Response

from remedy.accounts.model import Person
from remedy.files import service as files
from remedy.prescriptions import queries
from remedy.prescriptions.model import Prescription
from web_portal import access, handed_in
from web_portal.access import requires
from web_portal.parts import parts

room = Blueprint("pictures", __name__)


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
    found, who = own(prescription_id), access.signed_in()
    if found.state == "withdrawn" and who.role != "patient":
        # What the patient took back is the patient's again.
        abort(404)
    file = parts().read(lambda c: files.stored(c, found.file_id))
    if file is None:
        abort(404)
    return handed_in.looked_at(file, who, "prescription")


def _whose(who: Person) -> dict[str, Any]:
    if who.role == "patient":
        return {"patient_id": access.patient_id()}
    return {"pharmacy_id": access.pharmacy_id()}
