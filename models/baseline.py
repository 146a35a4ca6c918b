"""The two simplest forecasts, which every model must beat: the last week again, and the 28-day mean."""

import numpy as np

from models.dataset import Flags, Floats, Panel
from models.opening import open_ahead

HORIZON = 28
"""Days foretold, and days of the total that methods are judged by."""

SEASONAL_NAIVE = "seasonal naive"
MEAN_28 = "28-day mean"
WEEKS_BACK = 8


def seasonal_naive(panel: Panel) -> Floats:
    """The last known week, repeated: items by `HORIZON` days, thousandths of a pack.

    An unknown day, and one on which the shelf was empty, takes the same weekday before it; where none of `WEEKS_BACK`
    weeks knows it, the mean. A day known to be closed has nothing.
    """
    is_fine = panel.is_known & ~panel.is_censored
    week = mean_28(panel)[:, :7]
    for back in range(min(WEEKS_BACK, panel.day_count // 7), 0, -1):
        days = slice(panel.day_count - 7 * back, panel.day_count - 7 * (back - 1))
        week = np.where(is_fine[:, days], panel.demand[:, days], week)
    result: Floats = np.tile(week, HORIZON // 7)
    if panel.calendar is not None:
        result = np.where(open_ahead(panel, panel.day_count) > 0, result, 0)
    return result


def mean_28(panel: Panel) -> Floats:
    """The mean of the last 28 known days, closed ones included, for every day.

    Days of an empty shelf are passed over: open days have the mean of those that are not, closed ones their share. Where
    holidays and hours are known, days known to be closed have nothing.
    """
    lately = _newest(panel.is_known)
    taught = lately if panel.signs is None else _newest(panel.is_taught)
    mean = (panel.learned * taught).sum(axis=1) / np.maximum(taught.sum(axis=1), 1)
    if panel.signs is not None or panel.calendar is not None:
        lessons = taught & panel.is_learned
        of_open = (panel.learned * lessons).sum(axis=1) / np.maximum(lessons.sum(axis=1), 1)
        if panel.calendar is not None:
            ahead: Floats = of_open[:, None] * open_ahead(panel, panel.day_count)
            return ahead
        share = (lately & panel.is_open).sum(axis=1) / np.maximum(lately.sum(axis=1), 1)
        mean = np.where((lately & panel.is_censored).any(axis=1), of_open * share, mean)
    result: Floats = np.repeat(mean[:, None], HORIZON, axis=1)
    return result


def _newest(is_counted: Flags) -> Flags:
    later = np.cumsum(is_counted[:, ::-1], axis=1)[:, ::-1]
    result: Flags = is_counted & (later <= HORIZON)
    return result
