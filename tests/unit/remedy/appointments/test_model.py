"""Cells, what is free of slots, and what may be done with a visit."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remedy.appointments.model import (
    CELL,
    DECIDED_BEFORE,
    NOTICE,
    UNDECIDED_FOR,
    Leave,
    Slot,
    Visit,
    cells,
    free,
    lapses_at,
)

DOCTOR = UUID(int=1)
EIGHT = datetime(2026, 3, 2, 7, tzinfo=UTC)
lengths = st.sampled_from([5, 10, 15, 20, 30, 45, 60])


def slots(minutes: int, count: int, buffer_minutes: int = 0) -> list[Slot]:
    """So many slots from eight o'clock on, one after the other."""
    length, buffer = timedelta(minutes=minutes), timedelta(minutes=buffer_minutes)
    starts = [EIGHT + number * (length + buffer) for number in range(count)]
    return [Slot(DOCTOR, at, at + length, buffer) for at in starts]


instants = st.integers(0, 10**6).map(
    lambda s: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=s)
)


@given(instants, st.integers(1, 20_000))
def test_cells_cover_a_visit_and_nothing_beyond(starts_at: datetime, seconds: int) -> None:
    ends_at = starts_at + timedelta(seconds=seconds)
    found = cells(starts_at, ends_at)
    assert found[0] <= starts_at < found[0] + CELL
    assert found[-1] < ends_at <= found[-1] + CELL
    assert all(two - one == CELL for one, two in pairwise(found))


@given(instants, st.integers(1, 24), instants, st.integers(1, 24))
def test_two_visits_share_a_cell_when_they_overlap(
    one: datetime, one_long: int, two: datetime, two_long: int
) -> None:
    one_ends, two_ends = one + one_long * CELL, two + two_long * CELL
    if one < two_ends and two < one_ends:
        assert set(cells(one, one_ends)) & set(cells(two, two_ends))


@given(st.sets(st.integers(0, 100), max_size=40), lengths)
def test_free_is_what_shares_no_cell_with_anything_taken(numbers: set[int], minutes: int) -> None:
    now = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    offered = slots(minutes, 540 // minutes)
    taken = [datetime(2026, 3, 2, 7, 0, tzinfo=UTC) + n * CELL for n in numbers]
    expected = [s for s in offered if not set(cells(s.starts_at, s.ends_at)) & set(taken)]
    assert free(offered, [(cell, cell + CELL) for cell in taken], [], now=now) == expected


def test_time_taken_in_the_buffer_makes_a_slot_not_free() -> None:
    one, two = slots(20, 2, buffer_minutes=10)
    now = one.starts_at - timedelta(days=1)
    last = one.busy_until - CELL
    assert free([one, two], [(last, last + CELL)], [], now=now) == [two]
    assert free([one, two], [(one.busy_until, one.busy_until + CELL)], [], now=now) == [one]


def test_leave_and_what_is_too_soon_are_not_free() -> None:
    offered = slots(60, 3)
    leave = Leave(offered[1].starts_at + CELL, offered[1].starts_at + 2 * CELL)
    now = offered[0].starts_at - NOTICE
    assert free(offered, [], [leave], now=now) == [offered[0], offered[2]]
    assert free(offered, [], [], now=now + CELL) == offered[1:]


def test_a_request_lapses_after_48_hours_or_2_hours_before_the_visit() -> None:
    asked = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert lapses_at(asked, asked + timedelta(days=9)) == asked + UNDECIDED_FOR
    assert (
        lapses_at(asked, asked + timedelta(hours=9)) == asked + timedelta(hours=9) - DECIDED_BEFORE
    )


def test_lapsed_is_called_off_by_nobody() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)

    def visit(state: str, decided_at: datetime | None, decided_by: UUID | None) -> Visit:
        ids = UUID(int=2)
        return Visit(
            ids, ids, ids, "Dr Ekow", "", ids, "", "", "Europe/Rome", state, "routine", at, at, 1, at, at,
            decided_at, decided_by, "", None,
        )  # fmt: skip

    assert visit("cancelled", at, None).has_lapsed
    assert not visit("cancelled", None, None).has_lapsed
    assert not visit("cancelled", at, UUID(int=3)).has_lapsed
    assert not visit("requested", None, None).has_lapsed


@pytest.mark.parametrize(
    ("state", "answer", "decide", "move", "end"),
    [
        ("requested", False, True, True, True),
        ("proposed", True, False, True, True),
        ("accepted", False, False, True, True),
        ("declined", False, False, False, False),
        ("cancelled", False, False, False, False),
        ("attended", False, False, False, False),
    ],
)
def test_what_may_be_done_follows_from_the_state_and_the_time(
    state: str, answer: bool, decide: bool, move: bool, end: bool
) -> None:
    now, ids = datetime(2026, 3, 2, tzinfo=UTC), UUID(int=0x1234ABCD)
    visit = Visit(
        ids, ids, ids, "Dr Ekow", "", ids, "", "", "Europe/Rome", state, "routine",
        now + timedelta(days=3), now + timedelta(days=3, minutes=20), 1, now, now + timedelta(days=1),
        None, None, "", None,
    )  # fmt: skip
    assert visit.reference == "1234-ABCD"
    assert visit.may_answer(now) == answer
    assert visit.may_decide(now) == decide
    assert (visit.may_move(now), visit.may_end(now)) == (move, end)
    lapsed = now + timedelta(days=1)
    assert not visit.may_answer(lapsed)
    assert not visit.may_decide(lapsed)
    assert visit.may_move(lapsed) == (state == "accepted")
    assert not visit.may_end(visit.starts_at)
