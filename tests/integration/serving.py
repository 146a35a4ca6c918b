"""The application on a port of its own, for tests in which a browser has to go on to the next page by itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from web_portal import live

PORTS = range(22_000, 32_000, 7)
POLL_S = 0.05
"""How soon it sees that it is to end."""


class _Quiet(WSGIRequestHandler):
    def log(self, *_told: object) -> None:
        """Say nothing: the test tells what went wrong."""

    def make_environ(self) -> dict[str, Any]:
        """As werkzeug makes it; it leaves a file open that a browser does not wait for, so files are read at once."""
        return {**super().make_environ(), "wsgi.file_wrapper": _read}


def _read(file: IO[bytes], _buffer_size: int) -> list[bytes]:
    with file:
        return [file.read()]


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Its address while the block lasts."""
    server = _server(app)
    thread = threading.Thread(
        target=server.serve_forever, args=(POLL_S,), name="portal", daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            live.hub().close()


def _server(app: Flask) -> BaseWSGIServer:
    for port in PORTS:
        try:
            return make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
        except (OSError, SystemExit):
            continue
    raise AssertionError("no free port below 32000")
