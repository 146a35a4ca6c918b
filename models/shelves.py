"""Which days an empty shelf cut demand short, and what may be learned from them all the same.

A pharmacy sells no more than it has. A day that began with an empty shelf is passed over, whatever was delivered and
sold later: that depends on how the day began and not on its demand, so those that are left are like any. A day in which
the shelf ran out is not passed over, for such days are the busy ones: demand was at least what was seen, and is taken as
no less than the usual of the weeks before, unless refusals were told of. This came nearest to demand that is known
(decision 0022).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int_]

USUAL_DAYS = 56
"""Days before a cut one that its usual demand is taken from."""


@dataclass(frozen=True)
class Shelves:
    """Items by days: `is_censored` where the shelf was empty at some time of an open day, `is_empty` where a day began so.

    `is_empty` holds of closed days within an outage too: they say no more of an item than its other days do.

    `learned` is the demand to learn from, in thousandths of a pack: what was seen, raised on days cut short.
    """

    is_censored: Flags
    is_empty: Flags
    learned: Floats


@dataclass(frozen=True)
class Moved:
    """Days on which a shelf was empty before, after or between movements: the item's row, the day, and what it shows."""

    item: Places
    day: Places
    was_empty: Flags
    is_empty: Flags
    is_doubted: Flags
    """More was sold than the books had: how full the shelf is was not known."""


def moved_of(
    rows: pd.DataFrame, item: Places, day: Places, uncovered: Floats, days: int
) -> tuple[Moved, Places]:
    """Rows of `agg_daily_stock` by item and day (negative: from before the first day), in order of days.

    Of the last day before the panel only how the shelf closed counts; it is kept apart.

    Returns:
        Movements within the days, and the items whose shelf was empty when they began.
    """
    order = np.lexsort((day, item))
    item, day = item[order], day[order]
    opening, closing = (
        rows[name].to_numpy(dtype=float)[order] for name in ("opening_milli", "closing_milli")
    )
    before, within = day < 0, (day >= 0) & (day < days)
    last = pd.Series(closing[before] <= 0, index=item[before]).groupby(level=0).last()
    began_empty: Places = last.index.to_numpy(dtype=int)[last.to_numpy(dtype=bool)]
    item, day = item[within], day[within]
    made = Moved(item, day, opening[within] <= 0, closing[within] <= 0, uncovered[item, day] > 0)
    return made, began_empty


def shelves_of(
    demand: Floats, refused: Floats, is_open: Flags, moved: Moved, began_empty: Places
) -> Shelves:
    """What the movements say of every day: a shelf stays as it closed until something moves on it again, or is sold."""
    shape = demand.shape
    # What was sold on a day without such a row was there all that day, however it came: undone movements are not told of.
    has_moved, closed_empty = demand > np.maximum(refused, 0), np.zeros(shape, dtype=bool)
    has_moved[moved.item, moved.day] = True
    closed_empty[moved.item, moved.day] = moved.is_empty & ~moved.is_doubted
    newest = np.maximum.accumulate(np.where(has_moved, np.arange(shape[1]), -1), axis=1)
    stays = np.take_along_axis(closed_empty, np.maximum(newest, 0), axis=1)
    before = np.zeros(shape[0], dtype=bool)
    before[began_empty] = True
    stays = np.where(newest >= 0, stays, before[:, None])

    is_empty = stays & ~has_moved
    is_censored = is_empty.copy()
    # What was sold from a shelf that the books call empty shows that it was not.
    is_censored[moved.item, moved.day] = ~moved.is_doubted
    is_empty[moved.item, moved.day] = moved.was_empty & ~moved.is_doubted
    is_censored &= is_open
    # Until the shelf is full for the first time, what was refused is all there is to learn from.
    is_empty &= np.logical_or.accumulate(is_open & ~is_empty, axis=1)
    ran_out = is_censored & ~is_empty & (refused <= 0)
    return Shelves(is_censored, is_empty, _raised(demand, is_open, is_censored, ran_out))


def _raised(demand: Floats, is_open: Flags, is_censored: Flags, ran_out: Flags) -> Floats:
    item, day = np.nonzero(ran_out)
    seen = is_open & ~is_censored
    total, count = (running_sums(values) for values in (demand * seen, seen))
    start = np.maximum(day - USUAL_DAYS, 0)
    lately = count[item, day] - count[item, start]
    start = np.where(lately > 0, start, 0)
    many = count[item, day] - count[item, start]
    usual = (total[item, day] - total[item, start]) / np.maximum(many, 1)
    learned = demand.copy()
    learned[item, day] = np.maximum(demand[item, day], usual)
    return learned


def running_sums(values: Floats | Flags) -> Floats:
    """Of each row, the sum of its first 0, 1, 2 … values: one column more than there are values."""
    start = np.zeros((values.shape[0], 1))
    return np.concatenate([start, np.cumsum(values, axis=1, dtype=float)], axis=1)
