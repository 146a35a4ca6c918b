"""A whole prescription: the order of pharmacies, and the best two, against trying every pair."""

from itertools import combinations, pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remedy.catalogue import whole
from remedy.catalogue.model import distance_km
from remedy.catalogue.whole import KM_MINOR, Choice, Place, best_pair, singles
from remedy.values import amount_of

ITEMS = [UUID(int=number) for number in range(1, 6)]
HERE = (41.90, 12.50)


def place(number: int, prices: dict[UUID, int | None], *, north_km: float = 0.0) -> Place:
    return Place(UUID(int=100 + number), (HERE[0] + north_km / 111.195, HERE[1]), prices)


def wanting(*items: UUID) -> dict[UUID, int]:
    return dict.fromkeys(items, 1000)


def metres(one, other) -> int:
    return round(distance_km(one, other) * 1000)


def by_hand(wanted, some, near) -> tuple[int, int, int, str]:
    """The key of a choice, worked out from the definition alone: every way to share the items out."""
    have = [one for one in wanted if any(one in place.prices for place in some)]
    unpriced = sum(all(place.prices.get(one) is None for place in some) for one in have)
    goods, used = 0, {}
    for one in have:
        known = [
            (place.prices[one], str(place.pharmacy_id), place)
            for place in some
            if place.prices.get(one) is not None
        ]
        if known:
            price, _, chosen = min(known, key=lambda found: found[:2])
            goods += amount_of(wanted[one], price)
        else:
            chosen = min(
                (place for place in some if one in place.prices), key=lambda p: str(p.pharmacy_id)
            )
        used[chosen.pharmacy_id] = chosen
    points = [place.point for place in used.values()]
    if near is not None:
        stops = [near, *points, near]
        way = sum(metres(a, b) for a, b in pairwise(stops))
    else:
        way = metres(*points) if len(points) == 2 else 0
    names = " ".join(sorted(map(str, used)))
    return (-len(have), unpriced, goods + way * KM_MINOR // 1000, names)


prices = st.dictionaries(
    st.sampled_from(ITEMS), st.none() | st.integers(0, 900), max_size=len(ITEMS)
)
towns = st.lists(
    st.tuples(prices, st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)), min_size=0, max_size=9
)
wants = st.dictionaries(
    st.sampled_from(ITEMS), st.integers(1, 5000), min_size=1, max_size=len(ITEMS)
)


@settings(max_examples=600, deadline=None)
@given(towns, wants, st.sampled_from([HERE, None]))
def test_the_best_pair_is_the_best_of_all_pairs(town, wanted, near):
    places = [
        Place(UUID(int=100 + number), (HERE[0] + north, HERE[1] + east), found)
        for number, (found, north, east) in enumerate(town)
    ]
    alone = max((sum(one in place.prices for one in wanted) for place in places), default=0)
    pairs = [by_hand(wanted, pair, near) for pair in combinations(places, 2)]
    found = best_pair(wanted, places, near)
    if not pairs or -min(pairs)[0] <= alone:
        assert found is None
    else:
        assert found is not None
        assert found.key == min(pairs)


@settings(max_examples=300, deadline=None)
@given(towns, wants, st.sampled_from([HERE, None]))
def test_pharmacies_stand_in_the_order_of_what_they_have_and_cost(town, wanted, near):
    places = [
        Place(UUID(int=100 + number), (HERE[0] + north, HERE[1] + east), found)
        for number, (found, north, east) in enumerate(town)
    ]
    some = [place for place in places if any(one in place.prices for one in wanted)]
    expected = sorted(by_hand(wanted, (place,), near) for place in some)
    assert [one.key for one in singles(wanted, places, near)] == expected


def test_who_has_more_stands_before_who_is_cheaper():
    a, b, c = ITEMS[:3]
    more = place(1, {a: 900, b: 900})
    cheap = place(2, {a: 1})
    first, second = singles(wanting(a, b, c), [cheap, more], HERE)
    assert (set(first.items), set(second.items)) == ({more.pharmacy_id}, {cheap.pharmacy_id})


def test_a_long_way_weighs_more_than_a_small_saving():
    (a,) = ITEMS[:1]
    near, far = place(1, {a: 500}, north_km=1), place(2, {a: 450}, north_km=10)
    assert set(singles(wanting(a), [far, near], HERE)[0].items) == {near.pharmacy_id}
    # Where nobody knows from where, only the price is left.
    assert set(singles(wanting(a), [far, near], None)[0].items) == {far.pharmacy_id}


def test_where_one_has_all_nobody_is_sent_to_two():
    a, b = ITEMS[:2]
    assert best_pair(wanting(a, b), [place(1, {a: 9, b: 9}), place(2, {a: 1})], HERE) is None


def test_each_item_of_two_is_taken_where_it_is_cheaper():
    a, b, c = ITEMS[:3]
    one, other = place(1, {a: 500, b: 100}), place(2, {a: 300, c: 200})
    found = best_pair(wanting(a, b, c), [one, other], HERE)
    assert found is not None
    assert dict(found.items) == {one.pharmacy_id: (b,), other.pharmacy_id: (a, c)}
    assert found.goods_minor == 600


@pytest.mark.parametrize(("milli", "minor"), [(1000, 333), (500, 167), (1, 0), (3000, 999)])
def test_a_part_of_a_pack_costs_here_what_its_order_costs(milli, minor):
    (a,) = ITEMS[:1]
    (found,) = singles({a: milli}, [place(1, {a: 333})], None)
    assert isinstance(found, Choice)
    assert found.goods_minor == minor


@pytest.mark.parametrize("near", [None, HERE])
def test_where_prices_are_alike_everywhere_few_of_the_many_pairs_are_worked_out(monkeypatch, near):
    worked_out = []
    real = whole._choice
    monkeypatch.setattr(whole, "_choice", lambda *told: worked_out.append(1) or real(*told))
    town = [place(n, {ITEMS[n % 2]: 450}, north_km=n / 10) for n in range(100)]
    found = best_pair(wanting(*ITEMS[:2]), town, near)
    assert found is not None
    # Of two thousand five hundred pairs that cost the same.
    assert len(worked_out) < 200
