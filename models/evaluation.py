"""Which method would have served best: each foretells 28 days at past origins and is held to what came.

What matters to a pharmacist is how much to order for the next four weeks, so methods are compared by the
error of the 28-day total, in packs, over all items. Not by MASE or mean absolute error per day: on
medicines sold every third day those reward whoever foretells nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from models.baseline import HORIZON, MEAN_28, SEASONAL_NAIVE, mean_28, seasonal_naive
from models.dataset import Floats, Panel
from models.features import LEAST_DAYS, active_at, spread_at
from models.regression import RIDGE, Lessons

MOST_ORIGINS = 13
"""A year of origins, four weeks apart."""
FEW_ORIGINS = 4
"""With fewer origins than this a week apart is taken instead: they overlap, and are better than none."""
LEAST_SCORED = 21
"""An item is scored at an origin when so many of the 28 days are known."""

Method = Callable[[Panel], Floats]
"""Foretells the `HORIZON` days after a panel: items by days, thousandths of a pack."""


@dataclass(frozen=True)
class Comparison:
    """What each method would have foretold at each origin, against what came.

    `errors[method]` is origins by items by days ahead, actual less forecast, NaN where not scored;
    `actual` likewise; `spread` (origins by items) is how much the item varied before the origin.
    """

    origins: tuple[date, ...]
    errors: Mapping[str, Floats]
    actual: Floats
    spread: Floats

    def total_errors(self, method: str) -> Floats:
        """Absolute error of the 28-day total: origins by items, NaN where not scored."""
        return np.abs(totals(self.errors[method]))

    def total_error_milli(self, method: str) -> float | None:
        """Mean absolute error of an item's 28-day total, thousandths of a pack; None without origins."""
        errors = self.total_errors(method)
        return float(np.nanmean(errors)) if np.isfinite(errors).any() else None

    def relative_error(self, method: str) -> float | None:
        """The same, relative to the 28-day mean's; below 1 is better."""
        mine, plain = self.total_error_milli(method), self.total_error_milli(MEAN_28)
        return mine / plain if mine is not None and plain else None

    def best(self) -> str:
        """The method with the smallest error of totals; the simplest of equals; the mean without origins."""
        errors = {method: self.total_error_milli(method) for method in self.errors}
        measured = {method: error for method, error in errors.items() if error is not None}
        return min(measured, key=lambda method: measured[method]) if measured else MEAN_28


def origins_of(day_count: int) -> list[int]:
    """At which origins methods are compared: how many days were known at each, newest first."""
    newest = day_count - HORIZON
    monthly = list(range(newest, LEAST_DAYS - 1, -HORIZON))[:MOST_ORIGINS]
    if len(monthly) >= FEW_ORIGINS:
        return monthly
    return list(range(newest, LEAST_DAYS - 1, -7))[:MOST_ORIGINS]


def compare(panel: Panel) -> Comparison:
    """Let every method foretell at every origin, from what was known then and nothing else."""
    lessons = Lessons.of(panel)
    methods: dict[str, Method] = {
        MEAN_28: mean_28,
        SEASONAL_NAIVE: seasonal_naive,
        RIDGE: lambda past: lessons.fit(past.day_count).forecast(past),
    }
    ends = [end for end in origins_of(panel.day_count) if lessons.reach(end)]
    shape = (len(ends), len(panel.items), HORIZON)
    errors = {method: np.full(shape, np.nan) for method in methods}
    actual = np.full(shape, np.nan)
    spread = np.full(shape[:2], np.nan)
    for row, end in enumerate(ends):
        days = slice(end, end + HORIZON)
        is_known = panel.is_known[:, days]
        is_scored = active_at(panel, end) & (is_known.sum(axis=1) >= LEAST_SCORED)
        counts = is_known & is_scored[:, None]
        came = panel.demand[:, days]
        actual[row] = np.where(counts, came, np.nan)
        spread[row] = spread_at(panel, end)
        past = panel.until(end)
        for method, foretell in methods.items():
            errors[method][row] = np.where(counts, came - foretell(past), np.nan)
    dates = tuple(panel.first_day + timedelta(days=end - 1) for end in ends)
    return Comparison(dates, errors, actual, spread)


def totals(daily: Floats) -> Floats:
    """Sums over the days ahead, NaN where nothing was scored."""
    is_scored = np.isfinite(daily).any(axis=-1)
    result: Floats = np.where(is_scored, np.nansum(daily, axis=-1), np.nan)
    return result
