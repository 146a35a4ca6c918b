"""Sign in, sign out, register."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers.response import Response

from remedy.accounts import service
from remedy.accounts.model import AlreadyRegistered, Person, Refused, SignInRefused
from web_portal import access
from web_portal.access import public, requires
from web_portal.accounts.forms import RegisterForm, SignInForm
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("accounts", __name__, template_folder="templates")

_LANDING = {"pharmacist": "pharmacy.stock", "admin": "admin.queue"}


@room.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Response:
    """The one sign-in for every role."""
    form = SignInForm()
    if not form.is_submitted():
        form.next.data = access.safe_next(request.args.get("next"))
        return render("accounts/sign_in.html", form=form)
    if not form.validate():
        return render("accounts/sign_in.html", 422, form=form)
    try:
        token, who = _begin(form.email.data, form.password.data)
    except SignInRefused as refusal:
        return render("accounts/sign_in.html", 422, form=form, refusal=str(refusal))
    target = access.safe_next(form.next.data)
    response = redirect(_landing(who) if target == "/" else target, 303)
    access.begin_session(response, token)
    return response


def _begin(email: str, password: str) -> tuple[str, Person]:
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
        lambda c: service.sign_in(c, **asked, password=password, attempt=attempt)
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


@room.route("/register", methods=["GET", "POST"])
@public
def register() -> Response:
    """Become a patient; the answer is the same whether the address was known or not."""
    form = RegisterForm()
    if not form.is_submitted():
        return render("accounts/register.html", form=form)
    if not form.validate():
        return render("accounts/register.html", 422, form=form)
    here = parts()
    try:
        here.change(
            lambda c: service.register_patient(
                c,
                here.vault,
                name=form.name.data,
                email=form.email.data,
                phone=form.phone.data,
                birth_date=form.birth_date.data.isoformat() if form.birth_date.data else None,
                password=form.password.data or "",
                secret_key=here.settings.secret_key,
                clock=here.clock,
            )
        )
        here.post(form.email.data, _("Welcome to Remedy"), _welcome())
    except AlreadyRegistered:
        here.post(form.email.data, _("You have a Remedy account"), _already())
    except Refused as refusal:
        return render("accounts/register.html", 422, form=form, refusal=str(refusal))
    return redirect(url_for("accounts.sign_in", done="registered"), 303)


def _welcome() -> str:
    address = parts().settings.portal_url + url_for("accounts.sign_in")
    return _("Your account is ready. Sign in at %(address)s", address=address)


def _already() -> str:
    address = parts().settings.portal_url + url_for("accounts.sign_in")
    return _(
        "Somebody, perhaps you, tried to register with this address. There is an account with it "
        "already and nothing was changed. Sign in at %(address)s",
        address=address,
    )
