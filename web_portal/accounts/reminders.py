"""In a patient's account: how to be reminded of visits, in which language, or not at all."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers.response import Response
from wtforms import RadioField, SelectField
from wtforms.fields import SelectChoice
from wtforms.validators import AnyOf

from remedy.accounts.queries import contact
from remedy.reminders import model, service
from web_portal import access, looks
from web_portal.access import requires
from web_portal.forms import OnceForm, once
from web_portal.pages import locale_of_request, render
from web_portal.parts import parts

room = Blueprint("visit_reminders", __name__, template_folder="templates")

CHANNELS: dict[str, Any] = {
    "both": _l("By e-mail and by SMS"),
    "mail": _l("By e-mail only"),
    "sms": _l("By SMS only"),
    "none": _l("Not at all"),
}


class RemindersForm(OnceForm):
    """How, and in which of the installation's languages."""

    channel = RadioField(
        _l("How do you want to be reminded?"),
        [AnyOf(model.CHOICES, message=_l("Choose how you want to be reminded."))],
        choices=[SelectChoice(name, CHANNELS[name]) for name in model.CHOICES],
        validate_choice=False,
    )
    language = SelectField(_l("Language of the reminders"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = [
            SelectChoice(code, name) for code, name in looks.languages(parts().region.languages)
        ]


@room.get("/account/visit-reminders")
@requires("patient")
def page() -> Response:
    """How one is reminded now."""
    here, patient_id = parts(), access.patient_id()
    chosen = here.read(lambda c: service.choice_of(c, patient_id))
    form = RemindersForm(
        formdata=None, channel=chosen.channel, language=chosen.language or locale_of_request()
    )
    return _page(200, form)


@room.post("/account/visit-reminders")
@requires("patient")
def choose() -> Response:
    """Choose it."""
    here, patient_id, form = parts(), access.patient_id(), RemindersForm()
    if not form.validate():
        return _page(422, form)
    if form.channel.data == "sms" and not _phone():
        form.channel.errors = [_("Tell us your telephone number first, or choose e-mail.")]
        return _page(422, form)

    def work(connection: sa.Connection) -> str:
        service.choose(
            connection,
            patient_id,
            channel=form.channel.data,
            language=form.language.data,
            clock=here.clock,
        )
        return url_for("visit_reminders.page", done="saved")

    return redirect(once(form, work), 303)


def _page(status: int, form: RemindersForm) -> Response:
    settings = parts().settings
    steps = model.steps_of(settings.reminders, has_sms=bool(settings.sms_url))
    return render(
        "accounts/visit_reminders.html", status, form=form, steps=steps, phone=_phone(),
        has_sms=any(step.channel == "sms" for step in steps),
    )  # fmt: skip


def _phone() -> str:
    here, patient_id = parts(), access.patient_id()
    reached = here.read(lambda c: contact(c, here.vault, patient_id))
    return (reached.phone or "") if reached else ""
