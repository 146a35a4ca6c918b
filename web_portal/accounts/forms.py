"""What may be sent to sign in and to register."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, HiddenField, PasswordField, StringField
from wtforms.validators import Optional, ValidationError

from remedy.accounts.model import EMAIL_AT_MOST, NAME_AT_MOST, PASSWORD_AT_MOST
from remedy.values import local_day
from web_portal.forms import Form, text_between
from web_portal.parts import parts

OLDEST_DAYS = 130 * 366


class SignInForm(Form):
    """E-mail address and password."""

    next = HiddenField()
    email = StringField(
        _l("E-mail address"),
        [text_between(3, EMAIL_AT_MOST, _l("Enter your e-mail address."))],
    )
    password = PasswordField(
        _l("Password"), [text_between(1, PASSWORD_AT_MOST, _l("Enter your password."))]
    )


class RegisterForm(Form):
    """What a new patient tells: as little as a visit needs."""

    name = StringField(
        _l("Your name"),
        [text_between(1, NAME_AT_MOST, _l("Enter your name, at most 120 letters."))],
    )
    email = StringField(
        _l("E-mail address"),
        [text_between(3, EMAIL_AT_MOST, _l("Enter your e-mail address."))],
    )
    phone = StringField(
        _l("Telephone (optional)"),
        [text_between(0, 40, _l("Enter a telephone number of at most 40 characters."))],
    )
    birth_date = DateField(
        _l("Date of birth (optional)"),
        [Optional()],
    )
    password = PasswordField(_l("Password"))

    def validate_birth_date(self, field: Field) -> None:
        """Born, and not before anybody who lives."""
        today = local_day(parts().now(), parts().region.time_zone)
        if field.data and not 0 <= (today - field.data).days <= OLDEST_DAYS:
            raise ValidationError(_("Enter a date of birth in the past, such as 31 01 1980."))
