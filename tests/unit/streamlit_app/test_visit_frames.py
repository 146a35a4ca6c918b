"""Visits as frames and charts: weeks add up, what was not offered is empty, counted and landed are told apart."""

from datetime import date
from uuid import UUID

import pytest

from remedy.appointments.activity import Day, totals, within
from remedy.appointments.model import Visit
from remedy.appointments.utilisation import Use, by
from remedy.values import reference_of
from streamlit_app import charts
from streamlit_app.queries import visits
from streamlit_app.views import visits as page

SUNDAY, MONDAY = date(2026, 3, 1), date(2026, 3, 2)
DAYS = [
    Day(SUNDAY, True, {"requested": 3, "accepted": 2}),
    Day(MONDAY, False, {"requested": 1}),
]
EKOW = UUID(int=7)
WEEKS = [
    Use((EKOW, date(2026, 2, 23)), 60, 30, 2, 1, 1),
    Use((EKOW, MONDAY), 60, 80, 4, 3, 0),
]
HOURS = [Use((0, 9), 60, 60), Use((0, 11), 0, 20), Use((6, 9), 60, 30)]


def of_week(one: Use) -> date:
    return one.key[1]


def test_weeks_begin_on_mondays_and_hold_what_happened_and_the_time_used():
    made = visits.weekly(DAYS, by(WEEKS, of_week)).set_index("week")
    assert made.index.tolist() == [date(2026, 2, 23), MONDAY]
    assert made[["requested", "accepted"]].to_numpy().tolist() == [[3, 2], [1, 0]]
    assert made[["offered_minutes", "booked_minutes"]].to_numpy().tolist() == [[60, 30], [60, 80]]


def test_a_week_in_which_nothing_happened_is_there_when_time_was_offered():
    made = visits.weekly([], by(WEEKS, of_week))
    assert made["requested"].tolist() == [0, 0]
    assert visits.weekly([], []).empty


def test_time_is_used_by_what_was_booked_of_it():
    (ekow,) = by(WEEKS, lambda one: one.key[0])
    assert (ekow.offered_minutes, ekow.booked_minutes, ekow.booked_count) == (120, 110, 6)
    assert ekow.share == pytest.approx(110 / 120)
    # What was booked where nothing was offered has no share.
    assert [one.share for one in HOURS] == [1.0, None, 0.5]


def test_what_was_not_offered_is_an_empty_box():
    (boxes,) = charts.hours_of_week(HOURS, page.WEEKDAYS).data
    assert list(boxes.x) == ["09:00", "10:00", "11:00"]
    assert boxes.text[0] == ["100%", "", ""]
    assert boxes.text[6] == ["50%", "", ""]
    assert boxes.z[1] == [None, None, None]


def test_counted_days_and_landed_ones_are_drawn_apart():
    bars = charts.visits(visits.daily(DAYS)).data
    assert [list(bar.y) for bar in bars] == [[3], [1], [2], [0]]
    assert [bar.marker.pattern.shape for bar in bars] == ["", "/", "", "/"]
    assert all("not counted yet" in bar.name for bar in bars[1::2])


def test_days_add_up():
    sums = totals(DAYS)
    assert (sums["requested"], sums["accepted"], sums["missed"]) == (4, 2, 0)


@pytest.mark.parametrize(("share", "bound"), [(0.0, 5), (0.5, 5), (0.51, 60), (0.9, 60), (1.0, 60)])
def test_a_share_lies_within_the_bound_that_reaches_it(share, bound):
    assert within([(60, 5, 0), (5, 5, 0)], share) == bound


def test_nothing_lies_within_no_bound():
    with pytest.raises(ValueError, match="nothing in the classes"):
        within([], 0.5)


def test_a_wait_is_told_by_its_bound():
    assert page.within(180) == "within 3 h"
    assert page.within(10**7) == "longer than 180 days"


def test_a_visit_is_called_as_on_the_portal():
    visit_id = UUID("0192f000-0000-7000-8000-00001234abcd")
    assert reference_of(visit_id) == "1234-ABCD"
    assert reference_of(visit_id) == Visit.reference.fget(_with_id(visit_id))


def _with_id(visit_id: UUID) -> object:
    return type("Named", (), {"appointment_id": visit_id})()
