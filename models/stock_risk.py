"""Forecast and stock together: how many days the stock lasts. Pure arithmetic."""

import numpy as np

from models.dataset import Floats


def days_of_cover(stock_milli: int, expected: Floats) -> float | None:
    """Days until the expected demand has used the stock up, counted from the first day foretold.

    `expected` is demand per day, thousandths of a pack; within a day it is taken to be even. None when
    the stock outlasts the days foretold, 0.0 when there is none.
    """
    if stock_milli <= 0:
        return 0.0
    used = np.cumsum(expected)
    # Half a thousandth of a pack is less than anything that can be sold.
    day = int(np.searchsorted(used, stock_milli - 0.5))
    if day == len(used):
        return None
    before = float(used[day - 1]) if day else 0.0
    share = (stock_milli - before) / float(expected[day])
    return round(day + min(max(share, 0.0), 1.0), 2)
