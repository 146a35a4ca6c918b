"""Staff: invited by an admin, let in by a mailed link; and pharmacies that apply, decided by an admin."""

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts import applications, links, staff
from remedy.accounts.applications import Application
from remedy.accounts.model import AlreadyRegistered, LinkEnded, Refused
from remedy.accounts.repeats import DifferentBody, answer_once
from web_portal import access
from web_portal.access import public, requires
from web_portal.accounts import mails
from web_portal.accounts.forms import NewPasswordForm
from web_portal.accounts.staff_forms import ApplicationForm, ApplyForm, InviteForm
from web_portal.forms import OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("people", __name__, template_folder="templates")


@room.get("/admin/people")
@requires("admin")
def page() -> Response:
    """Who works here, who is invited, and which pharmacies wait for a decision."""
    return _page(200, InviteForm(formdata=None))


@room.post("/admin/people")
@requires("admin")
def invite() -> Response:
    """Invite a member of staff; the link goes to their mailbox and nowhere else."""
    here, form, account_id = parts(), InviteForm(), access.signed_in().account_id
    _offer(form)
    if not form.validate():
        return _page(422, form)
    made: list[str] = []

    def work(connection: sa.Connection) -> str:
        token = staff.invite(
            connection,
            role=form.role.data,
            name=form.name.data or "",
            email=form.email.data or "",
            pharmacy_id=form.chosen("pharmacy"),
            doctor_id=form.chosen("doctor"),
            # Whom an admin sends to a pharmacy answers for it; colleagues are invited by them.
            is_owner=form.role.data == "pharmacist",
            invited_by=account_id,
            clock=here.clock,
        )
        made[:] = [token]
        return url_for("people.page", changed="invited")

    try:
        address = once(form, work)
    except Refused as refusal:
        return _page(422, form, refusal=str(refusal))
    for token in made:
        mails.invitation(form.email.data.strip(), token)
    return redirect(address, 303)


@room.post("/admin/people/invitations/<uuid:invitation_id>/withdraw")
@requires("admin")
def withdraw(invitation_id: UUID) -> Response:
    """Take an invitation back: its link is worth nothing from now on."""
    here = parts()

    def work(connection: sa.Connection) -> str:
        if not staff.withdraw(connection, invitation_id, clock=here.clock):
            abort(404)
        return url_for("people.page", changed="withdrawn")

    return redirect(once(OnceForm(), work), 303)


@room.post("/admin/people/<uuid:account_id>/close")
@requires("admin")
def close(account_id: UUID) -> Response:
    """Close a member of staff's account; they are signed out at once."""
    here, by = parts(), access.signed_in().account_id

    def work(connection: sa.Connection) -> str:
        if not staff.close(connection, account_id, by=by, clock=here.clock):
            abort(404)
        return url_for("people.page", changed="closed")

    try:
        return redirect(once(OnceForm(), work), 303)
    except Refused as refusal:
        return _page(422, InviteForm(formdata=None), refusal=str(refusal))


def _page(status: int, form: InviteForm, refusal: str | None = None) -> Response:
    here = parts()
    _offer(form)
    return render(
        "accounts/people.html",
        status,
        form=form,
        plain=OnceForm(formdata=None),
        refusal=refusal,
        people=here.read(staff.people),
        invitations=here.read(lambda c: staff.open_invitations(c, clock=here.clock)),
        waiting=here.read(applications.waiting),
        me=access.signed_in().account_id,
    )


def _offer(form: InviteForm) -> None:
    form.offer(*parts().read(staff.workplaces))


