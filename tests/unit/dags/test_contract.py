"""What every DAG keeps to, whoever wrote it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DAGS = ROOT / "dags"
SUBJECTS = {"ingest", "mapreduce", "models", "upkeep"}
TIERS = {"tier/1", "tier/2", "tier/3"}


def parse(folder: Path, home: Path) -> dict[str, Any]:
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.dags.parse", str(folder)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return parse(DAGS, tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="module")
def dags(parsed: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = parsed["dags"]
    assert found
    return found


def test_the_folder_parses_and_every_file_is_the_dag_of_its_name(parsed: dict[str, Any]) -> None:
    assert parsed["import_errors"] == {}
    files = {path.stem for path in DAGS.glob("*.py") if path.stem != "__init__"}
    assert set(parsed["dags"]) == files
    assert all(Path(dag["file"]).stem == name for name, dag in parsed["dags"].items())


def test_parsing_loads_no_heavy_library(parsed: dict[str, Any]) -> None:
    assert parsed["loaded"] == []


def test_every_dag_says_what_it_does_when_it_may_be_run_again_and_how_urgent_it_is(
    dags: dict[str, Any],
) -> None:
    for name, dag in dags.items():
        for word in ("**Runs**", "**May be run again**", "**Depends on it**", "**Urgent**"):
            assert word in dag["doc"], f"{name} does not say {word}"


def test_every_dag_has_one_subject_and_one_importance(dags: dict[str, Any]) -> None:
    for name, dag in dags.items():
        tags = set(dag["tags"])
        assert len(tags) == 2, name
        assert len(tags & SUBJECTS) == 1, name
        assert len(tags & TIERS) == 1, name


def test_no_dag_catches_up_or_runs_beside_itself(dags: dict[str, Any]) -> None:
    for name, dag in dags.items():
        assert dag["catchup"] is False, name
        assert dag["max_active_runs"] == 1, name


def test_every_task_has_an_owner_retries_a_limit_of_time_and_a_sentence(
    dags: dict[str, Any],
) -> None:
    for name, dag in dags.items():
        assert dag["tasks"], name
        for task_id, task in dag["tasks"].items():
            where = f"{name}.{task_id}"
            assert task["owner"] not in ("", "airflow"), where
            assert task["retries"] >= 1, where
            assert task["execution_timeout"], where
            assert task["doc"], where


def test_every_pool_is_one_the_installation_makes(dags: dict[str, Any]) -> None:
    pools = set(json.loads((DAGS / "pools.json").read_text())) | {"default_pool"}
    used = {task["pool"] for dag in dags.values() for task in dag["tasks"].values()}
    assert used <= pools


def test_every_awaited_asset_is_produced_by_some_task(dags: dict[str, Any]) -> None:
    produced = {
        outlet
        for dag in dags.values()
        for task in dag["tasks"].values()
        for outlet in task["outlets"]
    }
    awaited = {asset for dag in dags.values() for asset in dag["awaited"]}
    assert awaited
    assert awaited <= produced


def test_no_dag_file_is_longer_than_a_hundred_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in DAGS.glob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 100} == {}


def test_landing_tries_often_and_soon_and_never_twice_at_once(dags: dict[str, Any]) -> None:
    task = dags["land_events"]["tasks"]["land"]
    assert (task["retries"], task["pool"]) == (20, "landing")
    assert json.loads((DAGS / "pools.json").read_text())["landing"]["slots"] == 1


def test_every_dag_that_counts_puts_what_landed_through_the_gate_before(
    dags: dict[str, Any],
) -> None:
    counting = {name: dag["tasks"] for name, dag in dags.items() if "mapreduce" in dag["tags"]}
    assert len(counting) >= 3
    for name, tasks in counting.items():
        assert tasks["count"]["after"] == ["check"], name
        assert tasks["check"]["pool"] == tasks["count"]["pool"] == "counting", name


PLANTED = '''"""A DAG with two faults."""
import pandas
from airflow.sdk import Asset, dag, task


@dag(schedule=[Asset("nobody_makes_this")])
def planted():
    @task
    def do():
        return pandas.__version__

    do()


planted()
'''


def test_the_contract_sees_planted_faults(tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "planted.py").write_text(PLANTED)
    (folder / "broken.py").write_text("from airflow.sdk import dag, no_such_thing")
    found = parse(folder, tmp_path / "home")
    assert list(found["import_errors"]) != []
    assert "pandas" in found["loaded"]
    assert found["dags"]["planted"]["awaited"] == ["nobody_makes_this"]
    assert found["dags"]["planted"]["doc"] == ""
