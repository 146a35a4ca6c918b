"""Only our own processes are signalled, and what they say is kept within bounds."""

import os
import signal
from dataclasses import replace

import pytest

from stack.processes import Identity, LogFile, children_of, end_leftover


@pytest.fixture
def own():
    identity = Identity.of(os.getpid())
    assert identity is not None
    return identity


@pytest.fixture
def signalled(monkeypatch):
    sent = []
    monkeypatch.setattr(os, "killpg", lambda group, number: sent.append((group, number)))
    return sent


def test_a_process_is_itself(own, signalled):
    assert own.is_alive()
    assert own.signal_group(signal.SIGTERM)
    assert signalled == [(os.getpid(), signal.SIGTERM)]


def test_another_process_with_the_same_number_is_never_signalled(own, signalled):
    earlier = replace(own, began=own.began - 1)
    assert not earlier.is_alive()
    assert not earlier.signal_group(signal.SIGTERM)
    end_leftover(earlier, patience_s=5, pause=pytest.fail)
    assert signalled == []


def test_a_process_of_an_earlier_boot_is_never_signalled(own, signalled):
    assert not replace(own, boot="earlier").signal_group(signal.SIGKILL)
    assert signalled == []


def test_a_number_nobody_has_is_no_process():
    assert Identity.of(2**22 + 1) is None


def test_an_identity_survives_being_written_down(own, tmp_path):
    path = tmp_path / "kafka.json"
    own.save(path)
    assert Identity.load(path) == own
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_an_unreadable_record_is_no_identity(tmp_path, text):
    path = tmp_path / "kafka.json"
    path.write_text(text)
    assert Identity.load(path) is None


def test_what_does_not_end_is_killed_after_its_patience(own, signalled):
    pauses = []
    end_leftover(own, patience_s=1, pause=pauses.append)
    assert [number for _, number in signalled] == [signal.SIGTERM, signal.SIGKILL]
    assert sum(pauses) == pytest.approx(1, abs=0.21)


def test_the_children_of_a_process_are_found_at_any_depth(own):
    assert own in children_of(os.getppid())


def test_a_log_is_begun_anew_when_full_and_the_oldest_is_dropped(tmp_path):
    path = tmp_path / "kafka.log"
    log = LogFile(path, limit=10, keep=3)
    for number in range(6):
        log.write(b"%07d\n" % number)
    log.close()
    kept = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert kept == {
        "kafka.log": b"0000005\n",
        "kafka.log.1": b"0000004\n",
        "kafka.log.2": b"0000003\n",
    }


def test_a_log_goes_on_where_it_was(tmp_path):
    path = tmp_path / "kafka.log"
    path.write_bytes(b"before\n")
    log = LogFile(path, limit=100)
    log.write(b"after\n")
    log.close()
    assert path.read_bytes() == b"before\nafter\n"
