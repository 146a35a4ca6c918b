"""Somebody at Airflow: sees what a training asks, answers, and calls off what nobody waits for."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import requests

from remedy.gateways.airflow import Airflow
from stack import probes

PATIENCE_S = 600
YES, NO = "Put it in use", "Keep the model in use"


def until(what: str, condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(1)
    raise AssertionError(f"within {PATIENCE_S} s this did not come true: {what}")


class Person:
    """Who is signed in at Airflow's API."""

    def __init__(self, stack: Any) -> None:
        settings = stack.settings("owner")
        self.name, self.password = settings.airflow_user, settings.airflow_password
        self.airflow = Airflow(settings.airflow_url, self.name, self.password)
        self._installation = stack.installation
        self._has_gone_round = probes.airflow("scheduler")
        self._url = f"{settings.airflow_url}/api/v2/dags/train_models/dagRuns"
        self._session = requests.Session()
        self._session.trust_env = False
        token = self._session.post(
            f"{settings.airflow_url}/auth/token",
            json={"username": self.name, "password": self.password},
            timeout=30,
        )
        self._session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def states(self, run: str) -> dict[str, str]:
        answer = self._session.get(f"{self._url}/{run}/taskInstances", timeout=30)
        return {task["task_id"]: task["state"] for task in answer.json()["task_instances"]}

    def asked(self, run: str) -> dict[str, Any]:
        """The question of a run, once it waits for its answer."""
        until("the question waits", lambda: self.states(run).get("ask") == "awaiting_input")
        found = self._session.get(f"{self._url}/{run}/taskInstances/ask/-1/hitlDetails", timeout=30)
        question: dict[str, Any] = found.json()
        return question

    def answers(self, run: str, option: str) -> None:
        """Answer, as a person would: later than Airflow's scheduler saw the question wait.

        Airflow 3.3 loses an answer that is quicker (apache/airflow#71580): a task that it has not yet seen park is
        taken for one that died, and asks again after its retry delay. So the answer is given again where it does.
        """

        def is_taken() -> bool:
            state = self.states(run).get("ask")
            if state == "awaiting_input":
                self._wait_for_scheduler()
                told = self._session.patch(
                    f"{self._url}/{run}/taskInstances/ask/-1/hitlDetails",
                    json={"chosen_options": [option], "params_input": {}},
                    timeout=30,
                )
                # 409: it was answered since its state was read.
                assert told.ok or told.status_code == 409, told.text
            assert state not in {"failed", "upstream_failed", "skipped"}, f"the question {state}"
            return state == "success"

        until("the answer is taken", is_taken)

    def _wait_for_scheduler(self) -> None:
        """Return when two rounds of the scheduler are told since now: in one of them it heard whose work ended."""
        for _ in range(2):
            now = time.time()
            until(
                "the scheduler goes round", partial(self._has_gone_round, self._installation, now)
            )

    def ends(self, run: str) -> None:
        """Call off what is trained beside the rest, and wait for the run's end."""
        self._session.patch(
            f"{self._url}/{run}/taskInstances/challenge", json={"new_state": "success"}, timeout=30
        )
        assert self.airflow.wait("train_models", run, seconds=PATIENCE_S) == "success"

    def lets_through(self, run: str) -> None:
        """Wait until a training is over, and say yes if it asks.

        One trains at a time: on a Sunday night the schedule may have begun one that this one waits for.
        """
        for earlier in self.airflow.runs("train_models"):
            if earlier["state"] == "running" and earlier["dag_run_id"] != run:
                self.lets_through(earlier["dag_run_id"])
        over = {"success", "skipped", "failed", "upstream_failed"}

        def is_through() -> bool:
            states = self.states(run)
            if states.get("ask") == "awaiting_input":
                self.answers(run, YES)
            return states.get("decide") in over

        until("the training is over", is_through)
        self.ends(run)
