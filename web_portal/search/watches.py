"""Being told when a medicine is back: a patient asks here; what falls due by the clock sees that it is (`remedy.pipeline.overdue`)."""

from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, url_for
from werkzeug.wrappers.response import Response

from remedy.catalogue import watches
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("watches", __name__)


@room.get("/watches")
@requires("patient")
def page() -> Response:
    """What a patient waits for."""
    here, patient_id = parts(), access.patient_id()
    found = here.read(lambda c: watches.watches_of(c, patient_id, now=here.now()))
    return render("search/watches.html", watches=found, form=OnceForm(formdata=None))


@room.post("/medicines/<uuid:medicine_id>/watch")
@requires("patient")
def begin(medicine_id: UUID) -> Response:
    """Have oneself told when a pharmacy has it again."""
    here, patient_id = parts(), access.patient_id()

    def work(connection: sa.Connection) -> str:
        watches.watch(connection, patient_id, medicine_id, clock=here.clock)
        return url_for("watches.page", done="watching")

    try:
        return redirect(once(OnceForm(), work), 303)
    except LookupError:
        abort(404)


@room.post("/medicines/<uuid:medicine_id>/watch/end")
@requires("patient")
def end(medicine_id: UUID) -> Response:
    """Wait no longer."""
    patient_id = access.patient_id()

    def work(connection: sa.Connection) -> str:
        watches.unwatch(connection, patient_id, medicine_id)
        return url_for("watches.page", done="unwatched")

    return redirect(once(OnceForm(), work), 303)
