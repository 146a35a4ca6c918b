"""On a fresh installation every DAG runs once, in order; on an old one nothing is run again."""

import pytest

from stack import airflow
from stack.installation import StackError


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
