"""The call list: an admin switches it on, telephones who stands first, and notes what the call came to.

Names and telephones are opened for the visits that are listed and for no others; the risk is worked out when the page
is opened and kept nowhere. Patients never come here, and nothing of it is read where times are offered or given.
"""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, redirect, url_for
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response
from wtforms import HiddenField
from wtforms.validators import AnyOf

from remedy.accounts.queries import contact
from remedy.calls import queries, service
from remedy.calls.model import COMING_DAYS, FEWEST_OWN_VISITS, OUTCOMES, Known, learnt
from web_portal import access
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("calls", __name__, url_prefix="/admin/calls", template_folder="templates")

TAKE_BACK = "none"


class SwitchForm(OnceForm):
    """The list on or off."""

    wanted = HiddenField(
        validators=[AnyOf(("on", "off"), message=_l("Choose to switch the list on or off."))]
    )


class NoteForm(OnceForm):
    """What a call came to."""

    outcome = HiddenField(
        validators=[AnyOf((*OUTCOMES, TAKE_BACK), message=_l("Choose what the call came to."))]
    )


@room.get("")
@requires("admin")
def page() -> Response:
    """The list; while it is off, what it is and is not."""
    return _page()


@room.post("/switch")
@requires("admin")
def turn() -> Response:
    """Switch the list on or off."""
    form, here, by = SwitchForm(), parts(), access.signed_in().account_id
    if not form.validate():
        return _page(422, form)

    def work(connection: sa.Connection) -> str:
        service.turn(connection, is_on=form.wanted.data == "on", by=by, clock=here.clock)
        return url_for("calls.page", done="saved")

    return redirect(once(form, work), 303)


@room.post("/<uuid:visit_id>")
@requires("admin")
def note(visit_id: UUID) -> Response:
    """Note what a call came to, or take the note back."""
    form = NoteForm()
    if not form.validate():
        return _page(422, form)
    try:
        return redirect(once(form, _noting(visit_id, str(form.outcome.data))), 303)
    except service.Refused as refusal:
        return _page(409, form, refusal=str(refusal))


def _noting(visit_id: UUID, outcome: str) -> Callable[[sa.Connection], str]:
    here, by = parts(), access.signed_in().account_id

    def work(connection: sa.Connection) -> str:
        service.note(
            connection,
            visit_id,
            outcome="" if outcome == TAKE_BACK else outcome,
            by=by,
            clock=here.clock,
        )
        return url_for("calls.page", done="saved")

    return work


def _page(status: int = 200, sent: OnceForm | None = None, refusal: str | None = None) -> Response:
    here, now, model = parts(), parts().now(), learnt()
    switch = here.read(queries.switch)
    found = queries.CallList((), 0)
    if switch.is_on:
        found = here.read(lambda c: queries.call_list(c, model, now))
    reached = here.read(
        lambda c: {call.patient_id: contact(c, here.vault, call.patient_id) for call in found.calls}
    )
    return render(
        "calls/page.html",
        status,
        switch=switch,
        found=found,
        reached=reached,
        sent=sent,
        refusal=refusal,
        switch_form=SwitchForm(formdata=None),
        # A number of its own each time the page is drawn: the address says which visit.
        note_form=NoteForm(formdata=None),
        days=COMING_DAYS,
        learnt=model,
        learnt_from=format_decimal(model.visit_count),
        own=here.read(lambda c: queries.own_record(c, model)),
        fewest=FEWEST_OWN_VISITS,
        why=why,
        about=about,
    )


def why(known: Known) -> str:
    """What puts a visit where it stands, in words."""
    if known.lead_days <= 0:
        booked = _("Booked on the day itself")
    else:
        booked = ngettext("Booked a day ahead", "Booked %(num)s days ahead", known.lead_days)
    if known.missed and known.earlier == 1:
        past = _("missed the one earlier visit")
    elif known.missed:
        past = _(
            "missed %(missed)s of %(count)s earlier visits",
            missed=known.missed,
            count=known.earlier,
        )
    elif known.earlier:
        past = ngettext(
            "came to one earlier visit", "came to %(num)s earlier visits", known.earlier
        )
    else:
        past = _("no earlier visit")
    return _("%(booked)s; %(past)s", booked=booked, past=past)


def about(risk: float) -> str:
    """A risk as people say it: of ten such visits, so many."""
    tenth = round(risk * 10)
    if tenth == 0:
        return _("fewer than 1 in 10")
    return _("about %(count)s in 10", count=tenth)
