"""What is kept of a method for each class: errors, how its quantiles held, and what ordering by it would have cost."""

import numpy as np
import pytest

from models.baseline import MEAN_28
from models.choice import choices_of
from models.dataset import panel_of
from models.evaluation import Trial, compare
from models.mixing import NEW, SMOOTH
from models.training import choices_made, learn
from tests.unit.models.town import FIRST, rows, seasonal


@pytest.fixture(scope="module")
def town():
    made = seasonal(200, items=3)
    return made, Trial.of(made)


def oracle(trial: Trial) -> np.ndarray:
    """What came, told before."""
    return np.nan_to_num(trial.came)


def only(choices):
    assert len(choices) == 1
    return choices[0]


def test_who_knows_what_comes_is_never_wrong_and_leaves_nobody_without(town):
    made, trial = town
    knows = only(choices_of(trial, made, "oracle", oracle(trial), 6.0, [SMOOTH]))
    nothing = only(choices_of(trial, made, "nothing", np.zeros_like(trial.came), 6.0))

    assert knows.kind == SMOOTH
    assert knows.is_used
    assert not nothing.is_used
    assert knows.total_error == knows.week_error == knows.rmsse == knows.pinball == 0
    assert knows.above_high == knows.total_above_high == 0
    assert knows.short_milli == 0
    assert nothing.total_error is not None
    assert nothing.total_error > 5
    assert nothing.short_milli is not None
    assert nothing.short_milli > 1000
    assert (knows.series_count, knows.origin_count) == (3, 9)


def test_who_tells_too_much_has_packs_expire(town):
    made, trial = town
    much = only(choices_of(trial, made, "much", 5 * oracle(trial), None))

    assert much.expired_milli is not None
    assert much.expired_milli > 1000
    assert much.seconds is None


def test_who_was_asked_at_the_reported_origins_alone_is_measured(town):
    made, trial = town
    some = oracle(trial).copy()
    some[: trial.origins.reported.start] = np.nan
    some[trial.origins.reported.stop :] = np.nan

    assert only(choices_of(trial, made, "late", some, 1.0)).total_error == 0


def test_who_said_nothing_has_no_figures(town):
    made, trial = town
    silent = only(choices_of(trial, made, "silent", np.full_like(trial.came, np.nan), 1.0))

    assert silent.total_error is silent.rmsse is silent.pinball is silent.short_milli is None


def test_the_time_is_shared_out_by_the_number_of_items_and_every_class_has_one_method():
    sold = {(1, number): [9, 10, 11, 9, 12, 8, 0] * 28 for number in range(3)}
    sold[(1, 9)] = [0] * 130 + [5, 6, 4, 5, 7, 3, 0] * 9 + [5] * 3
    made = panel_of(rows(sold), until=FIRST.replace(year=2025, month=7, day=20))
    comparison = compare(made)
    choices = choices_made(made, learn(made, comparison), comparison)

    kinds = {choice.kind for choice in choices}
    assert kinds == {SMOOTH, NEW}
    for kind in kinds:
        assert sum(choice.is_used for choice in choices if choice.kind == kind) == 1
    mean = {choice.kind: choice.seconds for choice in choices if choice.method == MEAN_28}
    assert mean[SMOOTH] == pytest.approx(3 * mean[NEW])
    assert sum(mean.values()) == pytest.approx(comparison.seconds[MEAN_28])
