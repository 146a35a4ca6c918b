"""A shop replayed day by day for many items at once: lots that expire, deliveries on the way, orders in packs.

Pure arithmetic on arrays, items by days; any unit (packs, thousandths of a pack), so long as it is one. A day goes:
deliveries come, what has expired is withdrawn, demand is served first-expired-first-out, the shelf is looked at, and
the policy orders. What is asked for in vain is lost, and only a part of it is written down: a policy sees that record
and never the demand.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEVER = 10**9
"""A shelf life, in days, of what does not expire."""
_SLOTS = 8


@dataclass(frozen=True)
class Supply:
    """How each item can be had, one number an item.

    `lead_days`: an order of an evening is on the shelf on the morning so many days later. `shelf_days`: days it can
    be sold, the day it comes included. An order is a whole number of `pack` and at least `least_order`, both units.
    """

    lead_days: Whole
    shelf_days: Whole
    pack: Whole
    least_order: Whole

    def orderable(self, wanted: Floats) -> Whole:
        """What must be ordered to have at least `wanted`: nothing for nothing, else whole packs, up to the least."""
        asked = np.where(wanted > 0, np.maximum(wanted, self.least_order), 0)
        packs: Whole = np.ceil(asked / self.pack - 1e-9).astype(np.int64)
        return packs * self.pack


@dataclass(frozen=True)
class Evening:
    """What a policy knows after closing: `lots` and `expires_in` are items by lots, days left from tomorrow on.

    `seen` is what was sold and what was refused and written down today; `is_censored` says that the shelf
    was empty at closing, so that more may have been asked for.
    """

    day: int
    stock: Whole
    on_order: Whole
    lots: Whole
    expires_in: Whole
    seen: Whole
    is_censored: Flags


class Policy(Protocol):
    """Decides in the evening how much to order: units an item, made orderable by the supply."""

    def order(self, evening: Evening) -> Floats:
        """Units wanted of each item; 0 for none."""


@dataclass(frozen=True)
class Record:
    """What happened, items by days, units: `stock` at closing, `refused` in vain, `recorded` thereof."""

    stock: Whole
    sold: Whole
    refused: Whole
    recorded: Whole
    received: Whole
    expired: Whole
    ordered: Whole

    @property
    def seen(self) -> Whole:
        """Sold, and refused and written down: demand as a pharmacy knows it."""
        return self.sold + self.recorded

    @property
    def is_censored(self) -> Flags:
        """The shelf was empty at closing: what was seen may be less than was asked for."""
        result: Flags = self.stock == 0
        return result


class Shop:
    """What lies there and what is on its way, of all items: the state a replay goes on from.

    A lot has a quantity and the first day it may no longer be sold; the order of its slots means nothing.
    """

    def __init__(self, opening: Whole, supply: Supply, *, most_late: int, day: int = 0) -> None:
        """`opening` units lie there, all fresh; no delivery is ever more than `most_late` days late."""
        self.supply = supply
        self.day = day
        self.lots = np.zeros((len(opening), _SLOTS), dtype=np.int64)
        self.until = np.full((len(opening), _SLOTS), NEVER, dtype=np.int64)
        ahead = int(supply.lead_days.max()) + most_late + 1
        self._due = np.zeros((len(opening), ahead), dtype=np.int64)
        self._put(opening, day + supply.shelf_days)

    def copy(self) -> "Shop":
        """The same shop, to try something else in."""
        return deepcopy(self)

    @property
    def stock(self) -> Whole:
        """Units there."""
        total: Whole = self.lots.sum(axis=1)
        return total

    @property
    def on_order(self) -> Whole:
        """Units on their way."""
        total: Whole = self._due.sum(axis=1)
        return total

    def receive(self) -> Whole:
        """Put today's deliveries on the shelf."""
        slot = self.day % self._due.shape[1]
        units = self._due[:, slot].copy()
        self._due[:, slot] = 0
        self._put(units, self.day + self.supply.shelf_days)
        return units

    def withdraw(self) -> Whole:
        """Take away what may not be sold from today on."""
        is_over = self.until <= self.day
        gone: Whole = (self.lots * is_over).sum(axis=1)
        self.lots[is_over] = 0
        self.until[self.lots == 0] = NEVER
        return gone

    def sell(self, asked: Whole) -> Whole:
        """Serve what is asked for, first expiry first."""
        first = self.until.argsort(axis=1, kind="stable")
        there = np.take_along_axis(self.lots, first, axis=1)
        before = np.cumsum(there, axis=1) - there
        taken = np.clip(asked[:, None] - before, 0, there)
        np.put_along_axis(self.lots, first, there - taken, axis=1)
        sold: Whole = taken.sum(axis=1)
        return sold

    def delivery_days(self, otherwise: Whole) -> Whole:
        """Days of demand from tomorrow on before each item's next delivery; `otherwise` where none is on its way."""
        ahead = self._due.shape[1]
        coming = self._due[:, (self.day + 1 + np.arange(ahead)) % ahead] > 0
        days: Whole = np.where(coming.any(axis=1), coming.argmax(axis=1), otherwise)
        return days

    def move(self, giver: int, slot: int, taker: int, units: int) -> None:
        """Carry units of a lot to another item's shelf after closing; they keep their day of expiry.

        Raises:
            ValueError: if the lot does not hold so many.
        """
        there = int(self.lots[giver, slot])
        if not 0 < units <= there:
            raise ValueError(
                f"{units} units of a lot of {there} cannot be moved; move at most what is there."
            )
        until = self.until[giver, slot]
        self.lots[giver, slot] -= units
        added = np.zeros(len(self.lots), dtype=np.int64)
        added[taker] = units
        self._put(added, np.full(len(self.lots), until))

    def order(self, units: Whole, late: Whole) -> None:
        """Order this evening; the delivery comes so many days late."""
        slot = (self.day + self.supply.lead_days + late) % self._due.shape[1]
        self._due[np.arange(len(units)), slot] += units

    def _put(self, units: Whole, until: Whole) -> None:
        rows = np.flatnonzero(units)
        if (self.lots[rows] > 0).all(axis=1).any():
            more = np.zeros_like(self.lots)
            self.lots = np.hstack([self.lots, more])
            self.until = np.hstack([self.until, more + NEVER])
        slot = (self.lots[rows] == 0).argmax(axis=1)
        self.lots[rows, slot] = units[rows]
        self.until[rows, slot] = until[rows]


