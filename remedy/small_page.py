"""A small web server on loopback: what the mail catcher, the SMS catcher and the test payments have in common.

For the local providers we ship; the portal is made of other things.
"""

import json
import signal
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
MOST_BYTES = 10_000
"""Of what is sent to a page."""


class SmallPage(BaseHTTPRequestHandler):
    """Answers that fetch nothing from elsewhere, are kept by no browser, and stand in no log."""

    server_version = "Remedy"
    sys_version = ""

    def body(self) -> bytes:
        """What was sent, up to `MOST_BYTES`."""
        size = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(min(size, MOST_BYTES))

    def answer(self, status: HTTPStatus, text: str, kind: str = "text/html") -> None:
        """Send a page."""
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def answer_json(self, status: HTTPStatus, told: Mapping[str, str]) -> None:
        """Send what a program reads."""
        self.answer(status, json.dumps(told), "application/json")

    def log_message(self, *_: Any) -> None:
        """Who is written to, and what is paid, is nobody's business."""


class SmallServer:
    """Serves a page, in a thread of its own, between `start` and `stop`; port 0 takes a free one."""

    def __init__(self, port: int, page: type[SmallPage]) -> None:
        self._web = ThreadingHTTPServer((HOST, port), page)

    @property
    def port(self) -> int:
        """The port it is on."""
        return int(self._web.server_address[1])

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Open the port."""
        threading.Thread(target=self._web.serve_forever, name="page", daemon=True).start()

    def stop(self) -> None:
        """Close it."""
        self._web.shutdown()
        self._web.server_close()


def ending() -> threading.Event:
    """What SIGTERM or SIGINT sets from now on."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def whole_page(title: str, content: str, *, style: str) -> str:
    """A page around its content, which is HTML already; `style` is what it adds to the plain look."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title} - Remedy</title>"
        "<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        f"{style}</style><main><h1>{title}</h1>{content}</main></html>"
    )
