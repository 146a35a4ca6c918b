"""Who works at a pharmacy: its owners invite colleagues, remove them, and say who is an owner too."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf

from remedy.accounts import colleagues
from remedy.accounts.model import Refused
from web_portal import access
from web_portal.access import owners_only
from web_portal.accounts import mails
from web_portal.accounts.forms import A_NAME, AN_EMAIL
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("colleagues", __name__, url_prefix="/pharmacy/people", template_folder="templates")

STAFF, OWNER = "staff", "owner"


class ColleagueForm(OnceForm):
    """Who is invited, and as what."""

    name = StringField(_l("Name"), [A_NAME])
    email = StringField(_l("E-mail address"), [AN_EMAIL])
    part = SelectField(
        _l("Part"),
        choices=[
            SelectChoice(STAFF, _l("Staff: stock, prices, counts, orders and prescriptions")),
            SelectChoice(OWNER, _l("Owner: also people, opening hours and till keys")),
        ],
    )


class PartForm(OnceForm):
    """What a colleague is from now on."""

    part = HiddenField(
        validators=[AnyOf((STAFF, OWNER), message=_l("Choose what the colleague is to be."))]
    )


@room.get("")
@owners_only
def page() -> Response:
    """Who works here and who is invited."""
    return _page(200, ColleagueForm(formdata=None))


@room.post("")
@owners_only
def invite() -> Response:
    """Invite a colleague; the link goes to their mailbox and nowhere else."""
    here, form, by = parts(), ColleagueForm(), access.signed_in().account_id
    pharmacy_id = access.pharmacy_id()
    if not form.validate():
        return _page(422, form)
    made: list[str] = []

    def work(connection: sa.Connection) -> str:
        token = colleagues.invite(
            connection,
            pharmacy_id,
            name=form.name.data or "",
            email=form.email.data or "",
            is_owner=form.part.data == OWNER,
            by=by,
            clock=here.clock,
        )
        made[:] = [token]
        return url_for("colleagues.page", changed="invited")

    try:
        address = once(form, work)
    except Refused as refusal:
        return _page(422, form, refusal=str(refusal))
    for token in made:
        mails.invitation((form.email.data or "").strip(), token)
    return redirect(address, 303)


@room.post("/invitations/<uuid:invitation_id>/withdraw")
@owners_only
def withdraw(invitation_id: UUID) -> Response:
    """Take an invitation back: its link is worth nothing from now on."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    if invitation_id not in {one.public_id for one in _invitations()}:
        abort(404)

    def work(connection: sa.Connection) -> str:
        if not colleagues.withdraw(connection, pharmacy_id, invitation_id, clock=here.clock):
            abort(404)
        return url_for("colleagues.page", changed="withdrawn")

    return redirect(once(OnceForm(), work), 303)


@room.post("/<uuid:account_id>/remove")
@owners_only
def remove(account_id: UUID) -> Response:
    """Close a colleague's account; they are signed out at once, everywhere."""
    here, pharmacy_id = parts(), access.pharmacy_id()
    by = access.signed_in().account_id
    if account_id not in {one.public_id for one in _people()}:
        abort(404)

    def work(connection: sa.Connection) -> str:
        if not colleagues.remove(connection, pharmacy_id, account_id, by=by, clock=here.clock):
            abort(404)
        return url_for("colleagues.page", changed="removed")

    return _changed(OnceForm(), work)


@room.post("/<uuid:account_id>/part")
@owners_only
def part(account_id: UUID) -> Response:
    """Say whether a colleague is an owner."""
    form, pharmacy_id = PartForm(), access.pharmacy_id()
    by = access.signed_in().account_id
    if account_id not in {one.public_id for one in _people()}:
        abort(404)
    if not form.validate():
        return _page(422, ColleagueForm(formdata=None), refusal=form.problems()[0][1])

    def work(connection: sa.Connection) -> str:
        is_owner = form.part.data == OWNER
        if not colleagues.set_owner(connection, pharmacy_id, account_id, is_owner=is_owner, by=by):
            abort(404)
        return url_for("colleagues.page", changed="part")

    return _changed(form, work)


def _changed(form: OnceForm, work: Callable[[sa.Connection], str]) -> Response:
    try:
        return redirect(once(form, work), 303)
    except Refused as refusal:
        return _page(422, ColleagueForm(formdata=None), refusal=str(refusal))


def _people() -> list[Any]:
    pharmacy_id = access.pharmacy_id()
    return list(parts().read(lambda c: colleagues.people(c, pharmacy_id)))


def _invitations() -> list[Any]:
    here, pharmacy_id = parts(), access.pharmacy_id()
    return list(here.read(lambda c: colleagues.invitations(c, pharmacy_id, clock=here.clock)))


def _page(status: int, form: ColleagueForm, refusal: str | None = None) -> Response:
    return render(
        "accounts/colleagues.html",
        status,
        form=form,
        plain=OnceForm(formdata=None),
        refusal=refusal,
        people=_people(),
        invitations=_invitations(),
        me=access.signed_in().account_id,
        parts_of_work={STAFF: _("Staff"), OWNER: _("Owner")},
    )
