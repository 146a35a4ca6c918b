"""What may be sent to ask for a visit."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import AnyOf

from remedy.appointments.model import EMERGENCY, SYMPTOMS_AT_MOST, URGENCIES
from web_portal.forms import OnceForm, text_between

_WORDS: dict[str, Any] = {
    "routine": _l("Routine: it can wait some weeks"),
    "soon": _l("Soon: within a week would be good"),
    "urgent": _l("Urgent: within a day or two"),
    EMERGENCY: _l("Emergency: it cannot wait"),
}
_CHOOSE = _l("Choose how urgent it is.")


class RequestForm(OnceForm):
    """When, how urgent, and what it is about.

    `other_time` is one of the times offered after somebody else took the first.
    """

    starts_at = HiddenField()
    other_time = HiddenField()
    urgency = RadioField(
        _l("How urgent is it?"),
        [AnyOf((*URGENCIES, EMERGENCY), message=_CHOOSE)],
        choices=[SelectChoice(name, _WORDS[name]) for name in (*URGENCIES, EMERGENCY)],
        # AnyOf says it in our words.
        validate_choice=False,
    )
    symptoms = TextAreaField(
        _l("What is the visit for?"),
        [
            text_between(
                1,
                SYMPTOMS_AT_MOST,
                _l("Say in a few words what it is for, at most 4,000 characters."),
            )
        ],
    )

    @property
    def wanted(self) -> str:
        """The time asked for, as it was sent."""
        return str(self.other_time.data or self.starts_at.data or "")
