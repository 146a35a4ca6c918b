"""What one pharmacy should hand to another."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.shortage import Outlook
from models.transfers import Holding, Trip, suggest

TOWN = (52.5, 13.4)
NEAR = (52.51, 13.4)
TRIP = Trip(fixed_minor=100.0, minor_per_km=20.0, most_km=30.0)


def _outlook(daily, clump=1.0):
    return Outlook.of_days(np.full((1, 60), daily), np.array([clump]), np.array([0.01]))


def _holding(pharmacy, lots, daily, *, at=TOWN, medicine=1, delivery=10.0, expired=300.0):
    return Holding(pharmacy, medicine, at, tuple(lots), delivery, _outlook(daily), 500.0, expired)


GIVER = _holding(1, [(40, 20)], 0.5)
TAKER = _holding(2, [], 3.0, at=NEAR)


def test_what_would_expire_here_goes_where_it_is_missed_and_both_gain():
    (found,) = suggest([GIVER, TAKER], TRIP)

    assert (found.giver, found.taker, found.lot) == (0, 1, 0)
    assert 25 <= found.units <= 40
    assert 20 < found.spared_units <= found.units
    assert found.saved_units <= found.units
    assert found.giver_gain_minor > 0 < found.taker_gain_minor
    assert found.km == pytest.approx(1.1, abs=0.1)
    assert found.confidence == min(found.runs_out_at_b, found.left_at_a) > 0.9


def test_nothing_moves_that_sells_where_it_is_or_is_not_missed_elsewhere():
    sells = _holding(1, [(40, 20)], 4.0)
    stocked = _holding(2, [(60, 300)], 3.0, at=NEAR)

    assert suggest([sells, TAKER], TRIP) == []
    assert suggest([GIVER, stocked], TRIP) == []


def test_nothing_moves_too_far_or_for_less_than_the_way_costs():
    assert suggest([GIVER, replace(TAKER, at=(53.5, 13.4))], TRIP) == []
    assert suggest([GIVER, TAKER], replace(TRIP, fixed_minor=1e6)) == []
    assert suggest([replace(GIVER, expired_minor=0.0), TAKER], TRIP) == []


def test_a_lot_that_expires_on_the_way_stays():
    assert suggest([_holding(1, [(40, 1)], 0.5), TAKER], TRIP) == []


def test_no_more_goes_than_may_be_missed_there_from_a_lot_that_lasts():
    lasts = _holding(1, [(400, 300)], 0.5)
    (found,) = suggest([lasts, TAKER], TRIP)

    # Three a day for ten days, and what nine of ten cases need beside.
    assert 30 < found.units <= 39
    assert found.rest_units == 0
    # It is the rule that holds it back: where it may take all that would expire some day, far more goes.
    (without,) = suggest([lasts, TAKER], replace(TRIP, rest_days=1000.0))
    assert without.units > 100
    assert without.rest_units >= without.units - 39


def test_a_rest_goes_along_that_would_expire_here_and_sells_there():
    (found,) = suggest([_holding(1, [(200, 20)], 0.5), TAKER], TRIP)

    assert found.rest_units > 0
    assert found.units - found.rest_units <= 39
    # Of nineteen days at three a day, what nine of ten cases sell.
    assert 39 < found.units <= 19 * 3 - 9


def test_no_rest_goes_along_that_would_sell_here_or_not_there():
    sells_here = _holding(1, [(45, 20)], 2.2)
    sells_hardly_there = replace(TAKER, delivery_days=18.0)
    for giver, taker in ((sells_here, TAKER), (_holding(1, [(200, 20)], 0.5), sells_hardly_there)):
        assert all(one.rest_units == 0 for one in suggest([giver, taker], TRIP))


def test_another_medicine_is_no_help():
    assert suggest([GIVER, replace(TAKER, medicine=2)], TRIP) == []


def test_two_that_run_short_share_what_there_is():
    other = _holding(3, [], 3.0, at=NEAR)
    found = suggest([GIVER, TAKER, other], TRIP)

    assert sum(one.units for one in found) <= 40
    assert all(one.giver == 0 for one in found)


def test_one_shortage_is_not_mended_twice():
    second = _holding(3, [(40, 20)], 0.5, at=NEAR)
    found = suggest([GIVER, TAKER, second], TRIP)

    assert sum(one.saved_units for one in found) <= 30
    assert len(found) == 1


def test_a_lot_of_less_than_nothing_and_an_outlook_of_two_are_refused():
    with pytest.raises(ValueError, match="Holding 0"):
        suggest([_holding(1, [(-1, 5)], 1.0)], TRIP)
    two = Outlook.of_days(np.ones((2, 5)), np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="one item"):
        suggest([replace(GIVER, outlook=two)], TRIP)


LOT = st.tuples(st.integers(0, 25), st.integers(0, 40))
PLACE = st.builds(
    _holding,
    st.integers(1, 9),
    st.lists(LOT, max_size=3),
    st.sampled_from([0.0, 0.3, 1.0, 4.0]),
    at=st.sampled_from([TOWN, NEAR]),
    medicine=st.integers(1, 2),
    delivery=st.sampled_from([3.0, 10.0]),
)


@given(st.lists(PLACE, min_size=2, max_size=5))
def test_nothing_is_promised_twice_and_both_always_gain(holdings):
    found = suggest(holdings, TRIP)
    promised = Counter()
    for one in found:
        promised[one.giver, one.lot] += one.units
        assert one.units > 0
        assert 0 <= one.rest_units <= one.units
        assert one.rest_units == 0 or holdings[one.giver].lots[one.lot][1] <= TRIP.rest_days
        assert one.giver_gain_minor > 0 < one.taker_gain_minor
        assert holdings[one.giver].medicine == holdings[one.taker].medicine
        assert holdings[one.giver].lots[one.lot][1] > TRIP.days
    assert all(units <= holdings[giver].lots[lot][0] for (giver, lot), units in promised.items())
    assert not {one.giver for one in found} & {one.taker for one in found}
