"""Asking for a visit, one thing on a page: a time is set aside, urgency and symptoms, check the answers, send.

An emergency books nothing: its page says whom to call and which hospital is nearest.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers.response import Response

from remedy.appointments import holds, queries, service
from remedy.appointments.limits import InTheWay
from remedy.appointments.model import EMERGENCY, Doctor, Hold, Hospital, Refused, Slot, SlotTaken
from remedy.catalogue.model import distance_km
from remedy.catalogue.pharmacies import districts
from remedy.values import local_day
from web_portal import access
from web_portal.access import public, requires
from web_portal.appointments.forms import RELEASED, LeaveForm, PlaceForm, RequestForm
from web_portal.appointments.times import (
    doctor_or_404,
    doctor_page,
    in_the_way_of,
    instant_or_400,
    place_of,
    standing_of,
)
from web_portal.forms import once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("asking", __name__)


@room.post("/doctors/<uuid:doctor_id>/hold")
@requires("patient")
def hold(doctor_id: UUID) -> Response:
    """Set a time aside for a few minutes and go on to the form."""
    found = doctor_or_404(doctor_id)
    starts_at = instant_or_400(request.form.get("starts_at", ""))
    try:
        _hold(found, starts_at)
    except Refused as refusal:
        status = 409 if isinstance(refusal, SlotTaken | InTheWay) else 422
        day = local_day(starts_at, found.time_zone)
        return doctor_page(found, status, first_day=day, refusal=refusal)
    return redirect(_address(found, starts_at), 303)


@room.post("/hold/release")
@requires("patient")
def release() -> Response:
    """Give back the time that was set aside: the form was left."""
    form, patient_id = LeaveForm(), access.patient_id()
    hold_id = form.hold
    if hold_id is None or not form.validate():
        abort(400)
    parts().change(lambda c: holds.release(c, patient_id=patient_id, hold_id=hold_id))
    if form.answer.data == RELEASED:
        # The page is gone already; nobody reads an answer.
        return Response(status=204)
    return redirect(url_for("appointments.doctors"), 303)


@room.route("/doctors/<uuid:doctor_id>/request", methods=["GET", "POST"])
@requires("patient")
def ask(doctor_id: UUID) -> Response:
    """Ask for one of a doctor's times: urgency and symptoms under the emergency advice, then check and send."""
    found, form = doctor_or_404(doctor_id), RequestForm()
    if not form.is_submitted():
        form.starts_at.data = request.args.get("starts_at", "")
        # Before anything is written: it would be written in vain.
        in_the_way = in_the_way_of(found, instant_or_400(form.wanted))
        return _form_page(found, form, 200, in_the_way=in_the_way)
    if form.urgency.data == EMERGENCY:
        patient_id = access.patient_id()
        parts().change(lambda c: holds.release(c, patient_id=patient_id))
        return _emergency_page(422, doctor=found)
    starts_at = instant_or_400(form.wanted)
    if form.step.data == "change":
        return _form_page(found, form, 200)
    if not form.validate():
        return _form_page(found, form, 422)
    try:
        if form.step.data == "check":
            return _check_page(found, form, _hold(found, starts_at))
        return redirect(once(form, _sender(found, starts_at, form)), 303)
    except SlotTaken as taken:
        return _form_page(found, form, 409, refusal=taken, nearest=taken.nearest)
    except Refused as refusal:
        status = 409 if isinstance(refusal, InTheWay) else 422
        return _form_page(found, form, status, refusal=refusal)


@room.route("/emergency", methods=["GET", "POST"])
@public
def emergency() -> Response:
    """Whom to call, and the nearest hospital to a district or to where the browser is; nothing is kept."""
    return _emergency_page(200)


def _sender(
    found: Doctor, starts_at: datetime, form: RequestForm
) -> Callable[[sa.Connection], str]:
    here, patient_id = parts(), access.patient_id()

    def work(connection: sa.Connection) -> str:
        made = service.request_visit(
            connection,
            here.vault,
            doctor_id=found.doctor_id,
            kind_id=found.kind_id,
            patient_id=patient_id,
            starts_at=starts_at,
            urgency=form.urgency.data,
            symptoms=form.symptoms.data,
            clock=here.clock,
        )
        return url_for("appointments.visit", visit_id=made.appointment_id, done="requested")

    return work


def _hold(found: Doctor, starts_at: datetime) -> Hold:
    here, patient_id = parts(), access.patient_id()
    return here.change(
        lambda c: holds.hold_slot(
            c,
            doctor_id=found.doctor_id,
            kind_id=found.kind_id,
            patient_id=patient_id,
            starts_at=starts_at,
            clock=here.clock,
        )
    )


def _own_hold(doctor_id: UUID, starts_at: datetime) -> Hold | None:
    """What is set aside for the patient, if it is this time."""
    here, patient_id = parts(), access.patient_id()
    found = here.read(lambda c: queries.hold_of(c, patient_id, now=here.now()))
    is_this = found is not None and (found.doctor_id, found.starts_at) == (doctor_id, starts_at)
    return found if is_this else None


def _address(found: Doctor, starts_at: datetime) -> str:
    return url_for(
        "asking.ask",
        doctor_id=found.doctor_id,
        kind=found.kind_id,
        starts_at=starts_at.isoformat(),
    )


def _form_page(
    found: Doctor,
    form: RequestForm,
    status: int,
    *,
    refusal: Refused | None = None,
    nearest: tuple[Slot, ...] = (),
    in_the_way: InTheWay | None = None,
) -> Response:
    starts_at = instant_or_400(form.wanted)
    return render(
        "appointments/ask.html",
        status,
        doctor=found,
        form=form,
        starts_at=starts_at,
        place=place_of(found, starts_at),
        action=_address(found, starts_at),
        hold=_own_hold(found.doctor_id, starts_at),
        refusal=str(refusal) if refusal else None,
        in_the_way=standing_of(refusal) or in_the_way,
        nearest=nearest,
    )


def _check_page(found: Doctor, form: RequestForm, made: Hold) -> Response:
    return render(
        "appointments/check.html",
        doctor=found,
        form=form,
        starts_at=made.starts_at,
        place=place_of(found, made.starts_at),
        action=_address(found, made.starts_at),
        hold=made,
        symptoms=str(form.symptoms.data).strip(),
    )


def _emergency_page(status: int, doctor: Doctor | None = None) -> Response:
    here, form = parts(), PlaceForm()
    known, places = here.read(lambda c: (districts(c), queries.hospitals(c)))
    form.district.choices = list(known)
    near = form.position or known.get(form.district.data or "")
    return render(
        "appointments/emergency.html",
        status,
        doctor=doctor,
        form=form,
        districts=list(known),
        near=near,
        hospitals=_by_distance(places, near),
    )


def _by_distance(
    places: list[Hospital], near: tuple[float, float] | None
) -> list[tuple[Hospital, float | None]]:
    """The hospitals, the nearest first, with their distance in km; by name where no place is known."""
    if near is None:
        return [(one, None) for one in places]
    far = {one: distance_km(near, (one.latitude, one.longitude)) for one in places}
    return [(one, far[one]) for one in sorted(places, key=far.__getitem__)]
