"""When a shortage is foretold, and how that is judged."""

import numpy as np
import pytest

from models.shortage import Outlook
from models.shortage_alerts import (
    HORIZON,
    Curve,
    Shelf,
    calibration,
    chance_of_shortage,
    judged,
    new_shortage,
    share_run_out,
)


def _outlook(count, mean=10.0, clump=1.0, doubt=0.0):
    return Outlook.of_days(
        np.full((count, HORIZON), mean), np.full(count, clump), np.full(count, doubt)
    )


def _shelf(stock, due=0, due_on=3, minimum=0.0, quantity=200.0):
    stock = np.atleast_1d(np.array(stock))
    coming = np.zeros((len(stock), 7), dtype=np.int64)
    coming[:, due_on] = due
    return Shelf(stock, coming, np.full(len(stock), minimum), np.full(len(stock), quantity), 7)


def test_less_stock_is_more_danger_and_what_is_out_is_no_new_shortage():
    chance = chance_of_shortage(_shelf([0, 5, 140, 1000]), _outlook(4), np.random.default_rng(1))

    assert chance[0] == 0
    assert chance[1] == 1
    assert 0.2 < chance[2] < 0.8
    assert chance[3] == 0


def test_what_is_on_its_way_counts_from_the_day_it_comes():
    rng = np.random.default_rng(1)
    in_time = chance_of_shortage(_shelf([35], due=200, due_on=3), _outlook(1, mean=8.0), rng)
    too_late = chance_of_shortage(_shelf([35], due=200, due_on=6), _outlook(1, mean=8.0), rng)

    assert in_time < 0.1 < 0.9 < too_late


def test_an_order_at_the_minimum_is_there_a_lead_time_later():
    sure = np.full((1, 1, HORIZON), 10)
    ordered_soon = share_run_out(_shelf([85], minimum=75.0), sure)
    ordered_late = share_run_out(_shelf([85], minimum=45.0), sure)

    assert ordered_soon == 0
    assert ordered_late == 1


def test_a_shortage_is_new_only_where_something_was_there():
    stock = np.zeros((3, 20), dtype=np.int64)
    stock[0] = 5
    stock[1, :4] = 5
    stock[2, :] = 5
    stock[2, 18:] = 0

    assert new_shortage(stock, 3).tolist() == [False, True, False]
    assert new_shortage(stock, 4).tolist() == [False, False, True]


def test_thresholds_and_recall_are_those_counted_by_hand():
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    happened = np.array([True, False, True, True, False])
    curve = Curve.of(scores, happened)

    assert curve.at_precision(0.75) == (1.0, 0.6)
    assert curve.at_precision(0.9) == (pytest.approx(1 / 3), 0.9)
    assert curve.at_precision(1.01) == (0.0, float("inf"))
    assert judged(scores >= 0.7, happened) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_equal_scores_are_alerted_together():
    curve = Curve.of(np.array([0.5, 0.5, 0.5]), np.array([True, False, False]))

    assert curve.at_precision(0.5) == (0.0, float("inf"))


def test_without_a_shortage_no_alert_can_be_judged():
    with pytest.raises(ValueError, match="No shortage happened"):
        Curve.of(np.array([0.5]), np.array([False]))


def test_chances_are_held_against_what_came_in_steps():
    steps = calibration(np.array([0.05, 0.05, 0.95, 0.0]), np.array([False, True, True, True]))

    assert steps == [(pytest.approx(0.05), 0.5, 2), (pytest.approx(0.95), 1.0, 1)]
