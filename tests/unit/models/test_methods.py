"""The methods: what the simple ones say, and that the ridge beats them where there is something to learn."""

import numpy as np
import pytest

from models import regression
from models.baseline import HORIZON, MEAN_28, SEASONAL_NAIVE, mean_28, seasonal_naive
from models.evaluation import champion_of, compare, origins_of
from models.mixing import INTERMITTENT, LEVEL_MIX, NEW, SEASONAL, SMOOTH
from models.regression import RIDGE, Lessons, TooLittleHistory
from tests.unit.models.town import panel, seasonal


def test_the_seasonal_naive_forecast_is_the_last_week_again():
    made = panel({(1, 1): [9] * 7 + [1, 2, 3, 4, 5, 6, 7]})

    told = seasonal_naive(made)

    assert told.shape == (1, HORIZON)
    assert told[0, :7].tolist() == [1000, 2000, 3000, 4000, 5000, 6000, 7000]
    assert told[0, 21:].tolist() == told[0, :7].tolist()


def test_the_28_day_mean_counts_closed_days_and_leaves_out_unknown_ones():
    made = panel({(1, 1): [100] + [4, 0] * 14, (1, 2): [0] * 22 + [6, 1, 6, 1, 6, 1, 6]})

    told = mean_28(made)

    assert told[0, 0] == pytest.approx(2000)
    assert told[1, 0] == pytest.approx(27_000 / 7)


def test_the_ridge_beats_both_baselines_on_a_fixed_seasonal_series():
    comparison = compare(seasonal(620, items=3))

    assert len(comparison.origins) == 26
    assert comparison.champions[SMOOTH] == RIDGE
    ratio = comparison.relative_error(RIDGE)
    naive = comparison.relative_error(SEASONAL_NAIVE)
    assert ratio is not None
    assert ratio < 0.9
    assert naive is not None
    assert ratio < naive


def test_where_there_is_nothing_to_learn_the_ridge_is_not_used():
    # Pure noise around one level: only a longer mean, which the mix has, can beat the mean by more than luck.
    comparison = compare(seasonal(200, items=4, expected=lambda item, day: 3.0))
    ratio = comparison.relative_error()

    assert set(comparison.champions.values()) <= {MEAN_28, LEVEL_MIX}
    assert ratio is not None
    assert ratio <= 1


def test_the_same_data_give_the_same_forecast():
    first, second = (Lessons.of(made).fit(400).forecast(made) for made in (seasonal(400),) * 2)

    assert np.array_equal(first, second)
    assert (first >= 0).all()
    assert first.sum() > 0


def test_a_fit_learns_nothing_from_days_after_it():
    made = seasonal(400)

    late = Lessons.of(made).fit(300)
    early = Lessons.of(made.until(300)).fit(300)

    assert np.allclose(late.coefficients, early.coefficients)


def test_too_little_history_is_a_sentence():
    made = seasonal(21)

    with pytest.raises(TooLittleHistory, match="too few to learn from"):
        Lessons.of(made).fit(made.day_count)


def test_origins_are_weekly_and_those_that_choose_are_over_when_the_first_reported_begins():
    for days in (200, 400, 1641):
        origins = origins_of(days)
        ends = np.array(origins.ends)
        assert set(np.diff(ends)) == {7}
        assert ends[-1] == days
        assert ends[origins.reported][-1] == days - HORIZON
        assert ends[origins.chosen][-1] + HORIZON == ends[origins.reported][0]
    assert (origins.chosen.stop, origins.reported.stop - origins.reported.start) == (52, 26)


def test_a_short_past_is_reported_and_nothing_is_chosen_on_it():
    assert origins_of(60).ends == (25, 32, 39, 46, 53, 60)
    assert origins_of(60).chosen == slice(0, 0)
    assert origins_of(60).reported == slice(0, 2)
    assert origins_of(40).ends == (40,)
    assert origins_of(40).reported == slice(0, 0)


def test_nothing_that_came_after_the_first_reported_origin_chooses():
    made, other = seasonal(240, items=3), seasonal(240, items=3)
    origins = origins_of(240)
    first = origins.ends[origins.reported.start]
    other.demand[:, first:] = np.random.default_rng(1).permuted(other.demand[:, first:], axis=1) * 3

    before, after = compare(made), compare(other)

    assert (before.trial.kinds == after.trial.kinds).all()
    assert before.champions == after.champions
    assert before.total_error_milli() != after.total_error_milli()


def test_a_class_without_items_has_the_champion_of_all_and_new_items_the_mean():
    comparison = compare(seasonal(240, items=3, expected=lambda item, day: 3.0))

    assert set(comparison.trial.kinds) == {SMOOTH}
    assert comparison.champions == {
        SMOOTH: LEVEL_MIX,
        SEASONAL: LEVEL_MIX,
        INTERMITTENT: LEVEL_MIX,
        NEW: MEAN_28,
    }


def test_the_mix_serves_where_it_was_better_and_the_ridge_where_a_year_shows_it_much_better():
    def chosen(mix: float, ridge: float, origin_count: int = 52) -> str:
        return champion_of({MEAN_28: 10.0, LEVEL_MIX: mix, RIDGE: ridge}, origin_count)

    assert chosen(10.0, 9.6) == MEAN_28
    assert chosen(9.9, 9.5) == LEVEL_MIX
    assert chosen(9.9, 9.4) == RIDGE
    assert chosen(9.9, 5.0, origin_count=51) == LEVEL_MIX
    assert chosen(10.1, 5.0, origin_count=51) == MEAN_28


def test_a_small_town_of_sixty_days_is_compared():
    comparison = compare(seasonal(60))

    assert len(comparison.origins) == 2
    assert comparison.relative_error(MEAN_28) == pytest.approx(1)
    assert set(comparison.champions.values()) == {MEAN_28}


def test_with_no_origin_the_mean_is_used_and_its_error_is_unknown():
    comparison = compare(seasonal(30))

    assert comparison.origins == ()
    assert set(comparison.champions.values()) == {MEAN_28}
    assert comparison.relative_error() is None


def test_an_all_zero_forecast_of_a_rare_medicine_is_not_the_best():
    # Sold on one day of three: zero has the smallest error per day, and the largest per 28 days.
    random = np.random.default_rng(3)
    rare = {(1, m): [int(sold) for sold in random.random(200) < 0.3] for m in range(6)}
    rare[(1, 9)] = [1] * 200
    comparison = compare(panel(rare))

    _, came, _ = comparison.trial.past(comparison.told[MEAN_28]).sums(HORIZON)
    zero = np.nanmean(came[comparison.trial.origins.reported])
    best = comparison.total_error_milli()
    assert best is not None
    assert best < zero / 2


def test_a_large_panel_is_thinned_by_turns_and_still_seen_at_every_season(monkeypatch):
    made = seasonal(500, items=4)
    whole = Lessons.of(made)
    monkeypatch.setattr(regression, "MOST_ROWS", 10_000)

    some = Lessons.of(made)

    assert len(whole.day) > 40_000
    assert 2_000 < len(some.day) <= 10_000
    assert len(np.unique(some.day)) > 400
    ratio = compare(made).relative_error(RIDGE)
    assert ratio is not None
    assert ratio < 0.9
