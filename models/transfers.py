"""Which packs one pharmacy should hand to another: what will lie or expire at A and is missed at B, if both gain.

A gains what it does not throw away less what it may miss itself; B gains what it does not miss less what may expire
there instead. Each pays half of the way. No more goes than B may miss until its delivery, but for a rest that would expire
at A and that B can sell in time. Transfers are taken one after another, the best first, and each changes what A
and B have before the next is looked for: so nothing is promised twice, and no shortage is mended twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.shortage import Floats, Outlook, Whole
from remedy.catalogue.model import distance_km

NEED = 0.9
"""B may miss what it would need in nine of ten cases, less what it has."""
SURE = 0.1
"""B can sell a rest if it sells that much in nine of ten cases."""


@dataclass(frozen=True)
class Holding:
    """What a pharmacy has of a medicine, and expects; units of one kind throughout.

    `lots` are (units, days they can be sold from tomorrow on); a delivery comes in `delivery_days`, and nothing before.
    `outlook` is of this one item. What a unit missed and a unit thrown away cost, in minor units of money, is
    `short_minor` and `expired_minor`.
    """

    pharmacy: int
    medicine: int
    at: tuple[float, float]
    lots: tuple[tuple[int, int], ...]
    delivery_days: float
    outlook: Outlook
    short_minor: float
    expired_minor: float


@dataclass(frozen=True)
class Trip:
    """What it costs to bring something: a part for any way, and a part a kilometre; nothing further than `most_km`.

    More than B may miss goes along only from lots that expire within `rest_days`.
    """

    fixed_minor: float
    minor_per_km: float
    most_km: float
    days: float = 1.0
    rest_days: float = 90.0

    def cost(self, km: float) -> float:
        """Minor units of money for that distance."""
        return self.fixed_minor + self.minor_per_km * km


@dataclass(frozen=True)
class Transfer:
    """A suggestion: so many units of a lot from one holding (by its row) to another, and why, in numbers.

    `rest_units` of them are beyond what B may miss: they would expire at A, and sell at B.
    `spared_units` would have lain or expired at A, `saved_units` would have been missed at B, both on average. The
    gains are money, minor units, after half of the way's cost each. `runs_out_at_b` and `left_at_a` are the chances,
    without the transfer, that B misses something until its delivery and that A does not sell the lot; `confidence` is the
    less of them.
    """

    giver: int
    taker: int
    lot: int
    units: int
    rest_units: int
    km: float
    spared_units: float
    saved_units: float
    giver_gain_minor: float
    taker_gain_minor: float
    runs_out_at_b: float
    left_at_a: float
    confidence: float


class _Side:
    """A holding as transfers change it."""

    def __init__(self, holding: Holding) -> None:
        self.holding = holding
        self.left = np.array([units for units, _ in holding.lots], dtype=float)
        self.days = np.array([days for _, days in holding.lots], dtype=float)
        self.taken: list[tuple[float, float]] = []
        self.has_given = self.has_taken = False

    def ahead_of(self, days: float) -> float:
        """Units that sell before a lot with so many days left: those of less, first expiry first."""
        own = float(self.left[self.days < days].sum())
        return own + sum(units for units, until in self.taken if until <= days)

    def useful(self, *, own: bool = False) -> float:
        """Units that serve demand until the delivery; only `own` ones, or those taken too."""
        until = self.holding.delivery_days
        lots = [*zip(self.left, self.days, strict=True), *([] if own else self.taken)]
        total = 0.0
        for units, days in sorted(lots, key=lambda lot: lot[1]):
            total += units
            if days < until:
                total = min(total, _mean(self.holding.outlook, days))
        return total

    def saved(self, brought: Floats, way_days: float) -> Floats:
        """Units not missed until the delivery because so many were brought; what is missed on the way stays missed."""
        outlook, until, own = (
            self.holding.outlook,
            self.holding.delivery_days,
            self.useful(own=True),
        )
        missing = _short(outlook, until, np.array([own]))
        on_the_way = _short(outlook, min(way_days, until), np.array([own]))
        result: Floats = np.minimum(
            missing - _short(outlook, until, own + brought), missing - on_the_way
        )
        return result


def suggest(holdings: Sequence[Holding], trip: Trip) -> list[Transfer]:
    """Transfers within each medicine, the most gained first.

    Raises:
        ValueError: if a holding's outlook is not of one item, or a lot is negative.
    """
    for row, holding in enumerate(holdings):
        if len(holding.outlook.through) != 1 or any(
            units < 0 or days < 0 for units, days in holding.lots
        ):
            raise ValueError(
                f"Holding {row} must have an outlook of one item and lots of at least 0 units and days."
            )
    found: list[Transfer] = []
    for medicine in sorted({holding.medicine for holding in holdings}):
        rows = [row for row, one in enumerate(holdings) if one.medicine == medicine]
        sides = {row: _Side(holdings[row]) for row in rows}
        while True:
            offers = [
                offer
                for giver in rows
                for taker in rows
                if giver != taker
                for offer in _offers(sides, giver, taker, trip)
            ]
            if not offers:
                break
            best = max(offers, key=lambda one: one.giver_gain_minor + one.taker_gain_minor)
            _move(sides, best, trip.days)
            found.append(best)
    return sorted(found, key=lambda one: -(one.giver_gain_minor + one.taker_gain_minor))


def _move(sides: dict[int, _Side], transfer: Transfer, days: float) -> None:
    giver, taker = sides[transfer.giver], sides[transfer.taker]
    giver.left[transfer.lot] -= transfer.units
    giver.has_given = taker.has_taken = True
    taker.taken.append((transfer.units, float(giver.days[transfer.lot]) - days))


def _offers(sides: dict[int, _Side], giver: int, taker: int, trip: Trip) -> list[Transfer]:
    """The best number of units of each lot, where both gain."""
    a, b = sides[giver], sides[taker]
    # Who gave does not take, nor the other way round: no pack is sent back.
    if a.has_taken or b.has_given:
        return []
    km = distance_km(a.holding.at, b.holding.at)
    if km > trip.most_km:
        return []
    offers = (_offer(a, b, (giver, taker, lot), km, trip) for lot in range(len(a.left)))
    return [offer for offer in offers if offer is not None]


def _offer(
    a: _Side, b: _Side, rows: tuple[int, int, int], km: float, trip: Trip
) -> Transfer | None:
    giver, taker, lot = rows
    days = float(a.days[lot])
    days_at_b = days - trip.days
    if days_at_b <= 0:
        return None
    need = _need(b)
    most = max(need, _rest(a, b, lot, trip))
    units = np.arange(1, min(int(a.left[lot]), most) + 1, dtype=float)
    if not len(units):
        return None
    half = trip.cost(km) / 2
    before_a, before_b = a.ahead_of(days), b.ahead_of(days_at_b)
    lot_units = float(a.left[lot])
    spared = _left(a.holding.outlook, days, before_a + lot_units) - _left(
        a.holding.outlook, days, before_a + lot_units - units
    )
    useful_a, useful_b = a.useful(), b.useful()
    until_a, until_b = a.holding.delivery_days, b.holding.delivery_days
    missed_a = _short(a.holding.outlook, until_a, useful_a - units) - _short(
        a.holding.outlook, until_a, np.array([useful_a])
    )
    brought = useful_b - b.useful(own=True)
    saved = b.saved(brought + units, trip.days) - b.saved(np.array([brought]), trip.days)
    wasted_b = _left(b.holding.outlook, days_at_b, before_b + units) - _left(
        b.holding.outlook, days_at_b, np.array([before_b])
    )
    gain_a = spared * a.holding.expired_minor - missed_a * a.holding.short_minor - half
    gain_b = saved * b.holding.short_minor - wasted_b * b.holding.expired_minor - half
    both = np.where((gain_a > 0) & (gain_b > 0), gain_a + gain_b, -np.inf)
    best = int(np.argmax(both))
    if not np.isfinite(both[best]):
        return None
    runs_out = float(b.holding.outlook.chance_above(np.array([until_b]), np.array([useful_b]))[0])
    sells = float(
        a.holding.outlook.chance_above(np.array([days]), np.array([before_a + lot_units]))[0]
    )
    return Transfer(
        giver, taker, lot, int(units[best]), max(int(units[best]) - need, 0), km, float(spared[best]), float(saved[best]),
        float(gain_a[best]), float(gain_b[best]), runs_out, 1 - sells, min(runs_out, 1 - sells),
    )  # fmt: skip


def _need(b: _Side) -> int:
    """Units that B may miss until its delivery beside what it has."""
    until = np.array([b.holding.delivery_days])
    asked = float(b.holding.outlook.total_quantile(until, NEED)[0])
    return max(0, int(np.ceil(asked - b.useful() - 1e-9)))


def _rest(a: _Side, b: _Side, lot: int, trip: Trip) -> int:
    """Units of the lot that would expire at A and that B can sell before they do; none of a lot that lasts."""
    days = float(a.days[lot])
    if days > trip.rest_days:
        return 0
    ahead, at_b = a.ahead_of(days), days - trip.days
    without, with_it = _left(a.holding.outlook, days, np.array([ahead, ahead + a.left[lot]]))
    expires = float(with_it - without)
    sure = float(b.holding.outlook.total_quantile(np.array([at_b]), SURE)[0])
    return int(min(expires, sure - b.ahead_of(at_b)))


def _mean(outlook: Outlook, days: float) -> float:
    return float(outlook.mean_total(np.array([days]))[0])


def _short(outlook: Outlook, days: float, units: Floats) -> Floats:
    return _many(outlook, days, units)[0]


def _left(outlook: Outlook, days: float, units: Floats | float) -> Floats:
    return _many(outlook, days, np.atleast_1d(np.asarray(units, dtype=float)))[1]


def _many(outlook: Outlook, days: float, units: Floats) -> tuple[Floats, Floats]:
    """Missing and left over of one item for many numbers of units."""
    row: Whole = np.zeros(len(units), dtype=np.int64)
    return outlook.of(row).short_and_left(np.full(len(units), days), units)
