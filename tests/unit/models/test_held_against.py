"""Scores of what was told before, against what came: by hand on a few packs."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from models.dataset import Panel
from models.held_against import Past, scores_of_days, scores_of_totals
from models.panel import Signs
from remedy.pipeline.forecast_scores import KeptForecast
from remedy.pipeline.forecasts import ForecastDay
from tests.unit.models.town import FIRST, medicine, panel, pharmacy

DAYS = 40
SOLD = {(1, 1): [2] * (DAYS - 1) + [9], (1, 2): [1] * DAYS, (1, 3): [4] * DAYS}
KINDS = ["smooth", "smooth", "intermittent"]
SCALE = np.array([1000.0, 500.0, 0.0])


def _told(item, day, expected, low, high):
    at = FIRST + timedelta(days=day)
    return ForecastDay(pharmacy(1), medicine(item), at, expected, low, high)


def _days(told, seen=None):
    seen = seen or panel(SOLD)
    return scores_of_days(told, {one.day: "v1" for one in told}, seen, KINDS, SCALE)


def _kept(item, first, kind="smooth"):
    at = FIRST + timedelta(days=first)
    return KeptForecast(at, pharmacy(1), medicine(item), kind, 7000, 56000, 40000, 58000, "v1")


def _with_an_empty_shelf(days: slice) -> Panel:
    seen = panel(SOLD)
    empty = np.zeros(seen.demand.shape, dtype=bool)
    empty[0, days] = True
    nothing = np.zeros(seen.demand.shape, dtype=np.float32)
    return replace(seen, signs=Signs(nothing, nothing, empty, empty, empty, seen.demand))


def test_a_day_is_scored_by_class_and_over_all():
    last = DAYS - 1
    found = _days(
        [
            _told(1, last, 3000, 1000, 5000),
            _told(2, last, 1500, 1600, 3000),
            _told(3, last, 0, 0, 0),
        ]
    )

    assert [one.kind for one in found] == ["all", "intermittent", "smooth"]
    of_all, rare, smooth = found
    assert (of_all.span, of_all.day, of_all.series_count) == (1, FIRST + timedelta(days=last), 3)
    assert (of_all.told_milli, of_all.actual_milli, of_all.error_milli) == (4500, 14000, 10500)
    # Nine against at most five, four against none; one against 1.6 at least is below it by more than half a pack.
    assert (of_all.above_high_count, of_all.below_low_count) == (2, 1)
    assert (smooth.above_high_count, smooth.below_low_count) == (1, 1)
    # Errors of 6 and 0.5 packs in one-week differences of 1 and 0.5; without a difference nothing is measured.
    assert smooth.scaled_error == pytest.approx((6 + 1) / 2)
    assert rare.scaled_error is None


def test_packs_are_whole_and_quantiles_are_not():
    found = _days([_told(2, DAYS - 1, 700, 20, 700)])
    assert found[0].above_high_count == 0
    assert _days([_told(2, DAYS - 1, 300, 100, 400)])[0].above_high_count == 1


def test_days_to_come_and_days_of_an_empty_shelf_are_not_scored():
    told = [_told(1, DAYS - 1, 3000, 1000, 5000), _told(2, DAYS, 1000, 0, 2000)]
    assert [one.series_count for one in _days(told)] == [1, 1]
    assert _days(told, _with_an_empty_shelf(slice(DAYS - 1, DAYS))) == []


def test_totals_are_scored_when_their_days_are_over():
    seen = panel(SOLD)
    scale = dict(zip(seen.items, SCALE, strict=True))
    found = scores_of_totals([_kept(1, DAYS - 28), _kept(1, DAYS - 7)], seen, scale)

    assert [(one.span, (one.day - FIRST).days) for one in found if one.kind == "all"] == [
        (7, DAYS - 22), (7, DAYS - 1), (28, DAYS - 1),
    ]  # fmt: skip
    month = next(one for one in found if one.span == 28)
    assert (month.told_milli, month.actual_milli) == (56000, 27 * 2000 + 9000)
    assert month.above_high_count == 1
    assert next(one for one in found if one.span == 7).above_high_count is None


def test_a_total_with_too_many_unknown_days_is_not_scored_and_one_with_few_in_part():
    seen = _with_an_empty_shelf(slice(DAYS - 28, DAYS - 21))
    scale = dict(zip(seen.items, SCALE, strict=True))
    (month, of_class) = scores_of_totals([_kept(1, DAYS - 28)], seen, scale)
    assert (month.span, month.told_milli) == (28, 42000)
    assert (month.actual_milli, of_class.kind) == (20 * 2000 + 9000, "smooth")
    longer = _with_an_empty_shelf(slice(DAYS - 28, DAYS - 20))
    assert scores_of_totals([_kept(1, DAYS - 28)], longer, scale) == []


def test_a_closed_day_is_scored_as_one_on_which_nothing_was_asked_for():
    closed = panel({(1, 1): [2] * 39 + [0], (1, 2): [1] * 39 + [0], (2, 3): [4] * 40})

    found = _days([_told(1, DAYS - 1, 0, 0, 0), _told(2, DAYS - 1, 1000, 600, 1000)], closed)

    assert (found[0].series_count, found[0].told_milli, found[0].actual_milli) == (2, 1000, 0)
    assert (found[0].above_high_count, found[0].below_low_count) == (0, 1)


def test_days_on_which_the_pharmacy_is_closed_are_part_of_a_total():
    weeks = {(1, 1): [2, 2, 2, 2, 2, 0, 0] * 6, (1, 2): [1, 1, 1, 1, 1, 0, 0] * 6}
    seen = panel(weeks)
    kept = replace(_kept(1, 14), expected_7_milli=10_000, expected_28_milli=40_000)

    found = scores_of_totals([kept], seen, dict.fromkeys(seen.items, 1000.0))

    assert [(one.span, one.told_milli, one.actual_milli) for one in found if one.kind == "all"] == [
        (7, 10_000, 10_000),
        (28, 40_000, 40_000),
    ]


def test_what_was_told_of_a_total_is_taken_in_the_part_of_its_open_days_that_is_known():
    seen = panel({(1, 1): [2, 2, 2, 2, 2, 0, 0] * 6, (1, 2): [1, 1, 1, 1, 1, 0, 0] * 6})
    nothing, empty = np.zeros(seen.demand.shape), np.zeros(seen.demand.shape, dtype=bool)
    empty[0, 14:19] = True
    seen = replace(seen, signs=Signs(nothing, nothing, empty, empty, empty, seen.demand))

    (month, _) = scores_of_totals(
        [replace(_kept(1, 14), expected_28_milli=40_000)], seen, dict.fromkeys(seen.items, 1000.0)
    )

    assert (month.told_milli, month.actual_milli) == (30_000, 30_000)


def test_one_forecast_a_week_is_kept():
    assert Past([], None).is_kept_again(FIRST)
    assert not Past([], FIRST).is_kept_again(FIRST + timedelta(days=6))
    assert Past([], FIRST).is_kept_again(FIRST + timedelta(days=7))
