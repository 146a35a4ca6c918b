"""A task that is told to end finishes what it holds. In processes of its own: signals, and Airflow's import."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

TOLD = """
import os, signal
from remedy.orchestration import ends_orderly

before = signal.getsignal(signal.SIGTERM)
with ends_orderly() as stop:
    assert not stop.is_set()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.wait(5)
assert signal.getsignal(signal.SIGTERM) == before
print("ended orderly")
"""

ORPHANED = """
import os, sys, time
from pathlib import Path
from remedy import orchestration

orchestration.WATCH_SECONDS = 0.05
if os.fork():
    # The worker dies once its task is at work.
    while not Path(sys.argv[1]).exists():
        time.sleep(0.05)
    os._exit(0)
with orchestration.ends_orderly() as stop:
    Path(sys.argv[1]).write_text("at work")
    Path(sys.argv[1]).write_text("ended orderly" if stop.wait(30) else "went on")
"""


def run(script: str, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_sigterm_ends_a_task_orderly_and_the_old_way_comes_back(tmp_path: Path) -> None:
    done = run(TOLD, tmp_path)
    assert done.stdout.endswith("ended orderly\n"), done.stderr[-2000:]


def test_a_task_whose_worker_died_ends_too(tmp_path: Path) -> None:
    said = tmp_path / "said"
    done = run(ORPHANED, tmp_path / "home", str(said))
    assert done.returncode == 0, done.stderr[-2000:]
    assert said.read_text() == "ended orderly"
