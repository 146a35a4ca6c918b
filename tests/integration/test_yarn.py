"""The count as it runs in earnest: Hadoop Streaming on YARN over files in HDFS, loaded into the database.

A job costs a quarter of a minute, so there is one here; the dead caller is in the long form.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from mapreduce.landed_lines import Wanted
from mapreduce.runner import Hadoop, JobFailed, run, yarn_tag
from mapreduce.yarn import RUNNING, Yarn
from remedy.gateways.hdfs import Files, connect
from remedy.pipeline.aggregates import Plan
from remedy.schema import pipeline as tables
from remedy.settings import Settings
from tests.integration.history import JOB, MONDAY, TUESDAY, History, at
from tests.unit.mapreduce.landed import HARBOUR, count, movement, refusal, search, wanted

LOOK_EVERY_SECONDS = 0.2


@pytest.fixture(scope="module")
def settings(stack) -> Settings:
    return stack.settings("pipeline")


@pytest.fixture
def hadoop(settings) -> Hadoop:
    return Hadoop(
        settings.hadoop_bin,
        settings.hadoop_streaming_jar,
        settings.yarn_url,
        settings.hdfs_user,
    )


@pytest.fixture
def files(settings) -> Iterator[Files]:
    """A root of its own in HDFS."""
    made = connect(settings.hdfs_url, settings.hdfs_user, f"/test-{uuid.uuid4().hex[:10]}")
    yield made
    made.delete(made.root, recursive=True)


def test_one_job_on_yarn_counts_all_changed_days_of_both_topics(
    database: sa.Engine, files: Files, hadoop: Hadoop
):
    owner = f"test {uuid.uuid4()}"
    outcomes = []

    def count_on_yarn(plan: Plan, inputs: Sequence[str], output: str) -> str:
        question = Wanted.of(plan.wanted_days(), map(str, plan.quarantined), plan.names)
        outcomes.append(run(JOB, inputs, output, wanted=question, owner=owner, hadoop=hadoop))
        return outcomes[-1].application_id

    history = History(database, files, count_on_yarn)
    sales = [movement(occurred_at=at(MONDAY), quantity_milli=number) for number in range(1, 41)]
    for first in range(0, 40, 10):
        history.land(*sales[first : first + 10])
    history.land(refusal(occurred_at=at(TUESDAY)), movement(occurred_at=at(TUESDAY)))
    history.land(movement(occurred_at=at(TUESDAY), pharmacy_id=HARBOUR))
    history.quarantine(history.number, TUESDAY)
    words = "für Kinder | 10 %\tmehr"
    history.land(
        search(occurred_at=at(MONDAY), medicine_id=None, query=words),
        search(occurred_at=at(MONDAY), medicine_id=None, query=words, searcher="s2"),
    )

    done = history.aggregate()

    (application,) = Yarn(hadoop.yarn_url).applications(yarn_tag(owner))
    assert application.application_id == done.application_id
    assert application.final_status == "SUCCEEDED"
    (outcome,) = outcomes
    assert outcome.counters["remedy"] == {
        "counted": 44,
        "quarantined": 1,
        "of another day": 0,
        "unreadable": 0,
    }
    assert outcome.counters["Job Counters "]["Launched map tasks"] == 1, "the files made one split"
    demand = history.rows(tables.agg_daily_demand)
    assert [(row["day"], row["sold_milli"], row["refused_milli"]) for row in demand] == [
        (MONDAY, 820, 0),
        (TUESDAY, 1000, 2000),
    ]
    (unmet,) = history.rows(tables.agg_daily_unmet_demand)
    assert (unmet["query"], unmet["search_count"], unmet["searcher_count"]) == (
        "für kinder | 10 % mehr",
        2,
        2,
    )
    told = history.rows(tables.aggregated_day)
    assert {row["application_id"] for row in told} == {done.application_id}
    assert len(told) == 3


def test_a_job_that_cannot_run_fails_with_a_sentence(files: Files, hadoop: Hadoop):
    nobody = replace(hadoop, yarn_url="http://127.0.0.1:1")
    with pytest.raises(JobFailed, match=r"YARN at http://127\.0\.0\.1:1 does not answer"):
        run(JOB, ["/nothing"], files.path("out"), wanted=wanted(), owner="test", hadoop=nobody)


CALLER = """
import json, sys
from mapreduce.landed_lines import Wanted
from mapreduce.runner import Hadoop, run
told = json.loads(sys.argv[1])
run(told["job"], told["inputs"], told["output"], wanted=Wanted.of({}), owner=told["owner"],
    hadoop=Hadoop(**told["hadoop"]))
"""


def wait_for(condition, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(LOOK_EVERY_SECONDS)
    return found


@pytest.mark.long
def test_a_killed_caller_leaves_no_application_and_the_next_try_counts(
    files: Files, hadoop: Hadoop, tmp_path
):
    yarn = Yarn(hadoop.yarn_url)
    owner = f"test {uuid.uuid4()}"
    lines = [*_lines(5)]
    files.write_once("landing/x.jsonl", lines)
    told = {
        "job": JOB,
        "inputs": [files.path("landing/x.jsonl")],
        "output": files.path("aggregates/killed"),
        "owner": owner,
        "hadoop": vars(hadoop),
    }
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, json.dumps(told)], stdout=subprocess.DEVNULL
    )
    (first,) = wait_for(lambda: yarn.applications(yarn_tag(owner)))
    os.kill(caller.pid, signal.SIGKILL)
    caller.wait()
    wait_for(lambda: not yarn.applications(yarn_tag(owner), RUNNING))
    (ended,) = yarn.applications(yarn_tag(owner))
    assert (ended.application_id, ended.final_status) == (first.application_id, "KILLED")

    output = files.path("aggregates/next")
    outcome = run(JOB, told["inputs"], output, wanted=wanted(), owner=owner, hadoop=hadoop)
    assert outcome.application_id != first.application_id
    found = [
        line
        for name in files.list(output)
        if name.startswith("part-")
        for line in files.open_lines(f"{output}/{name}")
    ]
    assert sorted(found) == sorted(count(_lines(5)))


def _lines(number: int) -> list[bytes]:
    from tests.unit.mapreduce.landed import line

    return [line(movement(), number=each) + b"\n" for each in range(number)]
