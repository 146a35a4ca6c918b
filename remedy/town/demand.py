"""What the town buys, day by day: a seeded generator, pure, the same for the same seed and any number of years.

Each pharmacy is told by itself, so that two processes can tell half a town each. Demand is Poisson around a
mean that has a weekday, a season, a trend and promotions; a pharmacy orders when its stock runs down; a
supplier may stop delivering; a batch that nobody buys goes out of date.
"""

import math
from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from remedy.town.cast import Size, TownPharmacy, pharmacies
from remedy.town.shelf import TownMedicine, medicines

SEED = 20_260_301

# Monday to Sunday; where it is open on Sunday it is busy.
RHYTHM = (1.25, 1.05, 1.0, 1.0, 1.15, 0.8, 1.1)
# Day of the year of the peak, and how much more is wanted then.
SEASONS = {"winter": (20, 0.55), "spring": (128, 0.9), "summer": (205, 0.5)}
GROWTH_A_YEAR = 1.08
ORDER_BELOW_DAYS = 6
ORDER_FOR_DAYS = 18
DELIVERED_AFTER_DAYS = 2
UNDELIVERED_DAYS = 18
UNDELIVERED_ITEMS = 4
SLOW_PACKS_A_DAY = 0.03
UNKNOWN_LOOKS_A_DAY = 0.5


@dataclass(frozen=True)
class Deed:
    """Something that happens to a medicine at a pharmacy; `minute` is of the local day.

    `what` is received, sold, refused (wanted, and not there), adjusted (a broken pack), expired (out of date),
    counted (`packs` is what is there), priced (`packs` is the price in minor units) or held.
    """

    what: str
    pharmacy: TownPharmacy
    medicine: TownMedicine
    packs: int
    minute: int
    lot_number: str = ""
    expires_on: date | None = None
    reason: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True)
class Look:
    """Somebody looks for a medicine (or, `medicine` None, for words that mean none)."""

    medicine: TownMedicine | None
    district: str
    found: int
    minute: int


@dataclass
class Day:
    """All that happens in the town on one day, each list in order of time."""

    day: date
    deeds: list[Deed] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)


@dataclass
class _Item:
    medicine: TownMedicine
    packs_a_day: float
    is_slow: bool
    is_delivered_to_the_end: bool = True
    # Numbers of the days on which the supplier has none, and on which it is cheaper: from, to.
    gap: tuple[int, int] = (-1, -1)
    promotion: tuple[int, int] = (-1, -1)
    # What is there: expiry, lot, packs; the earliest expiry first, as the stock sells it.
    lots: list[tuple[date, str, int]] = field(default_factory=list)
    arrives: dict[date, int] = field(default_factory=dict)

    @property
    def stock(self) -> int:
        """Packs over all lots."""
        return sum(packs for _, _, packs in self.lots)

    def take(self, packs: int) -> None:
        """Take packs from the lots, the earliest expiry first."""
        while packs:
            expires_on, lot, there = self.lots.pop(0)
            taken = min(packs, there)
            packs -= taken
            if there > taken:
                self.lots.insert(0, (expires_on, lot, there - taken))


