"""What a patient is written about an order: nothing of what is in it, only where to read."""

from flask_babel import gettext as _


def order_words(kind: str, address: str) -> tuple[str, str]:
    """Subject and text of a mail that is owed (`remedy.orders.mails.KINDS`)."""
    if kind == "ready":
        return (
            _("Your order is ready"),
            _(
                "Your order is ready to be collected. The code to show and the opening hours are at"
                " %(address)s",
                address=address,
            ),
        )
    if kind == "out":
        return (
            _("Your order is on its way"),
            _("Your order has left the pharmacy. See it at %(address)s", address=address),
        )
    return (
        _("Your order is cancelled"),
        _(
            "Your order was cancelled; read why at %(address)s. What you have paid online is given back.",
            address=address,
        ),
    )