@room.route("/invitation/<token>", methods=["GET", "POST"])
@public
def invitation(token: str) -> Response:
    """Where an invitation's mail leads: choose a password, once."""
    here, form = parts(), NewPasswordForm()
    found = here.read(lambda c: staff.invited(c, token, clock=here.clock))
    if found is None:
        return render("accounts/link_ended.html", 410)
    if not form.is_submitted():
        return render("accounts/invitation.html", form=form, invited=found)
    if not form.validate():
        return render("accounts/invitation.html", 422, form=form, invited=found)
    try:
        here.change(
            lambda c: staff.accept(
                c,
                token=token,
                password=form.password.data or "",
                secret_key=here.settings.secret_key,
                clock=here.clock,
            )
        )
    except LinkEnded:
        return render("accounts/link_ended.html", 410)
    except AlreadyRegistered:
        # Whoever holds the link has the mailbox: they may know that it has an account.
        refusal = _("Your e-mail address has an account already. Ask to be invited at another one.")
        return render("accounts/invitation.html", 422, form=form, invited=found, refusal=refusal)
    except Refused as refused:
        form.refuse("password", str(refused))
        return render("accounts/invitation.html", 422, form=form, invited=found)
    return redirect(url_for("accounts.sign_in", done="invited"), 303)


@room.route("/apply", methods=["GET", "POST"])
@public
def apply() -> Response:
    """A pharmacy asks to take part."""
    here, form = parts(), ApplyForm()
    if not form.is_submitted():
        return render("accounts/apply.html", form=form)
    if not form.validate():
        return render("accounts/apply.html", 422, form=form)
    told: dict[str, Any] = {
        field.name: field.data.strip() if isinstance(field.data, str) else field.data
        for field in form
        if field.name not in {"csrf_token", "nonce"}
    }
    kept = Application(**told)
    secret: dict[str, Any] = {"secret_key": here.settings.secret_key, "clock": here.clock}
    address = request.remote_addr or ""
    if not here.change(
        lambda c: links.may_mail(c, email=kept.pharmacist_email, address=address, **secret)
    ):
        refusal = _("Too many applications came from you. Try again in an hour.")
        return render("accounts/apply.html", 422, form=form, refusal=refusal)

    def work(connection: sa.Connection) -> tuple[int, str]:
        applications.apply(connection, kept, clock=here.clock)
        return 303, url_for("people.applied")

    try:
        _status, target = here.change(
            lambda c: answer_once(
                c,
                scope="apply",
                route=request.path,
                key=form.nonce.data or "",
                body=json.dumps(told, sort_keys=True),
                work=lambda: work(c),
                clock=here.clock,
            )
        )
    except (DifferentBody, Refused) as refused:
        return render("accounts/apply.html", 422, form=form, refusal=str(refused))
    return redirect(str(target), 303)


@room.get("/apply/sent")
@public
def applied() -> Response:
    """What happens next with an application."""
    return render("accounts/applied.html")


@room.route("/admin/applications/<uuid:application_id>", methods=["GET", "POST"])
@requires("admin")
def application(application_id: UUID) -> Response:
    """One application and its decision; of two admins who decide, one wins and the other reads who did."""
    here, form, by = parts(), ApplicationForm(), access.signed_in().account_id
    if here.read(lambda c: applications.application(c, application_id)) is None:
        abort(404)
    if not form.is_submitted():
        return _application_page(application_id, 200, form)
    if not form.validate():
        return _application_page(application_id, 422, form)
    approved: list[tuple[str, str]] = []
    declined: list[str] = []

    def work(connection: sa.Connection) -> str:
        if form.decision.data == "approve":
            zone = here.region.time_zone
            approved[:] = [
                applications.approve(
                    connection, application_id, by=by, time_zone=zone, clock=here.clock
                )
            ]
        else:
            note = form.note.data or ""
            declined[:] = [
                applications.decline(connection, application_id, by=by, note=note, clock=here.clock)
            ]
        return url_for("people.page", changed="application")

    try:
        target = once(form, work)
    except Refused as refused:
        return _application_page(application_id, 409, form, refusal=str(refused))
    for token, email in approved:
        mails.invitation(email, token)
    for email in declined:
        mails.application_declined(email, (form.note.data or "").strip())
    return redirect(target, 303)


def _application_page(
    application_id: UUID, status: int, form: ApplicationForm, refusal: str | None = None
) -> Response:
    here = parts()
    found = here.read(lambda c: applications.application(c, application_id))
    if found is None:
        abort(404)
    return render(
        "accounts/application.html",
        status,
        form=form,
        told=found,
        refusal=refusal,
        same=here.read(lambda c: applications.same_licence(c, found.licence)),
    )
