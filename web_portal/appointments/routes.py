"""Doctors and their free times for everybody; a patient's own requests: their state, and what may be done."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers.response import Response as AnyResponse

from remedy.accounts.queries import contact
from remedy.appointments import moves, queries, service
from remedy.appointments.limits import InTheWay
from remedy.appointments.model import AlreadyDecided, Refused, SlotTaken, Visit
from web_portal import access, postman, visit_calendar
from web_portal.access import public, quiet, requires
from web_portal.appointments.forms import AnswerForm, MoveForm
from web_portal.appointments.times import (
    doctor_of_visit,
    doctor_or_404,
    doctor_page,
    first_day_asked,
    instant_or_400,
    mark,
    standing_of,
    week,
)
from web_portal.forms import OnceForm, once
from web_portal.pages import news, render
from web_portal.parts import parts
from web_portal.sealed import opened

room = Blueprint("appointments", __name__, template_folder="templates")


@room.get("/doctors")
@public
def doctors() -> AnyResponse:
    """The doctors who see patients, all or of one speciality or hospital."""
    everyone = parts().read(queries.doctors)
    speciality, hospital = (request.args.get(name, "") for name in ("speciality", "hospital"))
    return render(
        "appointments/doctors.html",
        doctors=[
            doctor
            for doctor in everyone
            if speciality in {"", doctor.speciality} and hospital in {"", str(doctor.hospital_id)}
        ],
        specialities=sorted({doctor.speciality for doctor in everyone}),
        hospitals=sorted({(doctor.hospital_name, str(doctor.hospital_id)) for doctor in everyone}),
        speciality=speciality,
        hospital=hospital,
    )


@room.get("/doctors/<uuid:doctor_id>")
@public
def doctor(doctor_id: UUID) -> AnyResponse:
    """A doctor's times, a week at a time, as buttons by local day."""
    return doctor_page(doctor_or_404(doctor_id), 200, first_day=first_day_asked())


@room.get("/doctors/<uuid:doctor_id>/times")
@public
@quiet
def times(doctor_id: UUID) -> AnyResponse:
    """The week alone, for a page that follows it; 204 while nothing changed since what it was drawn at."""
    here = parts()
    changes = here.read(lambda c: queries.changes_of(c, doctor_id))

    def draw() -> str:
        found = doctor_or_404(doctor_id)
        return render_template(
            "appointments/_times.html", **week(found, first_day=first_day_asked())
        )

    return news(mark(changes, here.now()), draw)


@room.get("/requests")
@requires("patient")
def requests() -> AnyResponse:
    """A patient's own requests and visits."""
    patient_id = access.patient_id()
    visits = parts().read(lambda c: queries.visits_of(c, patient_id))
    return render("appointments/requests.html", visits=visits, now=parts().now())


@room.get("/requests/<uuid:visit_id>")
@requires("patient")
def visit(visit_id: UUID) -> AnyResponse:
    """One of the patient's own requests: its state, and the hospital's note."""
    return _visit_page(_own_visit(visit_id), 200)


@room.get("/requests/<uuid:visit_id>/state")
@requires("patient")
@quiet
def state(visit_id: UUID) -> AnyResponse:
    """How it stands, for the page that follows it; 204 while nothing changed."""
    found = _own_visit(visit_id)
    return news(
        _mark(found),
        lambda: render_template("appointments/_visit.html", is_news=True, **_shown(found)),
    )


@room.get("/visits/<uuid:visit_id>.ics")
@requires("patient")
def calendar_file(visit_id: UUID) -> AnyResponse:
    """One of the patient's own visits as a calendar file; of one that is called off, what takes it out again."""
    here, found = parts(), _own_visit(visit_id)
    reached = here.read(lambda c: contact(c, here.vault, found.patient_id))
    address = here.settings.portal_url + url_for("appointments.visit", visit_id=visit_id)
    email = reached.email if reached else None
    content = visit_calendar.file_of(here, found, address=address, email=email)
    return Response(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{visit_calendar.FILE_NAME}"',
        },
    )


@room.post("/requests/<uuid:visit_id>/cancel")
@requires("patient")
def cancel(visit_id: UUID) -> AnyResponse:
    """Call off one's own request or visit."""
    here, patient_id, form = parts(), access.patient_id(), OnceForm()
    found = _own_visit(visit_id)

    def work(connection: sa.Connection) -> str:
        service.cancel(connection, visit_id, patient_id=patient_id, clock=here.clock)
        return url_for("appointments.visit", visit_id=visit_id, done="cancelled")

    return _changed(found, form, work)


