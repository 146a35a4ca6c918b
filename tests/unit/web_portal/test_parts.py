"""What a worker remembers between requests, and for how long."""

from itertools import count

from web_portal.parts import Remembered


def test_what_is_remembered_is_read_again_when_it_is_old() -> None:
    now, reads = [100.0], count(1)
    remembered = Remembered(30.0, monotonic=lambda: now[0])

    def told() -> int:
        return remembered("districts", lambda: next(reads))

    assert [told(), told()] == [1, 1]
    now[0] += 29.9
    assert told() == 1
    now[0] += 0.1
    assert [told(), told()] == [2, 2]


def test_each_name_is_remembered_by_itself() -> None:
    remembered = Remembered(30.0, monotonic=lambda: 0.0)
    assert remembered("one", lambda: 1) == 1
    assert remembered("other", lambda: 2) == 2
    assert remembered("one", lambda: 3) == 1
