"""A patient's waiting list: what they wait for, the times offered, claiming one; and beginning to wait."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.appointments import kinds, queries, waiting, waiting_staff, waiting_state
from remedy.appointments.model import EMERGENCY, Doctor, Refused, SlotTaken, Visit
from remedy.appointments.waiting_staff import Removed
from remedy.values import local_day
from web_portal import access, postman
from web_portal.access import quiet, requires
from web_portal.appointments.times import doctor_or_404
from web_portal.forms import OnceForm, once
from web_portal.pages import clock_time, news, render
from web_portal.parts import parts
from web_portal.waiting.forms import OfferForm, WaitForm

room = Blueprint("waiting", __name__, template_folder="templates", url_prefix="/waiting")

SUITS_FOR = timedelta(days=30)
"""Until when somebody waits who changes nothing in the form."""


@room.get("")
@requires("patient")
def page() -> Response:
    """What the patient waits for, and what is offered."""
    return _page(200)


@room.get("/state")
@requires("patient")
@quiet
def state() -> Response:
    """The list alone, for a page that follows it; 204 while nothing changed."""
    shown = _shown()
    return news(shown["seen"], lambda: render_template("waiting/_list.html", **shown))


@room.route("/new/<uuid:doctor_id>", methods=["GET", "POST"])
@requires("patient")
def new(doctor_id: UUID) -> Response:
    """Begin to wait for an earlier time of a doctor, or of anybody of the speciality."""
    found, form = doctor_or_404(doctor_id), WaitForm()
    if not form.is_submitted():
        form.visit.data = request.args.get("visit", "")
        today = local_day(parts().now(), found.time_zone)
        form.from_day.data, form.until_day.data = today, today + SUITS_FOR
    later = _later_visit(form)
    if not form.is_submitted():
        return _form_page(found, form, later, 200)
    if form.urgency.data == EMERGENCY:
        return redirect(url_for("asking.emergency"), 303)
    if not form.validate():
        return _form_page(found, form, later, 422)
    try:
        return redirect(once(form, _joiner(found, form, later)), 303)
    except Refused as refusal:
        return _form_page(found, form, later, 422, refusal=str(refusal))


@room.post("/offers/<uuid:offer_id>")
@requires("patient")
def answer(offer_id: UUID) -> Response:
    """Claim an offered time, or decline it. Who comes second is told at once and keeps the place."""
    here, patient_id, form = parts(), access.patient_id(), OfferForm()
    if not here.read(lambda c: waiting_state.owns(c, patient_id, offer_id=offer_id)):
        abort(404)
    if not form.validate():
        return _page(422, refusal=form.problems()[0][1])

    def claim(connection: sa.Connection) -> str:
        visit = waiting.claim(
            connection, here.vault, patient_id=patient_id, offer_id=offer_id, clock=here.clock
        )
        return url_for(
            "appointments.visit", visit_id=visit.appointment_id, done="proposal-accepted"
        )

    def decline(connection: sa.Connection) -> str:
        waiting.decline(connection, patient_id=patient_id, offer_id=offer_id, clock=here.clock)
        return url_for("waiting.page", changed="declined")

    try:
        address = once(form, claim if form.answer.data == "claim" else decline)
    except SlotTaken:
        held_until = here.change(
            lambda c: waiting.lose(c, patient_id=patient_id, offer_id=offer_id, clock=here.clock)
        )
        return _page(409, refusal=_why_not(offer_id, held_until))
    except Refused as refusal:
        return _page(409, refusal=str(refusal))
    postman.wake()
    return redirect(address, 303)


@room.post("/<uuid:entry_id>/leave")
@requires("patient")
def leave(entry_id: UUID) -> Response:
    """Wait no more."""
    here, patient_id, form = parts(), access.patient_id(), OnceForm()
    if not here.read(lambda c: waiting_state.owns(c, patient_id, entry_id=entry_id)):
        abort(404)

    def work(connection: sa.Connection) -> str:
        waiting.leave(connection, patient_id=patient_id, entry_id=entry_id, clock=here.clock)
        return url_for("waiting.page", changed="left")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _page(409, refusal=str(refusal))


def _why_not(offer_id: UUID, held_until: datetime | None) -> str:
    """What became of an offered time: booked, or set aside for somebody who looks at it, or free again by now."""
    if held_until is None:
        return _("Somebody else was first to claim that time; you keep your place.")
    if held_until <= parts().now():
        return _("Somebody looked at that time and has let it go: it is free. Claim it again.")
    offers = [one for entry in _shown()["entries"] for one in entry.open_offers]
    time_zone = next((one.time_zone for one in offers if one.offer_id == offer_id), None)
    return _(
        "Somebody is looking at that time just now, and holds it until %(until)s at the latest. Try again then:"
        " the offer stays open, and you keep your place.",
        until=clock_time(held_until, time_zone or parts().region.time_zone),
    )


def _page(status: int, *, refusal: str | None = None) -> Response:
    return render("waiting/page.html", status, refusal=refusal, **_shown())


def _shown() -> dict[str, Any]:
    here, patient_id = parts(), access.patient_id()
    entries, removed = here.read(
        lambda c: (
            waiting_state.entries_of(c, patient_id, now=here.now()),
            waiting_staff.removed_of(c, patient_id, now=here.now()),
        )
    )
    return {
        "entries": entries,
        "removed": removed,
        "removed_notes": {one.entry_id: _note(patient_id, one) for one in removed},
        "seen": f"{waiting_state.mark(entries)}.{len(removed)}",
        "form": OnceForm(formdata=None),
        "time_zone": here.region.time_zone,
    }


def _note(patient_id: UUID, one: Removed) -> str:
    """What an admin wrote to a patient who was taken off the list."""
    here = parts()
    return here.read(
        lambda c: here.vault.open(c, patient_id, one.entry_id, "note", one.note_sealed)
    )


def _joiner(found: Doctor, form: WaitForm, later: Visit | None) -> Callable[[sa.Connection], str]:
    here, patient_id = parts(), access.patient_id()

    def work(connection: sa.Connection) -> str:
        waiting.join(
            connection,
            here.vault,
            patient_id=patient_id,
            doctor_id=found.doctor_id if form.whose.data == "doctor" else None,
            speciality=found.speciality,
            urgency=form.urgency.data,
            symptoms=form.symptoms.data,
            from_day=form.from_day.data,
            until_day=form.until_day.data,
            earliest=form.earliest.data,
            instead_of=later.appointment_id if later and form.gives_up.data else None,
            clock=here.clock,
            # Earlier than a visit one has is one of its kind.
            kind_name=later.kind_name if later else found.kind_name or None,
            minutes=kinds.minutes_of(later) if later else found.visit_minutes,
        )
        return url_for("waiting.page", changed="joined")

    return work


def _later_visit(form: WaitForm) -> Visit | None:
    """The patient's later visit that the form is about, while it can be given up."""
    here, patient_id, visit_id = parts(), access.patient_id(), form.visit_id
    if visit_id is None:
        return None
    found = here.read(lambda c: queries.visit(c, visit_id, patient_id=patient_id))
    if found is None:
        abort(404)
    return found if found.may_end(here.now()) else None


def _form_page(
    found: Doctor,
    form: WaitForm,
    later: Visit | None,
    status: int,
    *,
    refusal: str | None = None,
) -> Response:
    return render("waiting/new.html", status, doctor=found, form=form, later=later, refusal=refusal)
