"""Mails about prescriptions: that one was decided, and that something runs out. Never which medicine."""

import logging
import threading
from uuid import UUID

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _

from remedy.accounts.queries import contact
from remedy.gateways.mysql import end_session, take_lock
from remedy.messages import service as messages
from remedy.prescriptions import refills
from remedy.prescriptions.refills import DueReminder
from web_portal.parts import HandOver, Parts, parts, parts_of, to_the_server

log = logging.getLogger(__name__)
EXTENSION = "remedy_reminders"
EVERY_SECONDS = 300.0
LOCK = "remedy.refills"
LOCK_SECONDS = 2


def decided(patient_id: UUID, prescription_id: UUID) -> None:
    """Tell a patient that a pharmacist has decided; how, is read in the portal."""
    here = parts()
    reached = here.read(lambda c: contact(c, here.vault, patient_id))
    if reached is None:
        return
    address = f"{here.settings.portal_url}/prescriptions/{prescription_id}"
    with force_locale(here.region.languages[0]):
        here.post(
            reached.email,
            _("A pharmacist has looked at your prescription"),
            _("Read what was decided at %(address)s", address=address),
        )


class Reminders:
    """Looks whose medicine runs out soon, and writes to them: once for each day it is foretold for."""

    def __init__(self, app: Flask, hand_over: HandOver | None = None) -> None:
        self._app = app
        self._here: Parts = parts_of(app)
        self.hand_over = hand_over or to_the_server(self._here.settings)

    def start(self) -> None:
        """Begin to look; called in the worker, as threads do not survive its fork."""
        threading.Thread(target=self._run, name="reminders", daemon=True).start()

    def look(self) -> int:
        """Remind whoever is due, unless another worker is at it; how many were."""
        held = self._here.engine.connect()
        try:
            if not take_lock(held, LOCK, seconds=LOCK_SECONDS):
                return 0
            now = self._here.now()
            return sum(
                self._tell(one) for one in self._here.read(lambda c: refills.due(c, now=now))
            )
        finally:
            end_session(held)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(EVERY_SECONDS):
            try:
                self.look()
            except Exception as error:
                # Who is due stays due; this thread must outlive a database.
                log.warning("who runs out could not be looked at: %s", type(error).__name__)

    def _tell(self, one: DueReminder) -> bool:
        here = self._here
        reached = here.read(lambda c: contact(c, here.vault, one.patient_id))
        if reached is not None:
            try:
                self.hand_over(reached.email, *self._words())
            except messages.NotSent as error:
                log.warning("a reminder was not sent, and is tried again: %s", error)
                return False
        here.change(lambda c: refills.was_told(c, one, now=here.now()))
        return reached is not None

    def _words(self) -> tuple[str, str]:
        """Subject and text: not which medicine, only where to read it."""
        find = self._app.url_map.bind("").build
        portal = self._here.settings.portal_url
        with self._app.app_context(), force_locale(self._here.region.languages[0]):
            return (
                _("Something of yours runs out soon"),
                _(
                    "By what was handed out to you, something runs out in a few days. See what, and what your"
                    " prescription still allows, at %(address)s. You can end these mails at %(choice)s",
                    address=portal + find("prescriptions.page"),
                    choice=portal + find("own_health.reminders"),
                ),
            )


def init_app(app: Flask) -> None:
    """Give the application its reminders; who serves it starts them."""
    app.extensions[EXTENSION] = Reminders(app)


def of(app: Flask) -> Reminders:
    """The reminders of an application."""
    found: Reminders = app.extensions[EXTENSION]
    return found
