"""The real stack that integration tests and journeys share: started once per run, ended with it.

It has a folder and ports of its own, so a developer's running stack is never touched.
`REMEDY_TEST_STACK=keep` leaves it up, and the next run uses it again.
"""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from remedy.settings import Settings
from stack import control, show
from stack.installation import MASTER_PORTS, ROOT, Installation
from stack.processes import Identity

READY_WITHIN_S = 180
DOWN_WITHIN_S = 180


class RunningStack:
    """A stack that runs, and the means to hurt it.

    Args:
        installation: which one.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def env(self, account: str) -> dict[str, str]:
        """The environment of an account's processes: owner, portal, pipeline or dashboard."""
        env = self.installation.process_env()
        env |= self.installation.account_env(account, has_keys=True)
        return env | self.installation.airflow_env() if account == "pipeline" else env

    def settings(self, account: str) -> Settings:
        """The same as a record."""
        return Settings.from_env(self.installation.account_env(account, has_keys=True))

    def port(self, name: str) -> int:
        """The port of a service, or of a side door named in `stack.installation.PORTS`."""
        return self.installation.port(name)

    def url(self, name: str) -> str:
        """Its address, without a slash at the end."""
        return self.installation.url(name)

    def state(self, name: str) -> str:
        """The state of a service, in the words of `status`."""
        return str(self._row(name)["state"])

    def pid(self, name: str) -> int:
        """The process of a service.

        Raises:
            AssertionError: when it has none now.
        """
        pid = self._row(name)["pid"]
        assert pid is not None, f"{name} has no process: it is {self.state(name)}"
        return int(pid)

    def stop(self, name: str) -> None:
        """Hold a service down; returns when it is stopped."""
        self.command("stop", name)

    def start(self, name: str) -> None:
        """Start it again; returns when it is ready."""
        self.command("start", name)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Signal the process of a service; returns, for SIGKILL, when it is gone."""
        identity = Identity.of(self.pid(name))
        assert identity is not None
        os.kill(identity.pid, number)
        while number == signal.SIGKILL and identity.is_alive():
            time.sleep(0.02)

    def wait_ready(self, name: str, *, after: int = 0, seconds: float = READY_WITHIN_S) -> None:
        """Wait until a service answers, as another process than `after` (the one that was killed)."""
        deadline = time.monotonic() + seconds
        while True:
            row = self._row(name)
            if row["state"] == "ready" and row["pid"] != after:
                return
            assert time.monotonic() < deadline, f"{name} is {row['state']} after {seconds:.0f} s"
            time.sleep(0.2)

    def demo(self, role: str) -> dict[str, str]:
        """The e-mail and password of one of the town's people of a role."""
        people = [
            p for p in json.loads(self.installation.demo_file.read_text()) if p["role"] == role
        ]
        assert people, f"the town has nobody who signs in as {role}"
        return {"email": people[0]["email"], "password": people[0]["password"]}

    def folders(self) -> list[Path]:
        """Every folder it writes to: data, logs, queues. For tests that look for what must not be there."""
        state = self.installation.state
        return [self.installation.databases, state / "data", state / "logs", state / "airflow"]

    def command(self, *words: str) -> str:
        """Run `python -m stack …` on it; what it printed.

        Raises:
            AssertionError: with its words, when it fails.
        """
        done = subprocess.run(
            [sys.executable, "-m", "stack", *words],
            cwd=ROOT, env=_environ(self.installation), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_running(self) -> bool:
        """Whether its supervisor answers."""
        return control.ask(self.installation.run, {"do": "status"}) is not None

    def _row(self, name: str) -> dict:
        rows = show.services(
            self.installation, control.ask(self.installation.run, {"do": "status"})
        )
        return next(row for row in rows if row["name"] == name)


@contextmanager
def running_stack() -> Iterator[RunningStack]:
    """A stack for the length of the block, or the one that an earlier run kept."""
    if os.environ.get("REMEDY_TEST_STACK") == "keep":
        yield _kept()
        return
    folder = Path(tempfile.mkdtemp(prefix="remedy-test-"))
    stack = RunningStack(_install(folder))
    log = (folder / "up.log").open("w")
    # It ends when this process ends, however that comes about: the kernel sends it SIGTERM.
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "stack", "up", "--foreground"],
        cwd=ROOT, env=_environ(stack.installation), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        start_new_session=True,
    )  # fmt: skip
    try:
        _follow(stack, process, folder / "up.log")
        yield stack
    finally:
        # A test may have stopped it and started it again, by itself.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DOWN_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()
        stack.command("down")
        stack.command("reset", "--yes")
        shutil.rmtree(folder, ignore_errors=True)


def _kept() -> RunningStack:
    name = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"remedy-test-kept-{name}"
    if (folder / "port-base").exists():
        environ = {**os.environ, "REMEDY_STACK_DIR": str(folder)}
        environ.pop("REMEDY_STACK_PORT_BASE", None)
        stack = RunningStack(Installation.locate(environ))
    else:
        folder.mkdir(exist_ok=True)
        stack = RunningStack(_install(folder))
    if not stack.is_running():
        print("\nStarting a stack that is kept for the next run.", flush=True)
        stack.command("up")
    return stack


def _install(folder: Path) -> Installation:
    return Installation.locate(
        {
            **os.environ,
            "REMEDY_STACK_DIR": str(folder),
            "REMEDY_STACK_PORT_BASE": str(_free_base()),
        }
    )


def _free_base() -> int:
    """The base of a block of ports nobody listens on; where we begin to look differs between runs."""
    bases = list(range(22000, 32000, 50))
    start = os.getpid() % len(bases)
    for base in bases[start:] + bases[:start]:
        if all(_is_free(base + offset) for offset in range(MASTER_PORTS[1] + 1)):
            return base
    raise AssertionError("no block of 40 free ports below 32000")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _follow(stack: RunningStack, process: subprocess.Popen[bytes], log: Path) -> None:
    print(f"\nStarting a stack of our own in {log.parent}; this takes some minutes.", flush=True)
    while not stack.is_running():
        assert process.poll() is None, f"the stack did not start:\n{log.read_text()}"
        time.sleep(0.5)
    code = show.follow(
        stack.installation, lambda: control.ask(stack.installation.run, {"do": "status"})
    )
    if code:
        status = control.ask(stack.installation.run, {"do": "status"}) or {"units": []}
        for unit in status["units"]:
            path = stack.installation.logs / f"{unit['name']}.log"
            if unit["state"] == "failed" and path.exists():
                print(f"--- the end of {path.name}\n{path.read_text(errors='replace')[-3000:]}")
        raise AssertionError(
            "the stack of the tests did not become ready; its last words are above"
        )


def _environ(installation: Installation) -> dict[str, str]:
    return {
        **os.environ,
        "REMEDY_STACK_DIR": str(installation.state),
        "REMEDY_STACK_PORT_BASE": str(installation.base),
        # Sixty days at four pharmacies are enough, and there in seconds.
        "REMEDY_TOWN": os.environ.get("REMEDY_TOWN", "small"),
    }
