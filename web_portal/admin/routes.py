"""Requests that wait for a decision, the decision, and figures as CSV; for admins."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from werkzeug.wrappers.response import Response

from remedy.accounts.queries import contact
from remedy.appointments import moves, queries, rules, service
from remedy.appointments import queue as waiting_queue
from remedy.appointments.model import NOTICE, AlreadyDecided, Refused, Slot, SlotTaken, Visit
from remedy.values import local_day
from web_portal import access, postman
from web_portal.access import quiet, requires
from web_portal.admin import exports
from web_portal.admin.forms import (
    MANY,
    BulkForm,
    CallOffForm,
    DecisionForm,
    chosen_of,
    whole_number,
)
from web_portal.appointments.times import day_or_none, instant_or_400
from web_portal.forms import once
from web_portal.pages import news, render
from web_portal.parts import parts
from web_portal.sealed import opened

room = Blueprint("admin", __name__, template_folder="templates", url_prefix="/admin")

FILTERS = ("speciality", "doctor", "urgency", "day", "hours")
FILTER_AT_MOST = 60

DAYS_OFFERED = 21
"""How far ahead another time can be proposed on the page."""


@room.get("/requests")
@requires("admin")
def queue() -> Response:
    """What waits for a decision: urgent ones first, then the oldest. No names of patients here."""
    return _queue_page(200, BulkForm(formdata=None))


@room.get("/requests/waiting")
@requires("admin")
@quiet
def waiting() -> Response:
    """The table of the queue, for a page that follows it; 204 while nothing changed."""
    now = parts().now()
    seen = parts().read(lambda c: waiting_queue.mark(c, now))
    return news(seen, lambda: render_template("admin/_queue.html", is_news=True, **_waiting()))


@room.post("/requests/decide")
@requires("admin")
def decide_many() -> Response:
    """Accept or decline many requests; each by itself, so that one refused stops no other."""
    form = BulkForm()
    if not form.validate():
        return _queue_page(422, form)
    here, account_id = parts(), access.signed_in().account_id
    note = form.note.data or ""
    results: list[tuple[Visit, str | None]] = []
    for visit_id, version in form.chosen:
        found = here.read(lambda c, one=visit_id: queries.visit(c, one))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        if found is None:
            continue
        try:
            here.change(
                _decider(visit_id, form.decision.data == "accept", note, account_id, version)
            )
            results.append((found, None))
        except Refused as refusal:
            results.append((found, str(refusal)))
    postman.wake()
    return render("admin/bulk.html", results=results, decision=form.decision.data)


def _decider(
    visit_id: UUID, accept: bool, note: str, account_id: UUID, version: int
) -> Callable[[sa.Connection], Visit]:
    here = parts()
    return lambda connection: service.decide(
        connection,
        here.vault,
        visit_id,
        accept=accept,
        note=note,
        decided_by=account_id,
        version=version,
        clock=here.clock,
    )


def _queue_page(status: int, form: BulkForm) -> Response:
    return render("admin/queue.html", status, form=form, many=MANY, **_waiting())


def _waiting() -> dict[str, Any]:
    now = parts().now()
    # The mark first: what changes in between is drawn twice, never not at all.
    seen, everything = parts().read(
        lambda c: (waiting_queue.mark(c, now), queries.waiting_requests(c))
    )
    wanted = _wanted()
    args = request.args if request.method == "GET" else request.form
    return {
        "seen": seen,
        "visits": [visit for visit in everything if wanted.holds(visit, now)],
        "waiting_count": len(everything),
        "late_count": sum(visit.is_late_urgent(now) for visit in everything),
        "now": now,
        "wanted": wanted,
        "filters": {
            name: args[name]
            for name in FILTERS
            if args.get(name) and len(args[name]) <= FILTER_AT_MOST
        },
        "specialities": sorted({visit.speciality for visit in everything}),
        "doctors": sorted({(visit.doctor_name, str(visit.doctor_id)) for visit in everything}),
        "chosen": dict(chosen_of(args.getlist("chosen"))),
    }


def _wanted() -> waiting_queue.Wanted:
    """What the admin looks for, as the address (or the form sent from that page) says; what is none counts as nothing."""
    args = request.args if request.method == "GET" else request.form
    try:
        doctor_id = UUID(args.get("doctor", ""))
    except ValueError:
        doctor_id = None
    return waiting_queue.Wanted(
        speciality=args.get("speciality", ""),
        doctor_id=doctor_id,
        urgency=args.get("urgency", ""),
        day=day_or_none(args.get("day")),
        waits_hours=max(whole_number(args.get("hours")), 0),
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

    decide_it = _decider(visit_id, form.decision.data == "accept", note, account_id, version)

    def work(connection: sa.Connection) -> str:
        decide_it(connection)
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


@room.post("/requests/<uuid:visit_id>/call-off")
@requires("admin")
def call_off(visit_id: UUID) -> Response:
    """Call an accepted visit off, for the hospital or for a patient who telephoned: cancelled, and never missed."""
    form, here, account_id = CallOffForm(), parts(), access.signed_in().account_id
    _visit(visit_id)
    if not form.validate():
        return _decision_page(visit_id, 422, None, call_off_form=form)

    def work(connection: sa.Connection) -> str:
        service.call_off(
            connection,
            here.vault,
            visit_id,
            why="patient" if form.why.data == "patient" else "hospital",
            note=form.note.data or "",
            decided_by=account_id,
            version=int(form.version.data),
            clock=here.clock,
        )
        return url_for("admin.decision", visit_id=visit_id, done="called-off")

    try:
        address = once(form, work)
    except Refused as refusal:
        return _decision_page(visit_id, 409, None, refusal=str(refusal), call_off_form=form)
    postman.wake()
    return redirect(address, 303)


def _decision_page(
    visit_id: UUID,
    status: int,
    form: DecisionForm | None,
    refusal: str | None = None,
    call_off_form: CallOffForm | None = None,
) -> Response:
    here, found = parts(), _visit(visit_id)
    reached = here.read(lambda c: contact(c, here.vault, found.patient_id))
    now = here.now()
    may_decide = found.may_decide(now)
    return render(
        "admin/decision.html",
        status,
        visit=found,
        patient=reached,
        symptoms=opened(found, "symptoms", found.symptoms_sealed),
        note=opened(found, "note", found.note_sealed),
        form=form or DecisionForm(formdata=None),
        call_off_form=call_off_form or CallOffForm(formdata=None),
        refusal=refusal,
        may_decide=may_decide,
        may_call_off=found.state == "accepted"
        and not found.checked_in_at
        and found.starts_at > now,
        is_late=found.is_late_urgent(now),
        rule=here.read(lambda c: rules.rule_of(c, found.by_rule)) if found.by_rule else None,
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
