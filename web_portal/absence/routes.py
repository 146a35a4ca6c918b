"""Declaring a doctor's absence, by an admin or the doctor: who is affected first, then how far they are told."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers.response import Response

from remedy.appointments import absence, absence_problems, absence_state, queries
from remedy.appointments.absence_problems import Stuck
from remedy.appointments.absence_state import Absence
from remedy.appointments.model import URGENCIES, Doctor, Refused, Visit
from web_portal import access, postman
from web_portal.absence import settling
from web_portal.absence.forms import AbsenceForm
from web_portal.access import quiet, requires
from web_portal.forms import OnceForm, once
from web_portal.pages import news, render
from web_portal.parts import parts

room = Blueprint("absence", __name__, template_folder="templates", url_prefix="/absences")


@room.get("")
@requires("admin", "doctor")
def page() -> Response:
    """What was declared, and the form to declare an absence; a doctor sees their own."""
    return _page(AbsenceForm(formdata=None), 200)


@room.post("")
@requires("admin", "doctor")
def check() -> Response:
    """Whom an absence would affect; nothing is changed yet."""
    form = AbsenceForm()
    found = _doctor(form)
    if not form.validate():
        return _page(form, 422)
    try:
        visits = _affected(found, form.first_day.data, form.last_day.data)
    except Refused as refusal:
        return _page(form, 422, refusal=str(refusal))
    return _check_page(form, found, visits, 200)


@room.post("/declare")
@requires("admin", "doctor")
def declare() -> Response:
    """Declare it, and tell every patient at once."""
    form, here, account_id = AbsenceForm(), parts(), access.signed_in().account_id
    found = _doctor(form)
    if not form.validate():
        return _page(form, 422)
    first_day, last_day = form.first_day.data, form.last_day.data
    made: list[UUID] = []

    def work(connection: sa.Connection) -> str:
        absence_id = absence.declare(
            connection,
            doctor_id=found.doctor_id,
            first_day=first_day,
            last_day=last_day,
            declared_by=account_id,
            clock=here.clock,
        )
        made[:] = [absence_id]
        return url_for("absence.one", absence_id=absence_id)

    try:
        address = once(form, work)
    except Refused as refusal:
        return _page(form, 409, refusal=str(refusal))
    for absence_id in made:
        settling.settle_all(here, absence_id)
    settling.wake()
    postman.wake()
    return redirect(address, 303)


@room.get("/<uuid:absence_id>")
@requires("admin", "doctor")
def one(absence_id: UUID) -> Response:
    """How far the patients of an absence are told, and what they answer. No names of patients here."""
    return _one_page(_absence(absence_id), 200)


def _stuck(found: Absence) -> list[Stuck]:
    return parts().read(lambda c: absence_problems.stuck(c, found.absence_id))


@room.post("/<uuid:absence_id>/end")
@requires("admin", "doctor")
def end(absence_id: UUID) -> Response:
    """The doctor is back: what is left of the days can be asked for again."""
    here, found, form = parts(), _absence(absence_id), OnceForm()

    def work(connection: sa.Connection) -> str:
        absence.end(connection, absence_id, clock=here.clock)
        return url_for("absence.one", absence_id=absence_id, changed="ended")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _one_page(found, 409, refusal=str(refusal))


@room.get("/<uuid:absence_id>/state")
@requires("admin", "doctor")
@quiet
def state(absence_id: UUID) -> Response:
    """The figures alone, for a page that follows them; 204 while nothing changed."""
    found = _absence(absence_id)
    stuck = _stuck(found)
    seen = _mark(found, stuck)
    return news(
        seen, lambda: render_template("absence/_one.html", absence=found, stuck=stuck, seen=seen)
    )


def _page(form: AbsenceForm, status: int, *, refusal: str | None = None) -> Response:
    own = access.signed_in().doctor_id if access.signed_in().role == "doctor" else None
    doctors, declared = parts().read(lambda c: (queries.doctors(c), absence_state.absences(c, own)))
    form.doctor.choices = [
        (str(one.doctor_id), f"{one.name}, {one.hospital_name}") for one in doctors
    ]
    return render(
        "absence/page.html", status, form=form, refusal=refusal, absences=declared, is_own=bool(own)
    )


def _one_page(found: Absence, status: int, *, refusal: str | None = None) -> Response:
    stuck = _stuck(found)
    return render(
        "absence/one.html",
        status,
        absence=found,
        stuck=stuck,
        seen=_mark(found, stuck),
        refusal=refusal,
        form=OnceForm(formdata=None),
        may_end=found.ends_at > parts().now() and not found.was_ended,
    )


def _check_page(form: AbsenceForm, found: Doctor, visits: list[Visit], status: int) -> Response:
    return render(
        "absence/check.html",
        status,
        form=form,
        doctor=found,
        visits=visits,
        by_urgency={
            name: sum(visit.urgency == name for visit in visits) for name in reversed(URGENCIES)
        },
        waiting=sum(visit.state != "accepted" for visit in visits),
    )


def _affected(found: Doctor, first_day: date, last_day: date) -> list[Visit]:
    now = parts().now()
    leave = absence_state.stretch_of(found, first_day, last_day, now=now)
    return parts().read(lambda c: absence_state.affected(c, found.doctor_id, leave, now=now))


def _doctor(form: AbsenceForm) -> Doctor:
    """Who is absent: of a doctor's form always the doctor."""
    who = access.signed_in()
    try:
        doctor_id = who.doctor_id if who.role == "doctor" else UUID(form.doctor.data or "")
    except ValueError:
        abort(400)
    if doctor_id is None:
        abort(404)
    found = parts().read(lambda c: queries.doctor_of(c, doctor_id))
    if found is None:
        abort(404)
    return found


def _absence(absence_id: UUID) -> Absence:
    who = access.signed_in()
    found = parts().read(lambda c: absence_state.absence_of(c, absence_id))
    if found is None or (who.role == "doctor" and who.doctor_id != found.doctor_id):
        abort(404)
    return found


def _mark(found: Absence, stuck: list[Stuck]) -> str:
    answers = "-".join(f"{name}{count}" for name, count in sorted(found.answers.items()))
    problems = "-".join(f"{one.reference}{int(one.since.timestamp())}" for one in stuck)
    return f"{found.settled}.{found.visits}.{answers}.{problems}"
