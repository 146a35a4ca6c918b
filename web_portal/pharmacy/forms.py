"""What a pharmacist may send: movements, prices, reasons, labels of keys."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, Field, HiddenField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Optional, ValidationError

from web_portal.forms import MoneyField, OnceForm, PacksField, text_between

KIND_WORDS: dict[str, Any] = {
    "sold": _l("Sold"),
    "received": _l("Received"),
    "counted": _l("Counted"),
    "adjusted": _l("Adjusted by"),
}
IN_TABLE: dict[str, Any] = {
    **{kind: words for kind, words in KIND_WORDS.items() if kind != "adjusted"},
    "price": _l("Price"),
}
"""What one field of the table can change. Their first letters differ: the keyboard chooses by them."""

NEEDS_FRESH_PAGE = frozenset({"counted", "adjusted"})
"""What was decided by looking at the number on the page; a sale happened whatever the page said."""


class VersionedForm(OnceForm):
    """A form that knows at which version of the stock item its page was drawn."""

    version = HiddenField(_l("Version"))

    def validate_version(self, field: Field) -> None:
        """Ours, or tampered with."""
        if not str(field.data or "").isdecimal() or len(field.data) > 18:
            raise ValidationError(_("Reload the page and try again."))

    @property
    def expected_version(self) -> int:
        """The version the pharmacist looked at."""
        return int(self.version.data)


class MovementForm(VersionedForm):
    """One movement of one medicine, told by hand."""

    kind = SelectField(
        _l("What happened"),
        choices=[SelectChoice(value, words) for value, words in KIND_WORDS.items()],
    )
    packs = PacksField(_l("Packs"), signed=True, zero=True)
    lot_number = StringField(
        _l("Lot number (optional)"),
        [text_between(0, 60, _l("A lot number has at most 60 letters."))],
    )
    expires_on = DateField(_l("Expires on (optional)"), [Optional()])
    reason = StringField(
        _l("Reason"), [text_between(0, 200, _l("A reason has at most 200 letters."))]
    )

    def validate_packs(self, field: Field) -> None:
        """The sign and size that this kind of movement allows."""
        if field.data is None:
            # Not a number: the field has said so.
            return
        if self.kind.data != "adjusted" and field.data < 0:
            raise ValidationError(_("The number of packs cannot be negative."))
        if self.kind.data != "counted" and field.data == 0:
            raise ValidationError(_("The number of packs cannot be zero."))

    def validate_reason(self, field: Field) -> None:
        """An adjustment is explained."""
        if self.kind.data == "adjusted" and not (field.data or "").strip():
            raise ValidationError(_("Say why the stock is adjusted."))

    def validate_expires_on(self, field: Field) -> None:
        """An expiry date belongs to a lot."""
        if field.data and not (self.lot_number.data or "").strip():
            raise ValidationError(_("An expiry date needs its lot number."))


class PriceForm(VersionedForm):
    """A new price per pack."""

    price = MoneyField(_l("Price of a pack"), [InputRequired(_l("Enter a price, such as 12.50."))])


class UndoForm(OnceForm):
    """Why a movement is undone."""

    reason = StringField(
        _l("Why undo it?"), [text_between(1, 200, _l("Say why the movement is undone."))]
    )


class KeyForm(OnceForm):
    """What a new key is for."""

    label = StringField(
        _l("What is the key for?"),
        [text_between(1, 80, _l("Give the key a label of 1 to 80 letters, such as till 1."))],
    )


def first_error(form: FlaskForm) -> str:
    """The first thing wrong in a form that has no room for a summary."""
    return str(next((field.errors[0] for field in form if field.errors), ""))
