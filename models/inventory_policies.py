"""Ways to order, for `models.inventory_replay`: up to what may be asked for, by whatever outlook one has.

An order is placed when what is there and on its way would not last, at a chosen quantile, until an order of tomorrow
came; it fills up to that and some days' demand more, and is held to what will sell before it expires.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.inventory import sellable
from models.inventory_replay import Evening, Supply
from models.shortage import Floats, Outlook, Whole
from models.shortage_course import YEAR, Level

AHEAD = 120
"""Days an order looks ahead; beyond them the last week goes on."""


def newsvendor_quantile(short_cost: float, spare_cost: float) -> float:
    """The quantile of demand to stock for: cost of one too few over that and the cost of one too many.

    Arrow, Harris and Marschak, Optimal Inventory Policy, Econometrica 19 (1951); the "newsvendor".

    Raises:
        ValueError: if a cost is negative or both are zero.
    """
    if min(short_cost, spare_cost) < 0 or short_cost + spare_cost == 0:
        raise ValueError(
            f"Costs of {short_cost} and {spare_cost} name no quantile; both must be at least 0, one above."
        )
    return short_cost / (short_cost + spare_cost)


@dataclass(frozen=True)
class Way:
    """How much to order for.

    `quantile` of the demand of lead time and review is what must be there; `batch_days` are ordered beside it;
    `sold_by_expiry` is the quantile of the demand until an order expires that an order may reach up to.
    """

    quantile: float
    batch_days: float
    sold_by_expiry: float | None


class Foresight(Protocol):
    """What a policy knows of the days to come."""

    def see(self, evening: Evening) -> None:
        """Take in the day that ends."""

    def outlook(self) -> Outlook:
        """The days from tomorrow on."""


@dataclass
class OrderUpTo:
    """Order up to a level by an outlook; `late_mean` and `late_variance` are of deliveries' days beyond the lead time."""

    knows: Foresight
    supply: Supply
    way: Way
    late_mean: Floats | float = 0.0
    late_variance: float = 0.0
    short_cost: float = 1.0
    expired_cost: float = 1.0

    def order(self, evening: Evening) -> Floats:
        """Units wanted of each item this evening."""
        self.knows.see(evening)
        outlook = self.knows.outlook()
        # An order of tomorrow evening is there after one day more than the lead time.
        until_next = self.supply.lead_days + self.late_mean + 1.0
        needed = outlook.total_quantile(
            until_next, self.way.quantile, days_variance=self.late_variance
        )
        fill = needed + outlook.mean_total(until_next + self.way.batch_days)
        fill -= outlook.mean_total(until_next)
        if self.way.sold_by_expiry is None:
            position = (evening.stock + evening.on_order).astype(float)
            return np.where(position < needed, fill - position, 0.0)
        position = sellable(evening.lots, evening.expires_in, outlook) + evening.on_order
        # An order of now must be sold by then, after all that is there and on its way.
        last_days = np.minimum(self.supply.lead_days + self.supply.shelf_days - 1.0, 10.0 * AHEAD)
        most = outlook.total_quantile(last_days, self.way.sold_by_expiry)
        wanted = np.where(position < needed, np.minimum(fill, most) - position, 0.0)
        # Packs and least orders may be more than sells: worth it only while less is thrown away than missed.
        least = np.where(position < needed, np.maximum(wanted, 1e-6), 0.0)
        ordered = self.supply.orderable(least)
        _, spare = outlook.short_and_left(last_days, position + ordered)
        _, spare_now = outlook.short_and_left(last_days, position)
        missed, _ = outlook.short_and_left(until_next, position, days_variance=self.late_variance)
        is_worth = missed * self.short_cost >= (spare - spare_now) * self.expired_cost
        is_too_much = position + ordered > most
        result: Floats = np.where(is_too_much, np.where(is_worth, least, 0.0), wanted)
        return np.maximum(result, 0.0)


@dataclass
class Learned:
    """What our own level foretells."""

    level: Level

    def see(self, evening: Evening) -> None:
        """An empty shelf says "at least so much"."""
        self.level.see(evening.seen.astype(float), ~evening.is_censored)

    def outlook(self) -> Outlook:
        """The next `AHEAD` days."""
        return self.level.outlook(AHEAD)


@dataclass
class Told:
    """A table of days taken for what will come, nothing doubted: last year's, or (perfect foresight) the real one.

    `days` is items by days, its first column day `first`; past its end the last week goes on. `scale` multiplies it.
    """

    days: Whole
    first: int
    scale: float = 1.0
    _now: int = 0

    def see(self, evening: Evening) -> None:
        """It knows already; only the day counts."""
        self._now = evening.day + 1 - self.first

    def outlook(self) -> Outlook:
        """The days from tomorrow on, as the table has them."""
        part = self.days[:, self._now : self._now + AHEAD] * self.scale
        if part.shape[1] < AHEAD:
            week = self.days[:, -7:] * self.scale
            more = np.tile(week, AHEAD // 7 + 1)[:, : AHEAD - part.shape[1]]
            part = np.hstack([part, more])
        sure = np.zeros(len(part))
        return Outlook.of_days(part.astype(float), sure, sure)


def last_year(seen: Whole, *, scale: float = 1.0) -> Told:
    """Last year's same weeks: `seen` from day 0 on, taken to come again 364 days later."""
    return Told(seen, YEAR, scale)
