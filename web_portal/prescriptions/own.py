"""In a patient's account: allergies, and whether to be reminded before a medicine runs out."""

from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, url_for
from werkzeug.wrappers.response import Response

from remedy.prescriptions import allergies, refills
from remedy.prescriptions.model import Refused
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.prescriptions.choosing import chosen
from web_portal.prescriptions.forms import AllergyForm

room = Blueprint("own_health", __name__, url_prefix="/account")


@room.get("/allergies")
@requires("patient")
def page() -> Response:
    """What a patient does not bear."""
    return _page(200, AllergyForm(formdata=None))


@room.post("/allergies")
@requires("patient")
def add() -> Response:
    """Note one more."""
    here, patient_id, form = parts(), access.patient_id(), AllergyForm()
    if not form.validate():
        return _page(422, form)

    def work(connection: sa.Connection) -> str:
        allergies.add_allergy(
            connection, here.vault, patient_id, form.substance.data, clock=here.clock
        )
        return url_for("own_health.page", done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        form.refuse("substance", str(refusal))
        return _page(422, form)


@room.post("/allergies/<uuid:allergy_id>/remove")
@requires("patient")
def remove(allergy_id: UUID) -> Response:
    """Take one out."""
    here, patient_id, form = parts(), access.patient_id(), OnceForm()
    mine = here.read(lambda c: allergies.allergies_of(c, here.vault, patient_id))
    if allergy_id not in {one.allergy_id for one in mine.told}:
        abort(404)

    def work(connection: sa.Connection) -> str:
        allergies.remove_allergy(connection, patient_id, allergy_id)
        return url_for("own_health.page", done="saved")

    return redirect(once(form, work), 303)


@room.post("/allergies/none")
@requires("patient")
def none() -> Response:
    """No allergy that the patient knows of."""
    here, patient_id = parts(), access.patient_id()

    def work(connection: sa.Connection) -> str:
        allergies.has_none(connection, patient_id, clock=here.clock)
        return url_for("own_health.page", done="saved")

    try:
        return redirect(once(OnceForm(), work), 303)
    except Refused as refusal:
        return _page(409, AllergyForm(formdata=None), str(refusal))


@room.get("/reminders")
@requires("patient")
def reminders() -> Response:
    """Whether mails come before a medicine runs out."""
    here, patient_id = parts(), access.patient_id()
    is_wanted = here.read(lambda c: refills.wants_mail(c, patient_id))
    return render(
        "prescriptions/reminders.html", is_wanted=is_wanted, days=refills.DAYS_BEFORE,
        form=OnceForm(formdata=None),
    )  # fmt: skip


@room.post("/reminders")
@requires("patient")
def remind() -> Response:
    """Choose it."""
    return chosen(refills.choose_mail, "own_health.reminders")


def _page(status: int, form: AllergyForm, refusal: str = "") -> Response:
    here, patient_id = parts(), access.patient_id()
    found = here.read(lambda c: allergies.allergies_of(c, here.vault, patient_id))
    return render(
        "prescriptions/allergies.html", status, allergies=found, form=form, refusal=refusal,
        plain=OnceForm(formdata=None),
    )  # fmt: skip
