"""Where a whole prescription is to be had: pharmacies in order, and the best two where none has all of it. Pure.

What counts is, in this order: how many of the items a choice has; for how many of them no price is known; and what it
costs, the way there and back reckoned in with so much a kilometre. A way that is not known costs nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from uuid import UUID

from remedy.catalogue.model import distance_km
from remedy.values import amount_of

KM_MINOR = 50
"""What a kilometre is reckoned at, in minor units of the currency: a rough price of a trip, said on the page."""

_UNPRICED, _MISSING = 10**12, 10**15
"""More than all goods and ways together, and than all items without a price: so that sums compare as `Choice.key`."""

Point = tuple[float, float]
Key = tuple[int, int, int, str]


@dataclass(frozen=True)
class Place:
    """A pharmacy and what it has enough of: the price of a pack by medicine, None where it has set none."""

    pharmacy_id: UUID
    point: Point
    prices: Mapping[UUID, int | None]


@dataclass(frozen=True)
class Choice:
    """Where to go for what: the items by pharmacy, in the order of the pharmacies' ids.

    `goods_minor` is what the items of known price cost, `unpriced` how many have none, `way_m` how far it is there
    and back in metres; None where nobody knows from where.
    """

    items: Mapping[UUID, tuple[UUID, ...]]
    goods_minor: int
    unpriced: int
    way_m: int | None

    @property
    def having(self) -> int:
        """How many of the items it has."""
        return sum(map(len, self.items.values()))

    @property
    def cost(self) -> int:
        """Goods and way in minor units."""
        return self.goods_minor + _way_minor(self.way_m or 0)

    @property
    def key(self) -> Key:
        """What is better comes first."""
        return (-self.having, self.unpriced, self.cost, " ".join(map(str, self.items)))


def singles(
    wanted: Mapping[UUID, int], places: Sequence[Place], near: Point | None
) -> list[Choice]:
    """Each pharmacy that has some of what is wanted (thousandths of a pack by medicine), the best first."""
    found = [_choice(wanted, (place,), near) for place in places]
    return sorted((one for one in found if one.having), key=lambda one: one.key)


def best_pair(
    wanted: Mapping[UUID, int], places: Sequence[Place], near: Point | None
) -> Choice | None:
    """The best two pharmacies together; None where no two have more of it than the best one alone.

    Of many pairs the look must be short: what a pharmacy takes for each item is a row of numbers in which a missing
    price and a missing item are very large ones, and of two rows the smaller numbers are added up. Pairs that have
    all there is come first, by sets of pharmacies; only where there are none every pair is looked at.
    """
    if len(places) < 2:
        return None
    away = {place.pharmacy_id: _metres(near, place.point) if near else 0 for place in places}
    ordered = sorted(places, key=lambda place: away[place.pharmacy_id])
    rows = [tuple(_taken(place, *one) for one in wanted.items()) for place in ordered]
    # Nobody comes home by a shorter way than there and back to the farther of the two.
    home = [_way_minor(2 * away[place.pharmacy_id]) for place in ordered]
    best: tuple[int, Choice] | None = None
    for pairs in (_pairs_with_all(rows), combinations(range(len(rows)), 2)):
        for number, other in pairs:
            taken = sum(map(min, rows[number], rows[other]))
            if best is not None:
                # Where prices are alike very many pairs cost the same, and only their ways tell them apart.
                least = taken + home[other]
                if near is None and least <= best[0]:
                    least += _way_minor(_metres(ordered[number].point, ordered[other].point))
                if least > best[0]:
                    continue
            made = _choice(wanted, (ordered[number], ordered[other]), near)
            total = taken + _way_minor(made.way_m or 0)
            if best is None or (total, made.key) < (best[0], best[1].key):
                best = (total, made)
        if best is not None:
            break
    alone = max(sum(price < _MISSING for price in row) for row in rows)
    return best[1] if best is not None and best[1].having > alone else None


def _pairs_with_all(rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """The pairs of rows, by number, that miss nothing together but what every row misses."""
    # For each item a number whose binary digits say which rows have it.
    having = [
        sum(1 << number for number, price in enumerate(prices) if price < _MISSING)
        for prices in zip(*rows, strict=True)
    ]
    for number, row in enumerate(rows):
        left = (1 << len(rows)) - (2 << number)
        for price, others in zip(row, having, strict=True):
            if price >= _MISSING and others:
                left &= others
        while left:
            lowest = left & -left
            left ^= lowest
            yield number, lowest.bit_length() - 1


def _taken(place: Place, medicine_id: UUID, milli: int) -> int:
    if medicine_id not in place.prices:
        return _MISSING
    price = place.prices[medicine_id]
    return _UNPRICED if price is None else amount_of(milli, price)


def _choice(wanted: Mapping[UUID, int], places: Sequence[Place], near: Point | None) -> Choice:
    """Each item from where it is cheapest; a price that is known is better than none."""
    ordered = sorted(places, key=lambda place: str(place.pharmacy_id))
    items: dict[UUID, list[UUID]] = {place.pharmacy_id: [] for place in ordered}
    goods = unpriced = 0
    for medicine_id, milli in wanted.items():
        offered = [
            (place.prices[medicine_id], place.pharmacy_id)
            for place in ordered
            if medicine_id in place.prices
        ]
        if not offered:
            continue
        # The first of equals, as the pharmacies are in order.
        price, pharmacy_id = min(offered, key=lambda one: (one[0] is None, one[0] or 0))
        items[pharmacy_id].append(medicine_id)
        unpriced += price is None
        goods += amount_of(milli, price) if price is not None else 0
    used = {pharmacy_id: tuple(found) for pharmacy_id, found in items.items() if found}
    way = _way([place.point for place in ordered if place.pharmacy_id in used], near)
    return Choice(used, goods, unpriced, way)


def _way(points: Sequence[Point], near: Point | None) -> int | None:
    if near is None:
        # From one pharmacy to the other has to be gone in any case; from where is not known.
        return _metres(*points) if len(points) == 2 else None
    stops = [near, *points, near]
    return sum(_metres(one, other) for one, other in pairwise(stops))


def _metres(one: Point, other: Point) -> int:
    return round(distance_km(one, other) * 1000)


def _way_minor(way_m: int) -> int:
    return way_m * KM_MINOR // 1000
