"""A doctor's calendar: weekly hours at one or more places, dates that differ, kinds of visit.

An admin keeps anybody's, a doctor their own. A change drops no visit: those it leaves outside the hours are listed.
"""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers.response import Response

from remedy.appointments import calendars, editing, queries
from remedy.appointments.calendar import DayException
from remedy.appointments.calendars import KeptDoctor
from remedy.appointments.model import Hours, Refused
from remedy.values import local_day
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.hospital.forms import (
    EXTRA,
    WEEK,
    DateForm,
    DetailsForm,
    HoursForm,
    KindForm,
    StretchForm,
    WeekForm,
)
from web_portal.pages import render, weekday_name
from web_portal.parts import parts

room = Blueprint("calendars", __name__, template_folder="templates", url_prefix="/calendars")

HOLIDAYS_SHOWN = timedelta(days=366)


@room.get("")
@requires("doctor")
def own() -> Response:
    """To the calendar of the doctor who is signed in."""
    doctor_id = access.signed_in().doctor_id
    if doctor_id is None:
        abort(404)
    return redirect(url_for("calendars.page", doctor_id=doctor_id), 303)


@room.get("/<uuid:doctor_id>")
@requires("admin", "doctor")
def page(doctor_id: UUID) -> Response:
    """The calendar as it is, and the visits that lie outside it."""
    return _page(_kept(doctor_id), 200)


@room.post("/<uuid:doctor_id>/hours")
@requires("admin", "doctor")
def add_hours(doctor_id: UUID) -> Response:
    """Add hours to the week."""
    kept, form = _kept(doctor_id), WeekForm()
    form.offer(_places(kept))
    if not form.validate():
        return _page(kept, 422, week_form=form)

    def change(connection: sa.Connection) -> None:
        editing.add_hours(
            connection,
            doctor_id,
            [
                Hours(day, form.week_starts.data, form.week_ends.data, form.hospital_id)
                for day in sorted(set(form.weekdays.data))
            ],
        )

    return _changed(kept, form, change, at="week_starts", week_form=form)


@room.post("/<uuid:doctor_id>/hours/remove")
@requires("admin", "doctor")
def remove_hours(doctor_id: UUID) -> Response:
    """Take hours out of the week."""
    kept, form = _kept(doctor_id), StretchForm()
    told = _hours_or_400(form.weekday.data, form.starts.data, form.ends.data)
    if not form.validate():
        abort(400)
    return _changed(kept, form, lambda c: editing.remove_hours(c, doctor_id, told))


