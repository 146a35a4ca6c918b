"""What may be sent about orders and what is collected, and the sentences shown when it may not."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, RadioField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from remedy.stock import codes
from web_portal.forms import Form, OnceForm, PacksField, text_between, version_is_ours
from web_portal.orders import cashier
from web_portal.parts import parts

CODE_WORDS: Any = _l("Collection code")


def check_code(_form: Any, field: Field) -> None:
    """A code has its letters, whatever stands between them."""
    if len(codes.plain(field.data or "")) != codes.LENGTH:
        raise ValidationError(_("A code has eight letters and digits, such as KM4N-79XP."))


class CodeForm(Form):
    """A code as it was typed or scanned."""

    code = StringField(CODE_WORDS, [check_code])


class HandOutForm(OnceForm):
    """What is handed out, by its code; `seen` is asked where a prescription is needed."""

    code = HiddenField(CODE_WORDS, [check_code])
    seen = BooleanField(_l("I have seen the prescription, and it is for this medicine"))


class BasketForm(OnceForm):
    """A medicine put into the basket, and where."""

    pharmacy_id = HiddenField()
    packs = PacksField(_l("Packs"))


class ChangeForm(OnceForm):
    """How many packs of a medicine the basket is to hold; 0 takes it out."""

    packs = PacksField(_l("Packs"), zero=True)


class PlaceForm(OnceForm):
    """How an order is to be had and paid, and what its page said the medicines cost."""

    way = RadioField(
        _l("How do you want to have it?"),
        choices=[
            SelectChoice("pickup", _l("Collect it")),
            SelectChoice("delivery", _l("Have it brought")),
        ],
        validate_choice=False,
    )
    payment = RadioField(
        _l("How do you want to pay?"),
        choices=[
            SelectChoice("cash", _l("When you get it")),
            SelectChoice("online", _l("Online now")),
        ],
        default="cash",
        validate_choice=False,
    )
    goods = HiddenField()

    def validate_way(self, field: Field) -> None:
        """One of the two, and brought only where orders are brought."""
        if field.data == "delivery" and parts().region.delivery_fee_minor is not None:
            return
        if field.data != "pickup":
            raise ValidationError(_("Choose whether you collect it or have it brought."))

    def validate_payment(self, field: Field) -> None:
        """Online only where somebody takes the money."""
        if field.data == "online" and cashier.takes_online():
            return
        if field.data != "cash":
            raise ValidationError(_("Choose how you want to pay."))

    def validate_goods(self, field: Field) -> None:
        """Ours, or tampered with."""
        if not str(field.data or "").isdecimal() or len(field.data) > 15:
            raise ValidationError(_("Reload the page and try again."))


class StepForm(OnceForm):
    """The next step of an order, at the version its page was drawn at."""

    to = HiddenField()
    version = HiddenField(validators=[version_is_ours])


class CancelForm(StepForm):
    """Why a pharmacy cancels an order."""

    reason = StringField(
        _l("Why? The patient reads it."),
        [text_between(1, 200, _l("Say in up to 200 characters why the order is cancelled."))],
    )
