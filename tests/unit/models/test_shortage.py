"""What may be asked for, as a distribution."""

import numpy as np
import pytest

from models.shortage import Outlook

ONE = np.ones(1)


def _outlook(expected, clump=1.0, doubt=0.0):
    expected = np.atleast_2d(np.array(expected, dtype=float))
    count = len(expected)
    return Outlook.of_days(expected, np.full(count, clump), np.full(count, doubt))


def test_a_total_counts_parts_of_days_and_goes_on_as_the_last_week_did():
    outlook = _outlook([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])

    assert outlook.mean_total(np.array([2.5])) == pytest.approx(4.5)
    assert outlook.mean_total(np.array([10.0])) == pytest.approx(36 + 2 * 5.0)
    assert outlook.mean_total(np.array([0.0])) == 0
    assert outlook.mean_total(np.array([[1.0, 2.0]])).shape == (1, 2)


def test_what_is_sure_has_one_quantile_and_no_chance():
    outlook = _outlook([2.0] * 10, clump=0.0)
    days = np.array([5.0])

    assert outlook.total_quantile(days, 0.01) == outlook.total_quantile(days, 0.99) == 10
    assert outlook.chance_above(days, np.array([9.0])) == 1
    assert outlook.chance_above(days, np.array([10.0])) == 0
    assert outlook.short_and_left(days, np.array([4.0])) == (6.0, 0.0)


def test_quantiles_chances_and_means_agree_with_courses_drawn():
    outlook = _outlook([4.0] * 14, clump=2.0, doubt=0.04)
    drawn = outlook.paths(np.random.default_rng(7), 40_000).sum(axis=2)[0]
    days = np.array([14.0])

    assert drawn.mean() == pytest.approx(56, rel=0.02)
    assert outlook.total_quantile(days, 0.9)[0] == pytest.approx(np.quantile(drawn, 0.9), rel=0.03)
    assert outlook.chance_above(days, np.array([70.0]))[0] == pytest.approx(
        (drawn > 70).mean(), abs=0.02
    )
    short, left = outlook.short_and_left(days, np.array([60.0]))
    assert short[0] == pytest.approx(np.maximum(drawn - 60, 0).mean(), rel=0.08)
    assert left[0] == pytest.approx(np.maximum(60 - drawn, 0).mean(), rel=0.08)


def test_what_is_further_off_is_doubted_more():
    outlook = _outlook([10.0] * 70, doubt=0.02)
    near = outlook.total_quantile(np.array([14.0]), 0.95) / 140
    far = outlook.total_quantile(np.array([70.0]), 0.95) / 700

    assert far > near


def test_days_that_may_be_more_ask_for_more_to_be_sure():
    outlook = _outlook([10.0] * 20)
    days = np.array([8.0])

    assert outlook.total_quantile(days, 0.95, days_variance=2.0) > outlook.total_quantile(
        days, 0.95
    )


def test_the_forecast_of_any_model_gives_back_its_own_total():
    expected = np.full((1, 28), 10.0)
    outlook = Outlook.from_total(expected, low=np.array([230.0]), high=np.array([330.0]))
    days = np.array([14.0])

    assert outlook.mean_total(days) == pytest.approx(140)
    spread = outlook.total_quantile(days, 0.9) - outlook.total_quantile(days, 0.1)
    assert spread == pytest.approx(50, rel=0.1)


def test_no_demand_is_sure_to_stay_none():
    outlook = _outlook([0.0] * 14, clump=3.0, doubt=0.5)
    days = np.array([14.0])

    assert outlook.total_quantile(days, 0.999) == 0
    assert outlook.chance_above(days, np.array([0.0])) == 0
    assert not outlook.paths(np.random.default_rng(1), 10).any()
