"""What mrjob is told: one path on the command line, the others in a file, however many there are."""

import shlex
from xml.etree import ElementTree

import pytest

from mapreduce.daily_demand import MRDailyDemand
from mapreduce.keeper import arguments
from mapreduce.runner import Hadoop, merged, run, yarn_tag
from tests.unit.mapreduce.landed import wanted


def request(folder, *inputs: str) -> dict:
    return {
        "job": "mapreduce.daily_demand:MRDailyDemand",
        "inputs": list(inputs),
        "output": "/remedy/aggregates/demand/1",
        "tag": yarn_tag("aggregate_demand scheduled__2026-03-11T00:07:00+00:00"),
        "folder": str(folder),
        "wanted": str(folder / "wanted.json"),
        "hadoop": vars(Hadoop("/a folder/bin/hadoop", "/jars/streaming.jar", "http://yarn")),
    }


def options(folder, *inputs: str):
    return MRDailyDemand(args=arguments(request(folder, *inputs))).options


def test_a_job_carries_the_tag_it_is_found_by(tmp_path):
    told = options(tmp_path, "/remedy/landing/a.jsonl")
    tag = told.jobconf["mapreduce.job.tags"]
    assert tag == request(tmp_path)["tag"]
    assert shlex.split(told.hadoop_bin) == ["/a folder/bin/hadoop"]
    assert told.args == ["hdfs:///remedy/landing/a.jsonl"]
    assert not told.hadoop_extra_args


def test_thousands_of_inputs_do_not_go_on_the_command_line(tmp_path):
    inputs = [f"/remedy/landing/stock-movements/dt=2026-03-10/p0-{n}.jsonl" for n in range(5000)]
    words = arguments(request(tmp_path, *inputs))
    assert sum(map(len, words)) < 2000
    told = MRDailyDemand(args=words).options
    assert told.args == [f"hdfs://{inputs[0]}"]
    option, path = told.hadoop_extra_args
    assert option == "-conf"
    listed = ElementTree.parse(path)
    assert listed.findtext("property/name") == "mapreduce.input.fileinputformat.inputdir"
    assert listed.findtext("property/value").split(",") == [f"hdfs://{p}" for p in inputs[1:]]


def test_each_owner_has_a_tag_that_yarn_takes():
    owners = ["aggregate_demand scheduled__2026-03-11T00:07:00+00:00", "Ünknown", "x" * 500]
    tags = {yarn_tag(owner) for owner in owners}
    assert len(tags) == 3
    for tag in tags:
        assert tag == tag.lower()
        assert tag.isascii()
        assert len(tag) <= 100


def test_a_job_on_yarn_must_have_an_owner(tmp_path):
    with pytest.raises(ValueError, match="needs an owner"):
        run(
            "mapreduce.daily_demand:MRDailyDemand",
            ["/remedy/landing/a.jsonl"],
            "/remedy/aggregates/demand/1",
            wanted=wanted(),
            hadoop=Hadoop("hadoop", "streaming.jar", "http://yarn"),
        )


def test_the_counters_of_all_steps_are_added_up():
    assert merged([{"remedy": {"counted": 2}}, {"remedy": {"counted": 3, "unreadable": 1}}]) == {
        "remedy": {"counted": 5, "unreadable": 1}
    }
