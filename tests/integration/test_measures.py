"""How the portal and the DAGs do, as it is written down and as it is read."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from remedy.gateways.mysql import in_transaction
from remedy.pipeline.task_results import TaskEnd, write_down
from remedy.schema.measures import out_task_result, portal_minute
from remedy.settings import Settings
from web_portal import metrics
from web_portal.metrics import KEPT_FOR, Counts, Meter
from web_portal.parts import EXTENSION

NOW = datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
MINUTE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Here:
    """The parts of a portal that its meter uses."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def now(self) -> datetime:
        return NOW

    def change(self, work):
        return in_transaction(self.engine, work)


def a_worker(engine: sa.Engine) -> Meter:
    app = Flask("worker")
    app.extensions[EXTENSION] = Here(engine)
    return Meter(app, Counts(NOW.timestamp))


def written(engine: sa.Engine) -> list[tuple[object, ...]]:
    with engine.connect() as at:
        return [tuple(row) for row in at.execute(sa.select(portal_minute))]


@pytest.fixture
def engine(database: sa.Engine):
    yield database
    with database.begin() as at:
        at.execute(portal_minute.delete())


@pytest.fixture
def connection(database: sa.Engine):
    with database.connect() as at:
        yield at
        at.rollback()


def test_two_workers_count_into_the_same_minute(engine):
    one, other = a_worker(engine), a_worker(engine)
    one.counts.add("search", 0.004, 200)
    other.counts.add("search", 0.0045, 500)
    other.counts.add("search", 0.0045, 404)

    assert (one.look(), other.look(), one.look()) == (1, 2, 0)

    assert written(engine) == [(MINUTE, "search", 5, 3, 1, 1)]


def test_what_a_database_did_not_take_is_written_with_the_next(engine):
    worker = a_worker(engine)
    worker.counts.add("search", 0.004, 200)
    away = sa.create_engine("mysql+pymysql://nobody@127.0.0.1:1/remedy")
    worker._here.engine = away
    with pytest.raises(sa.exc.OperationalError):
        worker.look()
    worker._here.engine = engine
    worker.counts.add("search", 0.004, 200)

    assert worker.look() == 2
    assert written(engine) == [(MINUTE, "search", 5, 2, 0, 0)]


def test_minutes_of_long_ago_go(engine):
    with engine.begin() as at:
        for ago in (KEPT_FOR + timedelta(minutes=1), KEPT_FOR - timedelta(minutes=1)):
            at.execute(
                portal_minute.insert().values(
                    minute_at=NOW - ago, room="search", within_ms=5, request_count=1,
                    refused_count=0, failed_count=0,
                )
            )  # fmt: skip
    a_worker(engine).look()
    assert len(written(engine)) == 1
    assert metrics.KEPT_FOR.days == 30


def ended(**changes: object) -> TaskEnd:
    made = TaskEnd(
        dag_id="check_quality", run_id="scheduled__1", task_id="check", map_index=-1,
        has_succeeded=False, try_count=3, began_at=NOW - timedelta(minutes=1), ended_at=NOW,
    )  # fmt: skip
    return replace(made, **changes)


def test_a_task_that_was_run_again_ended_as_it_did_last(connection):
    write_down(connection, ended())
    write_down(connection, ended(task_id="another"))
    write_down(
        connection, ended(has_succeeded=True, try_count=4, ended_at=NOW + timedelta(hours=1))
    )

    rows = connection.execute(
        sa.select(out_task_result.c.task_id, out_task_result.c.has_succeeded, out_task_result.c.try_count)
        .order_by(out_task_result.c.task_id)
    ).all()  # fmt: skip
    assert [tuple(row) for row in rows] == [("another", False, 3), ("check", True, 4)]


def test_how_tasks_ended_long_ago_is_forgotten(connection):
    write_down(connection, ended(run_id="old", ended_at=NOW - timedelta(days=31)))
    write_down(connection, ended())
    kept = connection.execute(sa.select(out_task_result.c.run_id)).scalars().all()
    assert kept == ["scheduled__1"]


CALLED_BACK = """
import importlib.util, sys
from datetime import UTC, datetime
from types import SimpleNamespace

spec = importlib.util.spec_from_file_location("check_quality", "dags/check_quality.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
(task,) = module.check_quality().tasks
now = datetime.now(UTC)
for number, callbacks in enumerate((task.on_success_callback, task.on_failure_callback)):
    ti = SimpleNamespace(
        dag_id=task.dag_id, run_id=f"run-{number}", task_id=task.task_id, map_index=None, try_number=2,
        start_date=now,
    )
    for callback in callbacks:
        callback({"ti": ti})
"""


@pytest.mark.long
def test_a_dags_task_writes_down_how_it_ended(database, database_url, tmp_path):
    connections = Settings(database_url=database_url).airflow_connections()
    done = subprocess.run(
        [sys.executable, "-c", CALLED_BACK],
        cwd=Path(__file__).parents[2],
        env={
            **os.environ, **connections, "AIRFLOW_HOME": str(tmp_path), "REMEDY_DATABASE_URL": database_url,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    with database.begin() as at:
        rows = at.execute(sa.select(out_task_result).order_by(out_task_result.c.run_id)).all()
        at.execute(out_task_result.delete())
    assert [(row.dag_id, row.run_id, row.map_index, row.has_succeeded) for row in rows] == [
        ("check_quality", "run-0", -1, True), ("check_quality", "run-1", -1, False),
    ]  # fmt: skip
    assert all(row.began_at <= row.ended_at for row in rows)
