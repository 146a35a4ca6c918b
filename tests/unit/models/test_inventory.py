"""Stock by lots against what may be asked for."""

import numpy as np
import pytest

from models.inventory import assess, sellable
from models.shortage import Outlook

LONG = 1000.0


def _outlook(daily=10.0, days=28, count=1, clump=1.0, doubt=0.0):
    return Outlook.of_days(
        np.full((count, days), daily), np.full(count, clump), np.full(count, doubt)
    )


def _assess(lots, expires_in, outlook, delivery=7.0):
    lots, expires_in = (np.atleast_2d(np.array(one, dtype=float)) for one in (lots, expires_in))
    return assess(lots, expires_in, outlook, np.full(len(lots), delivery))


def test_what_is_sure_to_be_asked_for_is_counted_by_hand():
    risk = _assess([35.0, 20.0], [LONG, LONG], _outlook(clump=0.0))

    assert risk.cover_days == risk.cover_days_low == risk.cover_days_high == 5
    assert risk.runs_out == 1
    assert risk.short_units == pytest.approx(15)
    assert risk.overstock_units == 0
    assert risk.expiring_units == 0


def test_first_expiry_goes_first_and_what_is_left_over_expires():
    lots, expires_in = np.array([[100.0, 30.0]]), np.array([[20.0, 2.0]])

    assert sellable(lots, expires_in, _outlook(clump=0.0)) == 120
    risk = _assess(lots[0], expires_in[0], _outlook(clump=0.0))
    assert risk.expiring_units == pytest.approx(10)
    assert risk.cover_days == 12


def test_a_lot_that_expires_before_the_delivery_does_not_save_from_running_out():
    fresh = _assess([100.0], [LONG], _outlook())
    stale = _assess([100.0], [3.0], _outlook())

    assert fresh.runs_out < 0.01
    assert stale.runs_out > 0.99
    assert stale.expiring_units == pytest.approx(70, rel=0.05)


def test_doubt_widens_the_days_of_cover_and_lowers_no_certainty():
    sure, doubted = (
        _assess([140.0], [LONG], _outlook()),
        _assess([140.0], [LONG], _outlook(doubt=0.1)),
    )

    assert doubted.cover_days_low < sure.cover_days_low <= sure.cover_days <= sure.cover_days_high
    assert doubted.cover_days_high > sure.cover_days_high


def test_the_chance_is_that_of_the_total_where_nothing_expires():
    outlook = _outlook(clump=2.0, doubt=0.02)
    risk = _assess([75.0], [LONG], outlook)

    assert risk.runs_out == pytest.approx(
        outlook.chance_above(np.array([7.0]), np.array([75.0])), abs=0.011
    )


def test_no_demand_never_runs_out_and_all_of_it_is_too_much():
    risk = _assess([5.0], [LONG], _outlook(daily=0.0))

    assert risk.runs_out == 0
    assert np.isinf(risk.cover_days)
    assert risk.overstock_units == 5
    soon = _assess([5.0], [9.0], _outlook(daily=0.0))
    assert soon.expiring_units == 5


def test_an_empty_shelf_covers_no_day_and_runs_out():
    risk = _assess([0.0], [0.0], _outlook())

    assert risk.cover_days == risk.cover_days_high == 0
    assert risk.runs_out == 1


def test_a_closed_week_uses_nothing_up():
    expected = np.full((1, 28), 10.0)
    expected[:, :7] = 0.0
    closed = Outlook.of_days(expected, np.zeros(1), np.zeros(1))
    risk = _assess([30.0], [LONG], closed)

    assert risk.runs_out == 0
    assert risk.cover_days == 10


@pytest.mark.parametrize("bad", [-1.0, np.nan])
def test_a_negative_or_missing_number_of_units_is_refused(bad):
    with pytest.raises(ValueError, match="negative or missing"):
        _assess([bad], [5.0], _outlook())


def test_arrays_of_different_items_are_refused():
    with pytest.raises(ValueError, match="same items"):
        assess(np.ones((2, 1)), np.ones((2, 1)), _outlook(), np.ones(2))


def test_nothing_depends_on_the_unit():
    packs = _assess([90.0, 30.0], [LONG, 4.0], _outlook(clump=2.0, doubt=0.03))
    milli = _assess(
        [90_000.0, 30_000.0], [LONG, 4.0], _outlook(daily=10_000.0, clump=2000.0, doubt=0.03)
    )

    assert milli.runs_out == packs.runs_out
    assert milli.cover_days == packs.cover_days
    assert milli.expiring_units == pytest.approx(1000 * packs.expiring_units)
