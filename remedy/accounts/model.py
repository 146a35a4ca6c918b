"""People and the rules about their names and passwords; pure."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
"""A session ends after that long without a click, and after that long in any case (ASVS 7.3)."""

KEPT = timedelta(days=30)
"""How long ended sessions and answers to repeated requests are kept."""

FAILURES_PER_ACCOUNT = 5
ACCOUNT_WINDOW = timedelta(minutes=15)
FAILURES_PER_ADDRESS = 100
ADDRESS_WINDOW = timedelta(hours=1)

FAILURES_PER_NAME = 100
NAME_WINDOW = timedelta(hours=1)
"""Of one account from all addresses together, so that a crowd of machines gains little."""

MAILS_PER_EMAIL = 3
MAILS_PER_ADDRESS = 20
MAIL_WINDOW = timedelta(hours=1)
"""How much mail with links one mailbox is sent, and one address can cause; what is more is silently left."""

PASSWORD_AT_LEAST = 8
PASSWORD_AT_MOST = 200
NAME_AT_MOST = 120
EMAIL_AT_MOST = 254
PHONE_AT_MOST = 40
DEVICE_AT_MOST = 80
ADDRESS_AT_MOST = 200

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")
_PHONE = re.compile(r"\+?[0-9 ().\-/]+")
_COMMON = ("password", "passwort", "qwerty", "letmein", "welcome", "iloveyou", "admin", "remedy", "1234567890")  # fmt: skip


class Refused(ValueError):
    """The change is refused; the text is a sentence for the user."""


class AlreadyRegistered(Refused):
    """The address has an account.

    Never show this to whoever typed the address: answer as if it had worked, and write to the address.
    """


class LinkEnded(Refused):
    """The mailed link is unknown, was used, or is too old: the same words for all three."""


class SignInRefused(Refused):
    """The name and password are not let in; the same words whatever the reason."""


class TooManyFailures(SignInRefused):
    """Too many failed attempts lately; the same for names that exist and names that do not."""


@dataclass(frozen=True)
class Person:
    """Someone who is signed in; ids are public ones. `name` is empty where no vault was at hand.

    `is_owner` is said of a pharmacist: who may invite colleagues, change the opening hours and make till keys.
    `suspended_because` is why the pharmacist's pharmacy is suspended; empty where it is not.
    """

    account_id: UUID
    role: str
    patient_id: UUID | None
    pharmacy_id: UUID | None
    doctor_id: UUID | None
    name: str
    is_owner: bool = False
    suspended_because: str = ""


@dataclass(frozen=True)
class Contact:
    """How a patient is reached; read through the vault, never logged."""

    name: str
    email: str
    phone: str | None


def plain_email(email: str) -> str:
    """An e-mail address as accounts are found by it: lower case, without blanks around it."""
    return email.strip().lower()


def email_lookup(email: str, secret_key: str) -> bytes:
    """The keyed digest an account is found by, so that a patient's address is nowhere readable."""
    text = "email:" + plain_email(email)
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).digest()


def check_email(email: str) -> str:
    """The plain form of an address.

    Raises:
        Refused: if it cannot be one.
    """
    plain = plain_email(email)
    if len(plain) > EMAIL_AT_MOST or not _EMAIL.fullmatch(plain):
        raise Refused("That is not an e-mail address; write it like asha@example.org.")
    return plain


def digest(secret: str) -> bytes:
    """What is kept of a secret that was handed out: it cannot be turned back."""
    return hashlib.sha256(secret.encode()).digest()


def check_name(name: str) -> str:
    """A person's name without blanks around it.

    Raises:
        Refused: if it is empty, too long or holds control characters.
    """
    plain = name.strip()
    if not plain or len(plain) > NAME_AT_MOST or not plain.isprintable():
        raise Refused(f"A name needs 1 to {NAME_AT_MOST} letters.")
    return plain


def check_phone(phone: str) -> str:
    """A telephone number as it was written, without blanks around it.

    Raises:
        Refused: if it cannot be one.
    """
    plain = phone.strip()
    digits = sum(c.isdigit() for c in plain)
    if len(plain) > PHONE_AT_MOST or not _PHONE.fullmatch(plain) or not 6 <= digits <= 15:
        raise Refused("Enter a telephone number, such as +39 06 5550 101.")
    return plain


def check_password(password: str, email: str) -> None:
    """Refuse a password that is short or easily guessed; length counts, its composition does not.

    Raises:
        Refused: saying what a good one is.
    """
    if len(password) < PASSWORD_AT_LEAST:
        raise Refused(
            f"The password needs at least {PASSWORD_AT_LEAST} characters; three or four words are good."
        )
    if len(password) > PASSWORD_AT_MOST:
        raise Refused(f"The password may have at most {PASSWORD_AT_MOST} characters.")
    folded = password.lower()
    bare = folded.strip("0123456789!?.#* ")
    if len(set(folded)) < 5 or bare in _COMMON or folded in _COMMON or _is_run(folded):
        raise Refused(
            "That password is among the first anyone would try; three or four words are good."
        )
    if bare and bare in (plain_email(email), plain_email(email).partition("@")[0]):
        raise Refused("The password must not be made from the e-mail address.")


def _is_run(text: str) -> bool:
    """Whether each character follows the one before it: 0123456789, abcdefghij, zyxwvutsrq."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps <= {1, -9} or steps <= {-1, 9}
