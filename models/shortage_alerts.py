"""Alerts of new shortages: the chance that an item which is there runs out within two weeks, and when to say so.

The chance is of what may come (`shortage.Outlook`) run through what is there, what is on its way, and the minimum at
which the pharmacy orders. When an alert is raised is chosen on weeks before those it is judged by.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.shortage import Flags, Floats, Outlook, Whole

HORIZON = 14
"""Days in which an item must run out for an alert to have been right."""
DRAWS = 60
"""Courses of demand that are tried for each item."""
MORE_DRAWS = 400
"""And for each that is neither safe nor lost after those."""
_OPEN = (0.02, 0.75)
_SAFE_SPREADS = 4.0


@dataclass(frozen=True)
class Shelf:
    """What an alert is worked out from: `stock` at closing, `due` (items by days from tomorrow on), how is ordered.

    At closing, where stock and what is on its way are no more than `minimum`, `quantity` is ordered and is there on
    the morning `lead_days` later.
    """

    stock: Whole
    due: Whole
    minimum: Floats
    quantity: Floats
    lead_days: int

    def of(self, rows: Whole) -> "Shelf":
        """Some of the items."""
        return Shelf(
            self.stock[rows], self.due[rows], self.minimum[rows], self.quantity[rows],
            self.lead_days,
        )  # fmt: skip


def chance_of_shortage(shelf: Shelf, outlook: Outlook, rng: np.random.Generator) -> Floats:
    """The chance (0..1) that each item is out of stock at some closing of the days told; 0 of one that is out now."""
    days = np.full(len(shelf.stock), float(outlook.day_count))
    mean = outlook.mean_total(days)
    spread = np.sqrt(outlook.clump * mean + outlook.doubt * mean**2)
    rows = np.flatnonzero((shelf.stock > 0) & (shelf.stock <= mean + _SAFE_SPREADS * spread + 1))
    return tried_twice(shelf, rows, lambda some, draws: outlook.of(some).paths(rng, draws))


def tried_twice(shelf: Shelf, rows: Whole, courses: Callable[[Whole, int], Whole]) -> Floats:
    """Each item's share of courses in which it runs out: of some, and of more where some leave it open; 0 off `rows`.

    `courses` draws for some items (their rows) so many courses.
    """
    chance = np.zeros(len(shelf.stock))
    chance[rows] = share_run_out(shelf.of(rows), courses(rows, DRAWS))
    still_open = np.flatnonzero((chance > _OPEN[0]) & (chance < _OPEN[1]))
    more = share_run_out(shelf.of(still_open), courses(still_open, MORE_DRAWS))
    chance[still_open] += (more - chance[still_open]) * MORE_DRAWS / (DRAWS + MORE_DRAWS)
    return chance


def share_run_out(shelf: Shelf, paths: Whole) -> Floats:
    """Of the courses of demand (items by draws by days), the share in which the item is out at some closing."""
    items, draws, days = paths.shape
    due = np.zeros((items, draws, days + shelf.lead_days))
    due[:, :, : shelf.due.shape[1]] = shelf.due[:, None, :days]
    stock = np.repeat(shelf.stock[:, None].astype(float), draws, axis=1)
    position = stock + due.sum(axis=2)
    is_out = np.zeros((items, draws), dtype=bool)
    for day in range(days):
        stock += due[:, :, day]
        sold = np.minimum(stock, paths[:, :, day])
        stock -= sold
        position -= sold
        is_out |= stock == 0
        ordered = np.where(position <= shelf.minimum[:, None], shelf.quantity[:, None], 0.0)
        due[:, :, day + shelf.lead_days] += ordered
        position += ordered
    result: Floats = is_out.mean(axis=1)
    return result


def new_shortage(stock: Whole, day: int) -> Flags:
    """Which items are there at the closing of that day, and out at one of the next `HORIZON` (stock: items by days)."""
    result: Flags = (stock[:, day] > 0) & (stock[:, day + 1 : day + 1 + HORIZON] == 0).any(axis=1)
    return result


@dataclass(frozen=True)
class Curve:
    """Precision and recall of alerts at every threshold, highest threshold first."""

    threshold: Floats
    precision: Floats
    recall: Floats

    @classmethod
    def of(cls, scores: Floats, happened: Flags) -> "Curve":
        """Of alerts where a score is at least the threshold.

        Raises:
            ValueError: if nothing happened: then there is nothing to recall.
        """
        if not happened.any():
            raise ValueError("No shortage happened, so no alert can be judged; give more weeks.")
        order = np.argsort(-scores.ravel(), kind="stable")
        ranked, true = scores.ravel()[order], happened.ravel()[order].cumsum()
        is_last = np.append(ranked[1:] != ranked[:-1], True)
        said = np.arange(1, len(ranked) + 1)
        return cls(ranked[is_last], (true / said)[is_last], (true / true[-1])[is_last])

    def at_precision(self, precision: float) -> tuple[float, float]:
        """Highest recall at a precision of at least that, and its threshold; (0, infinite) where there is none."""
        good = np.flatnonzero(self.precision >= precision)
        if not len(good):
            return 0.0, float("inf")
        return float(self.recall[good[-1]]), float(self.threshold[good[-1]])


def judged(is_said: Flags, happened: Flags) -> tuple[float, float]:
    """Precision and recall of alerts; a precision of 1 where none was raised."""
    right = float((is_said & happened).sum())
    return (
        right / is_said.sum() if is_said.any() else 1.0,
        right / happened.sum() if happened.any() else 1.0,
    )


def calibration(
    chances: Floats, happened: Flags, steps: int = 10
) -> list[tuple[float, float, int]]:
    """Told and seen share, and how many, of the chances above 0 in steps of equal width."""
    step = np.minimum((chances * steps).astype(int), steps - 1)
    rows = [(step == one) & (chances > 0) for one in range(steps)]
    return [
        (float(chances[row].mean()), float(happened[row].mean()), int(row.sum()))
        for row in rows
        if row.any()
    ]
