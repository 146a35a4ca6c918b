"""The mails about accounts: sent after the commit, with a link and nothing about health."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from web_portal.parts import parts


def _address(endpoint: str, **values: Any) -> str:
    return parts().settings.portal_url + url_for(endpoint, **values)


def confirm(to: str, token: str) -> None:
    """To whoever registered: follow the link."""
    parts().post(
        to,
        _("Confirm your e-mail address"),
        _(
            "Somebody, we hope you, registered with Remedy with this address. To begin, open this "
            "address within 48 hours and sign in there with the password you chose:\n\n%(address)s\n\n"
            "If it was not you, do nothing: nobody can use the account, and it is deleted then.",
            address=_address("accounts.confirm", token=token),
        ),
    )


def already(to: str) -> None:
    """To somebody who has an account, when their address is registered again."""
    parts().post(
        to,
        _("You have a Remedy account"),
        _(
            "Somebody, perhaps you, tried to register with this address. There is an account with it "
            "already and nothing was changed. Sign in at %(address)s. If you forgot your password, "
            "choose a new one at %(forgotten)s",
            address=_address("accounts.sign_in"),
            forgotten=_address("accounts.forgotten"),
        ),
    )


def reset(to: str, token: str) -> None:
    """To who forgot the password."""
    parts().post(
        to,
        _("Choose a new password"),
        _(
            "Somebody, we hope you, asked for a new password. Open this address within 30 minutes; "
            "it works once:\n\n%(address)s\n\nIf it was not you, do nothing: your password stays as it is.",
            address=_address("accounts.reset", token=token),
        ),
    )


def password_changed(to: str) -> None:
    """To whose password was changed."""
    if not to:
        return
    parts().post(
        to,
        _("Your password was changed"),
        _(
            "The password of your Remedy account was changed just now. If it was not you, choose a new "
            "one at once at %(address)s",
            address=_address("accounts.forgotten"),
        ),
    )


def new_email(to: str, token: str) -> None:
    """To a new address: does its mailbox answer?"""
    parts().post(
        to,
        _("Confirm your new e-mail address"),
        _(
            "To use this address with your Remedy account, open this page within 24 hours:\n\n"
            "%(address)s\n\nIf you did not ask for it, do nothing.",
            address=_address("account.confirm_email", token=token),
        ),
    )


def email_taken(to: str) -> None:
    """To somebody who has an account, when another account asks for their address."""
    parts().post(
        to,
        _("You have a Remedy account"),
        _(
            "Somebody, perhaps you, wanted to use this address for another Remedy account. It has an "
            "account already and nothing was changed."
        ),
    )


def email_changed(to: str) -> None:
    """To the address that an account used before."""
    if not to:
        return
    parts().post(
        to,
        _("Your e-mail address was changed"),
        _(
            "Your Remedy account uses another e-mail address from now on. If it was not you, call the "
            "hospital or pharmacy that you know: they can reach us."
        ),
    )


def invitation(to: str, token: str) -> None:
    """To a member of staff who is invited."""
    parts().post(
        to,
        _("You are invited to Remedy"),
        _(
            "You are invited to work with Remedy. Open this address within 7 days and choose a "
            "password; it works once:\n\n%(address)s",
            address=_address("people.invitation", token=token),
        ),
    )


def application_declined(to: str, note: str) -> None:
    """To a pharmacy that is not let in."""
    parts().post(
        to,
        _("Your pharmacy's application"),
        _(
            "Your pharmacy's application was declined, for this reason:\n\n%(note)s\n\n"
            "You may apply again at %(address)s",
            note=note,
            address=_address("people.apply"),
        ),
    )
