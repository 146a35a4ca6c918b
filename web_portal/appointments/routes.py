"""Doctors and their free times for everybody; requests, their state and the hospital's note for patients."""

from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers.response import Response

from remedy.appointments import queries, service
from remedy.appointments.model import (
    EMERGENCY,
    FURTHEST,
    Doctor,
    Refused,
    Slot,
    SlotTaken,
    Visit,
)
from remedy.values import instant_of, local_day
from web_portal import access
from web_portal.access import public, requires
from web_portal.appointments.forms import RequestForm
from web_portal.forms import Form, OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.sealed import opened

room = Blueprint("appointments", __name__, template_folder="templates")

DAYS_SHOWN = 7
A_LIFETIME = timedelta(days=100 * 365)


@room.get("/doctors")
@public
def doctors() -> Response:
    """The doctors who see patients, all or of one speciality."""
    everyone = parts().read(queries.doctors)
    speciality = request.args.get("speciality", "")
    return render(
        "appointments/doctors.html",
        doctors=[doctor for doctor in everyone if speciality in {"", doctor.speciality}],
        specialities=sorted({doctor.speciality for doctor in everyone}),
        speciality=speciality,
    )


@room.get("/doctors/<uuid:doctor_id>")
@public
def doctor(doctor_id: UUID) -> Response:
    """A doctor's free times, a week at a time, as buttons by local day."""
    found, here = _doctor(doctor_id), parts()
    now = here.now()
    today = local_day(now, found.time_zone)
    last = today + FURTHEST - timedelta(days=DAYS_SHOWN)
    first_day = min(max(_day(request.args.get("from")) or today, today), last)
    slots = here.read(
        lambda c: queries.free_slots(c, doctor_id, first_day=first_day, days=DAYS_SHOWN, now=now)
    )
    return render(
        "appointments/doctor.html",
        doctor=found,
        days=_by_day(slots, found.time_zone),
        first_day=first_day,
        last_day=first_day + timedelta(days=DAYS_SHOWN - 1),
        earlier=max(first_day - timedelta(days=DAYS_SHOWN), today) if first_day > today else None,
        later=min(first_day + timedelta(days=DAYS_SHOWN), last) if first_day < last else None,
    )


@room.route("/doctors/<uuid:doctor_id>/request", methods=["GET", "POST"])
@requires("patient")
def ask(doctor_id: UUID) -> Response:
    """Ask for one of a doctor's times: urgency and symptoms, under the emergency advice."""
    found, form = _doctor(doctor_id), RequestForm()
    if not form.is_submitted():
        form.starts_at.data = request.args.get("starts_at", "")
        return _ask_page(found, form, 200)
    if form.urgency.data == EMERGENCY:
        # Nothing is booked and nothing kept: the page says what to do instead.
        return render("appointments/emergency.html", 422, doctor=found)
    if not form.validate():
        return _ask_page(found, form, 422)
    starts_at, here = _instant(form.wanted), parts()
    patient_id = access.patient_id()

    def work(connection: sa.Connection) -> str:
        made = service.request_visit(
            connection,
            here.vault,
            doctor_id=doctor_id,
            patient_id=patient_id,
            starts_at=starts_at,
            urgency=form.urgency.data,
            symptoms=form.symptoms.data,
            clock=here.clock,
        )
        return url_for("appointments.visit", visit_id=made.appointment_id, done="requested")

    try:
        return redirect(once(form, work), 303)
    except SlotTaken as taken:
        return _ask_page(found, form, 409, refusal=str(taken), nearest=taken.nearest)
    except Refused as refusal:
        return _ask_page(found, form, 422, refusal=str(refusal))


def _ask_page(
    found: Doctor,
    form: RequestForm,
    status: int,
    *,
    refusal: str | None = None,
    nearest: tuple[Slot, ...] = (),
) -> Response:
    return render(
        "appointments/ask.html",
        status,
        doctor=found,
        form=form,
        starts_at=_instant(form.wanted),
        refusal=refusal,
        nearest=nearest,
    )


@room.get("/requests")
@requires("patient")
def requests() -> Response:
    """A patient's own requests and visits."""
    patient_id = access.patient_id()
    visits = parts().read(lambda c: queries.visits_of(c, patient_id))
    return render("appointments/requests.html", visits=visits, form=Form())


@room.get("/requests/<uuid:visit_id>")
@requires("patient")
def visit(visit_id: UUID) -> Response:
    """One of the patient's own requests: its state, and the hospital's note."""
    return _visit_page(visit_id, 200)


@room.post("/requests/<uuid:visit_id>/cancel")
@requires("patient")
def cancel(visit_id: UUID) -> Response:
    """Call off one's own request or visit."""
    here, patient_id, form = parts(), access.patient_id(), OnceForm()
    _own_visit(visit_id)

    def work(connection: sa.Connection) -> str:
        service.cancel(connection, visit_id, patient_id=patient_id, clock=here.clock)
        return url_for("appointments.visit", visit_id=visit_id, done="cancelled")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _visit_page(visit_id, 409, refusal=str(refusal))


def _visit_page(visit_id: UUID, status: int, refusal: str | None = None) -> Response:
    found = _own_visit(visit_id)
    may_cancel = found.state in {"requested", "accepted"} and found.starts_at > parts().now()
    return render(
        "appointments/visit.html",
        status,
        visit=found,
        symptoms=opened(found, "symptoms", found.symptoms_sealed),
        note=opened(found, "note", found.note_sealed),
        form=OnceForm() if may_cancel else None,
        refusal=refusal,
    )


def _own_visit(visit_id: UUID) -> Visit:
    patient_id = access.patient_id()
    found = parts().read(lambda c: queries.visit(c, visit_id, patient_id=patient_id))
    if found is None:
        abort(404)
    return found


def _doctor(doctor_id: UUID) -> Doctor:
    found = parts().read(lambda c: queries.doctor_of(c, doctor_id))
    if found is None:
        abort(404)
    return found


def _by_day(slots: list[Slot], time_zone: str) -> list[tuple[date, list[Slot]]]:
    grouped = groupby(slots, key=lambda slot: local_day(slot.starts_at, time_zone))
    return [(day, list(same_day)) for day, same_day in grouped]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _instant(text: str) -> datetime:
    try:
        instant = instant_of(text)
        away = abs(instant - parts().now())
    except (ValueError, OverflowError):
        abort(400)
    if away > A_LIFETIME:
        # The calendar itself ends beyond; no page of ours names such a time.
        abort(400)
    return instant
