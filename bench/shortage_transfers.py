"""The third year again, with packs handed over between four pharmacies of a town once a week.

Four items of a kind are taken for one medicine at four pharmacies. What is suggested is done, all of it, after closing.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bench.shortage_decisions import Outcome, Replays
from models.inventory_policies import Learned, Way
from models.inventory_replay import Evening, Policy, Shop
from models.shortage import Floats, Outlook
from models.transfers import Holding, Transfer, Trip, suggest

PHARMACIES = 4
AHEAD = 60


@dataclass
class HandingOver:
    """Lets a policy order, and once a week hands over before it does."""

    ordering: Policy
    shop: Shop
    knows: Learned
    settings: Mapping[str, Any]
    done: list[Transfer] = field(default_factory=list)

    def order(self, evening: Evening) -> Floats:
        """What the policy wants, of what is there after the packs were carried."""
        self.knows.see(evening)
        if evening.day % 7 == 6:
            self._hand_over()
            evening = replace(
                evening, stock=self.shop.stock, lots=self.shop.lots, expires_in=self._left()
            )
        return self.ordering.order(evening)

    def _left(self) -> Any:
        return self.shop.until - self.shop.day - 1

    def _hand_over(self) -> None:
        outlook = self.knows.level.outlook(AHEAD)
        lead = self.shop.supply.lead_days
        delivery = self.shop.delivery_days(lead + 1).astype(float)
        money = self.settings["transfers"]
        trip = Trip(money["fixed_minor"], money["minor_per_km"], money["most_km"])
        for rows in self._medicines(outlook, delivery):
            holdings = [self._holding(row, outlook, delivery) for row in rows]
            for one in suggest(holdings, trip):
                slot = self._slots(rows[one.giver])[one.lot]
                self.shop.move(int(rows[one.giver]), int(slot), int(rows[one.taker]), one.units)
                self.done.append(one)

    def _medicines(self, outlook: Outlook, delivery: Floats) -> list[Any]:
        """Rows of the medicines of which somebody may miss some, and somebody may have too much."""
        least = (
            self.settings["transfers"]["fixed_minor"] / 2 / self.settings["transfers"]["unit_minor"]
        )
        stock = self.shop.stock.astype(float)
        missing, _ = outlook.short_and_left(delivery, stock)
        last = np.where(self.shop.lots > 0, self._left(), 0).max(axis=1).astype(float)
        _, left = outlook.short_and_left(np.minimum(last, 10.0 * AHEAD), stock)
        groups = np.arange(len(stock)).reshape(-1, PHARMACIES)
        asks = (missing > least)[groups].any(axis=1) & (left > least)[groups].any(axis=1)
        return list(groups[asks])

    def _slots(self, row: int) -> Any:
        return np.flatnonzero(self.shop.lots[row] > 0)

    def _holding(self, row: int, outlook: Outlook, delivery: Floats) -> Holding:
        unit = self.settings["transfers"]["unit_minor"]
        left = self._left()[row]
        lots = tuple((int(self.shop.lots[row, slot]), int(left[slot])) for slot in self._slots(row))
        # A quarter of a degree of latitude apart at most: some 28 km.
        at = (52.0 + 0.05 * (row % PHARMACIES), 13.0)
        one = outlook.of(np.array([row]))
        return Holding(
            row % PHARMACIES, row // PHARMACIES, at, lots, delivery[row], one, unit, unit
        )


def hand_over(replays: Replays, way: Way) -> dict[str, Any]:
    """Year three with and without, under the fixed minimum and under ours: prints the table, returns the figures."""
    print(
        "\ntransfers: year three, all that is suggested once a week between four pharmacies is done"
    )
    found: dict[str, Any] = {}
    for name, policy in (("fixed", replays.place.fixed()), ("ours", replays.ours(3, way))):
        shop = replays.at_three.copy()
        knows = Learned(deepcopy(replays.ours(3, way).knows.level))
        handing = HandingOver(policy, shop, knows, replays.settings)
        record = replays.place.run(shop, handing, 3 * replays.one.stock.shape[1])
        one = Outcome.of(record, replays.costs)
        units = sum(transfer.units for transfer in handing.done)
        print(
            f"{name:<8} with transfers: {one.short:>9,} short {one.expired:>9,} expired"
            f"; {len(handing.done):,} transfers of {units:,} units"
        )
        found[f"short_units_{name}_transfers"] = one.short
        found[f"expired_units_{name}_transfers"] = one.expired
        found[f"transfers_{name}"] = len(handing.done)
    return found
