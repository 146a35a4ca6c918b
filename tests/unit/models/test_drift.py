"""Whether a forecast that drifts is found, and one that does not is left in peace."""

from datetime import date, timedelta

import numpy as np
import pytest

from models.drift import ABOVE, BELOW, FALSE_ALARMS, TEST_COUNT, WEEK_ERROR, Scored, watched

FIRST = date(2024, 1, 1)
LEARNED, CHANGED = 84, 100


def _scores(values, promised=0.1, every=1):
    return [
        Scored(FIRST + timedelta(days=every * number), float(value), promised)
        for number, value in enumerate(values)
    ]


def _a_year(seed, factor=1.0, together=0.2, items=30):
    """Shares above and below what a mean with a half-life of 28 days and its first errors tell; it learns on."""
    random = np.random.default_rng(seed)
    days = LEARNED + 365
    level = np.where(np.arange(days) < LEARNED + CHANGED, 1.0, factor)
    shared = np.exp(random.normal(0, together, days) - together**2 / 2)
    came = random.poisson(random.uniform(2, 10, items)[:, None] * shared * level)
    errors = np.sort(came[:, 28:LEARNED] - came[:, 28:LEARNED].mean(axis=1, keepdims=True), axis=1)
    low, high = errors[:, 4], errors[:, 51]
    above, below = [], []
    keep = 0.5 ** (1 / 28)
    top = (came[:, :LEARNED] * keep ** np.arange(LEARNED)[::-1]).sum(axis=1)
    base = (keep ** np.arange(LEARNED)).sum()
    for day in range(LEARNED, days):
        told = top / base
        above.append((came[:, day] > told + high + 0.5).mean())
        below.append((came[:, day] < told + low - 0.5).mean())
        top, base = keep * top + came[:, day], keep * base + 1
    return above, below


def test_a_forecast_that_keeps_its_promise_is_left_in_peace_for_forty_years():
    for seed in range(40):
        above, below = _a_year(seed)
        assert watched(ABOVE, _scores(above)).since is None, seed
        assert watched(BELOW, _scores(below)).since is None, seed


def test_a_doubled_level_is_found_within_three_weeks_and_forgotten_once_learned():
    for seed in range(10):
        above, _ = _a_year(seed, factor=2.0)
        assert watched(ABOVE, _scores(above[:CHANGED])).since is None
        found = watched(ABOVE, _scores(above[: CHANGED + 21])).since
        assert found is not None
        assert (found - FIRST).days >= CHANGED
        assert watched(ABOVE, _scores(above)).since is None


def test_false_alarms_stay_at_the_stated_rate_where_everything_happens_to_all_items_at_once():
    # The worst that keeps the promise on average: on some days every item is above, on the others none is.
    random = np.random.default_rng(7)
    years = 300
    found = sum(
        watched(ABOVE, _scores(random.random(365) < 0.15)).since is not None for _ in range(years)
    )
    assert found <= years * FALSE_ALARMS
    # And the same test is awake: a quarter more days are found in most years.
    broken = sum(
        watched(ABOVE, _scores(random.random(365) < 0.4)).since is not None for _ in range(20)
    )
    assert broken >= 15


def test_three_times_the_promised_error_of_weeks_is_found_within_four_months():
    random = np.random.default_rng(3)
    kept = random.gamma(20, 1.8 / 20, 52)
    assert watched(WEEK_ERROR, _scores(kept, promised=1.8, every=7)).since is None
    worse = np.concatenate([kept[:20], 3 * kept[20:37]])
    found = watched(WEEK_ERROR, _scores(worse, promised=1.8, every=7)).since
    assert found is not None
    assert found >= FIRST + timedelta(days=140)


def test_one_huge_week_is_no_drift():
    weeks = [1.8] * 20 + [1e6] + [1.8] * 3
    assert watched(WEEK_ERROR, _scores(weeks, promised=1.8, every=7)).since is None


def test_without_scores_nothing_is_said():
    nothing = watched(ABOVE, [])
    assert (nothing.recent, nothing.promised, nothing.allowed) == (None, None, None)
    assert (nothing.score_count, nothing.since) == (0, None)


def test_what_was_promised_is_what_is_allowed_and_a_little_more():
    told = watched(ABOVE, _scores([0.12] * 30, promised=0.12))
    assert told.recent == pytest.approx(0.12)
    assert told.allowed == pytest.approx(0.17)
    assert told.threshold == pytest.approx(365 * TEST_COUNT / FALSE_ALARMS)
