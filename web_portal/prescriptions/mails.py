"""Mails about prescriptions: that one was decided, and that something runs out. Never which medicine."""

from uuid import UUID

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _

from remedy.accounts.queries import contact
from remedy.prescriptions import refills
from remedy.prescriptions.refills import DueReminder
from web_portal.parts import parts
from web_portal.rounds import Writer

EXTENSION = "remedy_reminders"
LOCK = "remedy.refills"


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


class Reminders(Writer):
    """Looks whose medicine runs out soon, and writes to them: once for each day it is foretold for."""

    name = "reminders"
    every_seconds = 300.0

    def look(self) -> int:
        """Remind whoever is due, unless another worker is at it; how many were."""
        with self._alone(LOCK) as is_alone:
            if not is_alone:
                return 0
            now = self._here.now()
            due = self._here.read(lambda c: refills.due(c, now=now))
            return sum(self._tell(one) for one in due)

    def _tell(self, one: DueReminder) -> bool:
        return self._write(
            one.patient_id,
            self._words,
            lambda c: refills.was_told(c, one, now=self._here.now()),
        )

    def _words(self) -> tuple[str, str]:
        """Subject and text: not which medicine, only where to read it."""
        return (
            _("Something of yours runs out soon"),
            _(
                "By what was handed out to you, something runs out in a few days. See what, and what your"
                " prescription still allows, at %(address)s. You can end these mails at %(choice)s",
                address=self._address("prescriptions.page"),
                choice=self._address("own_health.reminders"),
            ),
        )


def init_app(app: Flask) -> None:
    """Give the application its reminders; who serves it starts them."""
    app.extensions[EXTENSION] = Reminders(app)


def of(app: Flask) -> Reminders:
    """The reminders of an application."""
    found: Reminders = app.extensions[EXTENSION]
    return found
