"""What to order for the money there is, against every list there is."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reorder import Choice, Need, reorder_list
from models.shortage import Outlook

LEAST = st.integers(1, 3)


@st.composite
def _choice(draw, least=LEAST):
    """Steps whose worth falls, as those of `Need` do: the first of some packs, each further one of one."""
    price = draw(st.integers(1, 9))
    packs = (draw(least), *[1] * draw(st.integers(0, 3)))
    each = sorted(
        draw(st.lists(st.integers(-6, 30), min_size=len(packs), max_size=len(packs))), reverse=True
    )
    worths = tuple(float(worth * count) for worth, count in zip(each, packs, strict=True))
    return Choice(tuple(price * count for count in packs), worths, packs)


def _lists(choices):
    for steps in product(*(range(len(one.costs) + 1) for one in choices)):
        cost = sum(sum(one.costs[:k]) for one, k in zip(choices, steps, strict=True))
        worth = sum(sum(one.worths[:k]) for one, k in zip(choices, steps, strict=True))
        yield cost, worth


def _sums(orders):
    return sum(one.cost_minor for one in orders), sum(one.worth_minor for one in orders)


SMALL = st.lists(_choice(), min_size=1, max_size=4)


@given(SMALL, st.integers(0, 80))
def test_the_budget_holds_and_the_list_is_at_least_half_as_good_as_the_best(choices, budget):
    cost, worth = _sums(reorder_list(choices, budget))
    best = max(worth for cost, worth in _lists(choices) if cost <= budget)

    assert cost <= budget
    assert worth >= best / 2 - 1e-9


@given(SMALL)
def test_with_money_enough_the_list_is_the_best(choices):
    _, worth = _sums(reorder_list(choices, 10_000))

    assert worth == pytest.approx(max(worth for _, worth in _lists(choices)))


@given(st.lists(_choice(least=st.just(1)), min_size=1, max_size=4), st.integers(0, 12))
def test_where_every_pack_costs_the_same_the_list_is_the_best(choices, budget):
    choices = [Choice((5,) * len(one.costs), one.worths, one.packs) for one in choices]
    _, worth = _sums(reorder_list(choices, budget * 5))

    assert worth == pytest.approx(max(w for cost, w in _lists(choices) if cost <= budget * 5))


@given(SMALL, st.integers(0, 80), st.integers(0, 60))
def test_less_than_a_supplier_delivers_for_is_not_ordered(choices, budget, least):
    cost, worth = _sums(reorder_list(choices, budget, least))

    assert cost == 0 or least <= cost <= budget
    assert worth >= 0


@given(SMALL, st.integers(0, 80), st.integers(0, 20))
def test_more_money_orders_no_worse_than_half(choices, budget, more):
    _, worth = _sums(reorder_list(choices, budget))
    _, richer = _sums(reorder_list(choices, budget + more))

    assert richer >= worth / 2 - 1e-9


def test_a_dear_item_worth_more_than_all_that_is_cheap_is_not_crowded_out():
    cheap = Choice((1,), (3.0,), (1,))
    dear = Choice((10,), (20.0,), (1,))

    assert _sums(reorder_list([cheap, dear], 10)) == (10, 20.0)


def test_a_list_too_small_is_filled_up_with_the_least_harm():
    choices = [Choice((4, 4), (10.0, -1.0), (1, 1)), Choice((4, 4), (9.0, -3.0), (1, 1))]

    assert _sums(reorder_list(choices, 20, 12)) == (12, 18.0)
    assert reorder_list(choices, 20, 17) == []
    assert reorder_list(choices, 11, 12) == []


def test_money_below_nothing_and_packs_for_nothing_are_refused():
    with pytest.raises(ValueError, match="neither may be negative"):
        reorder_list([], -1)
    with pytest.raises(ValueError, match="Row 0"):
        reorder_list([Choice((0,), (1.0,), (1,))], 10)


def _need(position, *, daily=10.0, sell_days=200.0, short=100.0):
    count = len(position)
    outlook = Outlook.of_days(
        np.full((count, 28), daily), np.full(count, 2.0), np.full(count, 0.02)
    )
    return Need(
        outlook, np.array(position), np.full(count, 15.0), np.full(count, sell_days),
        np.full(count, 10.0), np.full(count, 2), np.full(count, 500), np.full(count, short),
    )  # fmt: skip


def test_later_packs_are_worth_less_and_who_has_enough_needs_none():
    empty, full = _need([0.0, 2000.0]).choices()

    assert empty.costs[0] == 1000
    assert empty.packs[0] == 2
    ratios = np.array(empty.worths) / np.array(empty.costs)
    assert (np.diff(ratios) <= 1e-9).all()
    assert full.worths[0] <= 0
    orders = reorder_list([empty, full], 100_000)
    assert [one.row for one in orders] == [0]


def test_little_money_goes_to_whom_it_helps_most():
    orders = reorder_list(_need([120.0, 0.0, 60.0]).choices(), 1000)

    assert [(one.row, one.packs) for one in orders] == [(1, 2)]


def test_what_expires_soon_is_ordered_less():
    long, short = (
        reorder_list(_need([0.0], sell_days=days).choices(), 100_000)[0] for days in (200.0, 12.0)
    )

    assert short.packs < long.packs


def test_reasons_are_numbers_before_and_after():
    told = _need([50.0, 500.0]).reasons(np.array([10, 0]))

    assert told.expected_units == pytest.approx(150)
    assert told.runs_out[0] > 0.99
    assert told.runs_out_after[0] < told.runs_out[0]
    assert told.short_units_saved[0] == pytest.approx(100, rel=0.15)
    assert told.confidence[0] > 0.99
    assert told.short_units_saved[1] == told.expiring_units_added[1] == 0
