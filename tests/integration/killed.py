"""A relay, a landing, a move of files or a filing of records in a process of its own, which ends itself with SIGKILL at a named point.

`python -m tests.integration.killed relay|landing|files|careless-files|records POINT NTH` with what it needs as JSON on standard input.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


def killer(point: str, nth: int) -> Callable[[str], None]:
    """Ends this process the `nth` time it comes to `point`."""
    left = [nth]

    def reached(name: str) -> None:
        left[0] -= name == point
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def run(role: str, point: str, nth: int, needs: dict[str, Any]) -> None:
    """Run such a process; it must end by its own hand."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.killed", role, point, str(nth)],
        cwd=ROOT,
        input=json.dumps(needs),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout


def main(role: str, point: str, nth: int, needs: dict[str, Any]) -> None:
    from remedy.gateways.mysql import engine_for
    from remedy.pipeline import indexing, relay
    from remedy.values import utc_now
    from tests.integration.streams import Streams

    reached = killer(point, nth)
    if role == "relay":
        engine = engine_for(needs["database_url"])
        stop = threading.Event()
        relay.run(engine, needs["brokers"], stop=stop, clock=utc_now, reached=reached)
    elif role == "index":
        engine = engine_for(needs["database_url"])
        indexing.run(engine, Path(needs["folder"]), stop=threading.Event(), reached=reached)
    elif role in {"files", "careless-files"}:
        from remedy.gateways.hdfs import Files
        from remedy.pipeline import file_moves

        if role == "careless-files":
            # The control: under the name itself, without the rename.
            Files.write_once = lambda self, name, chunks: self._write(self.path(name), chunks)  # type: ignore[method-assign]  # what the control is
        streams = Streams(**needs)
        file_moves.move(streams.engine, streams.files(), clock=utc_now, reached=reached)
    elif role == "records":
        from remedy.pipeline import appointment_files

        streams = Streams(**needs)
        appointment_files.file_waiting(
            streams.engine, streams.files(), clock=utc_now, reached=reached
        )
    else:
        Streams(**needs).land(60, reached=reached, file_seconds=0.3)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), json.load(sys.stdin))
