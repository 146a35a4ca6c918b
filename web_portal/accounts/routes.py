"""Sign in and out, confirm an address, and choose a new password when the old one is forgotten."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers.response import Response

from remedy.accounts import links, own, service
from remedy.accounts.model import LinkEnded, Person, Refused, SignInRefused
from web_portal import access
from web_portal.access import public, requires
from web_portal.accounts import devices, mails
from web_portal.accounts.forms import EmailForm, NewPasswordForm, SignInForm
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("accounts", __name__, template_folder="templates")

_LANDING = {"pharmacist": "advice.page", "admin": "admin.queue"}


@room.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Response:
    """The one sign-in for every role."""
    return _sign_in_page("")


@room.route("/confirm/<token>", methods=["GET", "POST"])
@public
def confirm(token: str) -> Response:
    """Where a new account's mail leads: its link and its password together begin the first session.

    Opened again later, it is the sign-in page.
    """
    here = parts()
    is_good = here.read(lambda c: links.look(c, "confirm", token, clock=here.clock)) is not None
    return _sign_in_page(token if is_good else "")


def _sign_in_page(confirm_token: str) -> Response:
    form = SignInForm()
    shown: dict[str, Any] = {"form": form, "is_new": bool(confirm_token)}
    if not form.is_submitted():
        form.next.data = access.safe_next(request.args.get("next"))
        return render("accounts/sign_in.html", **shown)
    if not form.validate():
        return render("accounts/sign_in.html", 422, **shown)
    try:
        token, who = _begin(form.email.data, form.password.data, confirm_token)
    except SignInRefused as refusal:
        return render("accounts/sign_in.html", 422, refusal=str(refusal), **shown)
    target = access.safe_next(form.next.data)
    response = redirect(_landing(who) if target == "/" else target, 303)
    access.begin_session(response, token)
    return response


def _begin(email: str, password: str, confirm_token: str) -> tuple[str, Person]:
    here, old_token = parts(), access.session_token()
    asked: dict[str, Any] = {
        "email": email,
        "address": request.remote_addr or "",
        "secret_key": here.settings.secret_key,
        "clock": here.clock,
    }
    # Committed on its own: a failure is remembered though the sign-in is refused.
    attempt = here.change(lambda c: service.note_attempt(c, **asked))
    token, who = here.change(
        lambda c: service.sign_in(
            c,
            **asked,
            password=password,
            attempt=attempt,
            device=devices.words(request.headers.get("User-Agent", "")),
            confirm=confirm_token,
        )
    )
    if old_token:
        here.change(lambda c: service.sign_out(c, old_token, clock=here.clock))
    return token, who


def _landing(who: Person) -> str:
    return url_for(_LANDING.get(who.role, "search.home"))


@room.post("/sign-out")
@requires("patient", "pharmacist", "doctor", "admin")
def sign_out() -> Response:
    """End the session here and in the database: the cookie is worth nothing from now on."""
    here, token = parts(), access.session_token()
    here.change(lambda c: service.sign_out(c, token, clock=here.clock))
    response = redirect(url_for("accounts.sign_in", done="signed-out"), 303)
    access.end_session(response)
    return response


@room.get("/register")
@public
def register() -> Response:
    """What registering asks for, before the first question."""
    return render("accounts/register.html")


@room.route("/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> Response:
    """Ask for a link to choose a new password; the answer is the same whether the address is known."""
    form = EmailForm()
    if not form.is_submitted():
        return render("accounts/forgotten.html", form=form)
    if not form.validate():
        return render("accounts/forgotten.html", 422, form=form)
    here, email = parts(), form.email.data.strip()
    asked = {"email": email, "secret_key": here.settings.secret_key, "clock": here.clock}
    address = request.remote_addr or ""
    if here.change(lambda c: links.may_mail(c, address=address, **asked)):
        token = here.change(lambda c: own.forgot_password(c, **asked))
        if token is not None:
            mails.reset(email, token)
    return redirect(url_for("accounts.forgotten", sent="1"), 303)


@room.route("/reset/<token>", methods=["GET", "POST"])
@public
def reset(token: str) -> Response:
    """Where the mail of a forgotten password leads: choose a new one, once."""
    here, form = parts(), NewPasswordForm()
    if here.read(lambda c: links.look(c, "reset", token, clock=here.clock)) is None:
        return render("accounts/link_ended.html", 410, again=url_for("accounts.forgotten"))
    if not form.is_submitted():
        return render("accounts/reset.html", form=form)
    if not form.validate():
        return render("accounts/reset.html", 422, form=form)
    try:
        email = here.change(
            lambda c: own.reset_password(
                c, here.vault, token=token, password=form.password.data or "", clock=here.clock
            )
        )
    except LinkEnded:
        return render("accounts/link_ended.html", 410, again=url_for("accounts.forgotten"))
    except Refused as refusal:
        form.refuse("password", str(refusal))
        return render("accounts/reset.html", 422, form=form)
    mails.password_changed(email)
    response = redirect(url_for("accounts.sign_in", done="password"), 303)
    access.end_session(response)
    return response
