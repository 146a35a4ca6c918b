"""The figures of a foretold risk: right on rows one can count by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from models.no_show import Booked
from models.no_show_evaluation import (
    AGE_UNKNOWN,
    Scores,
    age_band,
    calibration_error,
    called,
    fairness,
    tenths,
)

DAY = date(2026, 3, 2)


def visits(count, **differs):
    told = {"age": 30, "sex": "F", "neighbourhood": "Harbour"}
    return [
        Booked("asha", DAY, DAY + timedelta(days=1 + row % 2), False, **{**told, **differs})
        for row in range(count)
    ]


def test_a_method_that_knows_nothing_scores_the_share_and_has_no_slope():
    labels = np.array([1.0, 0, 0, 0] * 10)
    told = Scores.of(np.full(40, 0.25), labels)
    assert (told.auc, told.average_precision) == (0.5, 0.25)
    assert told.brier == pytest.approx(0.1875)
    assert told.slope is None


def test_a_method_that_knows_all_scores_one():
    labels = np.array([0.0] * 30 + [1.0] * 10)
    told = Scores.of(np.where(labels == 1, 0.9, 0.1), labels)
    assert (told.auc, told.average_precision) == (1, 1)


def test_risks_twice_too_high_are_seen_as_such():
    random = np.random.default_rng(1)
    right = random.uniform(0.05, 0.45, 20_000)
    labels = (random.random(20_000) < right).astype(float)
    assert calibration_error(right, labels) < 0.02
    assert Scores.of(right, labels).slope == pytest.approx(1, abs=0.1)
    assert calibration_error(2 * right, labels) == pytest.approx(0.25, abs=0.02)


def test_tenths_are_by_risk_and_leave_nobody_out():
    risks, labels = np.linspace(0, 1, 25), np.zeros(25)
    told = tenths(risks, labels)
    assert len(told) == 10
    assert sum(count for _, _, count in told) == 25
    assert [low for low, _, _ in told] == sorted(low for low, _, _ in told)


def test_each_day_its_own_likeliest_are_called():
    made = visits(20)
    risks = np.where([one.visit_on == DAY + timedelta(days=1) for one in made], 0.9, 0.1)
    risks[1], risks[3] = 0.3, 0.2
    chosen = called(made, risks, share=0.2)
    assert chosen.sum() == 4
    assert chosen[[1, 3]].tolist() == [1, 1]


def test_the_table_of_fairness_counts_groups_by_hand():
    made = [*visits(10, sex="F"), *visits(10, sex="M", age=None)]
    risks = np.array([0.6] * 10 + [0.2] * 10)
    labels = np.array([1.0] * 5 + [0.0] * 5 + [0.0] * 10)
    table = fairness(made, risks, labels)
    women, men = table["sex"]
    assert (women.name, women.visits, women.missed, women.too_high) == (
        "F",
        10,
        0.5,
        pytest.approx(0.1),
    )
    assert (women.called, women.right) == (0.4, 1.0)
    assert (men.called, men.right) == (0.0, None)
    assert [group.name for group in table["age"]] == ["18-39", AGE_UNKNOWN]
    assert table["neighbourhood"] == []


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, "0-17"), (17, "0-17"), (18, "18-39"), (65, "65 and over"), (None, AGE_UNKNOWN)],
)
def test_ages_fall_into_bands(age, band):
    assert age_band(age) == band
