"""How `status`, `stop`, `start` and `down` talk to the supervisor: one line of JSON each way over a socket."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SOCKET = "control.sock"


@contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """A name of the socket short enough for the kernel's 107 bytes, however deep the folder lies."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def listen(folder: Path) -> socket.socket:
    """The supervisor's end; only its own user may connect."""
    (folder / SOCKET).unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    with socket_path(folder) as name:
        server.bind(name)
    (folder / SOCKET).chmod(0o600)
    server.listen(16)
    return server


def ask(folder: Path, request: dict[str, Any], *, timeout_s: float = 10.0) -> dict[str, Any] | None:
    """The supervisor's answer; None when no supervisor answers."""
    if not (folder / SOCKET).exists():
        return None
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout_s)
        try:
            with socket_path(folder) as name:
                connection.connect(name)
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        except OSError:
            return None
    return json.loads(answer) if answer else None


def receive(connection: socket.socket) -> dict[str, Any]:
    """The one request of a connection.

    Raises:
        ValueError: when it is not a JSON object on one line.
        OSError: when it does not come within two seconds.
    """
    connection.settimeout(2.0)
    text = b""
    while not text.endswith(b"\n"):
        chunk = connection.recv(4096)
        if not chunk or len(text) > 65536:
            raise ValueError("a request is one line of JSON")
        text += chunk
    request = json.loads(text)
    if not isinstance(request, dict):
        raise ValueError("a request is a JSON object")
    return request
