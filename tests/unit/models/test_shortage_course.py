"""What is learned of items, and what becomes of odd histories."""

import numpy as np
import pytest

from models.shortage_course import YEAR, learn, most_believed

DAYS = 2 * YEAR


def _steady(items=40, mean=10.0, days=DAYS, seed=3):
    return np.random.default_rng(seed).poisson(mean, (items, days)).astype(float)


def _known(seen):
    return np.ones(seen.shape, dtype=bool)


def _fortnight(seen, is_known, **odd):
    return learn(seen, is_known).level(seen, is_known).outlook(14, **odd)


def test_a_steady_item_is_foretold_at_its_mean_and_hardly_doubted():
    seen = _steady()
    outlook = _fortnight(seen, _known(seen))

    assert outlook.mean_total(np.full(40, 14.0)).mean() == pytest.approx(140, rel=0.03)
    assert np.median(outlook.clump) == pytest.approx(1.0, abs=0.15)
    assert np.median(outlook.doubt) < 0.01


def test_weekdays_and_seasons_are_learned_where_the_years_agree():
    days = np.arange(DAYS)
    rng = np.random.default_rng(5)
    weekday = np.where(days % 7 == 6, 0.2, 1.0)
    course = np.exp(0.6 * np.cos(2 * np.pi * (days - 60) / YEAR))
    seen = rng.poisson(20 * weekday * course, (30, DAYS)).astype(float)
    learned = learn(seen, _known(seen))

    assert (learned.weekday[:, 6] < 0.5).all()
    assert learned.season[:, 60].mean() > 1.5
    assert learned.season[:, 60 + YEAR // 2].mean() < 0.7


def test_a_course_that_the_next_year_contradicts_is_no_season():
    days = np.arange(DAYS)
    once = np.where(days < YEAR, 1.0, -1.0) * np.cos(2 * np.pi * days / YEAR)
    seen = np.random.default_rng(5).poisson(20 * np.exp(0.6 * once), (30, DAYS)).astype(float)

    assert np.abs(learn(seen, _known(seen)).season - 1).max() < 0.1


def test_an_empty_shelf_is_no_day_without_demand():
    seen = _steady()
    is_known = _known(seen)
    seen[:, -20:] = 0.0
    is_known[:, -20:] = False
    told = _fortnight(seen, is_known).mean_total(np.full(40, 14.0))
    believed = _fortnight(seen, _known(seen)).mean_total(np.full(40, 14.0))

    assert told.mean() == pytest.approx(140, rel=0.05)
    assert believed.mean() < 60


def test_more_than_expected_from_a_shelf_that_ran_out_raises_the_level():
    seen, is_known = _steady(), _known(_steady())
    level = learn(seen, is_known).level(seen, is_known)
    before = level.value
    level.see(np.full(40, 3.0), np.zeros(40, dtype=bool))
    unchanged = level.value
    level.see(np.full(40, 30.0), np.zeros(40, dtype=bool))

    np.testing.assert_allclose(unchanged, before)
    assert (level.value > before).all()


def test_an_item_never_seen_is_not_told():
    seen, is_known = _steady(), _known(_steady())
    is_known[0] = False
    seen[0] = np.nan
    level = learn(seen, is_known).level(seen, is_known)

    assert not level.is_told[0]
    assert level.is_told[1:].all()
    assert level.value[0] == 0


def test_a_new_product_is_foretold_by_its_few_days_and_doubted():
    seen, is_known = _steady(), _known(_steady())
    is_known[0, :-6] = False
    seen[0, :-6] = 0.0
    outlook = _fortnight(seen, is_known)

    assert outlook.mean_total(np.full(40, 14.0))[0] == pytest.approx(140, rel=0.35)
    assert outlook.doubt[0] > 10 * np.median(outlook.doubt)


def test_a_series_of_zeros_is_foretold_as_none():
    seen = _steady()
    seen[0] = 0.0
    outlook = _fortnight(seen, _known(seen))

    assert outlook.mean_total(np.full(40, 14.0))[0] == 0
    assert np.isfinite(outlook.total_quantile(np.full(40, 14.0), 0.99)).all()


def test_one_huge_outlier_moves_the_forecast_little():
    seen = _steady()
    seen[0, -3] = 100_000.0
    outlook = _fortnight(seen, _known(seen))

    assert most_believed(seen, _known(seen))[0] < 60
    assert outlook.mean_total(np.full(40, 14.0))[0] == pytest.approx(140, rel=0.6)
    later = learn(_steady(), _known(seen)).level(_steady(), _known(seen))
    before = later.value[0]
    later.see(np.full(40, 1e9), np.ones(40, dtype=bool))
    assert later.value[0] < 1.6 * before


def test_negative_and_missing_days_count_as_none_and_as_not_known():
    seen = _steady()
    seen[0, -2] = -500.0
    seen[1, -5:] = np.nan
    outlook = _fortnight(seen, _known(seen))

    assert outlook.mean_total(np.full(40, 14.0))[0] > 90
    assert outlook.mean_total(np.full(40, 14.0))[1] == pytest.approx(140, rel=0.2)


def test_a_closed_week_behind_changes_nothing_and_one_ahead_asks_for_nothing():
    seen, is_known = _steady(), _known(_steady())
    seen[:, -7:] = 0.0
    is_known[:, -7:] = False
    is_open = np.ones((40, 14), dtype=bool)
    is_open[:, :7] = False
    open_days = _fortnight(seen, is_known)
    closed_days = _fortnight(seen, is_known, is_open=is_open)

    assert open_days.mean_total(np.full(40, 14.0)).mean() == pytest.approx(140, rel=0.05)
    assert (closed_days.mean_total(np.full(40, 7.0)) == 0).all()
    assert closed_days.mean_total(np.full(40, 14.0)).mean() == pytest.approx(70, rel=0.05)


def test_nothing_depends_on_the_scale():
    seen = np.random.default_rng(8).negative_binomial(2, 0.2, (40, DAYS)).astype(float)
    one = _fortnight(seen, _known(seen))
    seven = _fortnight(7 * seen, _known(seen))

    np.testing.assert_allclose(seven.expected, 7 * one.expected, rtol=1e-6)
    np.testing.assert_allclose(seven.clump, 7 * one.clump, rtol=1e-6)
    np.testing.assert_allclose(seven.doubt, one.doubt, atol=1e-9)


def test_the_same_history_always_gives_the_same_forecast():
    seen = _steady()

    assert (_fortnight(seen, _known(seen)).through == _fortnight(seen, _known(seen)).through).all()
