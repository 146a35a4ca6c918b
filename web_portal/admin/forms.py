"""What an admin may send about requests, the rules that accept them, and who came."""

from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import AnyOf, ValidationError

from remedy.appointments.model import NOTE_AT_MOST, URGENCIES
from web_portal.forms import Form, OnceForm, text_between, version_is_ours

MANY = 100
"""So many requests are decided at once."""


class DecisionForm(OnceForm):
    """Accept, decline or propose another time, with a note; `version` is the one that was looked at."""

    version = HiddenField(validators=[version_is_ours])
    decision = HiddenField(
        validators=[
            AnyOf(
                ("accept", "decline", "propose"),
                message=_l("Choose to accept, to decline or to propose another time."),
            )
        ]
    )
    other_time = SelectField(_l("Another time"), choices=[], validate_choice=False)
    note = TextAreaField(
        _l("Note for the patient"),
        [text_between(0, NOTE_AT_MOST, _l("The note may have at most 2,000 characters."))],
    )

    def validate_note(self, field: Field) -> None:
        """Who is declined is told why."""
        if self.decision.data == "decline" and not (field.data or "").strip():
            raise ValidationError(_("Tell the patient why the request is declined."))

    def validate_other_time(self, field: Field) -> None:
        """A proposal names its time."""
        if self.decision.data == "propose" and not field.data:
            raise ValidationError(_("Choose the time that you propose."))


class BulkForm(Form):
    """One decision for many requests, each as it was looked at: `chosen` holds `<id>:<version>`.

    Sent twice it changes nothing the second time: each row is a compare-and-swap on its version.
    """

    decision = HiddenField(
        validators=[AnyOf(("accept", "decline"), message=_l("Choose to accept or to decline."))]
    )
    note = TextAreaField(
        _l("Note for these patients"),
        [text_between(0, NOTE_AT_MOST, _l("The note may have at most 2,000 characters."))],
    )

    def validate_note(self, field: Field) -> None:
        """Who is declined is told why."""
        if self.decision.data == "decline" and not (field.data or "").strip():
            raise ValidationError(_("Tell the patients why the requests are declined."))

    def validate_decision(self, _field: Field) -> None:
        """Something is chosen, and not more than is looked through."""
        if not self.chosen:
            raise ValidationError(_("Choose at least one request."))
        if len(self.chosen) > MANY:
            raise ValidationError(_("Choose at most 100 requests at once."))

    @property
    def chosen(self) -> list[tuple[UUID, int]]:
        """The requests chosen, each with the version that was looked at; what is none is left out."""
        return chosen_of(request.form.getlist("chosen"))


def chosen_of(texts: list[str]) -> list[tuple[UUID, int]]:
    """Requests with their versions, of `<id>:<version>`, each once."""
    found: dict[UUID, int] = {}
    for text in texts:
        name, _colon, version = text.partition(":")
        try:
            found[UUID(name)] = int(version[:18])
        except ValueError:
            continue
    return list(found.items())


class CallOffForm(OnceForm):
    """An accepted visit is called off: whose wish it was, and a note for the patient."""

    version = HiddenField(validators=[version_is_ours])
    why = HiddenField(
        validators=[AnyOf(("patient", "hospital"), message=_l("Choose who calls the visit off."))]
    )
    note = TextAreaField(
        _l("Note for the patient"),
        [text_between(0, NOTE_AT_MOST, _l("The note may have at most 2,000 characters."))],
    )

    def validate_note(self, field: Field) -> None:
        """Who does not call off is told why."""
        if self.why.data == "hospital" and not (field.data or "").strip():
            raise ValidationError(_("Tell the patient why the hospital calls the visit off."))


class MarkForm(OnceForm):
    """The patient is there, came, or did not come; `version` is the one that was looked at."""

    version = HiddenField(validators=[version_is_ours])
    step = HiddenField(
        validators=[
            AnyOf(("check-in", "attend", "miss"), message=_l("Choose what is to be noted."))
        ]
    )


_URGENCY: dict[str, Any] = {"routine": _l("Routine"), "soon": _l("Soon"), "urgent": _l("Urgent")}


class RuleForm(OnceForm):
    """A rule that accepts: of a doctor (`doctor:<id>`) or a speciality (`speciality:<name>`)."""

    of = SelectField(_l("Requests to"), choices=[], validate_choice=False)
    urgency = SelectField(
        _l("At most so urgent, as the patient says"),
        choices=[SelectChoice(name, _URGENCY[name]) for name in URGENCIES],
        validate_choice=False,
    )  # fmt: skip
    hours = StringField(_l("At least so many hours ahead"))

    @property
    def doctor_id(self) -> UUID | None:
        """The doctor chosen, if one is."""
        kind, _colon, name = str(self.of.data or "").partition(":")
        try:
            return UUID(name) if kind == "doctor" else None
        except ValueError:
            return None

    @property
    def speciality(self) -> str | None:
        """The speciality chosen, if one is."""
        kind, _colon, name = str(self.of.data or "").partition(":")
        return name if kind == "speciality" else None


class RuleStepForm(OnceForm):
    """A rule is switched on or off, or ended."""

    step = HiddenField(
        validators=[AnyOf(("on", "off", "end"), message=_l("Choose what becomes of the rule."))]
    )


class LimitsForm(OnceForm):
    """A hospital's hours for changes, minutes for urgent requests, and how much one patient may ask for."""

    change_hours = StringField(_l("Hours before a visit until which its patient may change it"))
    urgent_minutes = StringField(_l("Minutes after which an urgent request turns red"))
    open_requests = StringField(_l("Requests of one patient that may wait at a time"))
    visits_ahead = StringField(_l("Visits one patient may have ahead with one doctor"))


def whole_number(text: str | None) -> int:
    """A whole number as it was typed; -1, which nothing of ours allows, where it is none."""
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= 6 else -1
