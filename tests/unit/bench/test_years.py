"""The town's years without a stack: equal in every run, and as sound as what a database would hold."""

from datetime import date
from itertools import groupby

from bench.years import events, lines
from remedy.events.base import Event
from remedy.stock.folding import fold
from remedy.town import cast

FIRST, DAYS = date(2025, 1, 1), 10


def test_two_runs_write_the_same_lines() -> None:
    first = list(lines(FIRST, DAYS, size=cast.SMALL))
    assert first == list(lines(FIRST, DAYS, size=cast.SMALL))
    assert len(first) > 700


def test_the_events_add_up_and_say_the_day_they_count_for() -> None:
    told = [(day, one) for day, one in events(FIRST, DAYS, size=cast.SMALL)]
    by_pharmacy: list[list[Event]] = [
        [one.event() for _, one in some] for _, some in groupby(told, lambda pair: pair[1].key)
    ]
    assert len(by_pharmacy) == 4
    for happened in by_pharmacy:
        assert fold(happened)
    assert {day for day, _ in told} == {date(2025, 1, day) for day in range(1, 11)}
    assert all(one.time.date() == day for day, one in told)
