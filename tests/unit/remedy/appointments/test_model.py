"""Slots and cells, above all on the days the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
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
    Hours,
    Leave,
    Slot,
    Visit,
    cells,
    free,
    lapses_at,
    slots_of_day,
)
from remedy.values import local_day, zone

DOCTOR = UUID(int=1)
CHANGES = {
    "Europe/Rome": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
}
places = st.sampled_from(sorted(CHANGES))
lengths = st.sampled_from([5, 10, 15, 20, 30, 45, 60])
quarters = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))


@st.composite
def days_of(draw: st.DrawFn, place: str) -> date:
    """A day near a change of clocks, and mostly the day itself."""
    return draw(st.sampled_from(CHANGES[place])) + timedelta(
        days=draw(st.sampled_from([0, 0, -1, 1]))
    )


def slots(day: date, starts: time, ends: time, minutes: int, place: str) -> list[Slot]:
    return slots_of_day(DOCTOR, day, [Hours(day.weekday(), starts, ends)], minutes, place)


@given(st.data(), places, quarters, quarters, lengths)
def test_slots_are_whole_in_order_and_never_overlap(
    data: st.DataObject, place: str, starts: time, ends: time, minutes: int
) -> None:
    found = slots(data.draw(days_of(place)), starts, ends, minutes, place)
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=minutes) for slot in found)
    assert all(one.ends_at <= two.starts_at for one, two in pairwise(found))


@given(st.data(), places, quarters, quarters, lengths)
def test_slots_lie_within_the_hours_as_the_clock_on_the_wall_shows_them(
    data: st.DataObject, place: str, starts: time, ends: time, minutes: int
) -> None:
    day = data.draw(days_of(place))
    for slot in slots(day, starts, ends, minutes, place):
        shown = slot.starts_at.astimezone(zone(place)).replace(tzinfo=None)
        until = datetime.combine(day if ends > starts else day + timedelta(days=1), ends)
        # In the hour the clocks repeat, the second time round, the wall shows earlier times again.
        assert shown.fold or datetime.combine(day, starts) <= shown < until


@given(st.data(), places, quarters, st.sampled_from([5, 15]))
def test_a_day_cut_in_two_has_the_slots_of_the_whole(
    data: st.DataObject, place: str, noon: time, minutes: int
) -> None:
    if noon == time(0):
        return
    day = data.draw(days_of(place))
    whole = slots(day, time(0), time(0), minutes, place)
    halves = slots(day, time(0), noon, minutes, place) + slots(day, noon, time(0), minutes, place)
    assert halves == whole
    # Local midnight to local midnight: 23, 24 or 25 hours (half an hour's change on Lord Howe).
    start = datetime.combine(day, time(0), zone(place)).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), zone(place)).astimezone(UTC)
    assert len(whole) == (end - start) // timedelta(minutes=minutes)
    assert {local_day(slot.starts_at, place) for slot in whole} == {day}


def test_the_skipped_hour_has_no_slots_and_the_repeated_one_has_them_twice() -> None:
    spring = slots(date(2026, 3, 29), time(1), time(4), 60, "Europe/Rome")
    autumn = slots(date(2026, 10, 25), time(1), time(4), 60, "Europe/Rome")
    plain = slots(date(2026, 10, 26), time(1), time(4), 60, "Europe/Rome")
    assert (len(spring), len(plain), len(autumn)) == (2, 3, 4)


def test_hours_that_begin_in_the_skipped_hour_begin_after_it() -> None:
    found = slots(date(2026, 3, 29), time(2, 30), time(4), 30, "Europe/Rome")
    assert [slot.starts_at for slot in found] == [
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    ]


def test_hours_wholly_in_the_skipped_hour_have_no_slots() -> None:
    assert slots(date(2026, 3, 8), time(2), time(3), 20, "America/New_York") == []


def test_hours_over_midnight_belong_to_the_day_they_begin() -> None:
    found = slots(date(2026, 3, 2), time(22), time(2), 60, "Europe/Rome")
    assert [slot.starts_at.hour for slot in found] == [21, 22, 23, 0]


def test_other_weekdays_give_no_slots() -> None:
    monday = date(2026, 3, 2)
    hours = [Hours(1, time(9), time(10))]
    assert slots_of_day(DOCTOR, monday, hours, 20, "Europe/Rome") == []
    assert len(slots_of_day(DOCTOR, monday + timedelta(days=1), hours, 20, "Europe/Rome")) == 3


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
    offered = slots(date(2026, 3, 2), time(8), time(17), minutes, "Europe/Rome")
    taken = [datetime(2026, 3, 2, 7, 0, tzinfo=UTC) + n * CELL for n in numbers]
    expected = [s for s in offered if not set(cells(s.starts_at, s.ends_at)) & set(taken)]
    assert free(offered, [(cell, cell + CELL) for cell in taken], [], now=now) == expected


def test_leave_and_what_is_too_soon_are_not_free() -> None:
    offered = slots(date(2026, 3, 2), time(9), time(12), 60, "Europe/Rome")
    assert len(offered) == 3
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
        now + timedelta(days=2), now + timedelta(days=2, minutes=20), 1, now, now + timedelta(days=1),
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
