"""Level times season: what the ways say of steady, new, odd and broken histories."""

import numpy as np
import pytest

from models.baseline import HORIZON
from models.dataset import panel_of
from models.seasonal_level import HALF_LIVES, WAYS, is_rare, season, ways
from tests.unit.models.town import FIRST, medicine, panel, pharmacy, rows, seasonal


def test_a_steady_item_is_foretold_as_it_is_by_every_way():
    told = ways(panel({(1, 1): [5] * 500}))

    assert told.shape == (len(WAYS), 1, HORIZON)
    assert np.allclose(told, 5000)


def test_everything_in_other_units_is_foretold_in_other_units():
    made = seasonal(600)
    larger = type(made)(made.items, made.first_day, made.demand * 7, made.is_known, made.is_open)

    assert np.allclose(ways(larger), 7 * ways(made))


def test_nothing_after_the_end_is_read():
    made = seasonal(600)

    assert np.array_equal(ways(made.until(500)), ways(made.until(520).until(500)))


def test_the_season_of_two_years_is_found_again():
    made = seasonal(800, items=1, expected=lambda item, day: 40 * (1 + 0.5 * np.sin(day * 0.0172)))
    index = season(made)[0]
    true = 1 + 0.5 * np.sin(np.arange(800 + HORIZON) * 0.0172)

    assert np.abs(index - true / true.mean()).max() < 0.15


def test_less_than_a_year_has_no_season():
    made = seasonal(300)

    assert (season(made) == 1).all()


def test_weekdays_have_their_shape_and_a_closed_one_has_nothing():
    made = seasonal(200)
    told = ways(made)

    # The panel begins on a Monday; day 200 is a Friday, and two days on is the Sunday that is never open.
    sundays = [day for day in range(HORIZON) if (200 + day) % 7 == 6]
    assert np.allclose(told[:, :, sundays], 0)
    assert (told[:, :, (np.arange(HORIZON) + 200) % 7 != 6] > 0).all()


def test_a_new_product_of_three_days_has_the_mean_of_its_three_days():
    told = ways(panel({(1, 1): [9] * 60, (1, 2): [0] * 57 + [4, 4, 4]}))

    assert np.allclose(told[:, 1], 4000)


def test_nothing_but_zeros_is_foretold_as_nothing_and_not_as_not_a_number():
    made = panel({(1, 1): [5] * 100, (1, 2): [1] + [0] * 99})
    made.demand[1] = 0
    told = ways(made)

    assert np.isfinite(told).all()
    assert (told[:, 1] == 0).all()


def test_one_huge_outlier_is_held_down():
    odd = [5] * 380 + [500_000] + [5] * 19

    told = ways(panel({(1, 1): odd}))

    # Taken as a hundred packs, twenty days ago: not even the shortest memory says twice the usual.
    assert told.max() < 5000 * 2
    assert told.min() > 5000


def test_an_item_asked_for_once_is_not_held_down():
    told = ways(panel({(1, 1): [5] * 400, (1, 2): [0] * 379 + [40] + [0] * 20}))

    assert told[WAYS.index((0.0, 224)), 1].mean() == pytest.approx(40_000 / 21, rel=0.1)


def test_negative_rows_are_days_without_demand_and_of_two_rows_the_last_counts():
    frame = rows({(1, 1): [5] * 60, (1, 2): [7] * 60})
    frame.loc[frame.index[59], "sold_milli"] = -5000
    twice = frame.iloc[[80]].assign(sold_milli=9000)
    made = panel_of(
        frame.iloc[:0]._append(frame)._append(twice),
        until=FIRST.fromordinal(FIRST.toordinal() + 59),
    )

    assert made.demand.min() == 0
    assert made.demand[0, 59] == 0
    assert made.demand[1, 20] == 9000
    assert (ways(made) >= 0).all()


def test_a_closed_week_lowers_the_days_to_come_by_its_share_only():
    open_days = panel({(1, 1): [5] * 140})
    closed = panel({(1, 1): [5] * 126 + [0] * 7 + [5] * 7})

    ratio = ways(closed) / ways(open_days)

    # The level is learned from open days; the pharmacy was open in seven of the last eight weeks.
    assert np.allclose(ratio, 7 / 8)


def test_after_a_change_of_level_the_short_half_life_follows_sooner():
    told = ways(panel({(1, 1): [5] * 300 + [10] * 28}))
    levels = [told[WAYS.index((0.0, half_life)), 0].mean() for half_life in HALF_LIVES]

    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 8500
    assert levels[-1] < 6000


def test_masked_days_teach_nothing():
    made = panel({(1, 1): [5] * 400})
    masked = panel({(1, 1): [5] * 400})
    masked.is_known[0, 200:240] = masked.is_open[0, 200:240] = False
    masked.demand[0, 200:240] = 1e6

    assert np.allclose(ways(masked), ways(made))


def test_an_item_asked_for_on_one_day_of_three_is_rare():
    made = panel({(1, 1): [5] * 90, (1, 2): [1, 0, 0] * 30})

    assert is_rare(made).tolist() == [False, True]
    assert ways(made)[0, 1].mean() == pytest.approx(1000 / 3, rel=0.1)
    assert (pharmacy(1), medicine(2)) == made.items[1]
