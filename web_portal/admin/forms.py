"""What an admin may send about a request."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, SelectField, TextAreaField
from wtforms.validators import AnyOf, ValidationError

from remedy.appointments.model import NOTE_AT_MOST
from web_portal.forms import OnceForm, text_between, version_is_ours


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
