"""What a model is told, against frames computed by hand."""

import numpy as np
import pytest

from models.baseline import HORIZON
from models.features import NAMES, Sums, active_at, features_at, spread_at
from tests.unit.models.town import panel, seasonal


def told(made, end=None):
    return features_at(made, Sums(made), made.day_count if end is None else end)


def named(made, day):
    """The features of the first item for a day ahead, by name."""
    return dict(zip(NAMES, told(made).values[0, day], strict=True))


def test_the_features_of_a_hand_made_item():
    # Four weeks of Mondays 9, else 1; Sundays closed. 28 days: 4 x (9 + 5 x 1) = 56 on 24 open days.
    week = [9, 1, 1, 1, 1, 1, 0]
    made = panel({(1, 1): week * 4})

    monday, sunday = named(made, 0), named(made, 6)

    mean = 56 / 24
    assert told(made).scale[0] == pytest.approx(mean * 1000)
    assert monday["mean_7"] == pytest.approx((14 / 6) / mean)
    assert monday["mean_28"] == pytest.approx(1.0)
    assert monday["same_weekday_8_weeks"] == pytest.approx(9 / mean)
    assert monday["same_weekday_last_week"] == pytest.approx(9 / mean)
    assert monday["has_last_year"] == 0
    assert monday["last_year_level"] == pytest.approx(1.0)
    assert monday["weekday_0"] == 1
    assert monday["weekday_6"] == 0
    assert monday["days_ahead"] == pytest.approx(1 / 28)
    angle = 2 * np.pi * 34 / 365.25  # 3 February is day 34
    assert monday["sin_year"] == pytest.approx(np.sin(angle))
    assert monday["cos_half_year"] == pytest.approx(np.cos(2 * angle))
    assert sunday["weekday_6"] == 1
    assert sunday["same_weekday_8_weeks"] == pytest.approx(1.0)  # never open: the mean stands in


def test_a_pharmacy_closed_on_sundays_is_not_expected_to_open_on_one():
    made = panel({(1, 1): [3, 3, 3, 3, 3, 3, 0] * 5})

    share = told(made).open_share[0]

    assert share[:7].tolist() == [1, 1, 1, 1, 1, 1, 0]
    assert share[7:14].tolist() == share[:7].tolist()


def test_last_year_is_the_mean_around_the_day_364_days_before():
    made = panel({(1, 1): [2] * 364 + [4] * 60})

    first = named(made, 0)

    # 60 days into the second level: day 61 a year ago (day 60) and ten days on both sides held 2.
    assert first["has_last_year"] == 1
    assert first["last_year_level"] == pytest.approx(2000 / told(made).scale[0])
    assert first["last_year_change"] == pytest.approx(4000 / told(made).scale[0])


def test_no_feature_looks_past_the_eve():
    made = seasonal(500)
    past = made.until(430)

    seen, blind = told(made, 430), told(past)

    assert np.array_equal(seen.values, blind.values)
    assert np.array_equal(seen.scale, blind.scale)
    assert np.array_equal(seen.open_share, blind.open_share)


def test_there_is_a_name_for_every_feature():
    made = seasonal(60)

    assert told(made).values.shape == (len(made.items), HORIZON, len(NAMES))
    assert np.isfinite(told(made).values).all()


def test_an_item_of_a_silent_pharmacy_or_known_too_short_is_not_active():
    made = panel({(1, 1): [1] * 80, (2, 1): [1] * 40 + [0] * 40, (1, 2): [0] * 70 + [1] * 10})

    assert active_at(made, made.day_count).tolist() == [True, False, False]


def test_the_spread_of_a_quiet_item_is_not_zero():
    made = panel({(1, 1): [0, 8] * 100 + [0] * 91, (1, 2): [1] * 291})

    quiet, steady = spread_at(made, made.day_count)[[0, 1]]

    assert quiet > 0
    assert steady == 0
