"""Pharmacies as an admin looks after them: each with its licence, suspended when that is withdrawn, and reinstated."""

from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response
from wtforms import Field, HiddenField, TextAreaField
from wtforms.validators import AnyOf, ValidationError

from remedy.accounts import licences
from remedy.accounts.model import Refused
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("licences", __name__, url_prefix="/admin/pharmacies", template_folder="templates")

PAGE = 50
MOST_PAGES = 400
LONGEST_NAME = 120


class LicenceForm(OnceForm):
    """What is decided about a pharmacy's licence, and why."""

    decision = HiddenField(
        validators=[
            AnyOf(("suspend", "reinstate"), message=_l("Choose to suspend or to reinstate."))
        ]
    )
    reason = TextAreaField(_l("Reason"))

    def validate_reason(self, field: Field) -> None:
        """The pharmacy reads why."""
        if not 0 < len((field.data or "").strip()) <= licences.REASON_AT_MOST:
            raise ValidationError(_("Say why, in at most 500 characters: the pharmacy reads it."))


@room.get("")
@requires("admin")
def page() -> Response:
    """Every pharmacy, those that are suspended first."""
    q = request.args.get("q", "").strip()[:LONGEST_NAME]
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    # One more than is shown says whether there is another page.
    found = parts().read(
        lambda c: licences.pharmacies(c, named=q, limit=PAGE + 1, offset=(number - 1) * PAGE)
    )
    return render(
        "accounts/pharmacies.html",
        q=q,
        pharmacies=found[:PAGE],
        number=number,
        has_more=len(found) > PAGE,
    )


@room.get("/<uuid:pharmacy_id>")
@requires("admin")
def one(pharmacy_id: UUID) -> Response:
    """One pharmacy, and what was decided about its licence."""
    return _one(pharmacy_id, 200, LicenceForm(formdata=None))


@room.post("/<uuid:pharmacy_id>")
@requires("admin")
def decide(pharmacy_id: UUID) -> Response:
    """Suspend or reinstate; of two admins who decide, one wins and the other reads what was decided."""
    here, form, by = parts(), LicenceForm(), access.signed_in().account_id
    if not form.validate():
        return _one(pharmacy_id, 422, form)
    change = licences.suspend if form.decision.data == "suspend" else licences.reinstate

    def work(connection: sa.Connection) -> str:
        change(connection, pharmacy_id, reason=form.reason.data or "", by=by, clock=here.clock)
        return url_for("licences.one", pharmacy_id=pharmacy_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _one(pharmacy_id, 409, form, refusal=str(refusal))


def _one(pharmacy_id: UUID, status: int, form: LicenceForm, refusal: str | None = None) -> Response:
    here = parts()
    found = here.read(lambda c: licences.one_pharmacy(c, pharmacy_id))
    if found is None:
        abort(404)
    return render(
        "accounts/licence.html",
        status,
        pharmacy=found,
        form=form,
        refusal=refusal,
        history=here.read(lambda c: licences.history(c, pharmacy_id)),
    )
