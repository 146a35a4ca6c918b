"""The boosted trees and the network: they learn a season, look at nothing later, and say the same twice."""

import numpy as np
import pytest

from models import boosting, lstm
from models.baseline import HORIZON, mean_28
from models.features import Sums, features_at
from models.regression import TooLittleHistory
from models.window import days_of_totals, rows_of
from tests.unit.models.town import panel, seasonal

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def error_of_totals(told, made, end):
    came = made.demand[:, end : end + HORIZON].sum(axis=1)
    return np.abs(told.sum(axis=1) - came).sum()


def test_rows_hold_only_windows_that_were_over():
    rows = rows_of(seasonal(500))
    past = rows.before(400)

    assert len(rows.end) > len(past.end) > 100
    assert past.end.max() <= 400 - HORIZON
    assert rows.features.dtype == np.float32


def test_other_units_give_the_same_rows():
    made = seasonal(300)
    larger = type(made)(made.items, made.first_day, made.demand * 7, made.is_known, made.is_open)

    assert np.allclose(rows_of(larger).features, rows_of(made).features, atol=1e-5)
    assert np.allclose(rows_of(larger).targets, rows_of(made).targets, atol=1e-5)


def test_days_add_up_to_the_foretold_totals_and_closed_days_have_none():
    made = seasonal(300)
    told = features_at(made, Sums(made), made.day_count)
    days = days_of_totals(told, np.tile([1.0, 2.0], (len(made.items), 1)))
    open_days = told.open_share.sum(axis=1)

    assert np.allclose(days.sum(axis=1), 2 * told.scale * open_days)
    sundays = [day for day in range(HORIZON) if (300 + day) % 7 == 6]
    assert np.allclose(days[:, sundays], 0)


def test_the_trees_beat_the_28_day_mean_on_a_fixed_seasonal_series():
    made = seasonal(900)
    past = made.until(860)

    told = boosting.fit(rows_of(past), 860).forecast(past)

    assert error_of_totals(told, made, 860) < 0.9 * error_of_totals(mean_28(past), made, 860)


def test_the_trees_say_the_same_twice():
    made = seasonal(400)
    first, second = (boosting.fit(rows_of(made), 400).forecast(made) for _ in range(2))

    assert np.array_equal(first, second)
    assert first.sum() > 0


def test_the_network_says_the_same_twice_and_is_not_far_off(monkeypatch):
    monkeypatch.setattr(lstm, "WINDOWS", 512)
    monkeypatch.setattr(lstm, "EPOCHS", 3)
    made = seasonal(430, items=2, expected=lambda item, day: 8.0 + 12 * item)
    past = made.until(400)
    first, second = (lstm.fit(past, rows_of(past), 400).forecast(past) for _ in range(2))

    assert np.array_equal(first, second)
    assert error_of_totals(first, made, 400) < 0.25 * made.demand[:, 400:428].sum()


@pytest.mark.parametrize(
    "fit",
    [
        lambda made: boosting.fit(rows_of(made), made.day_count),
        lambda made: lstm.fit(made, rows_of(made), made.day_count),
    ],
)
def test_too_little_history_is_a_sentence(fit):
    with pytest.raises(TooLittleHistory, match="too few to learn a total from"):
        fit(panel({(1, 1): [3] * 40}))
