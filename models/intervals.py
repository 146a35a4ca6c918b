"""How far off a forecast may be, said by its own past errors: what lay between the 10th and 90th of a hundred.

No distribution is assumed. Errors at past origins are divided by how much the item varied then, and their
quantiles taken per week ahead: of the item itself where it has enough of them, of all items otherwise.
"""

from dataclasses import dataclass

import numpy as np

from models.baseline import HORIZON
from models.dataset import Floats
from models.evaluation import Comparison, totals

LOW, HIGH = 0.1, 0.9
"""The interval holds eight of ten days; one lies below, one above."""
WEEK_COUNT = HORIZON // 7
OWN_DAYS = 60
"""Errors of a week ahead that an item needs to be judged by its own."""
OWN_TOTALS = 9
"""Past totals that an item needs likewise: with fewer, no quantile of a tenth exists."""
PLAIN = 1.2816
"""Before there are past errors: the quantile of the normal distribution."""


@dataclass(frozen=True)
class Bands:
    """Quantiles of past errors, in multiples of an item's spread.

    `days` is items by weeks ahead by (low, high); `total`, items by (low, high), of the 28-day total in
    multiples of spread times the root of 28. `any_days` and `any_total` are those of all items
    together, for items that were not there at the training.
    """

    days: Floats
    total: Floats
    any_days: Floats
    any_total: Floats

    def of_item(self, row: int | None) -> tuple[Floats, Floats]:
        """The bands of the item in that row; those of all items when there is no row."""
        return (self.any_days, self.any_total) if row is None else (self.days[row], self.total[row])


def bands_of(comparison: Comparison, method: str) -> Bands:
    """The bands of one method's errors at the origins of a comparison."""
    errors = comparison.errors[method]
    spread = np.where(comparison.spread > 0, comparison.spread, np.nan)
    origins, items = spread.shape
    ratios = errors / spread[:, :, None]
    weeks = ratios.reshape(origins, items, WEEK_COUNT, 7)
    sums = totals(errors) / (spread * np.sqrt(HORIZON))

    any_days = np.array([_quantiles(weeks[:, :, week]) for week in range(WEEK_COUNT)])
    any_total = _quantiles(sums)
    days = np.repeat(any_days[None], items, axis=0)
    total = np.repeat(any_total[None], items, axis=0)
    for item in range(items):
        for week in range(WEEK_COUNT):
            own = weeks[:, item, week]
            if np.isfinite(own).sum() >= OWN_DAYS:
                days[item, week] = _quantiles(own)
        if np.isfinite(sums[:, item]).sum() >= OWN_TOTALS:
            total[item] = _quantiles(sums[:, item])
    return Bands(days, total, any_days, any_total)


def _quantiles(errors: Floats) -> Floats:
    """The low and the high quantile, each one error further out than the plain one (conformal)."""
    known = errors[np.isfinite(errors)]
    count = len(known)
    if count < OWN_TOTALS:
        return np.array([-PLAIN, PLAIN])
    high = min(1.0, np.ceil((count + 1) * HIGH) / count)
    return np.array(
        [
            np.quantile(known, 1 - high, method="lower"),
            np.quantile(known, high, method="higher"),
        ]
    )
