"""The portal as it is served: gunicorn with two workers in processes of their own, on a test's database."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from tests.integration.portal_cast import settings_for

PATIENCE_S = 90
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Served:
    """A running portal: its port, and the log that says which worker answered."""

    port: int
    log: Path

    def workers(self) -> Counter[str]:
        """How many answers each process gave."""
        return Counter(line.split()[0] for line in self.log.read_text().splitlines() if line)


@dataclass
class Visitor:
    """A browser of few words: keeps its connection and cookies, brings a form's token."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def __post_init__(self) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def ask(
        self, method: str, path: str, told: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, str]:
        """One request; the status and the text of its answer."""
        sent = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **headers}
        body = None
        if told is not None:
            body = urlencode({"csrf_token": self.token, **told})
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        self._line.request(method, path, body=body, headers=sent)
        answer = self._line.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        found = _TOKEN.search(text)
        self.token = found.group(1) if found else self.token
        return answer.status, text

    def end(self) -> None:
        self._line.close()


@contextmanager
def two_workers(database_url: str, folder: Path) -> Iterator[Served]:
    """Serve the portal until the block ends."""
    log = folder / "access.log"
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port = listener.getsockname()[1]
        os.set_inheritable(listener.fileno(), True)
        settings = settings_for(database_url, portal_url=f"http://127.0.0.1:{port}")
        with (folder / "gunicorn.log").open("wb") as words:
            process = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "web_portal.wsgi:app",
                    "--bind", f"fd://{listener.fileno()}", "--workers", "2", "--threads", "8",
                    "--worker-class", "web_portal.worker.StayingWorker", "--no-control-socket", "--graceful-timeout", "1",
                    "--access-logfile", str(log), "--access-logformat", "%(p)s %(s)s",
                ],
                env={**os.environ, **settings.to_env()},
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
            )  # fmt: skip
        try:
            _wait(process, port, folder / "gunicorn.log")
            yield Served(port, log)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait(process: subprocess.Popen[bytes], port: int, words: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            line.request("GET", "/healthz")
            if line.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            line.close()
    raise AssertionError(f"The portal did not start: {words.read_text()[-2000:]}")
