"""The whole stack: everything answers, on loopback only; it can be looked at, hurt, stopped and started."""

import json
import signal
import subprocess
from contextlib import suppress

import psutil
import pytest

from stack.installation import MASTER_PORTS
from stack.services import SERVICES

LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def pids(stack):
    rows = json.loads(stack.command("status", "--json"))["services"]
    return {row["name"]: row["pid"] for row in rows if row["pid"] is not None}


def test_every_service_answers_and_programs_can_read_it(stack):
    answer = json.loads(stack.command("status", "--json"))
    assert set(answer) == {"services"}
    assert [row["name"] for row in answer["services"]] == [service.name for service in SERVICES]
    assert {row["state"] for row in answer["services"] if row["name"] != "town"} == {"ready"}
    assert {row["state"] for row in answer["services"] if row["name"] == "town"} == {"off"}
    assert {frozenset(row) for row in answer["services"]} == {
        frozenset({"name", "state", "pid", "port", "since"})
    }


def test_a_second_up_says_so_and_changes_nothing(stack):
    before = pids(stack)
    assert "running already; nothing was changed" in stack.command("up")
    assert pids(stack) == before


def test_it_listens_on_loopback_only(stack):
    below = set(pids(stack).values())
    for pid in pids(stack).values():
        # A process that ends while it is looked at listens no more.
        with suppress(psutil.NoSuchProcess):
            below |= {child.pid for child in psutil.Process(pid).children(recursive=True)}
    listening = [
        connection
        for connection in psutil.net_connections("inet")
        if connection.pid in below and connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= len(SERVICES)
    # Hadoop has no setting for where YARN's shuffle listens, nor for a job's master, which is there while one
    # runs (docs/runbooks/services.md).
    first, last = (stack.installation.base + offset for offset in MASTER_PORTS)
    unset = {stack.port("shuffle"), *range(first, last + 1)}
    elsewhere = {c.laddr.port for c in listening if c.laddr.ip not in LOOPBACK}
    assert elsewhere <= unset
    assert max(connection.laddr.port for connection in listening) < 32768


def test_a_service_killed_comes_back(stack):
    before = stack.pid("datanode")
    stack.kill("datanode", signal.SIGKILL)
    stack.wait_ready("datanode", after=before)
    assert stack.pid("datanode") != before


def test_one_service_is_held_down_and_the_rest_goes_on(stack):
    stack.stop("streamlit")
    try:
        assert stack.state("streamlit") == "stopped"
        assert stack.state("portal") == "ready"
    finally:
        stack.start("streamlit")
    assert stack.state("streamlit") == "ready"


def test_files_go_to_hdfs_and_back_without_java(stack, tmp_path):
    here = tmp_path / "words.txt"
    here.write_bytes(b"words\n" * 100_000)
    hadoop = [str(stack.installation.bin / "hadoop"), "fs"]
    assert run(*hadoop, "-put", "-f", str(here), "hdfs:///tmp/words.txt") == ""
    assert run(*hadoop, "-cat", "hdfs:///tmp/words.txt") == here.read_text()
    assert run(*hadoop, "-ls", "hdfs:///tmp").splitlines()[-1].endswith(" /tmp/words.txt")
    run(*hadoop, "-rm", "-R", "-f", "-skipTrash", "hdfs:///tmp/words.txt")


@pytest.mark.long
def test_down_ends_every_process_and_up_brings_all_back(stack):
    before = [psutil.Process(pid) for pid in pids(stack).values()]
    assert "stopped" in stack.command("down")
    assert [process.pid for process in before if process.is_running()] == []
    assert not stack.is_running()
    stack.command("up")
    assert {stack.state(service.name) for service in SERVICES if not service.is_off} == {"ready"}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