@room.post("/requests/<uuid:visit_id>/answer")
@requires("patient")
def answer(visit_id: UUID) -> AnyResponse:
    """Accept the time the hospital proposes instead, or refuse it."""
    here, patient_id, form = parts(), access.patient_id(), AnswerForm()
    found = _own_visit(visit_id)
    if not form.validate():
        return _visit_page(found, 422, refusal=_first_problem(form))
    is_accepted = form.answer.data == "accept"

    def work(connection: sa.Connection) -> str:
        moves.answer(
            connection,
            visit_id,
            accept=is_accepted,
            patient_id=patient_id,
            version=int(form.version.data),
            clock=here.clock,
        )
        done = "proposal-accepted" if is_accepted else "cancelled"
        return url_for("appointments.visit", visit_id=visit_id, done=done)

    return _changed(found, form, work)


@room.get("/requests/<uuid:visit_id>/move")
@requires("patient")
def other_times(visit_id: UUID) -> AnyResponse:
    """The doctor's times, to move one's own visit to another."""
    return _move_page(_own_visit(visit_id), 200)


@room.post("/requests/<uuid:visit_id>/move")
@requires("patient")
def move(visit_id: UUID) -> AnyResponse:
    """Move one's own visit; the hospital decides again."""
    here, patient_id, form = parts(), access.patient_id(), MoveForm()
    found = _own_visit(visit_id)
    if not form.validate():
        return _move_page(found, 422, refusal=_first_problem(form))
    starts_at: datetime = instant_or_400(form.starts_at.data)

    def work(connection: sa.Connection) -> str:
        moves.move(
            connection,
            visit_id,
            patient_id=patient_id,
            starts_at=starts_at,
            version=int(form.version.data),
            clock=here.clock,
        )
        return url_for("appointments.visit", visit_id=visit_id, done="moved")

    try:
        address = once(form, work)
    except AlreadyDecided as refusal:
        return _visit_page(_own_visit(visit_id), 409, refusal=refusal)
    except Refused as refusal:
        status = 409 if isinstance(refusal, SlotTaken | InTheWay) else 422
        return _move_page(found, status, refusal=refusal)
    postman.wake()
    return redirect(address, 303)


def _changed(found: Visit, form: OnceForm, work: Callable[[sa.Connection], str]) -> AnyResponse:
    try:
        address = once(form, work)
    except Refused as refusal:
        return _visit_page(_own_visit(found.appointment_id), 409, refusal=refusal)
    # The mail is owed since the commit; this only spares the patient the wait.
    postman.wake()
    return redirect(address, 303)


def _first_problem(form: OnceForm) -> str:
    """What is wrong with a form whose fields nobody sees."""
    return form.problems()[0][1]


def _visit_page(found: Visit, status: int, *, refusal: Refused | str | None = None) -> AnyResponse:
    return render("appointments/visit.html", status, **_refused(refusal), **_shown(found))


def _refused(refusal: Refused | str | None) -> dict[str, Any]:
    """What a page is given of a refusal: its sentence, and the patient's visits that are in the way."""
    return {
        "refusal": str(refusal) if refusal else None,
        "in_the_way": standing_of(refusal),
    }


def _shown(found: Visit) -> dict[str, Any]:
    now = parts().now()
    return {
        "visit": found,
        "symptoms": opened(found, "symptoms", found.symptoms_sealed),
        "note": opened(found, "note", found.note_sealed),
        "form": OnceForm(formdata=None),
        "may_end": found.may_end(now),
        "may_move": found.may_move(now),
        "is_too_late": found.is_too_late(now),
        "has_entry": visit_calendar.has_entry(found),
        "may_answer": found.may_answer(now),
        "seen": _mark(found),
    }


def _mark(found: Visit) -> str:
    """What a page was drawn at: what falls due by the clock changes without a new version."""
    now = parts().now()
    is_due = found.state in {"requested", "proposed"} and found.lapses_at <= now
    is_near = found.state == "accepted" and not found.may_end(now)
    return f"{found.version}{'-due' if is_due else ''}{'-near' if is_near else ''}"


def _move_page(found: Visit, status: int, *, refusal: Refused | str | None = None) -> AnyResponse:
    if not found.may_move(parts().now()):
        return _visit_page(found, 409 if status == 200 else status, refusal=refusal)
    shown = week(doctor_of_visit(found), first_day=first_day_asked())
    form = MoveForm(formdata=None)
    return render(
        "appointments/move.html",
        status,
        visit=found,
        **_refused(refusal),
        **{**shown, "form": form},
    )


def _own_visit(visit_id: UUID) -> Visit:
    patient_id = access.patient_id()
    found = parts().read(lambda c: queries.visit(c, visit_id, patient_id=patient_id))
    if found is None:
        abort(404)
    return found
