"""What may be sent about prescriptions, allergies and reminders."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, Field, HiddenField, IntegerField, StringField
from wtforms.validators import AnyOf, InputRequired, Optional, ValidationError

from remedy.prescriptions.allergies import SUBSTANCE_AT_MOST
from remedy.prescriptions.model import REASON_AT_MOST, REPEATS_AT_MOST
from remedy.values import milli_of, packs_text
from web_portal.forms import PLAIN_NUMBER, OnceForm, PacksField, text_between, version_is_ours


class UploadForm(OnceForm):
    """The picture of a prescription."""

    file = FileField(
        _l("Picture or PDF of the prescription"),
        [FileRequired(_l("Choose the picture of your prescription."))],
    )


class DoseField(StringField):
    """A number such as 1 or 0.5; its `data` is thousandths, or None where nothing was typed."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number; keep what was typed where it cannot be read."""
        self.data = None
        text = (valuelist[0] if valuelist else "").strip().replace(",", ".")
        if not text:
            return
        if not PLAIN_NUMBER.fullmatch(text):
            raise ValueError(_("Write the dose as a number, such as 1 or 0.5."))
        milli, is_exact = milli_of(text)
        if not is_exact or milli <= 0:
            raise ValueError(_("Write the dose as a number, such as 1 or 0.5."))
        self.data = milli

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return packs_text(self.data) if self.data is not None else ""


class LineForm(OnceForm):
    """What the prescription says about one medicine."""

    packs = PacksField(_l("Packs each time"))
    repeats = IntegerField(
        _l("Repeats"), [InputRequired(_l("Enter 0 where it may be had once."))], default=0
    )
    valid_until = DateField(
        _l("Valid until"), [InputRequired(_l("Enter the last day it is valid."))]
    )
    is_as_written = BooleanField(_l("As written: no other brand may be given"))
    daily_dose = DoseField(_l("Dose per day (optional)"))
    units_per_pack = IntegerField(_l("A pack holds (optional)"), [Optional()])

    def validate_repeats(self, field: Field) -> None:
        """Within reason."""
        if field.data is None or not 0 <= field.data <= REPEATS_AT_MOST:
            raise ValidationError(_("Enter between 0 and 24 repeats."))

    def validate_units_per_pack(self, field: Field) -> None:
        """With the dose, or not at all."""
        if (field.data is None) != (self.daily_dose.data is None) and not self.daily_dose.errors:
            raise ValidationError(
                _("Enter both the dose per day and what a pack holds, or neither.")
            )


class ReviewForm(OnceForm):
    """The decision about a prescription; `version` and `seen` are what was looked at."""

    version = HiddenField(validators=[version_is_ours])
    seen = HiddenField()
    decision = HiddenField(
        validators=[AnyOf(("accept", "refuse"), message=_l("Choose to accept or to refuse."))]
    )
    is_read = BooleanField(_l("I have read what the check found and what it could not check"))
    reason = StringField(
        _l("Why it is refused"),
        [text_between(0, REASON_AT_MOST, _l("A reason has at most 500 letters."))],
    )

    def validate_reason(self, field: Field) -> None:
        """The patient is told why."""
        if self.decision.data == "refuse" and not (field.data or "").strip():
            raise ValidationError(_("Say why it is refused; the patient reads it."))


class OtherBrandForm(OnceForm):
    """Another brand in place of the prescribed one, and why."""

    medicine_id = StringField(_l("Another brand"))
    reason = StringField(
        _l("Why another brand"),
        [text_between(1, REASON_AT_MOST, _l("Say why, in at most 500 letters."))],
    )


class AllergyForm(OnceForm):
    """One substance that the patient does not bear."""

    substance = StringField(
        _l("Medicine or substance"),
        [
            text_between(
                1, SUBSTANCE_AT_MOST, _l("Write what you do not bear, in at most 80 letters.")
            )
        ],
    )
