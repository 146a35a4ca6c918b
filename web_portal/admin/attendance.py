"""Who came: the visits of a day, checked in, attended or missed; for admins, and for doctors their own."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers.response import Response

from remedy.accounts.queries import contact
from remedy.appointments import attendance, queries
from remedy.appointments.model import CHECK_IN_BEFORE, AlreadyDecided, Refused
from remedy.values import day_bounds, local_day
from web_portal import access
from web_portal.access import requires
from web_portal.admin.forms import MarkForm
from web_portal.appointments.times import day_or_none
from web_portal.forms import once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("attendance", __name__, template_folder="templates", url_prefix="/visits")

STEPS = {"check-in": attendance.check_in, "attend": attendance.attend, "miss": attendance.miss}


@room.get("/day")
@requires("admin", "doctor")
def page() -> Response:
    """The visits of a day, by time, with the names of who is expected."""
    return _page(200)


@room.post("/<uuid:visit_id>/note")
@requires("admin", "doctor")
def note(visit_id: UUID) -> Response:
    """Note that a patient is there, came, or did not come; of two who note at once, one wins."""
    form, here, who = MarkForm(), parts(), access.signed_in()
    found = here.read(lambda c: queries.visit(c, visit_id))
    if found is None or who.doctor_id not in {None, found.doctor_id}:
        abort(404)
    day = local_day(found.starts_at, found.time_zone).isoformat()
    if not form.validate():
        return _page(422, day=day, refusal=form.problems()[0][1])

    def work(connection: sa.Connection) -> str:
        STEPS[form.step.data](
            connection,
            visit_id,
            marked_by=who.account_id,
            version=int(form.version.data),
            clock=here.clock,
        )
        return url_for("attendance.page", day=day, done="saved")

    try:
        return redirect(once(form, work), 303)
    except AlreadyDecided as refusal:
        return _page(409, day=day, refusal=str(refusal))
    except Refused as refusal:
        return _page(422, day=day, refusal=str(refusal))


def _page(status: int, *, day: str | None = None, refusal: str | None = None) -> Response:
    here, who = parts(), access.signed_in()
    zone = here.region.time_zone
    now = here.now()
    shown = day_or_none(day or request.args.get("day")) or local_day(now, zone)
    # A day elsewhere begins up to a day sooner or later; which visits are on it, each hospital's zone says.
    a_day = timedelta(days=1)
    try:
        since, until = (bound for bound in day_bounds(shown, zone))
        since, until = since - a_day, until + a_day
    except OverflowError:
        abort(400)

    def look(connection: sa.Connection) -> list[tuple[object, str | None]]:
        visits = attendance.of_day(connection, since, until, doctor_id=who.doctor_id)
        rows: list[tuple[object, str | None]] = []
        for visit in attendance.on_local_day(visits, shown):
            reached = contact(connection, here.vault, visit.patient_id)
            rows.append((visit, reached.name if reached else None))
        return rows

    return render(
        "admin/attendance.html",
        status,
        day=shown,
        rows=here.read(look),
        form=MarkForm(formdata=None),
        now=now,
        check_in_before=CHECK_IN_BEFORE,
        refusal=refusal,
    )
