"""How much to order."""

import numpy as np
import pytest

from models.inventory_policies import (
    Learned,
    OrderUpTo,
    Told,
    Way,
    last_year,
    newsvendor_quantile,
)
from models.inventory_replay import NEVER, Evening, FixedMinimum, Shop, Supply, replay
from models.shortage_course import YEAR, learn


def _supply(items=1, lead=7, shelf=NEVER, pack=1, least=1):
    return Supply(*(np.full(items, number) for number in (lead, shelf, pack, least)))


def _evening(stock, day=0, expires_in=NEVER, on_order=0):
    there = np.array([[stock]])
    return Evening(
        day, np.array([stock]), np.array([on_order]), there, np.array([[expires_in]]),
        np.array([0]), np.array([stock == 0]),
    )  # fmt: skip


def _told(daily=10, days=200):
    return Told(np.full((1, days), daily), 0)


def test_the_newsvendors_quantile_weighs_one_too_few_against_one_too_many():
    assert newsvendor_quantile(9.0, 1.0) == 0.9
    assert newsvendor_quantile(0.0, 1.0) == 0.0
    with pytest.raises(ValueError, match="no quantile"):
        newsvendor_quantile(0.0, 0.0)


def test_nothing_is_ordered_while_an_order_of_tomorrow_comes_in_time():
    policy = OrderUpTo(_told(), _supply(), Way(0.5, 10.0, None))

    assert policy.order(_evening(80)) == 0
    assert policy.order(_evening(79)) == 80 + 100 - 79
    assert policy.order(_evening(10, on_order=70)) == 0


def test_no_more_is_ordered_than_sells_before_it_expires():
    free = OrderUpTo(_told(), _supply(shelf=15), Way(0.5, 30.0, None))
    held = OrderUpTo(_told(), _supply(shelf=15), Way(0.5, 30.0, 0.1))

    assert free.order(_evening(50)) == 330
    # 21 days until it expires, less what is there and sells first.
    assert held.order(_evening(50)) == pytest.approx(160)


def test_stock_that_expires_unsold_does_not_count_as_there():
    policy = OrderUpTo(_told(), _supply(), Way(0.5, 0.0, 0.5))

    assert policy.order(_evening(100)) == 0
    assert policy.order(_evening(100, expires_in=3)) == pytest.approx(50)


def test_a_pack_that_would_mostly_expire_waits_until_more_would_be_missed():
    supply = _supply(lead=2, shelf=5, pack=100, least=100)
    policy = OrderUpTo(_told(daily=2), supply, Way(0.5, 0.0, 0.5))
    cared_for = OrderUpTo(_told(daily=2), supply, Way(0.5, 0.0, 0.5), short_cost=50.0)

    assert policy.order(_evening(3)) == 0
    assert cared_for.order(_evening(3)) > 0


def test_last_years_same_weeks_are_a_year_back():
    seen = np.zeros((1, YEAR), dtype=np.int64)
    seen[0, 10:20] = 7
    knows = last_year(seen)
    knows.see(_evening(0, day=YEAR + 9))

    assert knows.outlook().expected[0, :10].tolist() == [7.0] * 10
    assert knows.outlook().expected[0, 10] == 0


def test_perfect_foresight_misses_and_wastes_next_to_nothing():
    rng = np.random.default_rng(4)
    demand = rng.poisson(6, (20, 200))
    supply = _supply(items=20, shelf=25, pack=5, least=5)
    shop = Shop(np.full(20, 60), supply, most_late=0)
    record = replay(
        shop, OrderUpTo(Told(demand, 0), supply, Way(0.5, 3.0, 0.5)), demand,
        recorded=np.zeros(demand.shape),
    )  # fmt: skip

    assert record.refused.sum() == 0
    assert record.expired.sum() <= 0.001 * demand.sum()


def test_ours_misses_and_wastes_less_than_a_minimum_that_no_longer_fits():
    rng = np.random.default_rng(6)
    level = np.repeat(rng.uniform(4, 20, 60)[:, None], 3 * YEAR, axis=1)
    level[:30, YEAR:] *= 1.6
    level[30:, YEAR:] *= 0.5
    demand = rng.poisson(level)
    supply = _supply(items=60, shelf=30, pack=2, least=4)
    fixed = FixedMinimum(np.ceil(10 * level[:, 0]), np.ceil(21 * level[:, 0]))
    shop = Shop(np.ceil(20 * level[:, 0]).astype(np.int64), supply, most_late=0)
    noted = np.full(demand.shape, 0.5)
    before = replay(shop, fixed, demand[:, : 2 * YEAR], recorded=noted)
    seen, is_known = before.seen.astype(float), ~before.is_censored
    ours = OrderUpTo(
        Learned(learn(seen, is_known).level(seen, is_known)), supply, Way(0.95, 14.0, 0.1)
    )
    last = demand[:, 2 * YEAR :]
    plain = replay(shop.copy(), fixed, last, recorded=noted)
    learned = replay(shop.copy(), ours, last, recorded=noted)

    assert learned.refused.sum() < 0.3 * plain.refused.sum()
    assert learned.expired.sum() < 0.3 * plain.expired.sum()
