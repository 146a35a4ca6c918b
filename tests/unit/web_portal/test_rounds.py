"""A round goes on: it looks when it is woken, and after a look that failed."""

import threading

from flask import Flask

from web_portal.parts import EXTENSION
from web_portal.rounds import Round


class Counted(Round):
    name = "counter"
    every_seconds = 60.0

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.looks = 0
        self.looked = threading.Event()

    def look(self) -> int:
        self.looks += 1
        self.looked.set()
        if self.looks == 1:
            raise OSError("The database is away.")
        return 0


def test_a_look_that_failed_is_followed_by_the_next(caplog):
    app = Flask("rounds")
    app.extensions[EXTENSION] = object()
    counted = Counted(app)
    counted.start()
    for looks in (1, 2):
        counted.looked.clear()
        counted.wake()
        assert counted.looked.wait(10)
        assert counted.looks == looks
    assert "the counter could not look: OSError" in caplog.text
