"""What may be sent to ask for a visit, to leave its form, to answer a proposal and to move a visit."""

from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import AnyOf

from remedy.appointments.model import EMERGENCY, SYMPTOMS_AT_MOST, URGENCIES
from web_portal.forms import Form, OnceForm, text_between, version_is_ours

_WORDS: dict[str, Any] = {
    "routine": _l("Routine: it can wait some weeks"),
    "soon": _l("Soon: within a week would be good"),
    "urgent": _l("Urgent: within a day or two"),
    EMERGENCY: _l("Emergency: it cannot wait"),
}
_CHOOSE = _l("Choose how urgent it is.")
RELEASED = "none"


class RequestForm(OnceForm):
    """When, how urgent, and what it is about.

    `other_time` is one of the times offered after somebody else took the first; `step` says whether to check
    the answers, to change them, or (as without one) to send.
    """

    step = HiddenField()
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


class LeaveForm(Form):
    """The form is left: which hold is given back, and whether anybody waits for an answer."""

    hold_id = HiddenField()
    answer = HiddenField()

    @property
    def hold(self) -> UUID | None:
        """The hold that page had made, if it names one."""
        try:
            return UUID(self.hold_id.data or "")
        except ValueError:
            return None


class AnswerForm(OnceForm):
    """The patient's answer to the time the hospital proposed; `version` is the one that was looked at."""

    version = HiddenField(validators=[version_is_ours])
    answer = HiddenField(
        validators=[AnyOf(("accept", "refuse"), message=_l("Choose to accept or to refuse."))]
    )


class MoveForm(OnceForm):
    """The time a visit is moved to."""

    version = HiddenField(validators=[version_is_ours])
    starts_at = HiddenField()


class PlaceForm(Form):
    """Where somebody is: a district chosen, or a position from the browser; read for one answer and not kept."""

    district = SelectField(_l("Where are you?"), choices=[], validate_choice=False)
    latitude = HiddenField()
    longitude = HiddenField()

    @property
    def position(self) -> tuple[float, float] | None:
        """The browser's position in degrees, if it told one that can be."""
        try:
            latitude, longitude = float(self.latitude.data), float(self.longitude.data)
        except (TypeError, ValueError):
            return None
        is_on_earth = abs(latitude) <= 90 and abs(longitude) <= 180
        return (latitude, longitude) if is_on_earth else None
