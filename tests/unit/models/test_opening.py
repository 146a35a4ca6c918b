"""Which of the days ahead a pharmacy is closed on: its holidays, its hours, and what its past says of either."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from models.baseline import mean_28, seasonal_naive
from models.opening import holidays_of, open_ahead
from models.panel import AHEAD, Calendar, Panel
from models.seasonal_level import WAYS, ways
from tests.unit.models.town import panel

DAYS = 140
PAST, COMING = (20, 52, 85), DAYS + 9
"""Holidays, none of them a Sunday (FIRST is a Monday)."""


def told(made: Panel, holidays: tuple[int, ...] = (), shut: tuple[int, ...] = ()) -> Panel:
    is_holiday = np.zeros((len(made.items), made.day_count + AHEAD), dtype=bool)
    is_holiday[:, list(holidays)] = True
    is_shut = np.zeros((len(made.items), 7), dtype=bool)
    is_shut[:, list(shut)] = True
    return replace(made, calendar=Calendar(is_holiday, is_shut))


def shop(closed: tuple[int, ...] = (), *, closed_weekday: int = 6) -> Panel:
    """Two items of five packs on every open day."""
    sold = [0 if day % 7 == closed_weekday or day in closed else 5 for day in range(DAYS)]
    return panel({(1, 1): sold, (1, 2): sold})


METHODS = {
    "level": lambda made: ways(made)[WAYS.index((0.0, 56))],
    "28-day mean": mean_28,
    "seasonal naive": seasonal_naive,
}


@pytest.mark.parametrize("name", METHODS)
def test_a_coming_holiday_on_which_the_pharmacy_never_opens_is_foretold_as_closed(name):
    made = told(shop(PAST), (*PAST, COMING))

    ahead = METHODS[name](made)

    assert (ahead[:, COMING - DAYS] == 0).all()
    assert (ahead[:, COMING - DAYS - 1] > 3000).all()
    # The control: who does not know the calendar foretells it as any day.
    assert (METHODS[name](shop(PAST))[:, COMING - DAYS] > 3000).all()


def test_who_opens_on_holidays_is_foretold_to_open():
    made = told(shop(), (*PAST, COMING))

    assert open_ahead(made, DAYS)[0, COMING - DAYS] == 1
    assert ways(made)[0, 0, COMING - DAYS] == pytest.approx(5000)


def test_a_holiday_of_late_does_not_make_its_weekday_a_closed_one():
    late = DAYS - 5
    made = told(shop((*PAST, late)), (*PAST, late))

    share = open_ahead(made, DAYS)[0]

    assert share[(late - DAYS) % 7] == 1
    assert open_ahead(shop((*PAST, late)), DAYS)[0, (late - DAYS) % 7] == 7 / 8


def test_where_no_holiday_was_seen_yet_the_coming_one_is_taken_as_any_day():
    assert open_ahead(told(shop(), (COMING,)), DAYS)[0, COMING - DAYS] == 1


def test_a_new_pharmacy_is_taken_to_close_on_holidays_as_the_town_does():
    sold = [0 if day % 7 == 6 or day in PAST else 5 for day in range(DAYS)]
    late = [0] * 120 + sold[120:]
    made = told(panel({(1, 1): sold, (2, 1): late}), (*PAST, COMING))

    assert open_ahead(made, DAYS)[:, COMING - DAYS].tolist() == [0, 0]


def test_a_weekday_that_the_hours_leave_out_is_closed_unless_its_sales_say_otherwise():
    short = panel({(1, 1): [5] * 3})
    sundays = [day for day in range(AHEAD) if (3 + day) % 7 == 6]

    closed = open_ahead(told(short, shut=(6,)), 3)
    # Nothing is known of Sundays yet: a share of one is not evidence against the hours.
    assert (closed[0, sundays] == 0).all()
    # Saturdays were sold on for twenty weeks: those hours are old.
    assert (open_ahead(told(shop(), shut=(5,)), DAYS)[0] > 0).sum() == 24


def test_hours_of_today_are_not_told_to_the_past():
    made = told(shop(), shut=(6,))

    assert made.calendar is not None
    assert made.until(DAYS).calendar.is_shut.any()
    assert not made.until(DAYS - 7).calendar.is_shut.any()


def test_the_past_knows_the_holidays_of_its_own_days_ahead_and_no_more():
    made = told(shop(PAST), (*PAST, COMING))

    past = made.until(DAYS - 20)

    assert past.calendar is not None
    assert past.calendar.is_holiday.shape[1] == DAYS - 20 + AHEAD
    assert np.array_equal(open_ahead(past, DAYS - 20), open_ahead(made, DAYS - 20))


def test_the_28_day_mean_of_a_calendar_has_the_total_it_has_without():
    plain, known = shop(), told(shop())

    assert mean_28(known).sum() == pytest.approx(mean_28(plain).sum())
    assert (mean_28(known)[0, 6 - DAYS % 7] == 0).all()


def test_holidays_are_those_of_the_country_of_the_time_zone():
    days = [date(2026, 4, 25), date(2026, 7, 14), date(2026, 7, 15)]

    assert holidays_of("Europe/Rome", days).tolist() == [True, False, False]
    assert holidays_of("Europe/Paris", days).tolist() == [False, True, False]
    assert holidays_of("Etc/UTC", days).tolist() == [False, False, False]


def test_a_year_that_ends_among_the_days_has_both_years_holidays():
    days = [date(2025, 12, 25) + timedelta(days=day) for day in range(14)]

    assert holidays_of("Europe/Rome", days).sum() == 4  # 25 and 26 December, 1 and 6 January
