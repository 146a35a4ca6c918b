"""The part of the stack that searches need, kept in a folder of its own from run to run: database, Kafka, index, portal.

`python -m bench.search_stack` runs it, by the same table of services as `./run up`; `searching_stack` starts that.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import control
from stack.installation import ROOT, Installation
from stack.render import render
from stack.services import SERVICES, STEPS
from stack.supervisor import Supervisor
from tests.running_stack import RunningStack, _free_base

NAMES = (
    "install-mariadb", "mariadb", "create-accounts", "migrate", "format-kafka", "kafka", "index",
    "portal",
)  # fmt: skip
READY_WITHIN_S = 600


def main() -> None:
    """Run the services until told to stop."""
    installation = Installation.locate(os.environ)
    installation.prepare()
    render(installation)
    wanted = tuple(service for service in (*STEPS, *SERVICES) if service.name in NAMES)
    Supervisor(installation, wanted, say=lambda text: print(text, flush=True)).run()


def fingerprint() -> str:
    """What the database's tables are made by: kept data of another schema is loaded anew."""
    versions = sorted((ROOT / "remedy/schema/migrations/versions").glob("*.sql"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in versions)).hexdigest()[:12]


@contextmanager
def searching_stack(folder: Path) -> Iterator[RunningStack]:
    """Those services for the length of the block; their data stays in `folder` (and /var/lib/remedy for root)."""
    folder.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "REMEDY_STACK_DIR": str(folder)}
    if not (folder / "port-base").exists():
        environ["REMEDY_STACK_PORT_BASE"] = str(_free_base())
    stack = RunningStack(Installation.locate(environ))
    environ["REMEDY_STACK_PORT_BASE"] = str(stack.installation.base)
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "bench.search_stack"],
            cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            _await_ready(stack, process, folder / "up.log")
            yield stack
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)


def _await_ready(stack: RunningStack, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        assert process.poll() is None, f"the stack did not start:\n{log.read_text()[-3000:]}"
        told = control.ask(stack.installation.run, {"do": "status"})
        units = {unit["name"]: unit["state"] for unit in (told or {"units": []})["units"]}
        assert "failed" not in units.values(), (
            f"not all started: {units}\n{log.read_text()[-3000:]}"
        )
        if units.get("portal") == units.get("index") == units.get("kafka") == "ready":
            return
        assert time.monotonic() < deadline, f"not all is ready: {units}"
        time.sleep(0.5)


def forget(folder: Path) -> None:
    """Delete what was kept in a folder of ours, and its database."""
    if (folder / "port-base").exists():
        databases = Installation.locate({"REMEDY_STACK_DIR": str(folder)}).databases
        shutil.rmtree(databases, ignore_errors=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
