"""A service that dies is started again later and later, and given up when it cannot live."""

import pytest

from stack.backoff import GIVE_UP_DEATHS, LONGEST_S, Deaths


def test_the_wait_doubles_from_death_to_death():
    deaths = Deaths()
    assert [deaths.note(at) for at in (0, 50, 100, 150)] == [1, 2, 4, 8]


def test_the_wait_never_exceeds_a_minute():
    deaths = Deaths()
    waits = [deaths.note(at * 40.0) for at in range(12)]
    assert waits[-1] == LONGEST_S
    assert None not in waits


def test_five_deaths_in_two_minutes_are_given_up():
    deaths = Deaths()
    assert [deaths.note(at) for at in (0, 30, 60, 90)] == [1, 2, 4, 8]
    assert deaths.note(120) is None


def test_five_deaths_over_more_than_two_minutes_are_not_given_up():
    deaths = Deaths()
    for at in (0, 30, 60, 90):
        deaths.note(at)
    assert deaths.note(121) == 16


def test_two_quiet_minutes_begin_again_with_a_second():
    deaths = Deaths()
    deaths.note(0)
    deaths.note(10)
    assert deaths.note(131) == 1


@pytest.mark.parametrize("earlier", [1, GIVE_UP_DEATHS - 1])
def test_a_start_by_hand_forgets_the_past(earlier):
    deaths = Deaths()
    for at in range(earlier):
        deaths.note(float(at))
    deaths.forget()
    assert deaths.note(5.0) == 1
