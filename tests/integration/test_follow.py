"""`remedy follow` on a landed history: it asks for a count until one has taken the event in.

With a real Airflow and a real job it runs in tests/journeys/test_follow.py.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from remedy.commands import follow
from remedy.schema import pipeline as tables
from tests.integration.history import MONDAY, History, LocalFolder, at, count_inline
from tests.unit.mapreduce.landed import MOVEMENTS, event_id, movement

ADDRESSES = SimpleNamespace(yarn_url="http://yarn", dashboard_url="http://shown", airflow_url="")


class Runs:
    """As much of Airflow as is asked to count: a run counts when it is waited for, then something happens."""

    def __init__(self, history: History, then: Callable[[], None]) -> None:
        self.history = history
        self.then = then
        self.asked: list[dict[str, Any]] = []

    def runs(self, _dag: str, *, limit: int) -> list[dict[str, Any]]:
        return []

    def trigger(self, _dag: str, conf: dict[str, Any]) -> str:
        self.asked.append(conf)
        return f"run {len(self.asked)}"

    def wait(self, _dag: str, _run_id: str, *, seconds: float) -> str:
        first, last = (date.fromisoformat(self.asked[-1][name]) for name in ("from", "to"))
        self.history.aggregate(first_day=first, last_day=last, include_open=True)
        self.then()
        return "success"


@pytest.fixture
def history(database: sa.Engine, tmp_path: Path) -> History:
    made = History(database, LocalFolder(tmp_path), count_inline)
    made.land(movement(occurred_at=at(MONDAY)))
    raw = tables.RAW[MOVEMENTS]
    with database.begin() as connection:
        connection.execute(sa.update(tables.landing_file).values(ready_at=made.watch()))
        connection.execute(sa.delete(raw))
        connection.execute(
            sa.insert(raw).values(
                event_id=event_id(1), type="remedy.stock-movements.sold.v1", partition_no=0,
                record_offset=1, event_at=at(MONDAY), day=MONDAY, landed_at=made.watch(), event="{}",
            )
        )  # fmt: skip
    return made


def followed(history: History, airflow: Runs) -> list[str]:
    hops = follow.hops(history.engine, airflow, ADDRESSES, event_id(1))
    return [name for name, _, _ in hops]


def test_a_day_that_closed_before_it_was_whole_is_asked_for_again(history):
    # Another event of that day has landed and is not in HDFS yet; the day is over, so it is counted whole or not.
    late = history.land(movement(occurred_at=at(MONDAY)), state="planned", is_checked=False)
    airflow = Runs(history, lambda: history.check(late))
    assert followed(history, airflow) == ["Kafka", "landed", "HDFS", "counted", "shown"]
    assert airflow.asked == [{"from": str(MONDAY), "to": str(MONDAY), "include_open": True}] * 2
    assert history.jobs == 1
    # What is counted already is not asked for.
    followed(history, airflow)
    assert len(airflow.asked) == 2


def test_a_count_that_never_takes_it_in_is_said_after_a_while(history, monkeypatch):
    monkeypatch.setitem(follow.SECONDS, "count", 0)
    history.land(movement(occurred_at=at(MONDAY)), state="planned", is_checked=False)
    with pytest.raises(TimeoutError, match=f"count of {MONDAY}"):
        followed(history, Runs(history, lambda: None))
