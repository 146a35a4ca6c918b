"""What forecasts are held to, by hand; who becomes champion; what the peers are told of a gap."""

from datetime import date

import numpy as np
import pytest

from bench.forecast_peers import filled, plain_ridge
from models.baseline import HORIZON, mean_28, seasonal_naive
from models.dataset import Panel
from models.quantiles import Past
from models.scores import MEASURES, TOTALS_ABOVE, scores, usable_scale, week_scale
from tests.unit.models.town import panel, seasonal


def masked(made: Panel, days: slice) -> Panel:
    made.is_known[:, days] = made.is_open[:, days] = False
    made.demand[:, days] = 0
    return made


def test_the_scale_is_the_difference_of_a_week_over_days_known_twice():
    made = masked(panel({(1, 1): [1] * 7 + [3] * 7 + [9] * 7}), slice(14, 15))

    # Seven differences of 2 packs and six of 6; the masked day's is not one.
    assert week_scale(made)[0] == pytest.approx(1000 * np.sqrt((7 * 4 + 6 * 36) / 13))


def test_errors_are_relative_to_the_scale_and_unknown_days_count_for_nobody():
    origins = 20
    told = np.full((origins, 1, HORIZON), 10.0)
    came = np.full((origins, 1, HORIZON), 12.0)
    came[:, :, 5] = np.nan
    found = scores(Past(told, came, np.ones((origins, 1))), np.array([4.0]), 15)

    assert found.of[MEASURES[0]][0] == pytest.approx(0.5)
    assert found.of[MEASURES[1]][0] == pytest.approx(0.5)
    assert found.of[MEASURES[2]][0] == pytest.approx(6 * 2 / 4)
    assert found.of[MEASURES[3]][0] == pytest.approx(27 * 2 / 4)
    # It has always been two a day too little, and the quantiles know it by now.
    assert found.of[MEASURES[5]][0] == pytest.approx(0, abs=1e-9)
    assert found.of[TOTALS_ABOVE][0] == 0


def test_a_gap_is_told_to_peers_as_the_mean_of_the_28_days_known_before_it():
    made = masked(panel({(1, 1): [50] * 4 + [3] * 28 + [99, 99] + [5] * 6}), slice(32, 34))

    assert filled(made)[0, 32:34].tolist() == [3000, 3000]
    assert filled(made)[0, 34:].tolist() == [5000] * 6


def test_the_baselines_learn_nothing_from_masked_days():
    made = masked(panel({(1, 1): [4] * 60 + [99] * 35}), slice(60, 95))

    assert np.allclose(mean_28(made), 4000)
    assert np.allclose(seasonal_naive(made), 4000)


def test_the_plain_ridge_finds_weekdays_and_scales_with_its_series():
    made = seasonal(300, items=2)
    told = plain_ridge(made)
    larger = Panel(made.items, date(2025, 1, 6), made.demand * 7, made.is_known, made.is_open)

    sundays = [day for day in range(HORIZON) if (300 + day) % 7 == 6]
    assert told[:, sundays].mean() < 0.3 * told.mean()
    assert np.allclose(plain_ridge(larger), 7 * told)


def test_a_series_nobody_can_be_scored_on_has_no_scores_and_spoils_no_other():
    told = np.full((20, 2, HORIZON), 10.0)
    came = np.full((20, 2, HORIZON), 12.0)
    came[:, 1] = np.nan
    found = scores(Past(told, came, np.ones((20, 2))), np.array([4.0, np.nan]), 10, 15)

    for values in found.of.values():
        assert np.isfinite(values[0])
        assert np.isnan(values[1])


def test_a_series_that_came_late_has_the_scale_of_all_its_days_and_one_that_never_differs_none():
    made = panel({(1, 1): [1] * 7 + [3] * 93, (1, 2): [0] * 60 + [2, 4] * 20, (1, 3): [5] * 100})

    late = usable_scale(made, 50)

    assert late[0] == week_scale(made.until(50))[0]
    assert late[1] == week_scale(made)[1]
    assert np.isnan(late[2])
