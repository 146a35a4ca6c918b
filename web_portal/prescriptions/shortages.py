"""A patient's shortage notices: what may run out at their pharmacy, and whether they want to be told."""

from flask import Blueprint
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.notices import queries, service
from remedy.notices.model import Told
from remedy.vault import Unreadable
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm
from web_portal.notice_text import NoticeText, in_ten
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.prescriptions.choosing import chosen

room = Blueprint("shortages", __name__, url_prefix="/shortages")


@room.get("")
@requires("patient")
def page() -> Response:
    """What a patient was told, with how it stands now, and the choice to be told or not."""
    here, patient_id = parts(), access.patient_id()
    told = here.read(lambda c: queries.told_to(c, patient_id, now=here.now()))
    return render(
        "prescriptions/shortages.html",
        told=[(one, _text(one)) for one in told],
        is_wanted=here.read(lambda c: queries.wants(c, patient_id)),
        form=OnceForm(formdata=None),
        in_ten=in_ten,
    )


@room.post("")
@requires("patient")
def choose() -> Response:
    """Say whether."""
    return chosen(service.choose, "shortages.page")


def _text(one: Told) -> NoticeText:
    return NoticeText(
        one.label, one.medicine_id, one.pharmacy_id, one.pharmacy_name, one.phone or "",
        one.time_zone, one.runs_out, one.next_delivery_on, one.delivery_from,
        one.is_out, one.is_replaceable, _note(one), one.decided_by, one.decided_at,
    )  # fmt: skip


def _note(one: Told) -> str:
    if not one.note_sealed:
        return ""
    here, patient_id, sealed = parts(), access.patient_id(), one.note_sealed
    try:
        return here.read(
            lambda c: here.vault.open(c, patient_id, one.notice_id, service.NOTE, sealed)
        )
    except Unreadable:
        return _("(This text was erased.)")
