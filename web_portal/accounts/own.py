"""One's own account: what was told, password, e-mail address, and the devices that are signed in."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers.response import Response

from remedy.accounts import links, own, service
from remedy.accounts.model import IDLE, LinkEnded, Refused, SignInRefused
from web_portal import access
from web_portal.access import public, requires
from web_portal.accounts import mails
from web_portal.accounts.forms import ChangeEmailForm, ChangePasswordForm, DetailsForm
from web_portal.forms import Form, OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("account", __name__, template_folder="templates")

EVERYBODY = ("patient", "pharmacist", "doctor", "admin")
WARN_BEFORE = timedelta(minutes=2)
"""How long before a session ends for want of a click its page says so (WCAG 2.2.1)."""


@room.app_context_processor
def _when_to_warn() -> dict[str, int]:
    return {"warn_after_seconds": int((IDLE - WARN_BEFORE).total_seconds())}


@room.get("/account/awake")
@requires(*EVERYBODY)
def awake() -> Response:
    """Somebody is still there: being asked keeps the session awake."""
    return Response(status=204)


@room.get("/account")
@requires(*EVERYBODY)
def page() -> Response:
    """What we know of who is signed in, and where they are signed in."""
    here, who, token = parts(), access.signed_in(), access.session_token()
    patient_id = who.patient_id
    return render(
        "accounts/account.html",
        told=here.read(lambda c: own.details(c, here.vault, patient_id)) if patient_id else None,
        email=here.read(lambda c: own.own_email(c, here.vault, who.account_id)),
        devices=here.read(lambda c: own.devices(c, who.account_id, token, clock=here.clock)),
        form=OnceForm(formdata=None),
    )


@room.route("/account/details", methods=["GET", "POST"])
@requires("patient")
def details() -> Response:
    """Change name, telephone, date of birth and address."""
    here, patient_id, form = parts(), access.patient_id(), DetailsForm()
    if not form.is_submitted():
        told = here.read(lambda c: own.details(c, here.vault, patient_id))
        for name in ("name", "phone", "address"):
            form[name].data = told[name]
        if told["birth_date"]:
            form.fill(told["birth_date"])
        return render("accounts/change.html", form=form, which="details")
    if not form.validate():
        return render("accounts/change.html", 422, form=form, which="details")
    here.change(
        lambda c: own.change_details(
            c,
            here.vault,
            patient_id,
            name=form.name.data or "",
            phone=form.phone.data or "",
            birth_date=form.birth_date(),
            address=form.address.data or "",
        )
    )
    return redirect(url_for("account.page", changed="details"), 303)


@room.route("/account/password", methods=["GET", "POST"])
@requires(*EVERYBODY)
def password() -> Response:
    """Change the password; everywhere else the account is signed out."""
    here, who, form = parts(), access.signed_in(), ChangePasswordForm()
    if not form.is_submitted():
        return render("accounts/change.html", form=form, which="password")
    if not form.validate():
        return render("accounts/change.html", 422, form=form, which="password")
    token = access.session_token()
    try:
        _prove(who.account_id, form.current.data)
        email = here.change(
            lambda c: own.change_password(
                c,
                here.vault,
                who.account_id,
                password=form.password.data or "",
                token=token,
                clock=here.clock,
            )
        )
    except SignInRefused as refusal:
        return _not_proved("password", form, refusal)
    except Refused as refusal:
        form.refuse("password", str(refusal))
        return render("accounts/change.html", 422, form=form, which="password")
    mails.password_changed(email)
    return redirect(url_for("account.page", changed="password"), 303)


@room.route("/account/email", methods=["GET", "POST"])
@requires(*EVERYBODY)
def email() -> Response:
    """Ask for another e-mail address; the same words whether it has an account already."""
    here, who, form = parts(), access.signed_in(), ChangeEmailForm()
    if not form.is_submitted():
        return render("accounts/change.html", form=form, which="email")
    if not form.validate():
        return render("accounts/change.html", 422, form=form, which="email")
    try:
        _prove(who.account_id, form.password.data)
    except SignInRefused as refusal:
        return _not_proved("email", form, refusal)
    new: dict[str, Any] = {
        "email": form.email.data.strip(), "secret_key": here.settings.secret_key, "clock": here.clock,
    }  # fmt: skip
    address = request.remote_addr or ""
    if here.change(lambda c: links.may_mail(c, address=address, **new)):
        token = here.change(lambda c: own.ask_new_email(c, here.vault, who.account_id, **new))
        if token is None:
            mails.email_taken(new["email"])
        else:
            mails.new_email(new["email"], token)
    return redirect(url_for("account.page", changed="email"), 303)


@room.route("/confirm-address/<token>", methods=["GET", "POST"])
@public
def confirm_email(token: str) -> Response:
    """Where the mail to a new address leads: a button, because mail programs open links by themselves."""
    here, form = parts(), Form()
    if here.read(lambda c: links.look(c, "email", token, clock=here.clock)) is None:
        return render("accounts/link_ended.html", 410)
    if not form.is_submitted():
        return render("accounts/confirm_email.html", form=form)
    try:
        before = here.change(
            lambda c: own.confirm_new_email(c, here.vault, token=token, clock=here.clock)
        )
    except LinkEnded:
        return render("accounts/link_ended.html", 410)
    mails.email_changed(before)
    target = "account.page" if access.person() else "accounts.sign_in"
    return redirect(url_for(target, done="email"), 303)


@room.post("/account/devices/<uuid:session_id>/end")
@requires(*EVERYBODY)
def end_device(session_id: UUID) -> Response:
    """Sign one device out."""
    here, who, token = parts(), access.signed_in(), access.session_token()
    mine = here.read(lambda c: own.devices(c, who.account_id, token, clock=here.clock))
    if session_id not in {one.session_id for one in mine}:
        abort(404)

    def work(connection: sa.Connection) -> str:
        own.end_session(connection, who.account_id, session_id, clock=here.clock)
        return url_for("account.page", changed="ended", _anchor="devices")

    return redirect(once(OnceForm(), work), 303)


@room.post("/account/devices/end-others")
@requires(*EVERYBODY)
def end_others() -> Response:
    """Sign all other devices out."""
    here, who, token = parts(), access.signed_in(), access.session_token()

    def work(connection: sa.Connection) -> str:
        own.end_other_sessions(connection, who.account_id, token, clock=here.clock)
        return url_for("account.page", changed="others", _anchor="devices")

    return redirect(once(OnceForm(), work), 303)


def _prove(account_id: UUID, typed: str) -> None:
    """Compare the password that was typed, with the throttle of signing in.

    Raises:
        SignInRefused: if it is not right, or too many were not.
    """
    here = parts()
    asked: dict[str, Any] = {
        "email": here.read(lambda c: own.own_email(c, here.vault, account_id)),
        "address": request.remote_addr or "",
        "secret_key": here.settings.secret_key,
        "clock": here.clock,
    }
    attempt = here.change(lambda c: service.note_attempt(c, **asked))
    here.change(lambda c: service.prove(c, **asked, password=typed, attempt=attempt))


def _not_proved(which: str, form: Form, refusal: SignInRefused) -> Response:
    return render("accounts/change.html", 422, form=form, which=which, refusal=str(refusal))
