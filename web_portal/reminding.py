"""Sends patients the reminders of their visits that are due (`remedy.reminders`): the portal holds the keys that an
address and a number need.

A thread of each worker looks every few seconds. By mail a reminder goes at least once, by SMS once: the provider knows a
message again by its id. Whether the visit is still so is asked in the statement that takes the row, a moment before it is
sent. One that cannot be sent stops no other.
"""

import logging

from flask import Flask
from flask_babel import force_locale

from remedy.accounts.model import Contact
from remedy.accounts.queries import contact
from remedy.gateways import sms
from remedy.messages import service as messages
from remedy.reminders import service
from remedy.reminders.model import NoNumber, international, wants
from remedy.reminders.service import Taken
from web_portal import reminder_words as words
from web_portal.pages import moment
from web_portal.parts import HandOver, to_the_server
from web_portal.rounds import Round

log = logging.getLogger(__name__)
EXTENSION = "remedy_reminding"


class Reminding(Round):
    """The reminders that are due, and the round that sends them.

    Args:
        app: as for `Round`.
        hand_over: the way to the mail server; the settings' own where it is left out.
        texts: the way to the SMS provider; the settings' own where it is left out.
    """

    name = "reminding"
    every_seconds = 15.0

    def __init__(
        self, app: Flask, hand_over: HandOver | None = None, texts: sms.Sms | None = None
    ) -> None:
        super().__init__(app)
        settings = self._here.settings
        self.hand_over = hand_over or to_the_server(settings)
        self.texts = texts or sms.HttpSms(settings.sms_url, settings.sms_key)

    def look(self) -> int:
        """Send what is due; how many were taken by the mail server or the provider.

        No more than some at a time: with a provider that does not answer, what falls due meanwhile comes before what
        has failed.
        """
        here = self._here
        here.change(lambda c: service.forget_old(c, here.now()))
        here.change(lambda c: service.note(c, here.now()))
        here.change(lambda c: service.let_fall(c, here.now()))
        rows = here.read(lambda c: service.due(c, here.now()))
        if len(rows) == service.AT_A_TIME:
            self.wake()
        return sum(map(self._send, rows))

    def _send(self, row_id: int) -> bool:
        here = self._here
        try:
            taken = here.change(lambda c: service.take(c, row_id, here.now()))
            if taken is None:
                return False
            is_sent = self._write(taken)
        except Exception as error:
            why, is_final = _said(error)
            log.warning("a reminder was not sent: %s", why)
            here.change(lambda c: service.failed(c, row_id, why, is_final=is_final))
            return False
        settle = service.sent if is_sent else service.unwanted
        here.change(lambda c: settle(c, row_id))
        return is_sent

    def _write(self, taken: Taken) -> bool:
        """Hand a reminder over, in the language its patient chose; False where nobody wants or can read it.

        Raises:
            messages.NotSent, sms.NotSent: if it is not taken.
            NoNumber: if there is no number to send it to.
        """
        here, patient_id = self._here, taken.visit.patient_id
        choice = here.read(lambda c: service.choice_of(c, patient_id))
        reached = here.read(lambda c: contact(c, here.vault, patient_id))
        if reached is None or not wants(choice.channel, taken.channel):
            return False
        languages = here.region.languages
        language = choice.language if choice.language in languages else languages[0]
        with self._app.app_context(), force_locale(language):
            self._hand_over(taken, reached)
        return True

    def _hand_over(self, taken: Taken, reached: Contact) -> None:
        visit, region = taken.visit, self._here.region
        by_mail = taken.channel == "mail"
        place, call = [visit.hospital_name, visit.hospital_address], ""
        if taken.phone:
            call = str(words.MAIL_TELEPHONE if by_mail else words.SMS_TELEPHONE)
            place.append(call % {"phone": taken.phone})
        values = {
            "when": moment(taken.starts_at, visit.time_zone),
            "doctor": visit.doctor_name,
            "place": ("\n" if by_mail else ", ").join(place),
            "address": self._address("appointments.visit", visit_id=visit.appointment_id),
            "choice": self._address("visit_reminders.page"),
        }
        if by_mail:
            self.hand_over(reached.email, str(words.SUBJECT), str(words.MAIL) % values)
            return
        number = international(reached.phone, region.phone_prefix, region.phone_trunk)
        self.texts.send(taken.reminder_id, number, str(words.SMS) % values)

    def _address(self, page: str, **named: object) -> str:
        return self._here.settings.portal_url + self._app.url_map.bind("").build(page, named)


def _said(error: Exception) -> tuple[str, bool]:
    """Why it was not sent, and whether trying again is of no use. Only our own sentences are told: another's may quote."""
    if isinstance(error, sms.NotSent):
        return str(error), error.is_final
    if isinstance(error, NoNumber):
        return str(error), True
    return (str(error) if isinstance(error, messages.NotSent) else type(error).__name__), False


def init_app(app: Flask) -> None:
    """Give the application its round; who serves it starts it."""
    app.extensions[EXTENSION] = Reminding(app)


def of(app: Flask) -> Reminding:
    """The round of an application."""
    found: Reminding = app.extensions[EXTENSION]
    return found