@room.route("/<uuid:doctor_id>/hours/change", methods=["GET", "POST"])
@requires("admin", "doctor")
def change_hours(doctor_id: UUID) -> Response:
    """Change hours of the week where they stand."""
    kept, form = _kept(doctor_id), HoursForm()
    form.offer(_places(kept))
    if not form.is_submitted():
        asked = [request.args.get(name) for name in ("weekday", "starts", "ends")]
        return _hours_page(kept, form, _there_or_404(kept, _hours_or_400(*asked)))
    before = _hours_or_400(form.weekday.data, form.starts.data, form.ends.data)
    if not form.validate():
        return _hours_page(kept, form, before, 422)
    after = Hours(
        form.new_weekday.data, form.week_starts.data, form.week_ends.data, form.hospital_id
    )

    def work(connection: sa.Connection) -> str:
        editing.change_hours(connection, doctor_id, before, after)
        return url_for("calendars.page", doctor_id=doctor_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        form.refuse("week_starts", str(refusal))
        return _hours_page(kept, form, before, 422)


@room.post("/<uuid:doctor_id>/dates")
@requires("admin", "doctor")
def add_date(doctor_id: UUID) -> Response:
    """Say that a date differs from the week."""
    here, kept, form = parts(), _kept(doctor_id), DateForm()
    form.offer(_places(kept))
    is_valid = form.validate()
    if not is_valid or form.problems():
        return _page(kept, 422, date_form=form)
    told = DayException(form.day.data)
    if form.differs.data == EXTRA:
        told = DayException(
            form.day.data, form.date_starts.data, form.date_ends.data, form.hospital_id
        )
    return _changed(
        kept,
        form,
        lambda c: editing.add_exception(c, doctor_id, told, clock=here.clock),
        at="day",
        date_form=form,
    )


@room.post("/<uuid:doctor_id>/dates/<uuid:exception_id>/remove")
@requires("admin", "doctor")
def remove_date(doctor_id: UUID, exception_id: UUID) -> Response:
    """Let a date be as the week says again."""
    kept, form = _kept(doctor_id), OnceForm()
    if not form.validate():
        abort(400)
    return _changed(kept, form, lambda c: editing.remove_exception(c, doctor_id, exception_id))


@room.post("/<uuid:doctor_id>/kinds")
@requires("admin", "doctor")
def add_kind(doctor_id: UUID) -> Response:
    """Add a kind of visit."""
    here, kept, form = parts(), _kept(doctor_id), KindForm()
    if not form.validate():
        return _page(kept, 422, kind_form=form)

    def change(connection: sa.Connection) -> None:
        editing.add_kind(
            connection,
            doctor_id,
            name=form.kind_name.data or "",
            minutes=form.kind_minutes.data,
            buffer_minutes=form.kind_buffer.data,
            clock=here.clock,
        )

    return _changed(kept, form, change, at="kind_name", kind_form=form)


@room.post("/<uuid:doctor_id>/kinds/<uuid:kind_id>/end")
@requires("admin", "doctor")
def end_kind(doctor_id: UUID, kind_id: UUID) -> Response:
    """Offer a kind of visit no longer."""
    kept, form = _kept(doctor_id), OnceForm()
    if not form.validate():
        abort(400)
    return _changed(kept, form, lambda c: editing.end_kind(c, doctor_id, kind_id))


@room.post("/<uuid:doctor_id>/details")
@requires("admin")
def details(doctor_id: UUID) -> Response:
    """Change what patients read of a doctor, and whether they come."""
    kept, form = _kept(doctor_id), DetailsForm()
    if not form.validate():
        return _page(kept, 422, details_form=form)

    def change(connection: sa.Connection) -> None:
        editing.change_doctor(
            connection,
            doctor_id,
            name=form.name.data.strip(),
            speciality=form.speciality.data.strip(),
            visit_minutes=form.minutes.data,
            is_active=form.is_active.data,
        )

    return _changed(kept, form, change, at="minutes", details_form=form)


def _changed(
    kept: KeptDoctor,
    form: OnceForm,
    change: Callable[[sa.Connection], object],
    *,
    at: str = "",
    **forms: Any,
) -> Response:
    """Make a change once and show the calendar; what the core refuses is said at the field `at`."""
    doctor_id = kept.doctor.doctor_id

    def work(connection: sa.Connection) -> str:
        change(connection)
        return url_for("calendars.page", doctor_id=doctor_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        if not at:
            return _page(kept, 409, refusal=str(refusal))
        form.refuse(at, str(refusal))
        return _page(kept, 422, **forms)


def _hours_or_400(weekday: object, starts: object, ends: object) -> Hours:
    """The hours that a form or an address names."""
    try:
        told = Hours(
            int(str(weekday)), time.fromisoformat(str(starts)), time.fromisoformat(str(ends))
        )
    except ValueError:
        abort(400)
    if told.weekday not in WEEK:
        abort(400)
    return told


def _there_or_404(kept: KeptDoctor, told: Hours) -> Hours:
    """Those hours as the week has them, with their place."""
    today = local_day(parts().now(), kept.doctor.time_zone)
    week = parts().read(lambda c: calendars.calendar_of(c, kept.doctor, first_day=today, days=1))
    found = [
        one
        for one in week.hours
        if (one.weekday, one.starts, one.ends) == (told.weekday, told.starts, told.ends)
    ]
    if not found:
        abort(404)
    return found[0]


def _hours_page(kept: KeptDoctor, form: HoursForm, told: Hours, status: int = 200) -> Response:
    if status == 200:
        form.weekday.data, form.new_weekday.data = str(told.weekday), told.weekday
        form.starts.data, form.ends.data = told.starts.isoformat(), told.ends.isoformat()
        form.week_starts.data, form.week_ends.data = told.starts, told.ends
        form.place.data = str(told.hospital_id or kept.doctor.hospital_id)
    return render(
        "hospital/hours.html",
        status,
        doctor=kept.doctor,
        told=told,
        form=form,
        weekday_name=weekday_name,
        has_places=len(form.place.choices) > 1,
    )


def _kept(doctor_id: UUID) -> KeptDoctor:
    """The doctor whose calendar it is; for a doctor only their own."""
    person = access.signed_in()
    if person.role == "doctor" and person.doctor_id != doctor_id:
        abort(404)
    found = parts().read(lambda c: calendars.kept_doctors(c, doctor_id))
    if not found:
        abort(404)
    return found[0]


def _places(kept: KeptDoctor) -> list[Any]:
    """Where a doctor can have hours: the own hospital first, which is then the one chosen."""
    own_id = kept.doctor.hospital_id
    return sorted(parts().read(queries.hospitals), key=lambda one: one.hospital_id != own_id)


def _page(kept: KeptDoctor, status: int, *, refusal: str | None = None, **forms: Any) -> Response:
    here, found = parts(), kept.doctor
    now = here.now()
    today = local_day(now, found.time_zone)
    places = _places(kept)

    def look(connection: sa.Connection) -> dict[str, Any]:
        calendar = calendars.calendar_of(connection, found, first_day=today, days=1)
        used = calendars.places_of(connection, found.doctor_id)
        return {
            "hours": calendar.hours,
            "dates": calendars.exceptions_of(connection, found.doctor_id, since=today),
            "kinds": calendars.kinds_of(connection, found.doctor_id),
            "holidays": [
                (place.name, one)
                for place in used
                for one in calendars.holidays_of(connection, place.hospital_id, since=today)
                if not one.is_open and one.day < today + HOLIDAYS_SHOWN
            ],
            "outside": editing.visits_outside(connection, found.doctor_id, now=now),
        }

    told: dict[str, Any] = {
        "week_form": WeekForm(formdata=None),
        "date_form": DateForm(formdata=None),
        "kind_form": KindForm(formdata=None),
        "details_form": _details_form(kept),
        **forms,
    }
    for name in ("week_form", "date_form"):
        told[name].offer(places)
    return render(
        "hospital/calendar.html",
        status,
        doctor=found,
        is_active=kept.is_active,
        weekday_name=weekday_name,
        place_names={one.hospital_id: one.name for one in places},
        has_places=len(places) > 1,
        plain=OnceForm(formdata=None),
        wrong=next(iter(forms.values()), None),
        refusal=refusal,
        **here.read(look),
        **told,
    )


def _details_form(kept: KeptDoctor) -> DetailsForm:
    form = DetailsForm(formdata=None)
    form.name.data, form.speciality.data = kept.doctor.name, kept.doctor.speciality
    form.minutes.data, form.is_active.data = kept.doctor.visit_minutes, kept.is_active
    return form
