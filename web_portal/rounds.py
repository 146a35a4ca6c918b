"""What the portal does by itself, again and again: a thread of each worker looks for what is owed, and sees to it.

The portal does it, and no other process, because it alone holds the keys: those of patients' addresses, and the payment provider's.
"""

import logging
import threading
from abc import ABC, abstractmethod

from flask import Flask

from web_portal.parts import Parts, parts_of

log = logging.getLogger(__name__)


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
