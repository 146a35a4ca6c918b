"""What every form of ours shares: words for its errors, fields for packs and money, and being sent only once."""

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import abort, request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, PasswordField, StringField, TextAreaField
from wtforms.validators import ValidationError

from remedy.accounts.repeats import DifferentBody, answer_once
from remedy.values import milli_of, minor_of, packs_text
from web_portal import access
from web_portal.parts import parts
from web_portal.translations.core_sentences import said

NONCE_AT_MOST = 64
PLAIN_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?")
"""How a person or a till writes an amount: no exponents, nothing endless."""


UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and what turns the direction of the text around it: a name may make a page lie by them.

They are left out and not refused: telephones put them around numbers that are pasted, and nobody sees them.
"""


class Form(FlaskForm):
    """A form with its error summary; what cannot be seen is not in what was typed."""

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Read the fields; a text of one line has one."""
        super().process(*args, **kwargs)
        for field in self:
            is_typed = isinstance(field, StringField) and not isinstance(
                field, HiddenField | PasswordField
            )
            if is_typed and isinstance(field.data, str):
                field.data = UNSEEN.sub("", field.data)
                if not isinstance(field, TextAreaField):
                    field.data = re.sub(r"[\r\n\t\u2028\u2029]+", " ", field.data)

    def problems(self) -> list[tuple[str, str]]:
        """Each field's id with what is wrong in it, in the form's order; no id where a field is not seen."""
        return [
            ("" if isinstance(field, HiddenField) else field.id, str(field.errors[0]))
            for field in self
            if field.errors
        ]

    def refuse(self, name: str, sentence: str) -> None:
        """Say at a field why the core refused."""
        field = self[name]
        field.errors = [*field.errors, said(sentence)]


class OnceForm(Form):
    """A form whose change happens once however often it is sent: it carries a number used once."""

    nonce = HiddenField(default=lambda: secrets.token_urlsafe(16))


def once(form: OnceForm, work: Callable[[sa.Connection], str]) -> str:
    """Make a form's change in one transaction; the address to go to afterwards.

    `work` makes the change and returns that address. Sent again with the same content, the form gets the same
    answer and nothing is changed. What `work` raises rolls everything back.
    """
    here, nonce = parts(), form.nonce.data
    if not nonce or len(nonce) > NONCE_AT_MOST:
        abort(400)
    told = {
        field.name: str(field.data) for field in form if field.name not in {"nonce", "csrf_token"}
    }
    body = json.dumps(told, sort_keys=True)

    def change(connection: sa.Connection) -> str:
        _status, address = answer_once(
            connection,
            scope=str(access.signed_in().account_id),
            route=request.path,
            key=nonce,
            body=body,
            work=lambda: (303, work(connection)),
            clock=here.clock,
        )
        return str(address)

    try:
        return here.change(change)
    except DifferentBody:
        abort(400)


def version_is_ours(_form: FlaskForm, field: Field) -> None:
    """A validator: the version that was looked at is a number of ours; else somebody tampered with it."""
    if not str(field.data or "").isdecimal() or len(field.data) > 18:
        raise ValidationError(_("Reload the page and try again."))


class PacksField(StringField):
    """A quantity typed in packs; its `data` is thousandths of a pack."""

    data: Any

    def __init__(self, *args: Any, signed: bool = False, zero: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.signed, self.zero = signed, zero

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the packs; keep what was typed where it cannot be read."""
        self.data, self.typed = None, valuelist[0] if valuelist else ""
        text = self.typed.strip().replace(",", ".")
        if not text:
            raise ValueError(_("Say how many packs."))
        if not PLAIN_NUMBER.fullmatch(text):
            raise ValueError(_("Write the packs as a number, such as 12 or 0.5."))
        milli, is_exact = milli_of(text)
        if not is_exact:
            raise ValueError(_("A thousandth of a pack is the finest amount."))
        check_packs(milli, signed=self.signed, zero=self.zero)
        self.data = milli

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return packs_text(self.data) if self.data is not None else ""


def check_packs(milli: int, *, signed: bool, zero: bool) -> None:
    """Refuse an amount that makes no sense there.

    Raises:
        ValueError: with the sentence for the field.
    """
    if milli < 0 and not signed:
        raise ValueError(_("The number of packs cannot be negative."))
    if milli == 0 and not zero:
        raise ValueError(_("The number of packs cannot be zero."))


class MoneyField(StringField):
    """A price in the installation's currency; its `data` is minor units."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the price."""
        self.data = None
        text = (valuelist[0] if valuelist else "").strip().replace(",", ".")
        digits = parts().region.minor_digits
        try:
            minor = minor_of(text if PLAIN_NUMBER.fullmatch(text) else "", digits)
        except ValueError:
            raise ValueError(_("Write the price as a number, such as 12.50.")) from None
        if minor < 0:
            raise ValueError(_("A price cannot be negative."))
        self.data = minor

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        digits = parts().region.minor_digits
        whole, rest = divmod(self.data, 10**digits)
        return f"{whole}.{rest:0{digits}d}" if digits else str(whole)


def text_between(least: int, most: int, sentence: Any) -> Callable[[FlaskForm, Field], None]:
    """A validator: a text's length without blanks around it; `sentence` says what is wanted."""

    def check(_form: FlaskForm, field: Field) -> None:
        if not least <= len((field.data or "").strip()) <= most:
            raise ValidationError(str(sentence))

    return check
