"""The mrjob class: run inline, it must give what the plain functions give."""

import pytest

from mapreduce.daily_demand import MRDailyDemand
from mapreduce.landed_job import COUNTERS
from mapreduce.runner import run
from tests.unit.mapreduce.landed import (
    SALBUTAMOL,
    count,
    event_id,
    line,
    movement,
    run_job,
    search,
    wanted,
)

JOB = "mapreduce.daily_demand:MRDailyDemand"


def test_an_empty_file_gives_an_empty_result(tmp_path):
    lines, outcome = run_job(JOB, [], tmp_path)
    assert lines == []
    assert outcome.application_id == ""


def test_the_job_gives_what_its_functions_give(tmp_path):
    lines = [
        line(movement(), number=1),
        line(movement(medicine_id=SALBUTAMOL, quantity_milli=1), number=2),
        line(movement(), number=3),
        line(search(medicine_id=None, query="für Kinder | 10%"), number=4),
        b"{not json",
    ]
    question = wanted(quarantined=(event_id(3),))
    found, outcome = run_job(JOB, lines, tmp_path, question)
    assert found == sorted(count(lines, question))
    assert len(found) == 9
    assert outcome.counters[COUNTERS] == {
        "counted": 3,
        "quarantined": 1,
        "of another day": 0,
        "unreadable": 1,
    }


def test_small_files_become_one_split_and_one_reducer():
    job = MRDailyDemand(args=["--wanted", "unread.json"])
    assert job.hadoop_input_format().endswith("CombineTextInputFormat")
    assert job.jobconf()["stream.map.input.ignoreKey"] == "true"
    assert job.jobconf()["mapreduce.job.reduces"] == "1"
    assert job.jobconf()["mapreduce.fileoutputcommitter.algorithm.version"] == "1"


def test_a_job_over_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one file"):
        run(JOB, [], str(tmp_path / "out"), wanted=wanted())
