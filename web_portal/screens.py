"""An open page at the other end of a WebSocket, written to without ever waiting for it.

A message is encoded once for all pages. Whoever tells writes it straight into the kernel's buffer of each
socket, so no thread is woken per page; a page whose buffer is full is cut, and comes back by itself.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from simple_websocket import ConnectionClosed

TEXT, CLOSE = 0x81, 0x88
"""The first byte of a whole message and of a closing one (RFC 6455, 5.2)."""

ENDED = 4401
"""The closing code that tells a page: you are signed out."""


class Link(Protocol):
    """What is used of a WebSocket."""

    sock: socket.socket

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """What the other side said."""


@dataclass(eq=False)
class Screen:
    """One open page: whose it is, and how it is told."""

    pharmacy_id: UUID
    session_digest: bytes
    link: Link

    def send(self, frame: bytes) -> None:
        """Send a frame now, or not at all: a page that does not keep up is cut."""
        try:
            sent = self.link.sock.send(frame, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        except OSError:
            # It went away in the meantime; its own thread notices.
            return
        if sent != len(frame):
            self.cut()

    def end(self) -> None:
        """The session ended: say so and close."""
        self.send(frame_of(CLOSE, ENDED.to_bytes(2, "big")))
        self.cut()

    def cut(self) -> None:
        """Break the connection; what was sent before still arrives."""
        with suppress(OSError):
            self.link.sock.shutdown(socket.SHUT_RDWR)

    def wait(self) -> None:
        """Wait until the page goes away. It has nothing to say: who talks here is not a page of ours."""
        with suppress(ConnectionClosed):
            self.link.receive()


def text_frame(text: str) -> bytes:
    """A text as a server sends it: one frame, not masked."""
    return frame_of(TEXT, text.encode())


def frame_of(kind: int, payload: bytes) -> bytes:
    """One whole frame of RFC 6455."""
    size = len(payload)
    if size < 126:
        return bytes((kind, size)) + payload
    if size < 1 << 16:
        return bytes((kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((kind, 127)) + size.to_bytes(8, "big") + payload
