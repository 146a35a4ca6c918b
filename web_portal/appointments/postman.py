"""Writes to patients what they are owed about their visits and orders: the portal holds the keys that an address needs.

A thread of each worker looks every few seconds, and at once when it is woken. A mail goes at least once: its row is
taken for a while, the mail handed over, the row deleted. A worker killed in between leaves the row to the next look,
so that one mail may come twice; none is lost while it is owed.
"""

import logging
import threading

from flask import Flask, current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from remedy.accounts.queries import contact
from remedy.appointments import owed
from remedy.appointments.owed import Owed
from remedy.messages import service as messages
from web_portal.orders.mails import order_words
from web_portal.parts import HandOver, Parts, parts_of, to_the_server

log = logging.getLogger(__name__)
EXTENSION = "remedy_postman"
EVERY_SECONDS = 10.0


class Postman:
    """The mails owed, and the thread that sends them."""

    def __init__(self, app: Flask, hand_over: HandOver | None = None) -> None:
        self._app = app
        self._here: Parts = parts_of(app)
        self.hand_over = hand_over or to_the_server(self._here.settings)
        self._woken = threading.Event()

    def start(self) -> None:
        """Begin to look; called in the worker, as threads do not survive its fork."""
        threading.Thread(target=self._run, name="postman", daemon=True).start()

    def wake(self) -> None:
        """Have it look now."""
        self._woken.set()

    def look(self) -> int:
        """Send what is due; how many mails the mail server took."""
        here = self._here
        due = here.change(lambda c: owed.due(c, here.now()))
        return sum(self._send(row_id) for row_id in due)

    def _run(self) -> None:
        while True:
            self._woken.wait(EVERY_SECONDS)
            self._woken.clear()
            try:
                self.look()
            except Exception as error:
                # What is owed stays owed; this thread must outlive a database.
                log.warning("mails owed could not be looked at: %s", type(error).__name__)

    def _send(self, row_id: int) -> bool:
        here = self._here
        taken = here.change(lambda c: owed.take(c, row_id, here.now()))
        if taken is None:
            return False
        reached = here.read(lambda c: contact(c, here.vault, taken.patient_id))
        if reached is not None:
            subject, text = self._words(taken)
            try:
                self.hand_over(reached.email, subject, text)
            except messages.NotSent as error:
                log.warning("a mail owed was not sent, and is tried again: %s", error)
                return False
        # Sent, or nobody is left to read it.
        here.change(lambda c: owed.settle(c, row_id))
        return reached is not None

    def _words(self, mail: Owed) -> tuple[str, str]:
        """Subject and text; nothing about health, only where to read."""
        address = self._here.settings.portal_url + self._path(mail)
        with self._app.app_context(), force_locale(self._here.region.languages[0]):
            if mail.order_id is not None:
                return order_words(mail.kind, address)
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

    def _path(self, mail: Owed) -> str:
        addresses = self._app.url_map.bind("")
        if mail.order_id is not None:
            return addresses.build("orders.page", {"order_id": mail.order_id})
        return addresses.build("appointments.visit", {"visit_id": mail.appointment_id})


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
