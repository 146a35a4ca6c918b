"""What may be sent about accounts: to sign in, to register, to change what one told."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, PasswordField, StringField
from wtforms.validators import ValidationError

from remedy.accounts import model
from remedy.accounts.model import ADDRESS_AT_MOST, EMAIL_AT_MOST, PASSWORD_AT_MOST
from remedy.values import local_day
from web_portal.forms import Form, text_between
from web_portal.parts import parts

OLDEST_DAYS = 130 * 366


def accepted_by(check: Callable[[str], Any], sentence: Any) -> Callable[[Form, Field], None]:
    """A validator: a rule of the core, and the sentence for the field."""

    def refuse(_form: Form, field: Field) -> None:
        try:
            check(field.data or "")
        except model.Refused:
            raise ValidationError(str(sentence)) from None

    return refuse


AN_EMAIL = accepted_by(model.check_email, _l("Enter an e-mail address, such as asha@example.org."))
A_PHONE = accepted_by(model.check_phone, _l("Enter a telephone number, such as +39 06 5550 101."))
A_NAME = accepted_by(model.check_name, _l("Enter your name, at most 120 letters."))


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


class EmailForm(Form):
    """An e-mail address."""

    email = StringField(_l("E-mail address"), [AN_EMAIL])


class NewPasswordForm(Form):
    """A password to be used from now on; the core says what is wrong with it."""

    password = PasswordField(_l("New password"))


class ChangePasswordForm(Form):
    """The password so far and the one from now on."""

    current = PasswordField(
        _l("Password so far"), [text_between(1, PASSWORD_AT_MOST, _l("Enter your password."))]
    )
    password = PasswordField(_l("New password"))


class ChangeEmailForm(Form):
    """A new address, with the password, because mail opens the account."""

    email = StringField(_l("New e-mail address"), [AN_EMAIL])
    password = PasswordField(
        _l("Password"), [text_between(1, PASSWORD_AT_MOST, _l("Enter your password."))]
    )


class NameForm(Form):
    """The first question: a name."""

    name = StringField(_l("What is your name?"), [A_NAME])


class PhoneForm(Form):
    """A telephone number."""

    phone = StringField(_l("What is your telephone number?"), [A_PHONE])


class RegisterEmailForm(Form):
    """An address to sign in with."""

    email = StringField(_l("What is your e-mail address?"), [AN_EMAIL])


class BirthDateForm(Form):
    """A remembered date: three inputs."""

    day = StringField(_l("Day"))
    month = StringField(_l("Month"))
    year = StringField(_l("Year"))
    problem: str = ""
    wrong: tuple[str, ...] = ()

    def fill(self, iso: str) -> None:
        """Show a date that was told before."""
        told = date.fromisoformat(iso)
        self.day.data, self.month.data, self.year.data = (
            str(told.day),
            str(told.month),
            str(told.year),
        )

    def birth_date(self) -> str:
        """The date in ISO form.

        Raises:
            ValueError: if it is none somebody can have been born on.
        """
        parts_typed = [(field.data or "").strip() for field in (self.day, self.month, self.year)]
        if not all(text.isascii() and text.isdecimal() for text in parts_typed):
            raise ValueError
        told = date(int(parts_typed[2]), int(parts_typed[1]), int(parts_typed[0]))
        today = local_day(parts().now(), parts().region.time_zone)
        if not 0 <= (today - told).days <= OLDEST_DAYS:
            raise ValueError
        return told.isoformat()

    def validate(self, extra_validators: Any = None) -> bool:
        """One problem for the three of them, with the inputs it is about."""
        is_fine = super().validate(extra_validators)
        missing = tuple(
            field.name
            for field in (self.day, self.month, self.year)
            if not (field.data or "").strip()
        )
        try:
            self.birth_date()
        except (ValueError, OverflowError):
            self.problem = (
                _("Enter the day, month and year you were born.")
                if missing
                else _("Enter a date of birth in the past, such as 31 1 1980.")
            )
            self.wrong = missing or ("day", "month", "year")
            return False
        return is_fine

    def problems(self) -> list[tuple[str, str]]:
        """The one problem, at the first input it is about."""
        return [(self.wrong[0], self.problem)] if self.problem else super().problems()


class AddressForm(Form):
    """Where somebody lives, if they want to say it."""

    address = StringField(
        _l("What is your address? (optional)"),
        [text_between(0, ADDRESS_AT_MOST, _l("Enter an address of at most 200 letters."))],
    )


class RegisterPasswordForm(Form):
    """The password chosen at registration; the core says what is wrong with it."""

    password = PasswordField(_l("Choose a password"))


class DetailsForm(BirthDateForm):
    """What a patient may change of themselves."""

    name = StringField(_l("Your name"), [A_NAME])
    phone = StringField(_l("Telephone"), [A_PHONE])
    address = StringField(
        _l("Address (optional)"),
        [text_between(0, ADDRESS_AT_MOST, _l("Enter an address of at most 200 letters."))],
    )

    def problems(self) -> list[tuple[str, str]]:
        """Each field's problem and the date's."""
        others = [(field.id, str(field.errors[0])) for field in self if field.errors]
        return others + ([(self.wrong[0], self.problem)] if self.problem else [])
