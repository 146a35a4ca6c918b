"""Which ways serve an item: weights by past errors, classes, and what is done without a past."""

import numpy as np
import pytest

from models.baseline import HORIZON, mean_28
from models.evaluation import compare
from models.mixing import (
    CLASSES,
    INTERMITTENT,
    LEVEL_MIX,
    NEW,
    ORIGINS,
    SEASONAL,
    SMOOTH,
    classes_of,
    mixed,
    weights_of,
)
from models.mixing_past import WaysPast
from models.training import learn
from tests.unit.models.town import panel, seasonal, served_by


def test_classes_are_told_by_season_by_rarity_and_by_age():
    wave = [round(20 + 12 * np.sin(day * 2 * np.pi / 365)) for day in range(800)]
    made = panel(
        {
            (1, 1): [10, 11, 9, 10, 12, 8, 10] * 114 + [10, 10],
            (1, 2): wave,
            (1, 3): [1, 0, 0, 0] * 200,
            (1, 4): [0] * 740 + [5] * 60,
        }
    )

    assert classes_of(made).tolist() == [SMOOTH, SEASONAL, INTERMITTENT, NEW]


def test_the_way_that_was_right_has_nearly_all_the_weight():
    errors = np.full((3, ORIGINS, 1), 10.0)
    errors[1] = 2.0

    weights = weights_of(errors, np.array([SMOOTH]))

    assert weights.of_item[0, 1] > 0.99
    assert weights.of_item.sum() == pytest.approx(1)


def test_an_item_with_a_short_past_is_served_as_its_class_is():
    errors = np.full((2, ORIGINS, 2), 10.0)
    errors[0, :, 0] = 5.0
    errors[:, 5:, 1] = np.nan
    errors[1, :5, 1] = 0.1

    weights = weights_of(errors, np.array([SMOOTH, SMOOTH]))

    assert weights.of_item[1] == pytest.approx(weights.of_class[CLASSES.index(SMOOTH)])


def test_other_units_give_the_same_weights():
    errors = np.random.default_rng(1).gamma(2, size=(4, 20, 3))
    kinds = np.array([SMOOTH, SEASONAL, SMOOTH])

    assert np.allclose(weights_of(errors, kinds).of_item, weights_of(errors * 7, kinds).of_item)


def test_a_series_of_zeros_is_served_by_all_ways_alike_and_is_a_number():
    weights = weights_of(np.zeros((4, ORIGINS, 1)), np.array([INTERMITTENT]))

    assert np.allclose(weights.of_item, 0.25)


def test_as_much_of_the_weight_as_is_missing_of_a_year_of_origins_is_the_28_day_mean_s():
    errors = np.full((3, ORIGINS // 4, 1), 10.0)
    errors[1] = 2.0

    weights = weights_of(errors, np.array([SMOOTH]))

    assert weights.of_item[0] == pytest.approx([0, 0.25, 0.75], abs=1e-6)
    assert weights.of_class[CLASSES.index(SMOOTH)] == pytest.approx([0, 0.25, 0.75], abs=1e-6)


def test_without_a_past_the_mix_is_the_28_day_mean():
    made = seasonal(60, items=3)

    told = WaysPast(made, 60 - HORIZON).forecast(40, learned_until=40)

    assert np.allclose(told, mean_28(made.until(40)))


def test_an_item_unknown_at_the_training_is_served_as_its_class_is():
    weights = weights_of(np.random.default_rng(1).gamma(2, size=(4, 20, 1)), np.array([SMOOTH]))

    made = weights.for_rows([None, 0], np.array([SMOOTH, SMOOTH]))

    assert np.allclose(made[0], weights.of_class[CLASSES.index(SMOOTH)])
    assert np.allclose(made[1], weights.of_item[0])


def test_weights_are_learned_only_from_windows_that_were_over():
    made = seasonal(500)
    changed = seasonal(500)
    changed.demand[:, 460:] *= 5

    before, after = (WaysPast(what, 500 - HORIZON).weights(460) for what in (made, changed))

    assert np.array_equal(before.of_item, after.of_item)
    assert not np.array_equal(
        WaysPast(made, 500 - HORIZON).weights(500).of_item,
        WaysPast(changed, 500 - HORIZON).weights(500).of_item,
    )


def test_a_mix_is_the_weighted_mean_of_its_ways():
    told = np.stack([np.full((1, HORIZON), 2.0), np.full((1, HORIZON), 6.0)])

    assert np.allclose(mixed(told, np.array([[0.75, 0.25]])), 3.0)


def test_the_mix_beats_the_28_day_mean_on_a_fixed_seasonal_series():
    comparison = compare(seasonal(600, items=3))
    ratio = comparison.relative_error(LEVEL_MIX)

    assert ratio is not None
    assert ratio < 0.9


def test_a_mix_that_is_used_survives_its_bytes_and_foretells_new_items():
    made = seasonal(240, items=3)
    comparison = compare(made)
    model = learn(made, served_by(LEVEL_MIX, comparison))
    again = type(model).from_bytes(model.to_bytes())

    more = seasonal(240, items=4)
    before, after = (each.forecast(more, more.last_day) for each in (model, again))

    assert model.method == LEVEL_MIX
    assert np.allclose(before.expected, after.expected, rtol=1e-4)
    assert before.expected.shape == (4, HORIZON)
    assert (before.expected.sum(axis=1) > 0).all()


def test_a_slip_of_the_keyboard_does_not_move_what_was_told_at_past_origins():
    def told(packs: int) -> float:
        sold = {(1, 1): [5] * 195 + [packs] + [5] * 4, (1, 2): [3] * 200}
        return float(WaysPast(panel(sold), 172).forecast(200, learned_until=172)[0].sum())

    # Held to twenty times the usual it still is a day of demand.
    assert told(5_000) == pytest.approx(told(100), rel=0.01)
