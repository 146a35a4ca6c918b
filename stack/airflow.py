"""What the stack asks of Airflow's REST API: is it warm, and has every DAG had its first successful run."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from stack.installation import ROOT, Installation, StackError

# In this order, because each reads what the one before it wrote. Other scheduled DAGs come after these.
FIRST_RUNS = (
    "check_quality",
    "aggregate_demand",
    "train_models",
    "forecast_stock",
    "compact_history",
)
# Runs for ten minutes at a time: on it we wait only until it is at work.
ALWAYS_ON = "land_events"

PARSED_WITHIN_S = 180
RUN_WITHIN_S = 600
LOOK_EVERY_S = 2.0
BESIDE = "challenge"
"""The pool (dags/pools.json) of tasks that are worked on beside the rest, and that nobody waits for."""


class Done:
    """Which DAGs have had their first run, remembered in a file beside Airflow's database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names = set(path.read_text().split()) if path.exists() else set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Remember it at once: the next may never end."""
        self._names.add(name)
        self._path.write_text("\n".join(sorted(self._names)) + "\n")


class Client:
    """Airflow's REST API as the admin of this installation."""

    def __init__(self, installation: Installation) -> None:
        self.url = installation.url("airflow-api-server")
        self._session = requests.Session()
        # Loopback is spoken to directly, whatever the caller's environment says about proxies.
        self._session.trust_env = False
        self._password = installation.secret("airflow-admin")

    def warm(self) -> None:
        """Have the Execution API built."""
        self._session.get(f"{self.url}/execution/health", timeout=60).raise_for_status()

    def sign_in(self) -> None:
        """Get a token for the calls below."""
        answer = self._session.post(
            f"{self.url}/auth/token",
            json={"username": "admin", "password": self._password},
            timeout=30,
        )
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path below /api/v2."""
        answer = self._session.get(f"{self.url}/api/v2/{path}", params=query, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def dags(self) -> dict[str, dict[str, Any]]:
        """Every DAG by its id."""
        return {dag["dag_id"]: dag for dag in self.get("dags", limit=100)["dags"]}

    def runs(self, dag: str, **query: Any) -> list[dict[str, Any]]:
        """Runs of a DAG, newest first."""
        return self.get(f"dags/{dag}/dagRuns", order_by="-run_after", **query)["dag_runs"]

    def state(self, dag: str, run: str) -> str:
        """The state of one run: queued, running, success or failed.

        One that only asks a person, or has only work left that nobody waits for, is a success already.
        """
        path = f"dags/{dag}/dagRuns/{quote(run)}"
        state: str = self.get(path)["state"]
        if state == "running" and is_through(self.get(f"{path}/taskInstances")["task_instances"]):
            return "success"
        return state

    def run(self, dag: str) -> str:
        """Start a run now; its id."""
        answer = self._session.post(
            f"{self.url}/api/v2/dags/{dag}/dagRuns", json={"logical_date": None}, timeout=30
        )
        answer.raise_for_status()
        return answer.json()["dag_run_id"]


def is_through(tasks: list[dict[str, Any]]) -> bool:
    """Whether a run's tasks have done all that can be waited for."""
    states = {task["state"] for task in tasks if task["pool"] != BESIDE}
    return "awaiting_input" in states or (bool(states) and states <= {"success", "skipped"})


def run_first(
    client: Client, done: Done, settle: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Run every scheduled DAG that we have not run yet, once, in order.

    A run by the clock in the first minutes does not count: it may have found nothing to do.

    Args:
        client: Airflow.
        done: which DAGs have had their first run.
        settle: waits until what was told so far has landed, so that the first count finds all of it.
        say: called with each sentence about how far it is.

    Raises:
        StackError: naming the DAGs whose run failed or did not end.
    """
    client.sign_in()
    dags = _wait_until_parsed(client, say)
    scheduled = [name for name, dag in sorted(dags.items()) if dag["timetable_summary"] is not None]
    wanted = [name for name in FIRST_RUNS if name in dags]
    wanted += [name for name in scheduled if name not in wanted and name != ALWAYS_ON]
    problems = []
    if ALWAYS_ON in dags and not _wait(lambda: _is_at_work(client, ALWAYS_ON), PARSED_WITHIN_S):
        problems.append(f"'{ALWAYS_ON}' is not running")
    if any(name not in done for name in wanted):
        settle()
    for name in wanted:
        if name in done:
            continue
        problem = _run_once(client, name, say)
        if problem:
            problems.append(problem)
        else:
            done.add(name)
    if problems:
        raise StackError(
            f"First runs: {'; '.join(problems)}. Open {client.url} and read the task's log there."
        )


def _run_once(client: Client, name: str, say: Callable[[str], None]) -> str | None:
    began = time.monotonic()
    say(f"first run of {name}: started")
    run = client.run(name)
    if not _wait(lambda: client.state(name, run) in ("success", "failed"), RUN_WITHIN_S):
        return f"the run of '{name}' did not end within {RUN_WITHIN_S} s"
    if client.state(name, run) == "failed":
        return f"the run of '{name}' failed"
    say(f"first run of {name}: done after {time.monotonic() - began:.0f} s")
    return None


def _wait_until_parsed(client: Client, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    files = {path.stem for path in (ROOT / "dags").glob("[!_]*.py")}
    if not _wait(lambda: files <= set(client.dags()), PARSED_WITHIN_S):
        errors = client.get("importErrors", limit=20)["import_errors"]
        missing = ", ".join(sorted(files - set(client.dags())))
        detail = json.dumps([error["filename"] for error in errors])
        raise StackError(f"Airflow does not know the DAGs {missing}. Files with errors: {detail}.")
    say(f"Airflow knows {len(files)} DAGs")
    return client.dags()


def _is_at_work(client: Client, name: str) -> bool:
    return bool(client.runs(name, state="running", limit=1))


def _wait(condition: Callable[[], bool], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True
