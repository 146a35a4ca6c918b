"""An open stock page without a browser: speaks just enough WebSocket to be told, in one asynchronous program."""

import asyncio
import base64
import os
import time
from collections.abc import Callable
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class SocketScreen(asyncio.Protocol):
    """One connection. `heard(payload, at)` is called for each text, with the monotonic time it came.

    `is_open` is a future: whether the portal accepted; `ended` one with the closing code, None where there
    was none.
    """

    def __init__(self, request: bytes, heard: Callable[[bytes, float], None]) -> None:
        loop = asyncio.get_running_loop()
        self._request, self._heard = request, heard
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.is_open: asyncio.Future[bool] = loop.create_future()
        self.ended: asyncio.Future[int | None] = loop.create_future()
        self._code: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Read the answer, then frames."""
        at = time.monotonic()
        self._buffer += data
        if not self.is_open.done():
            head, separator, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not separator:
                return
            self._buffer = bytearray(rest)
            self.is_open.set_result(head.startswith(b"HTTP/1.1 101"))
            if not self.is_open.result():
                self.close()
                return
        while (frame := self._frame()) is not None:
            kind, payload = frame
            if kind == TEXT:
                self._heard(payload, at)
            elif kind == PING:
                self._send(PONG, payload)
            elif kind == CLOSE:
                self._code = int.from_bytes(payload[:2], "big") if payload else None
                self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        if not self.is_open.done():
            self.is_open.set_result(False)
        if not self.ended.done():
            self.ended.set_result(self._code)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole frame; a server's are not masked, and ours are never in pieces."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size > 125:
            width = 2 if size == 126 else 8
            start = 2 + width
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return None
        kind, payload = buffer[0] & 0x0F, bytes(buffer[start : start + size])
        del buffer[: start + size]
        return kind, payload

    def _send(self, kind: int, payload: bytes) -> None:
        assert self._transport is not None
        # A client masks; a mask of zeros changes nothing.
        self._transport.write(bytes((0x80 | kind, 0x80 | len(payload))) + b"\0\0\0\0" + payload)


async def open_screen(
    portal_url: str, token: str, after: int, heard: Callable[[bytes, float], None]
) -> SocketScreen:
    """Connect as the page that was drawn at `after`; look at `is_open` for the portal's answer."""
    place = urlsplit(portal_url)
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET /live?after={after} HTTP/1.1\r\nHost: {place.netloc}\r\nOrigin: {portal_url}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nCookie: remedy={token}\r\n\r\n"
    ).encode()
    assert place.hostname is not None
    assert place.port is not None
    _, screen = await asyncio.get_running_loop().create_connection(
        lambda: SocketScreen(request, heard), place.hostname, place.port
    )
    return screen
