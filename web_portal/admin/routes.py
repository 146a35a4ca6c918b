"""Requests that wait for a decision, the decision, and figures as CSV; for admins."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, url_for
from flask import Response as FlaskResponse
from werkzeug.wrappers.response import Response

from remedy.accounts.queries import contact
from remedy.appointments import moves, queries, service
from remedy.appointments.model import NOTICE, AlreadyDecided, Refused, Slot, SlotTaken, Visit
from remedy.values import local_day
from web_portal import access, postman
from web_portal.access import quiet, requires
from web_portal.admin import exports
from web_portal.admin.forms import DecisionForm
from web_portal.appointments.times import instant_or_400
from web_portal.forms import once
from web_portal.pages import news, render
from web_portal.parts import parts
from web_portal.sealed import opened

room = Blueprint("admin", __name__, template_folder="templates", url_prefix="/admin")

DAYS_OFFERED = 21
"""How far ahead another time can be proposed on the page."""


@room.get("/requests")
@requires("admin")
def queue() -> Response:
    """What waits for a decision: urgent ones first, then the oldest. No names of patients here."""
    return render("admin/queue.html", **_waiting())


@room.get("/requests/waiting")
@requires("admin")
@quiet
def waiting() -> Response:
    """The table of the queue, for a page that follows it; 204 while nothing changed."""
    seen = parts().read(queries.waiting_mark)
    return news(seen, lambda: render_template("admin/_queue.html", **_waiting()))


def _waiting() -> dict[str, Any]:
    # The mark first: what changes in between is drawn twice, never not at all.
    return dict(
        parts().read(
            lambda c: {"seen": queries.waiting_mark(c), "visits": queries.waiting_requests(c)}
        )
    )


@room.get("/requests/<uuid:visit_id>")
@requires("admin")
def decision(visit_id: UUID) -> Response:
    """One request with what the patient wrote, and the forms to decide it."""
    return _decision_page(visit_id, 200, DecisionForm(formdata=None))


@room.post("/requests/<uuid:visit_id>")
@requires("admin")
def decide(visit_id: UUID) -> Response:
    """Accept, decline or propose; of two admins who do, one wins and the other reads who did what."""
    form = DecisionForm()
    _visit(visit_id)
    if not form.validate():
        return _decision_page(visit_id, 422, form)
    try:
        address = once(form, _decision(visit_id, form))
    except (AlreadyDecided, SlotTaken) as refusal:
        return _decision_page(visit_id, 409, form, refusal=str(refusal))
    except Refused as refusal:
        return _decision_page(visit_id, 422, form, refusal=str(refusal))
    # The mail is owed since the commit; this only spares the patient the wait.
    postman.wake()
    return redirect(address, 303)


def _decision(visit_id: UUID, form: DecisionForm) -> Callable[[sa.Connection], str]:
    here, account_id = parts(), access.signed_in().account_id
    note, version = form.note.data or "", int(form.version.data)

    def work(connection: sa.Connection) -> str:
        service.decide(
            connection,
            here.vault,
            visit_id,
            accept=form.decision.data == "accept",
            note=note,
            decided_by=account_id,
            version=version,
            clock=here.clock,
        )
        return url_for("admin.queue", done="decided")

    if form.decision.data != "propose":
        return work
    starts_at = instant_or_400(form.other_time.data)

    def propose(connection: sa.Connection) -> str:
        moves.propose(
            connection,
            here.vault,
            visit_id,
            starts_at=starts_at,
            note=note,
            decided_by=account_id,
            version=version,
            clock=here.clock,
        )
        return url_for("admin.queue", done="proposed")

    return propose


def _decision_page(
    visit_id: UUID, status: int, form: DecisionForm, refusal: str | None = None
) -> Response:
    here, found = parts(), _visit(visit_id)
    reached = here.read(lambda c: contact(c, here.vault, found.patient_id))
    may_decide = found.may_decide(here.now())
    return render(
        "admin/decision.html",
        status,
        visit=found,
        patient=reached,
        symptoms=opened(found, "symptoms", found.symptoms_sealed),
        note=opened(found, "note", found.note_sealed),
        form=form,
        refusal=refusal,
        may_decide=may_decide,
        other_times=_other_times(found) if may_decide else [],
    )


def _other_times(found: Visit) -> list[Slot]:
    """The free times of the next weeks that can be proposed."""
    here = parts()
    now = here.now()
    first_day = local_day(now + NOTICE, found.time_zone)
    around = max(first_day, local_day(found.starts_at, found.time_zone) - timedelta(days=7))
    return here.read(
        lambda c: queries.free_slots(
            c,
            found.doctor_id,
            first_day=around,
            days=DAYS_OFFERED,
            now=now,
            kind_id=found.kind_id,
        )
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
