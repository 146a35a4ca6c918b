"""What to order for the money there is: steps of packs, the most good per money first, within a budget.

An item's first step is its least order, each further one a pack. What a step is worth is what it saves in units
missed less what it adds in units thrown away, in money. More of an item is worth less and less, so that taking the
best ratio first is at least half as good as the best list there is (and in practice nearly as good); the usual argument
for knapsacks (Martello and Toth, Knapsack Problems, 1990, 2.4), made into a test against every list there is.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.shortage import Floats, Outlook, Whole


@dataclass(frozen=True)
class Choice:
    """An item that may be ordered: what each further step costs and is worth, in minor units of money.

    `costs[k]` and `worths[k]` are of step k; `packs[k]` are the packs it adds. Worths per cost do not rise.
    """

    costs: tuple[int, ...]
    worths: tuple[float, ...]
    packs: tuple[int, ...]


@dataclass(frozen=True)
class Ordered:
    """So many packs of the item of that row: the first so many steps of its choice."""

    row: int
    steps: int
    packs: int
    cost_minor: int
    worth_minor: float


@dataclass(frozen=True)
class Reasons:
    """Why an item should be ordered, in numbers; one number an item.

    `expected_units` until an order of tomorrow would be there, `position_units` there and on their way; the chance to
    run out until then without (`runs_out`) and with (`runs_out_after`) the order; `short_units_saved` and
    `expiring_units_added` on average; `confidence` is the chance that all that is ordered sells before it expires.
    """

    expected_units: Floats
    position_units: Floats
    runs_out: Floats
    runs_out_after: Floats
    short_units_saved: Floats
    expiring_units_added: Floats
    confidence: Floats


@dataclass(frozen=True)
class Need:
    """Items that might be ordered, one row an item.

    `position` is units there and on their way that will not expire unsold; `cover_days` is until when an order of
    today must last; `sell_days` until it expires. Packs are of `pack_units`, a first order of at least `least_packs`.
    `price_minor` is a pack's, `short_minor` what a unit missed costs whom it is about.
    """

    outlook: Outlook
    position: Floats
    cover_days: Floats
    sell_days: Floats
    pack_units: Floats
    least_packs: Whole
    price_minor: Whole
    short_minor: Floats

    def choices(self, most_steps: int = 30) -> list[Choice]:
        """Each item's steps; the later may be worth less than nothing."""
        packs = np.arange(most_steps) + self.least_packs[:, None]
        units = np.hstack([np.zeros((len(packs), 1)), packs * self.pack_units[:, None]])
        gains = np.diff(self._worth(units), axis=1)
        found = []
        for row, gain in enumerate(gains):
            each = (int(self.least_packs[row]), *[1] * (most_steps - 1))
            costs = tuple(int(self.price_minor[row]) * count for count in each)
            found.append(Choice(costs, tuple(float(one) for one in gain), each))
        return found

    def reasons(self, packs: Whole) -> Reasons:
        """Why, if so many packs of each item are ordered."""
        units = packs * self.pack_units
        short, _ = self.outlook.short_and_left(self.cover_days, self.position)
        short_after, _ = self.outlook.short_and_left(self.cover_days, self.position + units)
        _, left = self.outlook.short_and_left(self.sell_days, self.position)
        _, left_after = self.outlook.short_and_left(self.sell_days, self.position + units)
        return Reasons(
            expected_units=self.outlook.mean_total(self.cover_days),
            position_units=self.position,
            runs_out=self.outlook.chance_above(self.cover_days, self.position),
            runs_out_after=self.outlook.chance_above(self.cover_days, self.position + units),
            short_units_saved=short - short_after,
            expiring_units_added=left_after - left,
            confidence=self.outlook.chance_above(self.sell_days, self.position + units),
        )

    def _worth(self, units: Floats) -> Floats:
        """In money, of each number of units (items by numbers) beside what is there."""
        result = np.empty(units.shape)
        unit_price = self.price_minor / self.pack_units
        for column in range(units.shape[1]):
            at = self.position + units[:, column]
            short, _ = self.outlook.short_and_left(self.cover_days, at)
            _, left = self.outlook.short_and_left(self.sell_days, at)
            result[:, column] = -short * self.short_minor - left * unit_price
        return result


