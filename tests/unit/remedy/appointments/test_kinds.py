"""Which of a doctor's kinds of visit stands for a colleague's."""

import pytest

from remedy.appointments.kinds import most_like
from remedy.appointments.model import VisitKind
from remedy.values import uuid7

FIRST, CHECK_UP, LONG = (
    VisitKind(uuid7(), name, minutes, 0)
    for name, minutes in (("First visit", 20), ("Check-up", 15), ("Long talk", 40))
)
KINDS = (FIRST, CHECK_UP, LONG)


@pytest.mark.parametrize(
    ("name", "minutes", "expected"),
    [
        ("check-up", 30, CHECK_UP),
        ("Vaccination", 15, CHECK_UP),
        ("Vaccination", 25, LONG),
        (None, 20, FIRST),
        ("Surgery", 60, None),
    ],
)
def test_the_same_name_else_the_shortest_that_is_not_shorter(
    name: str | None, minutes: int, expected: VisitKind | None
) -> None:
    assert most_like(KINDS, name, minutes) == expected


def test_of_two_of_that_name_the_closest_in_length() -> None:
    short, long = (VisitKind(uuid7(), "Check-up", minutes, 0) for minutes in (10, 30))
    assert most_like((short, long), "Check-up", 25) == long
