"""Opening hours: open now, and until when, also past midnight and when clocks change."""

from datetime import UTC, datetime, time, timedelta

import pytest

from remedy.catalogue.hours import Hours, Opening, open_for, opening_at

ROME = "Europe/Rome"
WEEKDAYS = [Hours(day, time(8, 30), time(19, 30)) for day in range(6)]
AROUND_THE_CLOCK = [Hours(day, time(0), time(0)) for day in range(7)]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        # Monday 2 March 2026; Rome is an hour ahead.
        (utc(2026, 3, 2, 7, 29), Opening(False, utc(2026, 3, 2, 7, 30))),
        (utc(2026, 3, 2, 7, 30), Opening(True, utc(2026, 3, 2, 18, 30))),
        (utc(2026, 3, 2, 18, 29, 59), Opening(True, utc(2026, 3, 2, 18, 30))),
        (utc(2026, 3, 2, 18, 30), Opening(False, utc(2026, 3, 3, 7, 30))),
        # Saturday evening: Sunday is closed.
        (utc(2026, 3, 7, 20, 0), Opening(False, utc(2026, 3, 9, 7, 30))),
    ],
)
def test_a_pharmacy_is_open_from_opening_until_closing(instant, expected):
    assert opening_at(WEEKDAYS, instant, ROME) == expected


def test_a_pause_at_noon_closes_it():
    hours = [Hours(0, time(8, 30), time(12, 30)), Hours(0, time(15), time(19, 30))]
    assert opening_at(hours, utc(2026, 3, 2, 12), ROME) == Opening(False, utc(2026, 3, 2, 14))


def test_what_opens_in_the_evening_is_open_past_midnight():
    night = [Hours(4, time(20), time(2))]
    assert opening_at(night, utc(2026, 3, 7, 0, 30), ROME) == Opening(True, utc(2026, 3, 7, 1))
    assert opening_at(night, utc(2026, 3, 7, 1), ROME) == Opening(False, utc(2026, 3, 13, 19))


def test_open_from_sunday_night_into_monday_is_seen_on_monday():
    night = [Hours(6, time(22), time(6))]
    assert opening_at(night, utc(2026, 3, 2, 4), ROME) == Opening(True, utc(2026, 3, 2, 5))


def test_a_place_open_around_the_clock_does_not_close_at_midnight():
    assert opening_at(AROUND_THE_CLOCK, utc(2026, 3, 2, 22, 59), ROME) == Opening(True, None)


def test_stretches_that_touch_over_midnight_are_one():
    hours = [Hours(0, time(8), time(0)), Hours(1, time(0), time(12))]
    assert opening_at(hours, utc(2026, 3, 2, 20), ROME) == Opening(True, utc(2026, 3, 3, 11))


def test_the_day_clocks_go_forward_opens_an_hour_earlier_in_utc():
    sunday = [Hours(6, time(8, 30), time(19, 30))]
    # 29 March 2026: 02:00 becomes 03:00 in Rome.
    assert opening_at(sunday, utc(2026, 3, 29, 6, 29), ROME) == Opening(
        False, utc(2026, 3, 29, 6, 30)
    )


def test_a_night_over_the_change_of_clocks_is_an_hour_shorter_or_longer():
    night = [Hours(5, time(22), time(6))]
    forward = opening_at(night, utc(2026, 3, 28, 22), ROME)
    assert forward == Opening(True, utc(2026, 3, 29, 4))
    back = opening_at(night, utc(2026, 10, 24, 22), ROME)
    assert back == Opening(True, utc(2026, 10, 25, 5))


def test_a_time_that_is_skipped_is_no_error():
    # 02:30 does not exist on 29 March: as long after midnight as on other days, it is 03:30.
    early = [Hours(6, time(2, 30), time(12))]
    assert opening_at(early, utc(2026, 3, 29, 1, 29), ROME) == Opening(
        False, utc(2026, 3, 29, 1, 30)
    )


def test_hours_that_nobody_told_are_unknown_and_not_closed():
    assert opening_at([], utc(2026, 3, 2, 12), ROME) is None


def test_once_a_week_is_found_from_the_day_after():
    monday = [Hours(0, time(9), time(10))]
    assert opening_at(monday, utc(2026, 3, 2, 10), ROME) == Opening(False, utc(2026, 3, 9, 8))


@pytest.mark.parametrize(
    ("from_", "until"),
    [
        ((2, 10), (2, 12)),
        # Monday at 18:30 it closes in half an hour: the rest is counted from Tuesday's opening.
        ((2, 17, 30), (3, 9)),
        # In the night, and over a Sunday that is closed.
        ((2, 22), (3, 9, 30)),
        ((7, 17), (9, 8, 30)),
    ],
)
def test_hours_of_opening_are_counted_over_the_times_it_is_closed(from_, until):
    # Rome is an hour ahead of UTC: from 8:30 to 19:00 on the clock there, not on Sunday.
    week = [Hours(day, time(8, 30), time(19)) for day in range(6)]
    found = open_for(week, utc(2026, 3, *from_), ROME, timedelta(hours=2))
    assert found == utc(2026, 3, *until)


def test_hours_nobody_told_and_doors_that_never_open_or_close_are_counted_on_the_clock():
    noon, two = utc(2026, 3, 2, 12), timedelta(hours=2)
    always = [Hours(day, time(0), time(0)) for day in range(7)]
    for hours in ([], always):
        assert open_for(hours, noon, ROME, two) == noon + two
