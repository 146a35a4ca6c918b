"""Airflow's REST API, for who asks it to run a DAG from outside (`remedy follow`, tests, benches)."""

import time
from collections.abc import Mapping
from typing import Any

import requests

SECONDS = 30
LOOK_EVERY_SECONDS = 1.0


class Airflow:
    """A signed-in client of one Airflow."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._api = f"{url}/api/v2"
        self._session = requests.Session()
        # Spoken to directly, whatever the caller's environment says about proxies.
        self._session.trust_env = False
        answer = self._session.post(
            f"{url}/auth/token", json={"username": user, "password": password}, timeout=SECONDS
        )
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def trigger(self, dag: str, conf: Mapping[str, Any] | None = None) -> str:
        """Ask for a run of a DAG now; its run id."""
        answer = self._session.post(
            f"{self._api}/dags/{dag}/dagRuns",
            json={"logical_date": None, "conf": dict(conf or {})},
            timeout=SECONDS,
        )
        answer.raise_for_status()
        return str(answer.json()["dag_run_id"])

    def run(self, dag: str, run_id: str) -> dict[str, Any]:
        """One run as Airflow tells it."""
        answer = self._session.get(f"{self._api}/dags/{dag}/dagRuns/{run_id}", timeout=SECONDS)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def runs(self, dag: str, *, limit: int = 5) -> list[dict[str, Any]]:
        """The newest runs of a DAG, newest first."""
        answer = self._session.get(
            f"{self._api}/dags/{dag}/dagRuns",
            params={"order_by": "-run_after", "limit": str(limit)},
            timeout=SECONDS,
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["dag_runs"]
        return found

    def wait(self, dag: str, run_id: str, *, seconds: float) -> str:
        """The state a run ends in: `success` or `failed`.

        Raises:
            TimeoutError: if it has not ended by then.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state = str(self.run(dag, run_id)["state"])
            if state in {"success", "failed"}:
                return state
            time.sleep(LOOK_EVERY_SECONDS)
        raise TimeoutError(f"The run {run_id} of {dag} did not end within {seconds:.0f} s.")
