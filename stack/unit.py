"""One service as the supervisor sees it: its state, its process, its log."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from stack.backoff import Deaths
from stack.processes import Identity, LogFile
from stack.services import Service


@dataclass
class Unit:
    """The state of one service or step. Times are the supervisor's clock but for `since` (epoch)."""

    service: Service
    after: tuple[str, ...]
    # waiting, starting, ready, backing-off, stopping, stopped, failed; a step ends as done
    state: str = "waiting"
    process: subprocess.Popen[bytes] | None = None
    identity: Identity | None = None
    probe: Future[bool] | None = None
    log: LogFile | None = None
    deaths: Deaths = field(default_factory=Deaths)
    has_been_ready: bool = False
    misses: int = 0
    since: float = 0.0
    started_at: float = 0.0
    due: float = 0.0
    deadline: float = 0.0
    reason: str = ""
    # The last line it said: how far a step is.
    words: str = ""
    echo: Callable[[str, str], None] = lambda name, line: None
    _half: bytes = b""

    def __post_init__(self) -> None:
        if self.service.is_off:
            self.state = "stopped"

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self.process is not None

    @property
    def is_changing(self) -> bool:
        """Whether something is due soon, so that the loop must not sleep long."""
        return self.state in ("waiting", "starting", "backing-off", "stopping")

    @property
    def is_worth_asking(self) -> bool:
        """Whether a probe can tell something: a ready service is asked again only where it has a port."""
        return not self.service.once and (self.state == "starting" or bool(self.service.port))

    @property
    def shown_state(self) -> str:
        """The state in the words of `status`."""
        return {
            "waiting": "starting",
            "stopping": "stopped" if not self.is_running else "stopping",
            "stopped": "off" if self.service.is_off else "stopped",
        }.get(self.state, self.state)

    def open_log(self, path: Path) -> None:
        """Begin, or go on with, the log."""
        if self.log is None:
            self.log = LogFile(path)

    def pump(self) -> bool:
        """Move what the process said into its log; False when it will say no more."""
        if self.process is None or self.process.stdout is None:
            return False
        while True:
            try:
                data = os.read(self.process.stdout.fileno(), 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            if self.log is not None:
                self.log.write(data)
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        *lines, self._half = (self._half + data).split(b"\n")
        # A program that never ends its line must not fill the memory.
        self._half = self._half[-4096:]
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if text:
                self.words = text
                self.echo(self.service.name, text)

    def started(self, process: subprocess.Popen[bytes], since: float, now: float) -> None:
        """A process was started."""
        self.process = process
        self.identity = Identity.of(process.pid)
        self.state = "starting"
        self.reason = ""
        self.words = ""
        self.since = since
        self.started_at = now
        self.due = now
        self.deadline = now + self.service.patience_s
        self.probe = None
        self.misses = 0

    def became_ready(self) -> None:
        """It answered."""
        self.state = "ready"
        self.has_been_ready = True

    def ended(self, code: int) -> None:
        """Its process is gone and reaped."""
        if self.process is not None:
            # Tell Popen what we already know, or it would wait for the number again.
            self.process.returncode = code
            if self.process.stdout is not None:
                self.process.stdout.close()
        self.process = None
        self.identity = None
        self.probe = None