def replay(
    shop: Shop, policy: Policy, demand: Whole, *, recorded: Floats, late: Whole | None = None
) -> Record:
    """Let a policy run a shop, which is changed, over all days of `demand`.

    `recorded` (items by days, 0..1) says how much of what is refused on a day is written down; `late` (items by days)
    how many days more than the lead time an order of that evening takes.
    """
    items, days = demand.shape
    late = np.zeros((items, days), dtype=np.int64) if late is None else late
    kept = {name: np.zeros((items, days), dtype=np.int64) for name in Record.__dataclass_fields__}
    for day in range(days):
        received = shop.receive()
        expired = shop.withdraw()
        sold = shop.sell(demand[:, day])
        refused = demand[:, day] - sold
        noted = np.floor(refused * recorded[:, day] + 0.5).astype(np.int64)
        stock = shop.stock
        wanted = policy.order(
            Evening(
                shop.day, stock, shop.on_order, shop.lots, shop.until - shop.day - 1, sold + noted,
                stock == 0,
            )
        )  # fmt: skip
        ordered = shop.supply.orderable(wanted)
        shop.order(ordered, late[:, day])
        shop.day += 1
        now = (stock, sold, refused, noted, received, expired, ordered)
        for name, value in zip(kept, now, strict=True):
            kept[name][:, day] = value
    return Record(**kept)


@dataclass(frozen=True)
class FixedMinimum:
    """Whenever what is there and on its way is no more than the minimum, order the same quantity."""

    minimum: Floats
    quantity: Floats

    def order(self, evening: Evening) -> Floats:
        """The quantity where the minimum is reached."""
        is_low = evening.stock + evening.on_order <= self.minimum
        wanted: Floats = np.where(is_low, self.quantity, 0.0)
        return wanted
