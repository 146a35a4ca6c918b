"""Real sales as a panel: closed and imputed days found by rule, and a disguise that changes nothing else."""

import numpy as np
import pandas as pd
import pytest

from bench.forecast_sales import disguised, imputed, panel_of_sales, read

DAYS = pd.date_range("2020-01-01", periods=60, freq="D", name="datum")


@pytest.fixture
def sales():
    """Two groups: whole packs, and parts of packs to two decimals; three hours a day."""
    random = np.random.default_rng(2)
    hours = pd.DatetimeIndex([day + pd.Timedelta(hours=h) for day in DAYS for h in (9, 12, 17)])
    hourly = pd.DataFrame(
        {
            "whole": random.integers(1, 5, len(hours)).astype(float),
            "parts": random.integers(1, 9, len(hours)) * 0.34,
        },
        index=hours,
    )
    return daily_of(hourly), hourly


def daily_of(hourly):
    daily = hourly.groupby(hourly.index.normalize()).sum()
    daily.index.name = "datum"
    return daily


def test_sales_as_they_are_sold_are_observed(sales):
    assert not imputed(*sales).any()


def test_a_fraction_of_whole_packs_in_one_hour_marks_its_day(sales):
    _, hourly = sales
    hourly.iloc[30, 0] = 1.25
    hourly.iloc[31, 0] = 1.75  # the day's sum is whole again

    assert np.flatnonzero(imputed(daily_of(hourly), hourly)).tolist() == [10]


def test_many_decimals_mark_a_day_and_thousandths_do_not(sales):
    _, hourly = sales
    hourly.iloc[60, 1] = 0.41875
    hourly.iloc[90, 1] = 0.033

    assert np.flatnonzero(imputed(daily_of(hourly), hourly)).tolist() == [20]


def test_closed_missing_and_imputed_days_are_unknown_and_hold_nothing(sales):
    _, hourly = sales
    hourly.iloc[15:18] = 0
    hourly.iloc[60, 1] = 0.41875
    hourly = hourly.drop(hourly.index[90:93])

    made, names = panel_of_sales(daily_of(hourly), hourly)

    assert set(names) == {"whole", "parts"}
    assert np.flatnonzero(~made.is_known[0]).tolist() == [5, 20, 30]
    assert (made.demand[:, [5, 20, 30]] == 0).all()
    assert np.array_equal(made.is_known, made.is_open)


def test_the_disguise_masks_the_same_days_and_is_seven_times_as_large(sales):
    _, hourly = sales
    hourly.iloc[60, 1] = 0.41875
    plain, names = panel_of_sales(daily_of(hourly), hourly)
    other, others = panel_of_sales(*disguised(daily_of(hourly), hourly))

    row = others.index("group 1")  # the names are given in reverse
    assert np.allclose(other.demand[row], 7 * plain.demand[names.index("whole")])
    assert (other.first_day - plain.first_day).days == 364
    assert np.array_equal(other.is_known, plain.is_known)


def test_missing_files_are_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="REMEDY_DATA_DIR"):
        read(tmp_path)
