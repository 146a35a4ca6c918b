"""A shop replayed: lots, deliveries, packs, and what a policy may see."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.inventory_replay import NEVER, FixedMinimum, Shop, Supply, replay


def _supply(items=1, lead=2, shelf=NEVER, pack=1, least=1):
    return Supply(*(np.full(items, number) for number in (lead, shelf, pack, least)))


@dataclass
class Orders:
    """Orders what it is told, by day, and keeps what it saw."""

    units: list[int]

    def __post_init__(self):
        self.evenings = []

    def order(self, evening):
        self.evenings.append(evening)
        return np.array([float(self.units[evening.day])])


def _run(demand, policy, *, opening, supply=None, late=None, noted=0.0):
    demand = np.array([demand])
    late = None if late is None else np.array([late])
    shop = Shop(np.array([opening]), supply or _supply(), most_late=5)
    return replay(shop, policy, demand, recorded=np.full(demand.shape, noted), late=late)


def test_an_order_is_on_the_shelf_a_lead_time_later_and_late_when_it_is_late():
    record = _run([3, 3, 3, 3, 3], Orders([4, 6, 0, 0, 0]), opening=7, late=[0, 1, 0, 0, 0])

    assert record.received[0].tolist() == [0, 0, 4, 0, 6]
    assert record.sold[0].tolist() == [3, 3, 3, 2, 3]
    assert record.refused[0].tolist() == [0, 0, 0, 1, 0]
    assert record.stock[0].tolist() == [4, 1, 2, 0, 3]


def test_the_lot_that_expires_first_is_sold_first_and_what_is_left_of_it_is_thrown_away():
    record = _run(
        [0, 2, 2, 2, 2, 2], Orders([10, 0, 0, 0, 0, 0]), opening=5, supply=_supply(shelf=3)
    )

    assert record.expired[0].tolist() == [0, 0, 0, 1, 0, 6]
    assert record.sold[0].tolist() == [0, 2, 2, 2, 2, 0]
    assert record.stock[0, -1] == 0


def test_orders_are_whole_packs_and_at_least_the_least():
    supply = _supply(items=4, pack=6, least=10)

    assert supply.orderable(np.array([0.0, 1.0, 12.0, 13.0])).tolist() == [0, 12, 12, 18]


def test_a_policy_sees_sales_and_what_was_noted_and_never_the_demand():
    policy = Orders([0, 0, 0])
    record = _run([2, 9, 4], policy, opening=5, noted=0.5)

    assert [int(evening.seen[0]) for evening in policy.evenings] == [2, 6, 2]
    assert [bool(evening.is_censored[0]) for evening in policy.evenings] == [False, True, True]
    assert record.refused[0].tolist() == [0, 6, 4]
    assert record.seen[0].tolist() == [2, 6, 2]


def test_a_policy_is_told_what_is_on_its_way_and_how_long_lots_can_be_sold():
    policy = Orders([4, 0, 0, 0])
    _run([0, 0, 0, 0], policy, opening=5, supply=_supply(shelf=10))

    assert [int(evening.on_order[0]) for evening in policy.evenings] == [0, 4, 0, 0]
    assert policy.evenings[0].expires_in[0, 0] == 9
    assert sorted(policy.evenings[2].expires_in[0, :2].tolist()) == [7, 9]


def test_the_fixed_minimum_orders_when_it_is_reached_and_counts_what_is_on_its_way():
    record = _run([3] * 6, FixedMinimum(np.array([4.0]), np.array([9.0])), opening=10)

    assert record.ordered[0].tolist() == [0, 9, 0, 0, 9, 0]


def test_a_shop_that_is_copied_goes_its_own_way():
    shop = Shop(np.array([5]), _supply(), most_late=0)
    other = shop.copy()
    replay(other, Orders([0, 0]), np.array([[2, 2]]), recorded=np.zeros((1, 2)))

    assert shop.stock == 5
    assert shop.day == 0
    assert other.stock == 1


@given(
    st.lists(st.integers(0, 9), min_size=30, max_size=30),
    st.lists(st.integers(0, 12), min_size=30, max_size=30),
    st.integers(1, 12),
)
def test_no_unit_is_lost_or_made(demand, orders, shelf):
    record = _run(demand, Orders(orders), opening=8, supply=_supply(shelf=shelf))
    came, went = 8 + record.received.sum(), record.sold.sum() + record.expired.sum()

    assert came - went == record.stock[0, -1]
    assert (record.sold + record.refused == np.array([demand])).all()
    assert (record.stock >= 0).all()
    # Nothing is refused while something lies there.
    assert not ((record.refused > 0) & (record.stock > 0)).any()


def test_a_lot_that_is_carried_keeps_its_day_of_expiry():
    shop = Shop(np.array([5, 2]), _supply(items=2, shelf=3), most_late=0)
    other = Supply(*(np.array([number, number]) for number in (2, 9, 1, 1)))
    shop.supply = other
    shop.move(0, 0, 1, 4)

    assert shop.stock.tolist() == [1, 6]
    assert sorted(shop.until[1, :2].tolist()) == [3, 3]
    with pytest.raises(ValueError, match="at most what is there"):
        shop.move(0, 0, 1, 2)


def test_the_next_delivery_is_counted_in_days_of_demand_before_it():
    shop = Shop(np.array([5, 5]), _supply(items=2, lead=3), most_late=2)
    shop.order(np.array([4, 0]), np.array([1, 0]))

    assert shop.delivery_days(np.array([9, 9])).tolist() == [3, 9]
    # The order of day 0 is a day late: on the shelf on the morning of day 4.
    shop.day = 4
    assert shop.receive().tolist() == [4, 0]
    assert shop.delivery_days(np.array([9, 9])).tolist() == [9, 9]
