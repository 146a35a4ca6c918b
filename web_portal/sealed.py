"""Reading what was sealed for a patient, for whoever a route has already let in."""

from flask_babel import gettext as _

from remedy.appointments.model import Visit
from remedy.vault import Unreadable
from web_portal.parts import parts


def opened(visit: Visit, field: str, token: str | None) -> str:
    """A sealed text of a visit; empty where there is none, a sentence where its key was erased."""
    if not token:
        return ""
    here = parts()
    try:
        return here.read(
            lambda c: here.vault.open(c, visit.patient_id, visit.appointment_id, field, token)
        )
    except Unreadable:
        return _("(This text was erased.)")
