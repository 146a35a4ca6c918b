"""Slots of a doctor's calendar, above all on the days the clocks change: none lost, none doubled, none of another length."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remedy.appointments import model
from remedy.appointments.calendar import (
    Calendar,
    DayException,
    check_day,
    check_hours,
    check_kind,
    is_within,
    slots_of_day,
    stretches_of_day,
)
from remedy.appointments.model import Hours, Refused, Slot
from remedy.values import day_bounds, local_day, zone

DOCTOR, HILL, BAY = UUID(int=1), UUID(int=2), UUID(int=3)
CHANGES = {
    "Europe/Rome": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Pacific/Auckland": [date(2026, 4, 5), date(2026, 9, 27)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
}
places = st.sampled_from(sorted(CHANGES))
lengths = st.sampled_from([5, 10, 15, 20, 30, 45, 60])
buffers = st.sampled_from([0, 0, 5, 10, 15])
quarters = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))


@st.composite
def days_of(draw: st.DrawFn, place: str) -> date:
    """A day near a change of clocks, and mostly the day itself."""
    return draw(st.sampled_from(CHANGES[place])) + timedelta(
        days=draw(st.sampled_from([0, 0, -1, 1]))
    )


@st.composite
def calendars(draw: st.DrawFn, place: str, day: date) -> Calendar:
    """Any week at two places around a day, with dates that differ and holidays: overlaps and all."""
    where = st.sampled_from([None, HILL, BAY])
    near = st.integers(-2, 2).map(lambda n: day + timedelta(days=n))
    hours = st.builds(Hours, near.map(date.weekday), quarters, quarters, where)
    extra = st.builds(DayException, near, quarters, quarters, where)
    return Calendar(
        DOCTOR,
        HILL,
        place,
        tuple(draw(st.lists(hours, max_size=8))),
        tuple(draw(st.lists(extra | st.builds(DayException, near), max_size=3))),
        draw(st.frozensets(st.tuples(st.sampled_from([HILL, BAY]), near), max_size=2)),
    )


def week(*hours: Hours, place: str = "Europe/Rome", **differs: object) -> Calendar:
    return Calendar(DOCTOR, HILL, place, hours, **differs)  # type: ignore[arg-type]


def slots(day: date, starts: time, ends: time, minutes: int, place: str) -> list[Slot]:
    return slots_of_day(week(Hours(day.weekday(), starts, ends), place=place), day, minutes)


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
    calendar = week(Hours(1, time(9), time(10)))
    assert slots_of_day(calendar, monday, 20) == []
    assert len(slots_of_day(calendar, monday + timedelta(days=1), 20)) == 3


@given(st.data(), places, lengths, buffers)
def test_whatever_the_calendar_no_slot_or_buffer_overlaps_and_none_has_another_length(
    data: st.DataObject, place: str, minutes: int, buffer: int
) -> None:
    day = data.draw(days_of(place))
    calendar = data.draw(calendars(place, day))
    near = [day + timedelta(days=n) for n in (-2, -1, 0, 1, 2)]
    found = [slot for one in near for slot in slots_of_day(calendar, one, minutes, buffer)]
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=minutes) for slot in found)
    assert all(slot.busy_until - slot.ends_at == timedelta(minutes=buffer) for slot in found)
    assert all(one.busy_until <= two.starts_at for one, two in pairwise(found))
    taken = [cell for slot in found for cell in model.cells(slot.starts_at, slot.busy_until)]
    assert len(taken) == len(set(taken))


@settings(max_examples=40)
@given(st.data(), places)
def test_no_time_that_is_written_down_is_lost_and_none_is_made_up(
    data: st.DataObject, place: str
) -> None:
    """Minute for minute: at work in one place if any hours that count say so, wherever they overlap."""
    day = data.draw(days_of(place))
    calendar = data.draw(calendars(place, day))
    near = [day + timedelta(days=n) for n in (-2, -1, 0, 1, 2)]
    found = [stretch for one in near for stretch in stretches_of_day(calendar, one)]
    at, until = day_bounds(day, place)
    while at < until:
        at_work = [one for one in found if one.starts_at <= at < one.ends_at]
        assert len(at_work) <= 1
        assert bool(at_work) == _is_written(calendar, at)
        at += timedelta(minutes=15)


def _is_written(calendar: Calendar, at: datetime) -> bool:
    """By the clock on the wall, said another way than the code does."""
    today = local_day(at, calendar.time_zone)
    for day in (today - timedelta(days=1), today):
        differs = [one for one in calendar.exceptions if one.day == day]
        told = [(one.starts, one.ends) for one in differs if one.starts is not None]
        if all(one.starts is not None for one in differs):
            told += [
                (one.starts, one.ends)
                for one in calendar.hours
                if one.weekday == day.weekday()
                and (one.hospital_id or HILL, day) not in calendar.holidays
            ]
        for starts, ends in told:
            assert starts is not None
            assert ends is not None
            begins = datetime.combine(day, starts)
            over = datetime.combine(day if ends > starts else day + timedelta(days=1), ends)
            if _instant_of(begins, calendar) <= at < _instant_of(over, calendar):
                return True
    return False


def _instant_of(local: datetime, calendar: Calendar) -> datetime:
    """The first instant at which the wall shows that time or a later one, looked for a quarter at a time."""
    at = local.replace(tzinfo=UTC) - timedelta(hours=15)
    place = zone(calendar.time_zone)
    while at.astimezone(place).replace(tzinfo=None) < local:
        at += timedelta(minutes=15)
    return at


def test_a_buffer_is_kept_free_after_each_visit_and_fits_into_the_hours() -> None:
    calendar = week(Hours(0, time(9), time(11)))
    found = slots_of_day(calendar, date(2026, 3, 2), 30, 10)
    assert [slot.starts_at.strftime("%H:%M") for slot in found] == ["08:00", "08:40", "09:20"]
    assert found[-1].busy_until == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_hours_at_two_places_name_their_place_and_never_overlap() -> None:
    calendar = week(Hours(0, time(9), time(12)), Hours(0, time(11), time(14), BAY))
    found = slots_of_day(calendar, date(2026, 3, 2), 60)
    assert [(slot.starts_at.hour, slot.hospital_id) for slot in found] == [
        (8, HILL), (9, HILL), (10, HILL), (11, BAY), (12, BAY),
    ]  # fmt: skip


def test_a_date_that_differs_has_its_own_hours_or_none() -> None:
    monday = date(2026, 3, 2)
    hours = Hours(0, time(9), time(10))
    none, extra = DayException(monday), DayException(monday, time(15), time(16), BAY)
    assert slots_of_day(week(hours, exceptions=(none,)), monday, 60) == []
    assert len(slots_of_day(week(hours, exceptions=(extra,)), monday, 60)) == 2
    (only,) = slots_of_day(week(hours, exceptions=(none, extra)), monday, 60)
    assert (only.starts_at.hour, only.hospital_id) == (14, BAY)
    later = monday + timedelta(days=7)
    assert len(slots_of_day(week(hours, exceptions=(none, extra)), later, 60)) == 1


def test_a_public_holiday_closes_the_place_whose_it_is() -> None:
    monday = date(2026, 3, 2)
    hours = (Hours(0, time(9), time(10)), Hours(0, time(11), time(12), BAY))
    closed = week(*hours, holidays=frozenset({(HILL, monday)}))
    assert [slot.hospital_id for slot in slots_of_day(closed, monday, 60)] == [BAY]
    on_call = DayException(monday, time(20), time(21), HILL)
    closed = week(*hours, exceptions=(on_call,), holidays=frozenset({(HILL, monday)}))
    assert [slot.hospital_id for slot in slots_of_day(closed, monday, 60)] == [BAY, HILL]


def test_whether_a_visit_lies_in_the_hours() -> None:
    monday = date(2026, 3, 2)
    calendar = week(Hours(0, time(9), time(10)))
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert is_within(calendar, at, at + timedelta(hours=1), HILL, [monday])
    assert not is_within(calendar, at, at + timedelta(minutes=65), HILL, [monday])
    assert not is_within(calendar, at - timedelta(minutes=5), at, HILL, [monday])
    assert not is_within(calendar, at, at + timedelta(hours=1), BAY, [monday])


@pytest.mark.parametrize(
    "hours",
    [
        (Hours(0, time(9), time(12)), Hours(0, time(11, 55), time(14), BAY)),
        (Hours(0, time(22), time(2)), Hours(1, time(1), time(3))),
        (Hours(6, time(22), time(2)), Hours(0, time(1), time(3))),
        (Hours(0, time(9), time(9)), Hours(1, time(8), time(10))),
        (Hours(0, time(9, 2), time(12)),),
    ],
)
def test_hours_that_cannot_be_are_refused_with_a_sentence(hours: tuple[Hours, ...]) -> None:
    with pytest.raises(Refused, match=r"overlap|five minutes"):
        check_hours(hours)


def test_hours_of_a_date_that_overlap_any_near_it_are_refused() -> None:
    monday = date(2026, 3, 2)
    night = Hours(6, time(22), time(2))
    for starts, ends in ((time(1), time(3)), (time(8), time(9, 5)), (time(23), time(0, 30))):
        extra = DayException(monday, starts, ends, BAY)
        early = Hours(1, time(0), time(1))
        calendar = week(night, Hours(0, time(9), time(12)), early, exceptions=(extra,))
        with pytest.raises(Refused, match="overlap"):
            check_day(calendar, monday)
    extra = DayException(monday, time(2), time(9), BAY)
    check_day(week(night, Hours(0, time(9), time(12)), exceptions=(extra,)), monday)


def test_hours_that_touch_are_kept() -> None:
    check_hours([Hours(0, time(9), time(12)), Hours(0, time(12), time(14), BAY)])
    check_hours([Hours(6, time(22), time(2)), Hours(0, time(2), time(3))])
    check_hours([])


@pytest.mark.parametrize(
    ("name", "minutes", "buffer"),
    [("", 20, 0), ("A", 7, 0), ("A", 0, 0), ("A", 20, 3), ("A", 20, 125)],
)
def test_a_kind_that_cannot_be_is_refused(name: str, minutes: int, buffer: int) -> None:
    with pytest.raises(Refused):
        check_kind(name, minutes, buffer)
