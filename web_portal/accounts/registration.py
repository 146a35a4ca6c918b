"""Registering as a patient: one question per page, the answers to check, and a mail to confirm the address."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import format_date
from werkzeug.wrappers.response import Response

from remedy.accounts import links, own, passwords
from remedy.accounts.model import AlreadyRegistered, Refused, check_email, check_password
from web_portal.access import public
from web_portal.accounts import draft, forms, mails
from web_portal.forms import Form
from web_portal.pages import render
from web_portal.parts import parts

room = Blueprint("registration", __name__, template_folder="templates", url_prefix="/register")


@dataclass(frozen=True)
class Step:
    """A question: its page's name, its form, and what it fills in of the draft."""

    name: str
    form: type[Form]
    field: str


STEPS = (
    Step("name", forms.NameForm, "name"),
    Step("telephone", forms.PhoneForm, "phone"),
    Step("e-mail", forms.RegisterEmailForm, "email"),
    Step("birth-date", forms.BirthDateForm, "birth_date"),
    Step("address", forms.AddressForm, "address"),
    Step("password", forms.RegisterPasswordForm, "password_hash"),
)
_BY_NAME = {step.name: step for step in STEPS}


@room.app_template_filter()
def day_of_birth(iso: str) -> str:
    """A date of birth as it is read back to whoever told it."""
    return str(format_date(date.fromisoformat(iso), "d MMMM yyyy"))


@room.route("/<any(name, telephone, 'e-mail', 'birth-date', address, password):which>", methods=["GET", "POST"])  # fmt: skip
@public
def step(which: str) -> Response:
    """One question; answered, it leads to the next that is open, and at last to the answers."""
    told, asked = draft.read(), _BY_NAME[which]
    place = STEPS.index(asked)
    if any(before.field not in told for before in STEPS[:place]):
        return redirect(_next(told), 303)
    form = asked.form()
    shown: dict[str, Any] = {
        "form": form, "which": which, "before": STEPS[place - 1].name if place else None,
        "place": place + 1, "places": len(STEPS),
    }  # fmt: skip
    if not form.is_submitted():
        _fill(form, asked, told)
        return render("accounts/step.html", **shown)
    try:
        if not form.validate():
            return render("accounts/step.html", 422, **shown)
        answer = _answer(form, asked, told)
    except Refused as refusal:
        form.refuse(asked.field.removesuffix("_hash"), str(refusal))
        return render("accounts/step.html", 422, **shown)
    if asked.field == "email" and told.get("email") != answer:
        # A password is compared with the address it is for.
        told.pop("password_hash", None)
    told[asked.field] = answer
    response = redirect(_next(told), 303)
    draft.keep(response, told)
    return response


def _fill(form: Form, asked: Step, told: dict[str, str]) -> None:
    if isinstance(form, forms.BirthDateForm):
        if "birth_date" in told:
            form.fill(told["birth_date"])
    elif asked.field != "password_hash":
        form[asked.field].data = told.get(asked.field, "")


def _answer(form: Form, asked: Step, told: dict[str, str]) -> str:
    if isinstance(form, forms.BirthDateForm):
        return form.birth_date()
    if asked.field == "password_hash":
        password = form["password"].data or ""
        check_password(password, told["email"])
        return passwords.hash_of(password)
    text = str(form[asked.field].data or "").strip()
    return check_email(text) if asked.field == "email" else text


def _next(told: dict[str, str]) -> str:
    """The first question that is open, else the answers."""
    for one in STEPS:
        if one.field not in told:
            return url_for("registration.step", which=one.name)
    return url_for("registration.check")


@room.route("/check", methods=["GET", "POST"])
@public
def check() -> Response:
    """The answers, each with its way back; sent, they make the account, and a mail is on its way."""
    told, form = draft.read(), Form()
    if any(one.field not in told for one in STEPS):
        return redirect(_next(told), 303)
    if not form.is_submitted():
        return render("accounts/check.html", told=told, form=form)
    here, address = parts(), request.remote_addr or ""
    secret: dict[str, Any] = {"secret_key": here.settings.secret_key, "clock": here.clock}
    if here.change(lambda c: links.may_mail(c, email=told["email"], address=address, **secret)):
        given: dict[str, Any] = {**told, **secret}
        try:
            token = here.change(lambda c: own.register(c, here.vault, **given))
            mails.confirm(told["email"], token)
        except AlreadyRegistered:
            mails.already(told["email"])
    response = redirect(url_for("registration.sent"), 303)
    draft.forget(response)
    return response


@room.get("/sent")
@public
def sent() -> Response:
    """What happens next; the same words whether the address was known or not."""
    return render("accounts/registered.html")
