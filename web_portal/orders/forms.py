"""What may be sent about orders and what is collected, and the sentences shown when it may not."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, StringField
from wtforms.validators import ValidationError

from remedy.stock import codes
from web_portal.forms import Form, OnceForm

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
