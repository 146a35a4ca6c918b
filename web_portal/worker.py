"""The gunicorn worker of the portal: threads, as gunicorn's own, that stay a moment with whom they have answered.

gunicorn hands each request of a kept connection from its main thread to another and back. The two then contend for
the interpreter, and that was a third of what the portal spends on a search. Who asks again at once (a page's files, a
name being typed, a proxy in front) is answered by the thread that is there already.
"""

import select
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

STAY_MS = 100
"""How long a thread waits for the next request; a thread is a few kilobytes, and 300 may wait."""


class StayingWorker(ThreadWorker):
    """gunicorn's threaded worker, with a `handle` that goes on while requests follow each other."""

    def handle(self, conn: Any) -> Any:
        """Answer requests of a connection; what is returned says, as in gunicorn, whether it is kept."""
        while True:
            kept = super().handle(conn)
            if kept is not True or not self.alive or not _asks_again(conn):
                return kept


def _asks_again(conn: Any) -> bool:
    if conn.parser.unreader.buf.getvalue():
        # What was read ahead is not on the socket any more: gunicorn's main thread looks after that.
        return False
    waiting = select.poll()
    waiting.register(conn.sock, select.POLLIN)
    return bool(waiting.poll(STAY_MS))
