"""Hospitals and who works there: made by admins, with the public holidays on which a hospital is closed."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from babel.core import get_global
from flask import Blueprint, abort, redirect, url_for
from flask_babel import get_locale
from werkzeug.wrappers.response import Response

from remedy.appointments import calendars, editing, hospitals, queries
from remedy.appointments.hospitals import ChangedMeanwhile
from remedy.appointments.model import Hospital, Refused
from remedy.appointments.public_holidays import countries
from remedy.values import local_day
from web_portal import access
from web_portal.access import requires
from web_portal.appointments.times import day_or_none
from web_portal.forms import OnceForm, once
from web_portal.hospital.forms import (
    BringForm,
    ChangeForm,
    DoctorForm,
    HolidayForm,
    HospitalForm,
    OpenForm,
    offer_countries,
)
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("hospitals", __name__, template_folder="templates", url_prefix="/admin/hospitals")


@room.get("")
@requires("admin")
def page() -> Response:
    """The hospitals, and the doctors of each."""
    places, people = parts().read(lambda c: (queries.hospitals(c), calendars.kept_doctors(c)))
    by_place = {
        one.hospital_id: [who for who in people if who.doctor.hospital_id == one.hospital_id]
        for one in places
    }
    return render("hospital/hospitals.html", hospitals=places, doctors=by_place)


@room.route("/new", methods=["GET", "POST"])
@requires("admin")
def make() -> Response:
    """Make a hospital."""
    here, form = parts(), HospitalForm()
    offer_countries(form.country, _countries())
    if not form.is_submitted():
        form.time_zone.data = here.region.time_zone
        form.country.data = _country_of(here.region.time_zone)
        return render("hospital/hospital_new.html", form=form)
    if not form.validate():
        return render("hospital/hospital_new.html", 422, form=form)

    def work(connection: sa.Connection) -> str:
        made = hospitals.make_hospital(
            connection,
            name=form.name.data.strip(),
            address=form.address.data.strip(),
            phone=(form.phone.data or "").strip() or None,
            latitude=form.latitude.data,
            longitude=form.longitude.data,
            time_zone=form.time_zone.data.strip(),
            country=form.country.data if form.country.data in countries() else "",
            clock=here.clock,
        )
        return url_for("hospitals.one", hospital_id=made, done="saved")

    return redirect(once(form, work), 303)


@room.get("/<uuid:hospital_id>")
@requires("admin")
def one(hospital_id: UUID) -> Response:
    """A hospital: its doctors, and the days on which it is closed."""
    return _page(hospital_id, 200)


@room.route("/<uuid:hospital_id>/change", methods=["GET", "POST"])
@requires("admin")
def change(hospital_id: UUID) -> Response:
    """Change a hospital's name, address, telephone or place; of two who do at once, the second reads who was first."""
    here, form, account_id = parts(), ChangeForm(), access.signed_in().account_id
    _hospital(hospital_id)
    if not form.is_submitted():
        before, version = here.read(lambda c: hospitals.hospital_of(c, hospital_id))
        form.process(data={**vars(before), "version": str(version)})
        return _change_page(hospital_id, form, 200)
    if not form.validate():
        return _change_page(hospital_id, form, 422)
    told = Hospital(
        hospital_id,
        form.name.data.strip(),
        form.address.data.strip(),
        (form.phone.data or "").strip() or None,
        form.latitude.data,
        form.longitude.data,
    )

    def work(connection: sa.Connection) -> str:
        hospitals.change_hospital(
            connection,
            told,
            version=int(form.version.data),
            changed_by=account_id,
            clock=here.clock,
        )
        return url_for("hospitals.one", hospital_id=hospital_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except ChangedMeanwhile as refusal:
        now, version = here.read(lambda c: hospitals.hospital_of(c, hospital_id))
        # What was typed stays; whoever has compared saves over what the other wrote.
        form.version.data = str(version)
        return _change_page(hospital_id, form, 409, refusal=str(refusal), now=now)


def _change_page(hospital_id: UUID, form: ChangeForm, status: int, **told: Any) -> Response:
    return render(
        "hospital/hospital_change.html", status, hospital=_hospital(hospital_id), form=form, **told
    )


@room.post("/<uuid:hospital_id>/doctors")
@requires("admin")
def make_doctor(hospital_id: UUID) -> Response:
    """Make a doctor of this hospital, who has no hours yet."""
    here, form = parts(), DoctorForm()
    _hospital(hospital_id)
    if not form.validate():
        return _page(hospital_id, 422, doctor_form=form)

    def work(connection: sa.Connection) -> str:
        made = editing.make_doctor(
            connection,
            hospital_id=hospital_id,
            name=form.name.data.strip(),
            speciality=form.speciality.data.strip(),
            visit_minutes=form.minutes.data,
            clock=here.clock,
        )
        return url_for("calendars.page", doctor_id=made, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        form.refuse("minutes", str(refusal))
        return _page(hospital_id, 422, doctor_form=form)


@room.post("/<uuid:hospital_id>/holidays/bring")
@requires("admin")
def bring(hospital_id: UUID) -> Response:
    """Bring in a country's public holidays of a year; what was changed by hand stays."""
    form = BringForm()
    _hospital(hospital_id)
    if not form.validate():
        return _page(hospital_id, 422, bring_form=form)

    def work(connection: sa.Connection) -> str:
        hospitals.bring_holidays(
            connection, hospital_id, country=form.country.data or "", year=int(form.year.data)
        )
        return url_for("hospitals.one", hospital_id=hospital_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        form.refuse("country", str(refusal))
        return _page(hospital_id, 422, bring_form=form)


@room.post("/<uuid:hospital_id>/holidays")
@requires("admin")
def add_holiday(hospital_id: UUID) -> Response:
    """Close the hospital on a day."""
    form = HolidayForm()
    _hospital(hospital_id)
    if not form.validate():
        return _page(hospital_id, 422, holiday_form=form)

    def work(connection: sa.Connection) -> str:
        hospitals.add_holiday(
            connection, hospital_id, form.holiday.data, form.holiday_name.data or ""
        )
        return url_for("hospitals.one", hospital_id=hospital_id, done="saved")

    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        form.refuse("holiday_name", str(refusal))
        return _page(hospital_id, 422, holiday_form=form)


@room.post("/<uuid:hospital_id>/holidays/open")
@requires("admin")
def open_holiday(hospital_id: UUID) -> Response:
    """Let the hospital work on a public holiday."""
    form = OpenForm()
    _hospital(hospital_id)
    day = day_or_none(form.opened.data)
    if day is None or not form.validate():
        abort(400)

    def work(connection: sa.Connection) -> str:
        hospitals.open_holiday(connection, hospital_id, day)
        return url_for("hospitals.one", hospital_id=hospital_id, done="saved")

    return redirect(once(form, work), 303)


def _page(hospital_id: UUID, status: int, **forms: Any) -> Response:
    here, found = parts(), _hospital(hospital_id)
    now = here.now()
    place, people = here.read(
        lambda c: (
            hospitals.where_and_country(c, hospital_id),
            [who for who in calendars.kept_doctors(c) if who.doctor.hospital_id == hospital_id],
        )
    )
    today = local_day(now, place.time_zone)
    closed, changes, outside = here.read(
        lambda c: (
            calendars.holidays_of(c, hospital_id, since=today),
            hospitals.changes_of(c, hospital_id),
            {
                who.doctor.doctor_id: len(editing.visits_outside(c, who.doctor.doctor_id, now=now))
                for who in people
            },
        )
    )
    told: dict[str, Any] = {
        "doctor_form": DoctorForm(formdata=None),
        "bring_form": _bring_form(place.country or _country_of(place.time_zone), today),
        "holiday_form": HolidayForm(formdata=None),
        **forms,
    }
    offer_countries(told["bring_form"].country, _countries())
    return render(
        "hospital/hospital.html",
        status,
        hospital=found,
        doctors=people,
        holidays=closed,
        changes=changes,
        time_zone=place.time_zone,
        outside=outside,
        plain=OnceForm(formdata=None),
        wrong=next(iter(forms.values()), None),
        **told,
    )


def _bring_form(country: str, today: date) -> BringForm:
    form = BringForm(formdata=None)
    form.country.data, form.year.data = country, str(today.year)
    return form


def _hospital(hospital_id: UUID) -> Hospital:
    known = {one.hospital_id: one for one in parts().read(queries.hospitals)}
    if hospital_id not in known:
        abort(404)
    return known[hospital_id]


def _countries() -> list[tuple[str, str]]:
    """The countries whose public holidays are known, by their names in the page's language."""
    names = get_locale().territories
    return sorted(((code, names.get(code, code)) for code in countries()), key=lambda one: one[1])


def _country_of(time_zone: str) -> str:
    """The country in which a time zone's clocks stand; empty where nobody knows."""
    return str(get_global("zone_territories").get(time_zone, ""))
