"""On a fresh installation every DAG runs once, in order; on an old one nothing is run again."""

import json
from pathlib import Path

import pytest

from stack import airflow
from stack.installation import StackError

DAGS = Path(__file__).parents[3] / "dags"


class FakeAirflow(airflow.Client):
    """A client whose runs end at once, as told."""

    url = "http://airflow"

    def __init__(self, failing=()):
        self.started = []
        self._failing = failing

    def sign_in(self):
        """Nothing to sign in to."""

    def dags(self):
        return {name: {"timetable_summary": "daily"} for name in ALL}

    def runs(self, dag, **query):
        return [{}] if query["state"] == "running" and dag == airflow.ALWAYS_ON else []

    def settle(self):
        self.started.append("(settle)")

    def run(self, dag):
        self.started.append(dag)
        return f"{dag} 1"

    def state(self, dag, run):
        assert run == f"{dag} 1"
        return "failed" if dag in self._failing else "success"


@pytest.fixture
def done(tmp_path):
    return airflow.Done(tmp_path / "first-runs")


@pytest.fixture(autouse=True)
def _dags_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(airflow, "ROOT", tmp_path)
    monkeypatch.setattr(airflow, "LOOK_EVERY_S", 0)
    (tmp_path / "dags").mkdir()
    for name in ("land_events", "check_quality", "aggregate_demand", "forecast_stock", "a_new_one"):
        (tmp_path / "dags" / f"{name}.py").touch()
    (tmp_path / "dags" / "__init__.py").touch()


ALL = ("land_events", "check_quality", "aggregate_demand", "forecast_stock", "a_new_one")


def test_when_all_has_landed_dags_run_in_the_order_of_their_data_and_then_the_others(done):
    client = FakeAirflow()
    airflow.run_first(client, done, client.settle, str)
    assert client.started == [
        "(settle)",
        "check_quality",
        "aggregate_demand",
        "forecast_stock",
        "a_new_one",
    ]


def test_what_was_run_first_is_not_run_again_at_the_next_start(done, tmp_path):
    airflow.run_first(FakeAirflow(), done, lambda: None, str)
    client = FakeAirflow()
    airflow.run_first(client, airflow.Done(tmp_path / "first-runs"), client.settle, str)
    assert client.started == []


def test_a_failed_run_is_named_the_next_runs_all_the_same_and_it_is_tried_again(done, tmp_path):
    client = FakeAirflow(failing=["aggregate_demand"])
    with pytest.raises(StackError, match="the run of 'aggregate_demand' failed"):
        airflow.run_first(client, done, client.settle, str)
    assert client.started[-1] == "a_new_one"
    again = FakeAirflow()
    airflow.run_first(again, airflow.Done(tmp_path / "first-runs"), again.settle, str)
    assert again.started == ["(settle)", "aggregate_demand"]


def task(state, pool="training"):
    return {"state": state, "pool": pool}


@pytest.mark.parametrize(
    ("tasks", "is_through"),
    [
        ([task("success"), task("skipped"), task("running", airflow.BESIDE)], True),
        ([task("success"), task("awaiting_input"), task(None)], True),
        ([task("success"), task("running")], False),
        ([task("success"), task(None)], False),
        ([task("failed"), task("upstream_failed", airflow.BESIDE)], False),
        ([], False),
    ],
)
def test_nobody_waits_for_a_persons_word_or_for_what_is_worked_on_beside(tasks, is_through):
    assert airflow.is_through(tasks) is is_through


def test_the_pool_nobody_waits_for_is_one_the_installation_makes():
    pools = json.loads((DAGS / "pools.json").read_text())
    assert airflow.BESIDE in pools