def reorder_list(
    choices: Sequence[Choice], budget_minor: int, least_total_minor: int = 0
) -> list[Ordered]:
    """The steps worth most per money that the budget pays, as orders, most worth per money first.

    If they cost less than `least_total_minor`, the least that a supplier delivers for, the list is filled up with more
    of the same items, as long as all of it together is worth more than nothing; else nothing is ordered.

    Raises:
        ValueError: if a cost is not above zero, or an amount of money is negative.
    """
    _check(choices, budget_minor, least_total_minor)
    taken = _greedy(choices, budget_minor)
    single = max(
        (row for row, one in enumerate(choices) if one.worths and one.costs[0] <= budget_minor),
        key=lambda row: choices[row].worths[0],
        default=None,
    )
    if single is not None and choices[single].worths[0] > _worth(choices, taken):
        # One dear step may be worth more than all that is cheap: it first, then what is left over.
        first = choices[single]
        taken = _greedy(choices, budget_minor - first.costs[0], {single: 1})
    taken = _filled(choices, taken, budget_minor, least_total_minor)
    orders = [_ordered(row, choices[row], steps) for row, steps in taken.items() if steps]
    return sorted(orders, key=lambda one: (-one.worth_minor / one.cost_minor, one.row))


def _greedy(
    choices: Sequence[Choice], money: int, taken: dict[int, int] | None = None
) -> dict[int, int]:
    """How many steps of each item: the best ratio first; an item whose next step is too dear gets no more."""
    taken = dict(taken or {})
    waiting: list[tuple[float, int]] = []
    for row in range(len(choices)):
        _push(waiting, choices, row, taken.get(row, 0))
    while waiting:
        _, row = heapq.heappop(waiting)
        step = taken.get(row, 0)
        cost, worth = choices[row].costs[step], choices[row].worths[step]
        if worth <= 0 or cost > money:
            continue
        money -= cost
        taken[row] = step + 1
        _push(waiting, choices, row, step + 1)
    return taken


def _push(waiting: list[tuple[float, int]], choices: Sequence[Choice], row: int, step: int) -> None:
    if step < len(choices[row].costs):
        heapq.heappush(waiting, (-choices[row].worths[step] / choices[row].costs[step], row))


def _filled(
    choices: Sequence[Choice], taken: dict[int, int], budget: int, least: int
) -> dict[int, int]:
    cost = sum(sum(choices[row].costs[:steps]) for row, steps in taken.items())
    worth = _worth(choices, taken)
    taken = dict(taken)
    while cost < least:
        following = [
            (choices[row].worths[steps] / choices[row].costs[steps], row)
            for row, steps in taken.items()
            if steps < len(choices[row].costs) and cost + choices[row].costs[steps] <= budget
        ]
        if not following:
            return {}
        _, row = max(following)
        cost += choices[row].costs[taken[row]]
        worth += choices[row].worths[taken[row]]
        taken[row] += 1
    return taken if worth > 0 else {}


def _worth(choices: Sequence[Choice], taken: dict[int, int]) -> float:
    return sum(sum(choices[row].worths[:steps]) for row, steps in taken.items())


def _ordered(row: int, choice: Choice, steps: int) -> Ordered:
    return Ordered(
        row, steps, sum(choice.packs[:steps]), sum(choice.costs[:steps]), sum(choice.worths[:steps])
    )


def _check(choices: Sequence[Choice], budget: int, least: int) -> None:
    if budget < 0 or least < 0:
        raise ValueError(
            f"A budget of {budget} and a least order of {least} were given; neither may be negative."
        )
    for row, one in enumerate(choices):
        if any(cost <= 0 for cost in one.costs):
            raise ValueError(
                f"Row {row} has a step that costs nothing; give each pack a price above 0."
            )
