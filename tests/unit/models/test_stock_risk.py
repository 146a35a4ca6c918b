"""How long the stock lasts."""

import numpy as np
import pytest

from models.stock_risk import days_of_cover


@pytest.mark.parametrize(
    ("stock", "days"),
    [(0, 0.0), (-5, 0.0), (500, 0.5), (1000, 1.0), (2500, 2.5), (28_000, 28.0), (28_001, None)],
)
def test_even_demand_of_a_pack_a_day(stock, days):
    assert days_of_cover(stock, np.full(28, 1000.0)) == days


def test_closed_days_use_nothing():
    expected = np.array([1000.0, 0, 0, 1000.0] + [0.0] * 24)

    assert days_of_cover(1500, expected) == 3.5
    assert days_of_cover(1000, expected) == 1.0


def test_no_demand_means_the_stock_outlasts_the_forecast():
    assert days_of_cover(1, np.zeros(28)) is None