class Shop:
    """A pharmacy's shelves and what becomes of them; `days` may be run through once."""

    def __init__(self, pharmacy: TownPharmacy, size: Size, days: int, seed: int) -> None:
        self.pharmacy = pharmacy
        self._size = size
        self._days = days
        self._random = Random(f"{seed} {pharmacy.licence}")  # noqa: S311 - a story, not a secret
        self._items = self._shelf(seed)

    def days(self, first_day: date) -> Iterator[list[Deed]]:
        """What happens on each day, in order of time."""
        for number in range(self._days):
            deeds = self._day(first_day + timedelta(days=number), number)
            yield sorted(deeds, key=lambda deed: deed.minute)

    def has(self) -> set[str]:
        """The keys of the medicines that are there now."""
        return {item.medicine.key for item in self._items if item.lots}

    def lines_a_day(self, day: date, number: int) -> dict[str, float]:
        """How many lines (sales of a medicine, of however many packs) that day has in the mean, by medicine's key."""
        return {
            item.medicine.key: -math.expm1(-self._mean(item, day, number) * RHYTHM[day.weekday()])
            for item in self._items
        }

    def _shelf(self, seed: int) -> list[_Item]:
        random, size = self._random, self._size
        wanted = []
        for medicine in medicines(size):
            taste = random.lognormvariate(0, 0.35)
            if medicine.is_kept:
                mean = medicine.packs_a_day * taste * self.pharmacy.share * size.demand
                wanted.append((mean, medicine.key, medicine))
        wanted.sort(reverse=True)
        items = []
        for place, (mean, _, medicine) in enumerate(wanted[: size.best_items + size.slow_items]):
            is_slow = place >= size.best_items
            items.append(_Item(medicine, SLOW_PACKS_A_DAY if is_slow else mean, is_slow))
        for place in random.sample(range(min(size.best_items, len(items))), UNDELIVERED_ITEMS):
            items[place].is_delivered_to_the_end = False
        for item in items if size.is_full else ():
            # A supplier that has none has none for anybody; a promotion is a pharmacy's own.
            supplier = Random(f"{seed} {item.medicine.key}")  # noqa: S311
            if supplier.random() < 0.25:
                start = supplier.randrange(self._days)
                item.gap = (start, start + supplier.randrange(15, 35))
            if not item.medicine.is_prescription_only and not item.is_slow:
                start = random.randrange(self._days)
                item.promotion = (start, start + 13)
        return items

    def _day(self, day: date, number: int) -> Iterator[Deed]:
        is_first, is_open = number == 0, self.pharmacy.open_on(day)
        if not is_open and not is_first:
            return
        stretches = is_open or [(520, 1160)]
        opens, closes = stretches[0][0], stretches[-1][1]
        for item in self._items:
            yield from self._received(item, day, number, opens)
            if is_open:
                yield from self._sold(item, day, number, stretches)
                yield from self._looked_after(item, closes)
                self._order(item, day, number)

    def _received(self, item: _Item, day: date, number: int, opens: int) -> Iterator[Deed]:
        random, medicine = self._random, item.medicine
        if number == 0:
            days = 60 if item.is_slow else ORDER_FOR_DAYS
            item.arrives[day] = math.ceil(self._mean(item, day, number) * days) + 2
            price = medicine.price_minor * (
                95 + (medicine.price_minor + len(self.pharmacy.address)) % 11
            )
            yield Deed("priced", self.pharmacy, medicine, price // 100, opens - 60)
        for due in [due for due in item.arrives if due <= day]:
            packs = item.arrives.pop(due)
            shelf_life = 300 + random.randrange(400)
            if self._size.is_full and number and random.random() < 0.06:
                shelf_life = random.randrange(20, 50)
            lot = f"{medicine.brand_name[:2].upper()}{day:%y%m%d}"
            expires_on = day + timedelta(days=shelf_life)
            insort(item.lots, (expires_on, lot, packs))
            minute = opens - 45 + random.randrange(25)
            yield Deed("received", self.pharmacy, medicine, packs, minute, lot, expires_on)
        while item.lots and item.lots[0][0] <= day:
            _, lot, packs = item.lots.pop(0)
            yield Deed(
                "expired",
                self.pharmacy,
                medicine,
                packs,
                opens - 15,
                lot,
                reason_code="date_passed",
            )
        if number in item.promotion:
            price = medicine.price_minor * (85 if number == item.promotion[0] else 100) // 100
            yield Deed("priced", self.pharmacy, medicine, price, opens - 10)

    def _sold(
        self, item: _Item, day: date, number: int, stretches: list[tuple[int, int]]
    ) -> Iterator[Deed]:
        random, medicine = self._random, item.medicine
        wanted = _poisson(self._mean(item, day, number) * RHYTHM[day.weekday()], random)
        sold = min(wanted, item.stock)
        if sold:
            item.take(sold)
            yield Deed("sold", self.pharmacy, medicine, sold, _minute(stretches, random))
        if wanted > sold:
            minute = _minute(stretches, random)
            yield Deed("refused", self.pharmacy, medicine, wanted - sold, minute)

    def _looked_after(self, item: _Item, closes: int) -> Iterator[Deed]:
        random, medicine, stock = self._random, item.medicine, item.stock
        if stock and random.random() < 0.002:
            item.take(1)
            yield Deed("adjusted", self.pharmacy, medicine, -1, closes + 5, reason="Broken pack")
        if not self._size.is_full:
            return
        if random.random() < 1 / 60:
            if item.stock and random.random() < 0.07:
                item.take(1)
            yield Deed("counted", self.pharmacy, medicine, item.stock, closes + 15)
        is_for_all = not medicine.is_controlled and not medicine.is_prescription_only
        if is_for_all and item.stock > 3 and random.random() < 0.02:
            yield Deed("held", self.pharmacy, medicine, 1, closes + 25)

    def _order(self, item: _Item, day: date, number: int) -> None:
        is_delivered = item.is_delivered_to_the_end or number < self._days - UNDELIVERED_DAYS
        if not is_delivered or item.gap[0] <= number < item.gap[1] or item.arrives:
            return
        mean = self._mean(item, day, number)
        if item.stock < max(mean * ORDER_BELOW_DAYS, 1):
            due = day + timedelta(days=DELIVERED_AFTER_DAYS)
            item.arrives[due] = math.ceil(mean * (60 if item.is_slow else ORDER_FOR_DAYS))

    def _mean(self, item: _Item, day: date, number: int) -> float:
        """Packs a day wanted of an item on that day, whatever the weekday."""
        years = number / 365 if self._size.is_full else number / max(self._days - 1, 1)
        trend: float = item.medicine.trend**years * GROWTH_A_YEAR ** (number / 365)
        mean = item.packs_a_day * trend
        mean *= season_of(item.medicine.season, day)
        if item.promotion[0] <= number < item.promotion[1]:
            mean *= 1.7
        return mean


def season_of(season: str, day: date) -> float:
    """How much more or less than on the mean day is wanted."""
    if not season:
        return 1.0
    peak, more = SEASONS[season]
    return 1.0 + more * math.cos((day.timetuple().tm_yday - peak) / 365.25 * 2 * math.pi)


def life(size: Size, first_day: date, days: int, seed: int = SEED) -> Iterator[Day]:
    """The days of the whole town, in order."""
    shops = [Shop(one, size, days, seed) for one in pharmacies(size)]
    told = [shop.days(first_day) for shop in shops]
    for number in range(days):
        today = Day(first_day + timedelta(days=number))
        today.deeds = sorted(
            (deed for shop in told for deed in next(shop)), key=lambda deed: deed.minute
        )
        today.looks = list(_looks(shops, size, today.day, number, days, seed))
        yield today


def looks_a_day(
    size: Size, day: date, number: int, days: int
) -> Iterator[tuple[TownMedicine, float]]:
    """How often each medicine is looked for in the mean on that day of so many."""
    part = min(number / max(days - 1, 1), 1.0)
    for medicine in medicines(size):
        # One in twelve who buy looks here first; of what nobody keeps, everyone.
        mean = medicine.packs_a_day * medicine.trend**part * RHYTHM[day.weekday()]
        mean *= 1 / 12 if medicine.is_kept else 1.0
        yield medicine, mean * season_of(medicine.season, day)


def _looks(
    shops: list[Shop], size: Size, day: date, number: int, days: int, seed: int
) -> Iterator[Look]:
    random = Random(f"{seed} looks {number}")  # noqa: S311 - a story, not a secret
    have: dict[str, int] = {}
    for shop in shops:
        for key in shop.has():
            have[key] = have.get(key, 0) + 1
    districts = [pharmacy.district for pharmacy in pharmacies(size)]
    looks = []
    for medicine, mean in looks_a_day(size, day, number, days):
        for _ in range(_poisson(mean, random)):
            found = have.get(medicine.key, 0)
            minute = random.randrange(7 * 60, 22 * 60)
            looks.append(Look(medicine, random.choice(districts), found, minute))
    if random.random() < UNKNOWN_LOOKS_A_DAY:
        minute = random.randrange(7 * 60, 22 * 60)
        looks.append(Look(None, random.choice(districts), 0, minute))
    yield from sorted(looks, key=lambda look: look.minute)


def _minute(stretches: list[tuple[int, int]], random: Random) -> int:
    """A minute while it is open, not the first ten nor the last."""
    opens, closes = random.choice(stretches)
    return random.randrange(opens + 10, closes - 10)


def _poisson(mean: float, random: Random) -> int:
    """A Poisson number by Knuth's product of uniform numbers; means here are below thirty."""
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count
