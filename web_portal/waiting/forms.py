"""What a patient sends to wait for a time, to answer an offer, and to leave the list; and an admin to take one off it."""

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, TextAreaField, TimeField
from wtforms.fields import SelectChoice
from wtforms.validators import AnyOf, InputRequired, Optional

from remedy.appointments.model import EMERGENCY, NOTE_AT_MOST, SYMPTOMS_AT_MOST, URGENCIES
from web_portal.absence.forms import DayField
from web_portal.forms import OnceForm, text_between

_WORDS: dict[str, Any] = {
    "routine": _l("Routine: it can wait some weeks"),
    "soon": _l("Soon: within a week would be good"),
    "urgent": _l("Urgent: within a day or two"),
    EMERGENCY: _l("Emergency: it cannot wait"),
}
_DAY = _l("Enter the day, such as 2026-03-09.")


class _ClockField(TimeField):
    """A time of day, and how to write it where it cannot be read."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Write the time as hours and minutes, such as 08:30.")) from None


class WaitForm(OnceForm):
    """Which days and times suit, how urgent it is and what it is for.

    `whose` is the doctor alone, or anybody of the speciality; `visit` a later visit that may be given up.
    """

    whose = RadioField(
        _l("Whose time?"),
        [AnyOf(("doctor", "anybody"), message=_l("Choose whose time you wait for."))],
        choices=[SelectChoice("doctor", ""), SelectChoice("anybody", "")],
        default="doctor",
        validate_choice=False,
    )
    from_day = DayField(_l("From which day on?"), [InputRequired(_DAY)])
    until_day = DayField(_l("Until which day?"), [InputRequired(_DAY)])
    earliest = _ClockField(_l("Not earlier in the day than (optional)"), [Optional()])
    urgency = RadioField(
        _l("How urgent is it?"),
        [AnyOf((*URGENCIES, EMERGENCY), message=_l("Choose how urgent it is."))],
        choices=[SelectChoice(name, _WORDS[name]) for name in (*URGENCIES, EMERGENCY)],
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
    visit = HiddenField()
    gives_up = BooleanField(_l("Cancel my later visit when I claim an earlier time"))

    @property
    def visit_id(self) -> UUID | None:
        """The later visit, if the form names one."""
        try:
            return UUID(self.visit.data or "")
        except ValueError:
            return None


class OfferForm(OnceForm):
    """The patient's answer to an offered time."""

    answer = HiddenField(
        validators=[AnyOf(("claim", "decline"), message=_l("Choose to claim it or to decline it."))]
    )


class RemoveForm(OnceForm):
    """Why a patient is taken off the list: the patient reads it."""

    note = TextAreaField(
        _l("Note for the patient"),
        [
            text_between(
                1,
                NOTE_AT_MOST,
                _l(
                    "Tell the patient why they are taken off the list, in at most 2,000 characters."
                ),
            )
        ],
    )
