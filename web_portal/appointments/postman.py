"""Writes to patients what they are owed about their visits and orders: the portal holds the keys that an address needs.

A thread of each worker looks every few seconds, and at once when it is woken. A mail goes at least once: its row is
taken for a while, the mail handed over, the row deleted. A worker killed in between leaves the row to the next look,
so that one mail may come twice; none is lost while it is owed.
"""

from flask import Flask, current_app
from flask_babel import gettext as _

from remedy.appointments import owed
from remedy.appointments.owed import Owed
from web_portal.orders.mails import order_words
from web_portal.rounds import Writer

EXTENSION = "remedy_postman"


class Postman(Writer):
    """The mails owed, and the round that sends them."""

    name = "postman"
    every_seconds = 10.0

    def look(self) -> int:
        """Send what is due; how many mails the mail server took."""
        here = self._here
        due = here.change(lambda c: owed.due(c, here.now()))
        return sum(self._send(row_id) for row_id in due)

    def _send(self, row_id: int) -> bool:
        here = self._here
        taken = here.change(lambda c: owed.take(c, row_id, here.now()))
        if taken is None:
            return False
        return self._write(
            taken.patient_id, lambda: self._words(taken), lambda c: owed.settle(c, row_id)
        )

    def _words(self, mail: Owed) -> tuple[str, str]:
        """Subject and text; nothing about health, only where to read."""
        if mail.order_id is not None:
            return order_words(mail.kind, self._address("orders.page", order_id=mail.order_id))
        address = self._address("appointments.visit", visit_id=mail.appointment_id)
        if mail.kind == "proposed":
            return (
                _("The hospital proposes another time"),
                _("Please accept or refuse the proposed time at %(address)s", address=address),
            )
        if mail.kind == "lapsed":
            return (
                _("Your request has lapsed"),
                _(
                    "Nobody decided your request in time, or it was not answered, and its time was let go."
                    " We are sorry. Choose another time at %(address)s",
                    address=address,
                ),
            )
        return (
            _("Your request has been decided"),
            _(
                "The hospital has decided your request. Read the decision at %(address)s",
                address=address,
            ),
        )


def init_app(app: Flask) -> None:
    """Give the application its postman; who serves it starts it."""
    app.extensions[EXTENSION] = Postman(app)


def of(app: Flask) -> Postman:
    """The postman of an application."""
    found: Postman = app.extensions[EXTENSION]
    return found


def wake() -> None:
    """Have this worker's postman look now."""
    of(current_app).wake()
