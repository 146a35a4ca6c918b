"""The methods: what the simple ones say, and that the ridge beats them where there is something to learn."""

import numpy as np
import pytest

from models import regression
from models.baseline import HORIZON, MEAN_28, SEASONAL_NAIVE, mean_28, seasonal_naive
from models.evaluation import compare, origins_of
from models.regression import RIDGE, Lessons, TooLittleHistory
from tests.unit.models.town import panel, seasonal


def test_the_seasonal_naive_forecast_is_the_last_week_again():
    made = panel({(1, 1): [9] * 7 + [1, 2, 3, 4, 5, 6, 7]})

    told = seasonal_naive(made)

    assert told.shape == (1, HORIZON)
    assert told[0, :7].tolist() == [1000, 2000, 3000, 4000, 5000, 6000, 7000]
    assert told[0, 21:].tolist() == told[0, :7].tolist()


def test_the_28_day_mean_counts_closed_days_and_leaves_out_unknown_ones():
    made = panel({(1, 1): [100] + [4, 0] * 14, (1, 2): [0] * 22 + [6, 1, 6, 1, 6, 1, 6]})

    told = mean_28(made)

    assert told[0, 0] == pytest.approx(2000)
    assert told[1, 0] == pytest.approx(27_000 / 7)


def test_the_ridge_beats_both_baselines_on_a_fixed_seasonal_series():
    comparison = compare(seasonal(800))

    assert len(comparison.origins) == 13
    assert comparison.best() == RIDGE
    ratio = comparison.relative_error(RIDGE)
    naive = comparison.relative_error(SEASONAL_NAIVE)
    assert ratio is not None
    assert ratio < 0.9
    assert naive is not None
    assert ratio < naive


def test_where_there_is_nothing_to_learn_the_ridge_is_not_used():
    # Pure noise around one level: nobody can beat the mean by more than luck, and luck is not used.
    noise = seasonal(120, items=4, expected=lambda item, day: 3.0)
    comparison = compare(noise)
    best = comparison.best()

    errors = {method: comparison.total_error_milli(method) for method in comparison.errors}
    assert errors[best] == min(error for error in errors.values() if error is not None)
    assert best != SEASONAL_NAIVE


def test_the_same_data_give_the_same_forecast():
    first, second = (Lessons.of(made).fit(400).forecast(made) for made in (seasonal(400),) * 2)

    assert np.array_equal(first, second)
    assert (first >= 0).all()
    assert first.sum() > 0


def test_a_fit_learns_nothing_from_days_after_it():
    made = seasonal(400)

    late = Lessons.of(made).fit(300)
    early = Lessons.of(made.until(300)).fit(300)

    assert np.allclose(late.coefficients, early.coefficients)


def test_too_little_history_is_a_sentence():
    made = seasonal(21)

    with pytest.raises(TooLittleHistory, match="too few to learn from"):
        Lessons.of(made).fit(made.day_count)


def test_sixty_days_are_compared_a_week_apart():
    assert origins_of(60) == [32, 25]
    assert origins_of(1641)[:2] == [1613, 1585]
    assert len(origins_of(1641)) == 13
    assert origins_of(40) == []


def test_a_small_town_of_sixty_days_is_compared():
    comparison = compare(seasonal(60))

    assert len(comparison.origins) == 2
    assert comparison.relative_error(MEAN_28) == pytest.approx(1)
    assert comparison.best() in comparison.errors


def test_with_no_origin_the_mean_is_used_and_its_error_is_unknown():
    comparison = compare(seasonal(30))

    assert comparison.origins == ()
    assert comparison.best() == MEAN_28
    assert comparison.relative_error(MEAN_28) is None


def test_an_all_zero_forecast_of_a_rare_medicine_is_not_the_best():
    # Sold on one day of three: zero has the smallest error per day, and the largest per 28 days.
    random = np.random.default_rng(3)
    rare = {(1, m): [int(sold) for sold in random.random(200) < 0.3] for m in range(6)}
    rare[(1, 9)] = [1] * 200
    comparison = compare(panel(rare))

    zero = np.abs(np.nansum(comparison.actual, axis=2)).mean()
    best = comparison.total_error_milli(comparison.best())
    assert best is not None
    assert best < zero / 2


def test_a_large_panel_is_thinned_by_turns_and_still_seen_at_every_season(monkeypatch):
    made = seasonal(800, items=8)
    whole = Lessons.of(made)
    monkeypatch.setattr(regression, "MOST_ROWS", 10_000)

    some = Lessons.of(made)

    assert len(whole.day) > 40_000
    assert 2_000 < len(some.day) <= 10_000
    assert len(np.unique(some.day)) > 600
    ratio = compare(made).relative_error(RIDGE)
    assert ratio is not None
    assert ratio < 0.9
