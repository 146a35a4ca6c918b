"""What may be asked for over the next days, as a distribution, and what follows from it alone: totals and paths.

Any model's forecast can be put into this form (`Outlook.from_total`); the one of our own is in
`models.shortage_course`. Nothing here depends on the scale or the unit of the demand.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

SPAN = 14
"""Days of the totals that the doubt of a level is stated for."""


@dataclass(frozen=True)
class Outlook:
    """What the next days may ask for.

    `through` is items by days + 1: expected until the end of each day, beginning with 0. A day's variance is `clump`
    times its mean (1: Poisson, 0: known); beside that an item's level is off by a factor whose relative variance is
    `doubt` over `SPAN` days and more over longer ones, for a level also wanders. Past the days told, the last week
    goes on.
    """

    through: Floats
    clump: Floats
    doubt: Floats

    @classmethod
    def of_days(cls, expected: Floats, clump: Floats, doubt: Floats) -> "Outlook":
        """From the demand expected of each day, items by days."""
        start = np.zeros((len(expected), 1))
        return cls(np.hstack([start, expected.cumsum(axis=1)]), clump, doubt)

    @classmethod
    def from_total(cls, expected: Floats, low: Floats, high: Floats) -> "Outlook":
        """From any model that tells a mean a day, and the 0.1 and 0.9 quantile of the total of those days.

        All of the spread is taken to be the level's; what days add by themselves is at least Poisson's.
        """
        mean = expected.sum(axis=1)
        variance = ((high - low) / (2 * stats.norm.ppf(0.9))) ** 2
        doubt = np.maximum(variance - mean, 0.0) / np.maximum(mean, 1e-9) ** 2
        return cls.of_days(expected, np.ones(len(expected)), doubt)

    @property
    def expected(self) -> Floats:
        """Items by days."""
        result: Floats = np.diff(self.through, axis=1)
        return result

    @property
    def day_count(self) -> int:
        """Days told."""
        return int(self.through.shape[1]) - 1

    def of(self, rows: Whole) -> "Outlook":
        """Some of the items."""
        return Outlook(self.through[rows], self.clump[rows], self.doubt[rows])

    def mean_total(self, days: Floats) -> Floats:
        """The expected total of the first `days`: items, or items by anything; fractions allowed."""
        shape = days.shape
        asked = np.maximum(days.reshape(len(self.through), -1), 0.0)
        told = self.day_count
        whole = np.minimum(np.floor(asked).astype(int), told)
        last = np.take_along_axis(self.through, whole, axis=1)
        after = np.take_along_axis(self.through, np.minimum(whole + 1, told), axis=1)
        week = min(7, told)
        pace = (self.through[:, told] - self.through[:, told - week])[:, None] / week
        total: Floats = last + np.minimum(asked - whole, 1.0) * (after - last)
        total += np.maximum(asked - told, 0.0) * pace
        return total.reshape(shape)

    def total_quantile(
        self, days: Floats, probability: Floats | float, *, days_variance: Floats | float = 0.0
    ) -> Floats:
        """That quantile of the total of each item's first `days`, whose number may itself vary.

        A gamma distribution of the total's mean and variance (with random days: Silver, Pyke and Thomas, Inventory and
        Production Management, 2017, 6.10): continuous, so that it works in any unit.
        """
        mean, is_sure, shape, ratio = self._gamma(days, days_variance)
        result: Floats = np.where(is_sure, mean, special.gammaincinv(shape, probability) * ratio)
        return result

    def short_and_left(
        self, days: Floats, units: Floats, *, days_variance: Floats | float = 0.0
    ) -> tuple[Floats, Floats]:
        """Of so many `units` for the first `days`: how many will be missing, and how many left over, on average."""
        mean, is_sure, shape, ratio = self._gamma(days, days_variance)
        at = np.maximum(units, 0.0) / ratio
        above = mean * special.gammaincc(shape + 1, at) - np.maximum(
            units, 0.0
        ) * special.gammaincc(shape, at)
        short = np.where(is_sure, np.maximum(mean - np.maximum(units, 0.0), 0.0), above)
        return short, short + np.maximum(units, 0.0) - mean

    def chance_above(self, days: Floats, units: Floats) -> Floats:
        """The chance (0..1) that more than `units` are asked for in the first `days`."""
        mean, is_sure, shape, ratio = self._gamma(days, 0.0)
        chance = special.gammaincc(shape, np.maximum(units, 0.0) / ratio)
        result: Floats = np.where(is_sure, (mean > units).astype(float), chance)
        return result

    def _gamma(
        self, days: Floats, days_variance: Floats | float
    ) -> tuple[Floats, Flags, Floats, Floats]:
        """Of the total of those days: its mean, whether that is all there is to it, and a gamma's shape and scale."""
        mean = self.mean_total(days)
        pace = mean / np.maximum(days, 1e-9)
        # Of a level that is followed day by day, two thirds of what totals of SPAN days are off by were so at once.
        doubt = self.doubt * (2 + days / SPAN) / 3
        variance = self.clump * mean + doubt * mean**2 + days_variance * pace**2
        is_sure: Flags = (mean <= 0) | (variance <= 0)
        ratio = np.where(is_sure, 1.0, variance / np.maximum(mean, 1e-12))
        return mean, is_sure, np.where(is_sure, 1.0, mean / ratio), ratio

    def paths(self, rng: np.random.Generator, draws: int) -> Whole:
        """What may come: items by draws by days, whole units."""
        expected = self.expected
        off = np.maximum(self.doubt, 1e-6)[:, None]
        factor = rng.standard_gamma(np.broadcast_to(1 / off, (len(off), draws))) * off
        mean = expected[:, None, :] * factor[:, :, None]
        extra = np.maximum(self.clump - 1.0, 1e-3)[:, None, None]
        rate = rng.standard_gamma((mean / extra).astype(np.float32), dtype=np.float32) * extra
        result: Whole = rng.poisson(rate)
        return result
