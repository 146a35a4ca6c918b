"""What may be sent about staff: an invitation, a pharmacy's application, a decision about one."""

import re
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, ValidationError

from web_portal.accounts.forms import A_NAME, A_PHONE, AN_EMAIL
from web_portal.forms import OnceForm, text_between

_DEGREES = re.compile(r"-?[0-9]{1,3}([.,][0-9]{1,9})?")
NOTE_AT_MOST = 500


class PlaceField(SelectField):
    """One of a list that is read from the database; the core says whether there is such a place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, choices=[], **kwargs)

    def pre_validate(self, form: Any) -> None:
        """What was chosen may have gone from the list meanwhile: the core refuses it in words."""


class InviteForm(OnceForm):
    """Who is invited, as what, and where they work."""

    role = SelectField(
        _l("Role"),
        choices=[
            SelectChoice("pharmacist", _l("Pharmacist")),
            SelectChoice("doctor", _l("Doctor")),
            SelectChoice("admin", _l("Admin")),
        ],
    )
    name = StringField(_l("Name"), [A_NAME])
    email = StringField(_l("E-mail address"), [AN_EMAIL])
    pharmacy = PlaceField(_l("Pharmacy (for a pharmacist)"))
    doctor = PlaceField(_l("Doctor (for a doctor)"))

    def offer(self, pharmacies: Any, doctors: Any) -> None:
        """Fill the lists to choose from."""
        for field, rows in ((self.pharmacy, pharmacies), (self.doctor, doctors)):
            field.choices = [SelectChoice("", _("None"))] + [
                SelectChoice(str(row.public_id), row.name) for row in rows
            ]

    def validate_role(self, field: Field) -> None:
        """A pharmacist needs a pharmacy, a doctor a doctor's record, and nobody else either."""
        if field.data == "pharmacist" and self.chosen("pharmacy") is None:
            raise ValidationError(_("Choose the pharmacy where the pharmacist works."))
        if field.data == "doctor" and self.chosen("doctor") is None:
            raise ValidationError(_("Choose which doctor it is."))

    def chosen(self, name: str) -> UUID | None:
        """The id chosen for the role that needs it; None for other roles."""
        owner = {"pharmacy": "pharmacist", "doctor": "doctor"}[name]
        if self.role.data != owner:
            return None
        try:
            return UUID(self[name].data or "")
        except ValueError:
            return None


class DegreesField(StringField):
    """A coordinate in degrees."""

    data: Any

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most = most

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the degrees; keep what was typed where it cannot be read."""
        text = (valuelist[0] if valuelist else "").strip()
        self.data = None
        if not _DEGREES.fullmatch(text) or abs(float(text.replace(",", "."))) > self.most:
            raise ValueError(_("Write degrees as a number, such as 41.9028."))
        self.data = float(text.replace(",", "."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)


class ApplyForm(OnceForm):
    """What a pharmacy tells when it wants to take part."""

    name = StringField(
        _l("Name of the pharmacy"),
        [text_between(1, 120, _l("Enter the pharmacy's name, at most 120 letters."))],
    )
    licence = StringField(
        _l("Licence number"),
        [text_between(1, 60, _l("Enter the number of the pharmacy's licence."))],
    )
    address = StringField(
        _l("Address"), [text_between(1, 200, _l("Enter the pharmacy's address."))]
    )
    district = StringField(
        _l("District"), [text_between(1, 60, _l("Enter the district, at most 60 letters."))]
    )
    phone = StringField(_l("Telephone"), [A_PHONE])
    latitude = DegreesField(_l("Latitude"), most=90)
    longitude = DegreesField(_l("Longitude"), most=180)
    pharmacist_name = StringField(_l("Your name"), [A_NAME])
    pharmacist_email = StringField(_l("Your e-mail address"), [AN_EMAIL])


class ApplicationForm(OnceForm):
    """An admin's decision about an application."""

    decision = HiddenField(
        validators=[AnyOf(("approve", "decline"), message=_l("Choose to approve or to decline."))]
    )
    note = TextAreaField(
        _l("Note for the pharmacy"),
        [text_between(0, NOTE_AT_MOST, _l("The note may have at most 500 characters."))],
    )

    def validate_note(self, field: Field) -> None:
        """Who is declined is told why."""
        if self.decision.data == "decline" and not (field.data or "").strip():
            raise ValidationError(_("Tell the pharmacy why it is declined."))
