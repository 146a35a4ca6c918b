"""What the portal does by itself, again and again: a thread of each worker looks for what is owed, and sees to it.

The portal does it, and no other process, because it alone holds the keys that a patient's address needs.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale

from remedy.accounts.queries import contact
from remedy.gateways.mysql import end_session, take_lock
from remedy.messages import service as messages
from web_portal.parts import HandOver, Parts, parts_of, to_the_server

log = logging.getLogger(__name__)
LOCK_SECONDS = 2


class Round(ABC):
    """Looks every `every_seconds`, and at once when it is woken.

    Args:
        app: the application whose parts it uses.
    """

    name: str
    every_seconds: float

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._here: Parts = parts_of(app)
        self._woken = threading.Event()

    def start(self) -> None:
        """Begin to look; called in the worker, as threads do not survive its fork."""
        threading.Thread(target=self._run, name=self.name, daemon=True).start()

    def wake(self) -> None:
        """Have it look now."""
        self._woken.set()

    @abstractmethod
    def look(self) -> int:
        """See to what is owed; how much of it was done."""

    def _run(self) -> None:
        while True:
            self._woken.wait(self.every_seconds)
            self._woken.clear()
            try:
                self.look()
            except Exception as error:
                # What is owed stays owed; this thread must outlive a database.
                log.warning("the %s could not look: %s", self.name, type(error).__name__)


class Writer(Round):
    """A round that writes to patients, each mail at least once: it is handed over, then it is marked.

    Args:
        app: as for `Round`.
        hand_over: the way to the mail server; the settings' own where it is left out.
    """

    def __init__(self, app: Flask, hand_over: HandOver | None = None) -> None:
        super().__init__(app)
        self.hand_over = hand_over or to_the_server(self._here.settings)

    @contextmanager
    def _alone(self, lock: str) -> Iterator[bool]:
        """Whether no other worker is at it, and none will be until this block ends."""
        held = self._here.engine.connect()
        try:
            yield take_lock(held, lock, seconds=LOCK_SECONDS)
        finally:
            end_session(held)

    def _write(
        self,
        patient_id: UUID,
        words: Callable[[], tuple[str, str]],
        mark: Callable[[sa.Connection], object],
    ) -> bool:
        """Write to a patient (`words`: subject and text, drawn in the installation's first language), then `mark` it.

        Where nobody is left to read it, it is marked as well. False where no mail server took a mail.
        """
        here = self._here
        reached = here.read(lambda c: contact(c, here.vault, patient_id))
        if reached is not None:
            with self._app.app_context(), force_locale(here.region.languages[0]):
                subject, text = words()
            try:
                self.hand_over(reached.email, subject, text)
            except messages.NotSent as error:
                log.warning(
                    "a mail of the %s was not sent, and is tried again: %s", self.name, error
                )
                return False
        here.change(mark)
        return reached is not None

    def _address(self, endpoint: str, **values: object) -> str:
        """The address of a page, as a mail names it."""
        return self._here.settings.portal_url + self._app.url_map.bind("").build(endpoint, values)
