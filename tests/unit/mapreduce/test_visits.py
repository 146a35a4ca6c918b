"""The mrjob class of the count of visits: run inline, it gives what the plain functions give."""

from mapreduce.landed_job import COUNTERS
from tests.unit.mapreduce.landed import event_id, run_job
from tests.unit.mapreduce.visit_lines import (
    accepted,
    added_up,
    cancelled,
    count,
    line,
    requested,
    wanted,
)

JOB = "mapreduce.visits:MRVisits"


def test_an_empty_file_gives_an_empty_result(tmp_path):
    lines, outcome = run_job(JOB, [], tmp_path, wanted())
    assert lines == []
    assert outcome.application_id == ""


def test_the_job_gives_what_its_functions_give(tmp_path):
    lines = [
        line(requested(), number=1),
        line(accepted(), number=2),
        line(requested(visit=2), number=3),
        line(cancelled(visit=2), number=4),
        b"{not json",
    ]
    question = wanted("2026-03-10", quarantined=(event_id(4),))
    found, outcome = run_job(JOB, lines, tmp_path, question)
    assert added_up(found) == added_up(count(lines, question))
    assert len(added_up(found)) == 6
    assert outcome.counters[COUNTERS] == {
        "counted": 3,
        "quarantined": 1,
        "of another day": 0,
        "unreadable": 1,
    }
