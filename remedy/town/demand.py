"""What the town buys, day by day: a seeded generator, pure, the same for the same seed.

Demand is Poisson around a mean with a weekly rhythm and a trend; each pharmacy orders when its stock runs
down, but for a few medicines whose supplier has stopped delivering, which run short towards the end.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from remedy.town.cast import PHARMACIES, TownPharmacy
from remedy.town.shelf import MEDICINES, TownMedicine

# Monday to Sunday; on Sunday one pharmacy is open, and busier for it.
RHYTHM = (1.25, 1.05, 1.0, 1.0, 1.15, 0.8, 1.1)
ORDER_BELOW_DAYS = 6
ORDER_FOR_DAYS = 18
DELIVERED_AFTER_DAYS = 2
UNDELIVERED_DAYS = 18
UNDELIVERED_ITEMS = 4
KEPT_SHARE = 0.85
OPENS_AT, CLOSES_AT = 8 * 60 + 40, 19 * 60 + 20
"""Minutes of the local day between which things are sold."""


@dataclass(frozen=True)
class Deed:
    """Something that happens to a medicine at a pharmacy; `minute` is of the local day.

    `what` is received, sold, refused (wanted, and not there) or adjusted (a broken pack).
    """

    what: str
    pharmacy: TownPharmacy
    medicine: TownMedicine
    packs: int
    minute: int


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
    share: float
    is_delivered_to_the_end: bool
    stock: int = 0
    arrives: dict[date, int] = field(default_factory=dict)

    def mean(self, part: float) -> float:
        """Packs a day after that part (0 to 1) of the story."""
        return self.medicine.packs_a_day * self.share * float(self.medicine.trend**part)


def life(first_day: date, days: int, seed: int) -> Iterator[Day]:
    """The days of the town, in order."""
    random = Random(seed)  # noqa: S311 - a story, not a secret
    shelves = {pharmacy.licence: _shelf(pharmacy, random) for pharmacy in PHARMACIES}
    for number in range(days):
        today = Day(first_day + timedelta(days=number))
        part = number / max(days - 1, 1)
        for pharmacy in PHARMACIES:
            for item in shelves[pharmacy.licence]:
                today.deeds += _deeds(pharmacy, item, today.day, part, number, days, random)
        today.deeds.sort(key=lambda deed: deed.minute)
        today.looks = sorted(_looks(shelves, today.day, part, random), key=lambda look: look.minute)
        yield today


def _shelf(pharmacy: TownPharmacy, random: Random) -> list[_Item]:
    kept = [m for m in MEDICINES if m.is_kept and random.random() < KEPT_SHARE]
    forgotten = set(random.sample(range(len(kept)), UNDELIVERED_ITEMS))
    whole = sum(one.share for one in PHARMACIES)
    return [
        _Item(medicine, pharmacy.share / whole, number not in forgotten)
        for number, medicine in enumerate(kept)
    ]


def _deeds(
    pharmacy: TownPharmacy,
    item: _Item,
    day: date,
    part: float,
    number: int,
    days: int,
    random: Random,
) -> Iterator[Deed]:
    mean = item.mean(part)
    if number == 0:
        item.arrives[day] = math.ceil(mean * ORDER_FOR_DAYS) + 2
    came = item.arrives.pop(day, 0)
    if came:
        item.stock += came
        yield Deed("received", pharmacy, item.medicine, came, 8 * 60 + random.randrange(25))
    if day.weekday() == 6 and not pharmacy.opens_on_sunday:
        return
    wanted = _poisson(mean * RHYTHM[day.weekday()], random)
    sold = min(wanted, item.stock)
    item.stock -= sold
    if sold:
        minute = random.randrange(OPENS_AT, CLOSES_AT)
        yield Deed("sold", pharmacy, item.medicine, sold, minute)
    if wanted > sold:
        minute = random.randrange(OPENS_AT, CLOSES_AT)
        yield Deed("refused", pharmacy, item.medicine, wanted - sold, minute)
    if item.stock and random.random() < 0.002:
        item.stock -= 1
        yield Deed("adjusted", pharmacy, item.medicine, -1, CLOSES_AT + 5)
    is_delivered = item.is_delivered_to_the_end or number < days - UNDELIVERED_DAYS
    if is_delivered and not item.arrives and item.stock < mean * ORDER_BELOW_DAYS:
        arrives_on = day + timedelta(days=DELIVERED_AFTER_DAYS)
        item.arrives[arrives_on] = math.ceil(mean * ORDER_FOR_DAYS)


def _looks(
    shelves: dict[str, list[_Item]], day: date, part: float, random: Random
) -> Iterator[Look]:
    have: dict[str, int] = {}
    for items in shelves.values():
        for item in items:
            if item.stock:
                have[item.medicine.generic_name] = have.get(item.medicine.generic_name, 0) + 1
    districts = [pharmacy.district for pharmacy in PHARMACIES]
    for medicine in MEDICINES:
        # One in twelve who buy looks here first; of what nobody keeps, everyone.
        mean = medicine.packs_a_day * medicine.trend**part * RHYTHM[day.weekday()]
        mean *= 1 / 12 if medicine.is_kept else 1.0
        for _ in range(_poisson(mean, random)):
            found = have.get(medicine.generic_name, 0)
            yield Look(medicine, random.choice(districts), found, random.randrange(7 * 60, 22 * 60))
    if random.random() < 0.5:
        yield Look(None, random.choice(districts), 0, random.randrange(7 * 60, 22 * 60))


def _poisson(mean: float, random: Random) -> int:
    """A Poisson number by Knuth's product of uniform numbers; means here are below thirty."""
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count
