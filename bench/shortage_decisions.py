"""The third year of the generated items replayed by several ways to order, all from the same shop and the same past."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.shortage_items import CLASSES, YEAR, Items
from models.inventory_policies import (
    Learned,
    OrderUpTo,
    Told,
    Way,
    last_year,
    newsvendor_quantile,
)
from models.inventory_replay import (
    NEVER,
    Evening,
    FixedMinimum,
    Policy,
    Record,
    Shop,
    Supply,
    replay,
)
from models.shortage import Floats, Whole
from models.shortage_course import learn


@dataclass(frozen=True)
class Town:
    """The items with what surrounds them: how they are had, what is noted, what comes late (items by days)."""

    items: Items
    supply: Supply
    minimum: Floats
    quantity: Floats
    recorded: Floats
    late: Whole
    most_late: int

    def opened(self) -> Shop:
        """The shop on day 0: between the minimum and a full shelf."""
        part = np.random.default_rng(0).random(len(self.minimum))
        opening = np.ceil(self.minimum + part * self.quantity).astype(np.int64)
        return Shop(opening, self.supply, most_late=self.most_late)

    def fixed(self, scale: float = 1.0) -> FixedMinimum:
        """The reorder at a fixed minimum; `scale` moves the minimum."""
        return FixedMinimum(np.ceil(self.minimum * scale), self.quantity)

    def run(self, shop: Shop, policy: Policy, until: int) -> Record:
        """Replay from the shop's day on; the shop is changed."""
        part = slice(shop.day, until)
        return replay(
            shop, policy, self.items.demand[:, part],
            recorded=self.recorded[:, part], late=self.late[:, part],
        )  # fmt: skip


def town(items: Items, settings: Mapping[str, Any], *, plain: bool) -> Town:
    """The town of those settings; `plain` without expiry, packs and delays, as the alerts are measured."""
    rng = np.random.default_rng([settings["seed"], 1])
    of = settings["supply"]
    count, days = items.demand.shape
    mean = np.maximum(items.demand[:, : of["mean_of_first_days"]].mean(axis=1), 0.1)
    is_sparse = items.kind == CLASSES.index("intermittent")
    cover = np.where(
        is_sparse,
        rng.uniform(*of["minimum_cover_days_intermittent"], count),
        rng.uniform(*of["minimum_cover_days"], count),
    )
    minimum = np.ceil(mean * cover)
    quantity = np.ceil(mean * rng.uniform(*of["order_cover_days"], count))
    recorded = np.full((count, days), float(settings["records"]["refused_recorded"]))
    lead = np.full(count, of["lead_days"])
    if plain:
        one = np.ones(count, dtype=np.int64)
        supply = Supply(lead, np.full(count, NEVER), one, one)
        return Town(items, supply, minimum, quantity, recorded, np.zeros((count, days), int), 0)
    shelf, delay = settings["shelf"], settings["delay"]
    is_short = rng.random(count) < shelf["short_dated"]
    left = np.where(
        is_short,
        np.exp(rng.uniform(*np.log(shelf["short_dated_days"]), count)),
        np.exp(rng.uniform(*np.log(shelf["other_days"]), count)),
    )
    sizes = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500])
    pack = sizes[
        np.abs(
            np.log(np.maximum(mean * rng.uniform(*shelf["pack_days"], count), 1.0))[:, None]
            - np.log(sizes)
        ).argmin(axis=1)
    ]
    least = pack * rng.integers(*shelf["least_order_packs"], count, endpoint=True)
    supply = Supply(lead, left.astype(np.int64), pack, least)
    is_late = rng.random((count, days)) < delay["chance"]
    late = np.where(is_late, rng.integers(*delay["days"], (count, days), endpoint=True), 0)
    return Town(items, supply, minimum, quantity, recorded, late, delay["days"][1])


@dataclass(frozen=True)
class Outcome:
    """A year of one way to order: units, orders and the mean units lying there."""

    short: int
    expired: int
    orders: int
    stock: float
    cost: float

    @classmethod
    def of(cls, record: Record, costs: Mapping[str, float], rows: Any = slice(None)) -> "Outcome":
        """The sums over those items."""
        short, expired = int(record.refused[rows].sum()), int(record.expired[rows].sum())
        lying = record.stock[rows].sum()
        orders = int((record.ordered[rows] > 0).sum())
        cost = costs["short"] * short + costs["expired"] * expired
        cost += costs["order"] * orders + costs["stock_day"] * lying
        return cls(short, expired, orders, float(lying / record.stock.shape[1]), float(cost))


