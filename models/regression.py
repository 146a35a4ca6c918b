"""Ridge regression over all items together: how far the next 28 days will be from the recent mean.

The line is direct (it says the demand of a day up to 28 days ahead from what was known on the eve), in
multiples of the item's own scale, and says only the deviation from an anchor: the 28-day mean, shaped by
the item's weekdays. A strong penalty pulls it towards the anchor, so that with little to learn from it
falls back to what is hard to beat. No randomness: the same data give the same coefficients.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import Ridge

from models.baseline import HORIZON
from models.dataset import Floats, Panel
from models.features import LEAST_DAYS, NAMES, WEEKS, Features, Sums, features_at

RIDGE = "ridge"
PENALTY = 1.5
"""Ridge penalty for each row, on features of unit deviation; 1 to 2 were best on real sales."""
LEAST_SPREAD = 0.25
"""All features are of order one. One that hardly moved in what was learned from (the season, in a short
history) would else be taken far beyond what was seen."""
SHRINK = 8
"""Weeks of no weekday pattern that an item's own pattern is averaged with."""
MOST_MULTIPLE = 10.0
"""A rare burst of more times the usual than this would decide the line for everyone."""
MOST_ROWS = 150_000
"""More rows than this are thinned, to keep training in seconds and under a hundred MB."""
STRIDE = 3
"""Days between two origins of a panel that is thinned. Not 7, so that all weekdays take part; not many
more, because a season learned from few days is learned wrong: beyond this, items take turns instead."""

_MEAN_28 = NAMES.index("mean_28")
_SAME_8 = NAMES.index("same_weekday_8_weeks")


class TooLittleHistory(ValueError):
    """No day of the past has enough days before it."""


@dataclass(frozen=True)
class RidgeModel:
    """A fitted line: `anchor + intercept + coefficients . features`, in multiples of an item's scale."""

    coefficients: Floats
    intercept: float

    def forecast(self, panel: Panel) -> Floats:
        """Demand of the 28 days after the panel: items by days, thousandths of a pack, never negative."""
        told = features_at(panel, Sums(panel), panel.day_count)
        line = anchor(told) + told.values @ self.coefficients + self.intercept
        result: Floats = np.maximum(line, 0) * told.scale[:, None] * told.open_share
        return result


def anchor(told: Features) -> Floats:
    """The 28-day mean given the shape of the item's weekdays, in multiples of its scale."""
    weekday = told.values[:, :, _SAME_8]
    mean = weekday.mean(axis=1, keepdims=True)
    shape = np.where(mean > 0, weekday / np.maximum(mean, 1e-9), 1.0)
    result: Floats = told.values[:, :, _MEAN_28] * (WEEKS * shape + SHRINK) / (WEEKS + SHRINK)
    return result


@dataclass(frozen=True)
class Lessons:
    """Every past day that can be learned from: features on its eve and deviation from the anchor.

    `day` is its place in the panel. Made once, so that fits at many origins share the work.
    """

    features: Floats
    deviation: Floats
    day: npt.NDArray[np.int_]

    @classmethod
    def of(cls, panel: Panel) -> "Lessons":
        """All lessons of a panel, thinned where there are very many."""
        ends = range(panel.day_count - 1, LEAST_DAYS - 1, -1)
        rows = len(ends) * len(panel.items) * HORIZON
        ends = ends if rows <= MOST_ROWS else ends[::STRIDE]
        # With as many shares of the items as turns, each origin takes the share whose turn it is.
        turns = max(1, -(-rows // (STRIDE * MOST_ROWS)))
        shares = [panel.some(np.arange(turn, len(panel.items), turns)) for turn in range(turns)]
        sums = [Sums(share) for share in shares]
        blocks = [
            _lessons_at(shares[number % turns], sums[number % turns], end)
            for number, end in enumerate(ends)
        ]
        if not blocks:
            return cls(np.zeros((0, len(NAMES))), np.zeros(0), np.zeros(0, dtype=int))
        return cls(
            np.concatenate([block.features for block in blocks]),
            np.concatenate([block.deviation for block in blocks]),
            np.concatenate([block.day for block in blocks]),
        )

    def fit(self, day_count: int) -> RidgeModel:
        """The line learned from what had happened after the first `day_count` days.

        Raises:
            TooLittleHistory: if nothing had.
        """
        past = self.day < day_count
        count = int(past.sum())
        if not count:
            raise TooLittleHistory(
                f"{day_count} days are too few to learn from; more than {LEAST_DAYS} with sales "
                "are needed."
            )
        told = self.features[past]
        middle, spread = told.mean(axis=0), np.maximum(told.std(axis=0), LEAST_SPREAD)
        line = Ridge(alpha=PENALTY * count).fit((told - middle) / spread, self.deviation[past])
        coefficients = line.coef_ / spread
        return RidgeModel(coefficients, float(line.intercept_ - coefficients @ middle))


def _lessons_at(panel: Panel, sums: Sums, end: int) -> Lessons:
    told = features_at(panel, sums, end)
    ahead = np.arange(min(HORIZON, panel.day_count - end))
    days = end + ahead
    use = panel.is_learned[:, days] & (told.is_active & (told.scale > 0))[:, None]
    multiple = panel.learned[:, days] / np.maximum(told.scale, 1e-9)[:, None]
    deviation = np.minimum(multiple, MOST_MULTIPLE) - anchor(told)[:, ahead]
    day = np.broadcast_to(days, use.shape)
    return Lessons(told.values[:, ahead][use], deviation[use], day[use])
