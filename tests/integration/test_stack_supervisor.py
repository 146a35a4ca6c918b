"""The supervisor: starts in order, brings back the dead, gives up the hopeless, ends only its own."""

import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from stack import control
from stack.installation import ROOT, Installation
from tests.running_stack import _free_base

WITHIN_S = 40


class Small:
    """A small supervised stack."""

    def __init__(self, folder):
        environ = {
            **os.environ,
            "REMEDY_STACK_DIR": str(folder),
            "REMEDY_STACK_PORT_BASE": str(_free_base()),
        }
        self.environ = environ
        self.installation = Installation.locate(environ)
        self.process = None

    def up(self, *names):
        self.installation.state.mkdir(exist_ok=True)
        log = (self.installation.state / "said.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.small_stack", *names],
            cwd=ROOT,
            env=self.environ,
            stdout=log,
            start_new_session=True,
        )
        log.close()
        wait_for(lambda: self.ask("status") is not None)

    def ask(self, wanted, **more):
        return control.ask(self.installation.run, {"do": wanted, **more})

    def unit(self, name):
        return next(u for u in self.ask("status")["units"] if u["name"] == name)

    def wait(self, name, state):
        wait_for(lambda: self.unit(name)["state"] == state)
        return self.unit(name)["pid"]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(WITHIN_S)


def wait_for(condition):
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s"
        time.sleep(0.05)


def is_running(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def small(tmp_path):
    stack = Small(tmp_path / "state")
    yield stack
    if stack.process and stack.process.poll() is None:
        stack.end()
    if stack.installation.databases.parent != stack.installation.state:
        shutil.rmtree(stack.installation.databases, ignore_errors=True)


def test_the_next_starts_when_the_last_answers(small):
    small.up("first", "step", "second")
    small.wait("second", "ready")
    assert small.unit("step")["state"] == "done"
    assert small.unit("first")["since"] < small.unit("second")["since"]


def test_what_is_needed_is_stopped_last_even_when_a_step_stands_between(small):
    small.up("first", "step", "second", "third")
    small.wait("third", "ready")
    small.end()
    said = (small.installation.state / "said.log").read_text().splitlines()
    stops = [line for line in said if line.endswith(": stopped")]
    assert stops == ["third: stopped", "second: stopped", "first: stopped"]


def test_a_killed_service_comes_back_as_another_process(small):
    small.up("first")
    before = small.wait("first", "ready")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: small.unit("first")["pid"] not in (before, None))
    assert small.wait("first", "ready") != before


def test_a_service_that_cannot_live_is_given_up_and_the_rest_goes_on(small):
    small.up("mortal", "first")
    small.wait("mortal", "failed")
    assert "died five times in two minutes" in small.unit("mortal")["reason"]
    assert "mortal.log" in small.unit("mortal")["reason"]
    assert small.unit("first")["state"] == "ready"
    assert "ZeroDivisionError" in (small.installation.logs / "mortal.log").read_text()


def test_who_does_not_answer_in_time_is_named_with_its_log_and_nobody_waits_for_it(small):
    small.up("deaf", "behind-deaf")
    small.wait("deaf", "failed")
    assert "did not answer within 2 s; read" in small.unit("deaf")["reason"]
    small.wait("behind-deaf", "stopped")


def test_one_service_is_held_down_and_started_again(small):
    small.up("first")
    before = small.wait("first", "ready")
    small.ask("stop", name="first")
    small.wait("first", "stopped")
    wait_for(lambda: not is_running(before))
    small.ask("start", name="first")
    assert small.wait("first", "ready") != before


def test_an_unknown_service_is_refused_in_a_sentence(small):
    small.up("first")
    assert small.ask("stop", name="nobody") == {
        "ok": False,
        "error": "There is no service 'nobody' to stop.",
    }


def test_only_its_own_processes_are_ended_and_none_of_them_is_left(small):
    bystander = subprocess.Popen(["sleep", "3600"])
    try:
        small.up("parent", "first")
        parent = psutil.Process(small.wait("parent", "ready"))
        wait_for(parent.children)
        [orphan] = parent.children()
        own = [small.unit("first")["pid"], parent.pid, orphan.pid]
        small.end()
        assert [pid for pid in own if is_running(pid)] == []
        assert is_running(bystander.pid)
    finally:
        bystander.kill()
        bystander.wait()


def test_what_a_killed_supervisor_left_is_ended_before_anything_is_started(small):
    small.up("first")
    before = small.wait("first", "ready")
    small.process.kill()
    small.process.wait()
    assert is_running(before)
    small.up("first")
    assert small.wait("first", "ready") != before
    assert not is_running(before)
