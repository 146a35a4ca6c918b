"""On a fresh installation every DAG runs once, in order; on an old one nothing is run again."""

import pytest

from stack import airflow
from stack.installation import StackError


class FakeAirflow:
    """A client whose runs end at once, as told."""

    url = "http://airflow"

    def __init__(self, dags, *, succeeded=(), failing=()):
        self.started = []
        self._dags = {name: {"timetable_summary": "daily"} for name in dags}
        self._succeeded = set(succeeded)
        self._failing = set(failing)

    def sign_in(self):
        """Nothing to sign in to."""

    def dags(self):
        return self._dags

    def runs(self, dag, state, limit):
        if state == "success":
            return [{}] if dag in self._succeeded else []
        return [{}] if state == "running" and dag == airflow.ALWAYS_ON else []

    def settle(self):
        self.started.append("(settle)")

    def run(self, dag):
        self.started.append(dag)
        if dag not in self._failing:
            self._succeeded.add(dag)


@pytest.fixture(autouse=True)
def _dags_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(airflow, "ROOT", tmp_path)
    monkeypatch.setattr(airflow, "LOOK_EVERY_S", 0)
    (tmp_path / "dags").mkdir()
    for name in ("land_events", "check_quality", "aggregate_demand", "forecast_stock", "a_new_one"):
        (tmp_path / "dags" / f"{name}.py").touch()
    (tmp_path / "dags" / "__init__.py").touch()


ALL = ("land_events", "check_quality", "aggregate_demand", "forecast_stock", "a_new_one")


def test_when_all_has_landed_dags_run_in_the_order_of_their_data_and_then_the_others():
    client = FakeAirflow(ALL)
    airflow.run_first(client, client.settle, str)
    assert client.started == [
        "(settle)",
        "check_quality",
        "aggregate_demand",
        "forecast_stock",
        "a_new_one",
    ]


def test_what_has_succeeded_is_not_run_again():
    client = FakeAirflow(ALL, succeeded=ALL)
    airflow.run_first(client, client.settle, str)
    assert client.started == []


def test_a_failed_run_is_named_and_the_next_runs_all_the_same():
    client = FakeAirflow(ALL, failing=["aggregate_demand"])
    with pytest.raises(StackError, match="the run of 'aggregate_demand' failed"):
        airflow.run_first(client, client.settle, str)
    assert client.started[-1] == "a_new_one"
