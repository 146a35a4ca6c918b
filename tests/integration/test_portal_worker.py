"""The portal's own kind of gunicorn worker: it stays with whom it answered, and lets go of who is silent."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.streams import await_that
from web_portal.worker import STAY_MS

APP = """
import threading
from web_portal import worker

worker.STAY_MS = {stay_ms}

def app(environ, start_response):
    body = f"{{threading.get_ident()}} {{len(environ['wsgi.input'].read())}}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


@contextmanager
def serving(folder: Path, stay_ms: int = STAY_MS) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    (folder / "told.py").write_text(APP.format(stay_ms=stay_ms))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        process = subprocess.Popen(
            [
                sys.executable, "-m", "gunicorn", "told:app", "--bind", f"fd://{listener.fileno()}",
                "--worker-class", "web_portal.worker.StayingWorker", "--workers", "1", "--threads", "4", "--no-control-socket",
                "--graceful-timeout", "5", "--pythonpath", str(folder),
            ],
            pass_fds=[listener.fileno()],
        )  # fmt: skip
        try:
            yield listener.getsockname()[1], process
        finally:
            process.kill()
            process.wait()


@contextmanager
def lines_to(port: int, count: int) -> Iterator[list[http.client.HTTPConnection]]:
    lines = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(count)]
    try:
        yield lines
    finally:
        for line in lines:
            line.close()


def ask(line: http.client.HTTPConnection, body: bytes = b"") -> tuple[str, str]:
    """Which thread answered, and how long a body it had."""
    line.request("POST", "/", body=body)
    thread, length = line.getresponse().read().decode().split()
    return thread, length


def test_who_asks_again_at_once_is_answered_by_the_same_thread(tmp_path) -> None:
    # However slow the machine is between two requests.
    with serving(tmp_path, stay_ms=60_000) as (port, _), lines_to(port, 2) as lines:
        told = [ask(line, b"x" * number) for number in range(20) for line in lines]
    assert [length for _, length in told] == [str(n) for n in range(20) for _ in lines]
    # Each has a thread that waits for it; gunicorn's own answers both with whichever rests.
    first, second = ({thread for thread, _ in told[number::2]} for number in range(2))
    assert len(first) == len(second) == 1
    assert first != second


def test_who_was_silent_is_answered_and_holds_nobody_up(tmp_path) -> None:
    # More lines than there are threads: those who say nothing must not keep one.
    with serving(tmp_path) as (port, _), lines_to(port, 8) as lines:
        for _ in range(2):
            assert [ask(line, b"abc")[1] for line in lines] == ["3"] * 8
        quiet_since = time.monotonic()
        await_that(lambda: time.monotonic() - quiet_since > 2 * STAY_MS / 1000)
        assert [ask(line, b"abcd")[1] for line in lines] == ["4"] * 8


def test_two_requests_in_one_go_are_both_answered(tmp_path) -> None:
    one = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nab"
    with serving(tmp_path) as (port, _), socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(60)
        line.sendall(one + one)
        heard = b""
        while heard.count(b" 2") < 2:
            more = line.recv(4096)
            assert more, f"the line was closed after {heard!r}"
            heard += more


def test_it_ends_while_somebody_keeps_asking(tmp_path) -> None:
    with serving(tmp_path) as (port, process), lines_to(port, 1) as (line,):
        ask(line)
        process.send_signal(signal.SIGTERM)
        said = ""
        while said != "close":
            line.request("GET", "/")
            answer = line.getresponse()
            said = answer.headers["Connection"]
            answer.read()
        assert process.wait(60) == 0
