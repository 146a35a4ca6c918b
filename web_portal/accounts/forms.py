"""What may be sent to sign in and to register."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, StringField

from remedy.accounts.model import EMAIL_AT_MOST, NAME_AT_MOST, PASSWORD_AT_MOST
from web_portal.forms import Form, text_between


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
    password = PasswordField(_l("Password"))