class Replays:
    """The past of the town under the fixed minimum, and years replayed from there."""

    def __init__(self, place: Town, settings: Mapping[str, Any]) -> None:
        self.place, self.settings, self.costs = place, settings, settings["cost"]
        shop = place.opened()
        self.one = place.run(shop, place.fixed(), YEAR)
        self.at_two = shop.copy()
        self.two = place.run(shop, place.fixed(), 2 * YEAR)
        self.at_three = shop
        self._levels = {
            year: learn(seen, known).level(seen, known)
            for year in (2, 3)
            for seen, known in [self.past(year)]
        }

    def past(self, year: int) -> tuple[Floats, Any]:
        """What was seen before that year, and where it is all that was asked for."""
        records = [self.one, self.two][: year - 1]
        seen = np.hstack([record.seen for record in records]).astype(float)
        return seen, ~np.hstack([record.is_censored for record in records])

    def year(self, year: int, policy: Policy) -> Record:
        """That year under the policy."""
        shop = (self.at_two if year == 2 else self.at_three).copy()
        return self.place.run(shop, policy, year * YEAR)

    def ours(self, year: int, way: Way) -> OrderUpTo:
        """Our way, from what was seen before the year."""
        delay = self.settings["delay"]
        days = np.arange(delay["days"][0], delay["days"][1] + 1)
        mean = delay["chance"] * days.mean()
        variance = delay["chance"] * (days**2).mean() - mean**2
        knows = Learned(deepcopy(self._levels[year]))
        return OrderUpTo(
            knows,
            self.place.supply,
            way,
            mean,
            variance,
            self.costs["short"],
            self.costs["expired"],
        )

    def last_year(self, year: int, scale: float, batch_days: float) -> OrderUpTo:
        """Last year's same weeks, nothing beside."""
        seen = self.past(year)[0]
        return OrderUpTo(
            last_year(seen.astype(np.int64), scale=scale),
            self.place.supply,
            Way(0.5, batch_days, None),
        )

    def foresight(self, way: Way) -> Policy:
        """What is asked for and what comes late is known."""
        knows = Told(self.place.items.demand, 0)
        ordering = OrderUpTo(knows, self.place.supply, Way(0.5, way.batch_days, 0.5))
        return _NothingLate(ordering, self.place.late)


class _Nothing:
    """No order at all: what expires then was there, or on its way, before the year began."""

    def order(self, evening: Evening) -> Floats:
        return np.zeros(len(evening.stock))


@dataclass
class _NothingLate:
    """Orders with the delays known."""

    ordering: OrderUpTo
    late: Whole

    def order(self, evening: Evening) -> Floats:
        tomorrow = min(evening.day + 1, self.late.shape[1] - 1)
        self.ordering.late_mean = self.late[:, tomorrow].astype(float)
        return self.ordering.order(evening)


def choose(replays: Replays) -> tuple[Way, float]:
    """Our way, and the scale of last year's weeks, of least cost on year two. Nothing of year three is looked at."""
    print("\ndecisions: what is ordered, chosen on year two")
    ways, costs = replays.settings["ways"], {}

    def tried(way: Way) -> float:
        if way not in costs:
            record = replays.year(2, replays.ours(2, way))
            costs[way] = Outcome.of(record, replays.costs).cost
            print(f"  tried on year two: {way}: {costs[way]:,.0f}")
        return costs[way]

    first = ways["sold_by_expiry"][0]
    grid = [Way(level, days, first) for level in ways["quantile"] for days in ways["batch_days"]]
    best = min(grid, key=tried)
    others = [Way(best.quantile, best.batch_days, share) for share in ways["sold_by_expiry"]]
    best = min(others, key=tried)
    scales = {
        scale: Outcome.of(
            replays.year(2, replays.last_year(2, scale, best.batch_days)), replays.costs
        ).cost
        for scale in ways["last_year_scale"]
    }
    return best, min(scales, key=lambda scale: scales[scale])


def decide(replays: Replays, way: Way, scale: float) -> dict[str, Any]:
    """Replay year three: prints the table, returns the figures."""
    place = replays.place
    policies: dict[str, Policy] = {
        "fixed": place.fixed(),
        "last_year": replays.last_year(3, 1.0, way.batch_days),
        "last_year_scaled": replays.last_year(3, scale, way.batch_days),
        "ours": replays.ours(3, way),
        "foresight": replays.foresight(way),
        "inherited": _Nothing(),
    }
    for one in replays.settings["ways"]["fixed_scale"]:
        policies[f"fixed_times_{one}"] = place.fixed(one)
    records = {name: replays.year(3, policy) for name, policy in policies.items()}
    told = {name: Outcome.of(record, replays.costs) for name, record in records.items()}
    _tell(told, records, place.items, replays.costs)
    spare = replays.costs["stock_day"] * way.batch_days
    named = newsvendor_quantile(replays.costs["short"], spare)
    print(f"ours: {way} (the newsvendor of these costs: {named:.3f}); last_year_scaled: {scale}")
    print(
        "inherited expires whatever is ordered: it lay there or was on its way when the year began."
    )
    found: dict[str, Any] = {
        f"{what}_units_{name}": getattr(one, what)
        for name, one in told.items()
        if not name.startswith("fixed_times") and name != "inherited"
        for what in ("short", "expired")
    }
    found["expired_units_inherited"] = told["inherited"].expired
    for what in ("short", "expired", "cost"):
        fixed, ours, best = (getattr(told[name], what) for name in ("fixed", "ours", "foresight"))
        found[f"{what}_way_to_foresight"] = (fixed - ours) / (fixed - best)
        print(
            f"share of the way from the fixed minimum to perfect foresight, {what}: {found[f'{what}_way_to_foresight']:.1%}"
        )
    return found


def _tell(
    told: Mapping[str, Outcome],
    records: Mapping[str, Record],
    items: Items,
    costs: Mapping[str, float],
) -> None:
    print(
        f"{'year three':<20}{'short':>9}{'expired':>9}{'orders':>9}{'stock':>10}{'cost':>10}   short/expired by class"
    )
    for name, one in told.items():
        parts = [
            Outcome.of(records[name], costs, items.kind == number) for number in range(len(CLASSES))
        ]
        by_class = "  ".join(f"{part.short:,}/{part.expired:,}" for part in parts)
        print(
            f"{name:<20}{one.short:>9,}{one.expired:>9,}{one.orders:>9,}{one.stock:>10,.0f}{one.cost:>10,.0f}   {by_class}"
        )
