"""How requests are decided: rules that accept in an admin's place, and each hospital's limits; for admins."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response
from wtforms.fields import SelectChoice

from remedy.appointments import queries, rules
from remedy.appointments.model import Refused
from web_portal import access
from web_portal.access import requires
from web_portal.admin.forms import LimitsForm, RuleForm, RuleStepForm, whole_number
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.translations.core_sentences import said

room = Blueprint("deciding", __name__, template_folder="templates", url_prefix="/admin/rules")


@room.get("")
@requires("admin")
def page() -> Response:
    """The rules there are, on or off, and the limits."""
    return _page(200)


@room.post("")
@requires("admin")
def add() -> Response:
    """Make a rule; it is off."""
    form, here, account_id = RuleForm(), parts(), access.signed_in().account_id

    def work(connection: sa.Connection) -> str:
        rules.add(
            connection,
            doctor_id=form.doctor_id,
            speciality=form.speciality,
            urgency=form.urgency.data or "",
            hours_ahead=whole_number(form.hours.data),
            made_by=account_id,
            clock=here.clock,
        )
        return url_for("deciding.page", done="saved")

    return _changed(form, work)


@room.post("/<uuid:rule_id>")
@requires("admin")
def step(rule_id: UUID) -> Response:
    """Switch a rule on or off, or end it."""
    form, here = RuleStepForm(), parts()
    if here.read(lambda c: rules.rule_of(c, rule_id)) is None:
        abort(404)

    def work(connection: sa.Connection) -> str:
        if form.step.data == "end":
            rules.end(connection, rule_id, clock=here.clock)
        else:
            rules.switch(connection, rule_id, is_on=form.step.data == "on")
        return url_for("deciding.page", done="saved")

    return _changed(form, work)


@room.post("/limits/<uuid:hospital_id>")
@requires("admin")
def set_limits(hospital_id: UUID) -> Response:
    """Set a hospital's hours for changes, minutes for urgent requests, and how much one patient may ask for."""
    form, here = LimitsForm(), parts()
    if hospital_id not in {one.hospital_id for one in here.read(rules.limits)}:
        abort(404)

    def work(connection: sa.Connection) -> str:
        rules.set_limits(
            connection,
            hospital_id,
            change_hours=whole_number(form.change_hours.data),
            urgent_minutes=whole_number(form.urgent_minutes.data),
            open_requests=whole_number(form.open_requests.data),
            visits_ahead=whole_number(form.visits_ahead.data),
        )
        return url_for("deciding.page", done="saved")

    return _changed(form, work)


def _changed(form: OnceForm, work: Callable[[sa.Connection], str]) -> Response:
    if not form.validate():
        return _page(422, refusal=form.problems()[0][1])
    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _page(422, refusal=str(refusal))


def _page(status: int, *, refusal: str | None = None) -> Response:
    here = parts()
    found, everyone, limits = here.read(
        lambda c: (rules.rules(c), queries.doctors(c), rules.limits(c))
    )
    # What was typed stays where it was refused.
    form = RuleForm() if status >= 400 else RuleForm(formdata=None)
    form.of.choices = [
        SelectChoice("", _("Choose")),
        *(
            SelectChoice(f"speciality:{name}", _("All of %(speciality)s", speciality=said(name)))
            for name in sorted({one.speciality for one in everyone})
        ),
        *(SelectChoice(f"doctor:{one.doctor_id}", one.name) for one in everyone),
    ]
    return render(
        "admin/rules.html",
        status,
        rules=found,
        limits=limits,
        form=form,
        step_form=RuleStepForm(formdata=None),
        refusal=refusal,
    )
