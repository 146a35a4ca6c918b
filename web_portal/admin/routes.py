"""Requests that wait for a decision, the decision, and figures as CSV; for admins."""

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts.queries import contact
from remedy.appointments import queries, service
from remedy.appointments.model import AlreadyDecided, Refused, Visit
from web_portal import access
from web_portal.access import requires
from web_portal.admin import exports
from web_portal.admin.forms import DecisionForm
from web_portal.forms import once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.sealed import opened

room = Blueprint("admin", __name__, template_folder="templates", url_prefix="/admin")


@room.get("/requests")
@requires("admin")
def queue() -> Response:
    """What waits for a decision: urgent ones first, then the oldest. No names of patients here."""
    return render("admin/queue.html", visits=parts().read(queries.waiting_requests))


@room.get("/requests/<uuid:visit_id>")
@requires("admin")
def decision(visit_id: UUID) -> Response:
    """One request with what the patient wrote, and the forms to decide it."""
    return _decision_page(visit_id, 200, DecisionForm(formdata=None))


@room.post("/requests/<uuid:visit_id>")
@requires("admin")
def decide(visit_id: UUID) -> Response:
    """Accept or decline; of two admins who do, one wins and the other reads who did what."""
    here, form, account_id = parts(), DecisionForm(), access.signed_in().account_id
    _visit(visit_id)
    if not form.validate():
        return _decision_page(visit_id, 422, form)

    decided: list[Visit] = []

    def work(connection: sa.Connection) -> str:
        made = service.decide(
            connection,
            here.vault,
            visit_id,
            accept=form.decision.data == "accept",
            note=form.note.data or "",
            decided_by=account_id,
            version=int(form.version.data),
            clock=here.clock,
        )
        decided[:] = [made]
        return url_for("admin.queue", done="decided")

    try:
        address = once(form, work)
    except AlreadyDecided as refusal:
        return _decision_page(visit_id, 409, form, refusal=str(refusal))
    except Refused as refusal:
        return _decision_page(visit_id, 422, form, refusal=str(refusal))
    # Empty when the form was sent a second time: the patient is written to once.
    for made in decided:
        _tell_patient(made)
    return redirect(address, 303)


def _tell_patient(visit: Visit) -> None:
    """Write to the patient after the commit; the mail holds nothing about health, only where to read."""
    here = parts()
    reached = here.read(lambda c: contact(c, here.vault, visit.patient_id))
    if reached is None:
        return
    address = here.settings.portal_url + url_for(
        "appointments.visit", visit_id=visit.appointment_id
    )
    here.post(
        reached.email,
        _("Your request has been decided"),
        _(
            "The hospital has decided your request. Read the decision at %(address)s",
            address=address,
        ),
    )


def _decision_page(
    visit_id: UUID, status: int, form: DecisionForm, refusal: str | None = None
) -> Response:
    here, found = parts(), _visit(visit_id)
    reached = here.read(lambda c: contact(c, here.vault, found.patient_id))
    return render(
        "admin/decision.html",
        status,
        visit=found,
        patient=reached,
        symptoms=opened(found, "symptoms", found.symptoms_sealed),
        note=opened(found, "note", found.note_sealed),
        form=form,
        refusal=refusal,
        may_decide=found.state == "requested" and found.lapses_at > here.now(),
    )


def _visit(visit_id: UUID) -> Visit:
    found = parts().read(lambda c: queries.visit(c, visit_id))
    if found is None:
        abort(404)
    return found


@room.get("/export/demand.csv")
@requires("admin")
def demand_csv() -> Response:
    """Demand of the closed days."""
    rows = exports.demand_rows(parts().engine)
    return _csv("demand.csv", exports.as_csv(exports.DEMAND_HEAD, rows))


@room.get("/export/forecast.csv")
@requires("admin")
def forecast_csv() -> Response:
    """The forecast of the days ahead."""
    rows = exports.forecast_rows(parts().engine)
    return _csv("forecast.csv", exports.as_csv(exports.FORECAST_HEAD, rows))


def _csv(name: str, pieces: Iterator[str]) -> Response:
    return FlaskResponse(
        pieces,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
