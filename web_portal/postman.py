"""Writes to patients and admins what they are owed (`remedy.owed`): the portal holds the keys that an address needs.

A thread of each worker looks every few seconds, and at once when it is woken. A mail goes at least once: its row is
taken for a while, the mail handed over, the row deleted. A worker killed in between leaves the row to a later look,
so that one mail may come twice; none is lost while it is owed. One that cannot be written stops no other.
"""

import logging

import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import force_locale

from remedy import owed
from remedy.accounts.queries import contact, staff_email
from remedy.appointments import queries
from remedy.messages import service as messages
from remedy.messages.service import Attachment
from remedy.owed import Owed
from web_portal import visit_calendar
from web_portal.owed_words import WORDS, Words
from web_portal.parts import HandOver, to_the_server
from web_portal.rounds import Round

log = logging.getLogger(__name__)
EXTENSION = "remedy_postman"


class Postman(Round):
    """The mails owed, and the round that sends them.

    Args:
        app: as for `Round`.
        hand_over: the way to the mail server; the settings' own where it is left out.
    """

    name = "postman"
    every_seconds = 10.0

    def __init__(self, app: Flask, hand_over: HandOver | None = None) -> None:
        super().__init__(app)
        self.hand_over = hand_over or to_the_server(self._here.settings)

    def look(self) -> int:
        """Send all that is due; how many mails the mail server took."""
        here, sent = self._here, 0
        here.change(lambda c: owed.forget_old(c, here.now()))
        # Whatever becomes of a row, it is not due again at once.
        while rows := here.read(lambda c: owed.due(c, here.now())):
            sent += sum(map(self._send, rows))
        return sent

    def _send(self, row_id: int) -> bool:
        here = self._here
        mail = here.change(lambda c: owed.take(c, row_id, here.now()))
        if mail is None:
            return False
        try:
            is_sent = self._write(mail)
        except Exception as error:
            # Only our own sentence is told: another's may quote the address.
            why = str(error) if isinstance(error, messages.NotSent) else type(error).__name__
            log.warning("a mail (%s) was not sent, and is tried again: %s", mail.kind, why)
            here.change(lambda c: owed.failed(c, row_id, why))
            return False
        here.change(lambda c: owed.settle(c, row_id))
        return is_sent

    def _write(self, mail: Owed) -> bool:
        """Hand a mail over, in the installation's first language; False where nobody is left to read it.

        Raises:
            NotSent: if the mail server does not take it.
            LookupError: if this portal has no words for it.
        """
        here, words = self._here, WORDS[mail.kind]
        email = here.read(lambda c: self._email(c, mail, words))
        if email is None:
            return False
        with self._app.app_context(), force_locale(here.region.languages[0]):
            values = self._values(mail, words)
            subject, text = str(words.subject) % values, str(words.text) % values
            files = self._files(mail, words, values["address"], email)
        self.hand_over(email, subject, text, *files)
        return True

    def _values(self, mail: Owed, words: Words) -> dict[str, str]:
        """What the words of a mail name."""
        values = {"choice": self._address("own_health.reminders")}
        if words.page:
            about = {words.argument: mail.about} if words.argument else {}
            values["address"] = self._address(words.page, **about)
        return values | (words.named(self._here, mail.about) if words.named else {})

    def _email(self, connection: sa.Connection, mail: Owed, words: Words) -> str | None:
        """Where the mail goes; None where nobody is left to read it, or what it says is settled meanwhile."""
        if words.is_still_so and not words.is_still_so(
            connection, mail.about, mail.patient_id, now=self._here.now()
        ):
            return None
        if words.is_to_staff:
            return staff_email(connection, mail.patient_id)
        reached = contact(connection, self._here.vault, mail.patient_id)
        return reached.email if reached else None

    def _files(self, mail: Owed, words: Words, address: str, email: str) -> list[Attachment]:
        """What goes with it: the calendar file of a visit, where a calendar holds it or should."""
        if not words.has_calendar_file:
            return []
        visit = self._here.read(lambda c: queries.visit(c, mail.about))
        if visit is None or not visit_calendar.has_entry(visit):
            return []
        return [visit_calendar.attached(self._here, visit, address=address, email=email)]

    def _address(self, page: str, **values: object) -> str:
        return self._here.settings.portal_url + self._app.url_map.bind("").build(page, values)


def init_app(app: Flask) -> None:
    """Give the application its postman; who serves it starts it."""
    app.extensions[EXTENSION] = Postman(app)


def of(app: Flask) -> Postman:
    """The postman of an application."""
    found: Postman = app.extensions[EXTENSION]
    return found


def wake() -> None:
    """Have this worker's postman look now: what is owed since a commit need not wait for the next look."""
    of(current_app).wake()
