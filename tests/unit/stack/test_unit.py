"""What a process says goes to its log, and its last line is remembered."""

import os
from types import SimpleNamespace

import pytest

from stack.services import Service
from stack.unit import Unit


@pytest.fixture
def said(tmp_path):
    """A unit whose process is the other end of a pipe, and the lines that were echoed."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    lines = []
    unit = Unit(Service("kafka", "java"), (), echo=lambda name, line: lines.append(line))
    unit.open_log(tmp_path / "kafka.log")
    with os.fdopen(reading, "rb") as output:
        unit.process = SimpleNamespace(stdout=output, pid=1)
        yield unit, writing, lines
    unit.log.close()


def test_a_line_is_heard_when_it_is_whole_and_logged_as_it_came(said, tmp_path):
    unit, writing, lines = said
    os.write(writing, b"one\ntw")
    assert unit.pump()
    assert lines == ["one"]
    os.write(writing, b"o\n\n")
    os.close(writing)
    assert not unit.pump()
    assert lines == ["one", "two"]
    assert unit.words == "two"
    assert (tmp_path / "kafka.log").read_bytes() == b"one\ntwo\n\n"


def test_bytes_that_are_no_text_do_not_stop_it(said):
    unit, writing, lines = said
    os.write(writing, b"\xff\xfe\n")
    os.close(writing)
    assert not unit.pump()
    assert len(lines) == 1
