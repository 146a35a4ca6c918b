"""Quantiles by past errors: only from what was over, about as often exceeded as said, and following a drift."""

import numpy as np
import pytest

from models.baseline import HORIZON
from models.quantiles import LEAST_ERRORS, Past, bands_of, day_quantiles, total_quantiles

WEEKS = 140


def weekly(noise: float = 1.0, items: int = 3, seed: int = 5) -> Past:
    """A right forecast of ten a day, and what came: overlapping windows a week apart of one course of days."""
    random = np.random.default_rng(seed)
    days = np.maximum(10 + noise * random.normal(0, 3, (items, 7 * WEEKS + HORIZON)), 0)
    came = np.stack([days[:, 7 * week : 7 * week + HORIZON] for week in range(WEEKS)])
    return Past(np.full(came.shape, 10.0), came, np.full(came.shape[:2], 3.0))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_as_many_days_and_totals_lie_above_as_was_said(share):
    past = weekly()
    later = slice(60, None)

    days = (past.came > day_quantiles(past, share))[later].mean(axis=(0, 2))
    _, came, _ = past.sums(HORIZON)
    totals = (came > total_quantiles(past, share))[later].mean()

    assert days == pytest.approx(1 - share, abs=0.03)
    assert totals == pytest.approx(1 - share, abs=0.07)


def test_nothing_that_was_not_over_at_the_origin_is_used():
    past = weekly()
    other = weekly()
    # After origin 100, from its first day ahead on, everything is different.
    for week in range(WEEKS):
        ahead = np.arange(HORIZON) + 7 * week >= 700
        other.came[week][:, ahead] = 99

    for share in (0.1, 0.9):
        assert np.array_equal(
            day_quantiles(past, share)[:101], day_quantiles(other, share)[:101], equal_nan=True
        )
        assert not np.array_equal(day_quantiles(past, share)[103], day_quantiles(other, share)[103])
        assert np.array_equal(
            total_quantiles(past, share)[:101], total_quantiles(other, share)[:101], equal_nan=True
        )


def test_a_drift_is_followed():
    past = weekly()
    # From week 60 on everything sells half as much again, and the forecast is never told.
    past.came[60:] *= 1.5

    above = past.came > day_quantiles(past, 0.9)

    assert above[61:64].mean() > 0.4
    assert above[110:].mean() < 0.2


def test_other_units_give_the_same_in_other_units():
    past = weekly()
    larger = Past(past.told * 7, past.came * 7, past.spread * 7)

    assert np.allclose(7 * total_quantiles(past, 0.9), total_quantiles(larger, 0.9), equal_nan=True)


def test_before_there_are_errors_there_is_no_quantile():
    past = weekly(items=1)

    assert np.isnan(day_quantiles(past, 0.9)[0]).all()
    assert np.isnan(total_quantiles(past, 0.9)[: LEAST_ERRORS + 3]).all()
    assert np.isfinite(total_quantiles(past, 0.9)[LEAST_ERRORS + 4 :]).all()


def test_masked_days_count_neither_for_nor_against():
    past = weekly()
    past.came[50:56] = np.nan

    told, came, count = past.sums(HORIZON)

    assert np.isnan(told[50:56]).all()
    assert np.isnan(came[50:56]).all()
    assert (count[50:56] == 0).all()
    assert np.isfinite(day_quantiles(past, 0.9)[60:]).all()
    assert np.isfinite(total_quantiles(past, 0.9)[60:]).all()


def test_an_item_that_never_varied_has_no_quantile_of_its_own_and_breaks_nobody_elses():
    past = weekly()
    past.came[:, 0], past.told[:, 0], past.spread[:, 0] = 0, 0, 0

    told = total_quantiles(past, 0.9)

    assert np.isfinite(told[60:, 1:]).all()


def test_what_is_told_now_is_what_the_last_origin_is_told():
    past = weekly(noise=2.0)
    past.came[-1] = np.nan
    for back in (1, 2, 3):
        past.came[-1 - back, :, 7 * back :] = np.nan

    bands = bands_of(past)

    high = past.told[-1, :, 0] + bands.days[:, 0, 1] * past.spread[-1]
    assert np.allclose(high, day_quantiles(past, 0.9)[-1, :, 0])
    assert (bands.days[:, :, 0] < 0).all()
    assert (bands.total[:, 0] < bands.total[:, 1]).all()
    assert np.allclose(bands.days, bands.any_days, atol=0.5)


def test_the_newest_week_counts_for_the_first_week_ahead_alone():
    past, other = weekly(), weekly()
    for made in (past, other):
        made.came[-1] = np.nan
        for back in (1, 2, 3):
            made.came[-1 - back, :, 7 * back :] = np.nan
    other.came[-2, :, :7] += 50

    before, after = bands_of(past), bands_of(other)

    assert not np.array_equal(before.days[:, 0], after.days[:, 0])
    assert np.array_equal(before.total, after.total)


def test_an_item_with_too_few_errors_has_the_bands_of_all():
    past = weekly()
    past.came[:, 0] = np.nan

    bands = bands_of(past)

    assert np.array_equal(bands.days[0], bands.any_days)
    assert not np.array_equal(bands.days[1], bands.any_days)
    assert np.isfinite(bands.total).all()
