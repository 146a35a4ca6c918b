"""How far off a forecast may be, by what it has been off: quantiles of days and of totals, kept up week by week.

Past errors for the same week ahead, in multiples of how much the item varied then, are ranked (conformal prediction;
nothing is assumed of their shape). Which rank is told moves a little each week with how often what came was higher than
told (Gibbs and Candes, Adaptive Conformal Inference Under Distribution Shift, 2021), so that a drifting item is not
told too narrow a band for long. At an origin only what was known by then is used: windows of totals overlap, and one
counts when its last day is over. The last origin may be today, with nothing known of what comes: `bands_of` is what is
told then.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.baseline import HORIZON
from models.dataset import Flags, Floats

ORIGINS = 52
"""Past origins whose errors are ranked: a year of weeks."""
PACE = 0.1
"""How fast the rank follows the share that was above; on earlier origins 0.05 to 0.2 did as well."""
MOST_MOVED = 0.2
LEAST_ERRORS = 9
"""With fewer errors there is no quantile of a tenth."""
LEAST_SHARE = 0.75
"""A total is learned from, and held against what came, when so much of its window is known."""
LOW, HIGH = 0.1, 0.9
"""The interval holds eight of ten days; one lies below, one above."""
WEEK_COUNT = HORIZON // 7
PLAIN = 1.2816
"""Before there are past errors: the quantile of the normal distribution."""


@dataclass(frozen=True)
class Past:
    """What was told at weekly origins, oldest first, and what came.

    `told` and `came` are origins by items by `HORIZON` days, `came` NaN where nothing is known of the day; `spread`
    (origins by items) is how much an item varied before the origin.
    """

    told: Floats
    came: Floats
    spread: Floats

    def sums(self, days: int) -> tuple[Floats, Floats, Floats]:
        """Told and came over the known ones of the first `days`, and their number; NaN where too few are known."""
        known = np.isfinite(self.came[:, :, :days])
        count = known.sum(axis=2).astype(float)
        is_scored = count >= LEAST_SHARE * days
        told = np.where(is_scored, (self.told[:, :, :days] * known).sum(axis=2), np.nan)
        came = np.where(is_scored, np.nansum(self.came[:, :, :days], axis=2), np.nan)
        return told, came, count


@dataclass(frozen=True)
class Bands:
    """How far quantiles lie from what is told now, in multiples of an item's spread.

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


def bands_of(past: Past) -> Bands:
    """The bands to be told at the last origin, from all that was over by then.

    An item with too few errors of its own has those of all items; where all together have too few, the normal ones.
    """
    errors = (past.came - past.told) / _unit(past.spread)[:, :, None]
    weeks = errors.reshape(*errors.shape[:2], WEEK_COUNT, 7)
    told, came, count = past.sums(HORIZON)
    sums = (came - told) / (_unit(past.spread) * np.sqrt(np.maximum(count, 1)))
    any_days = np.array(
        [
            [_of_all(weeks[:, :, at], LOW, -PLAIN), _of_all(weeks[:, :, at], HIGH, PLAIN)]
            for at in range(WEEK_COUNT)
        ]
    )
    any_total = np.array([_of_all(sums, LOW, -PLAIN), _of_all(sums, HIGH, PLAIN)])
    days = np.stack([_days(past, share)[1] for share in (LOW, HIGH)], axis=2)
    total = np.stack([_totals(past, share, HORIZON)[1] for share in (LOW, HIGH)], axis=1)
    return Bands(
        np.where(np.isfinite(days), days, any_days),
        np.where(np.isfinite(total), total, any_total),
        any_days,
        any_total,
    )


def day_quantiles(past: Past, share: float) -> Floats:
    """The `share` quantile of every day, as it was to be told at each origin: like `Past.told`."""
    return _days(past, share)[0]


def total_quantiles(past: Past, share: float, days: int = HORIZON) -> Floats:
    """The `share` quantile of the total over the first `days`, as it was to be told: origins by items.

    Windows of four weeks are few for an item alone, so that all items' errors are ranked together, each in multiples
    of what is usual for its item.
    """
    return _totals(past, share, days)[0]


def _days(past: Past, share: float) -> tuple[Floats, Floats]:
    """The quantiles of days, and how far those of the last origin are off (items by weeks, in spreads)."""
    origins, items, _ = past.told.shape
    errors = (past.came - past.told) / _unit(past.spread)[:, :, None]
    result = np.full_like(past.told, np.nan)
    level = np.full(items, share)
    off = np.full((items, WEEK_COUNT), np.nan)
    for origin in range(origins):
        above = list(_week_above(past.came, result, origin))
        if above:
            level = _moved(level, known_mean(np.array(above)), share)
        for week in range(WEEK_COUNT):
            days = slice(7 * week, 7 * week + 7)
            # After `week + 1` weeks this part of a window is over.
            over = slice(max(0, origin - week - ORIGINS), max(0, origin - week))
            known = errors[over, :, days].transpose(1, 0, 2).reshape(items, -1)
            off[:, week] = _ranked(known, level)
            high = off[:, week] * past.spread[origin]
            result[origin, :, days] = np.maximum(past.told[origin, :, days] + high[:, None], 0)
    return result, off


def _totals(past: Past, share: float, days: int) -> tuple[Floats, Floats]:
    """The quantiles of totals, and how far those of the last origin are off, in multiples of `unit`."""
    told, came, count = past.sums(days)
    unit = _unit(past.spread) * np.sqrt(np.maximum(count, 1))
    errors = (came - told) / unit
    weeks = -(-days // 7)
    result = np.full(told.shape, np.nan)
    level = np.array([share])
    off = np.full(told.shape[1], np.nan)
    for origin in range(len(told)):
        over = slice(max(0, origin - weeks + 1 - ORIGINS), max(0, origin - weeks + 1))
        newest = origin - weeks
        if newest >= 0 and np.isfinite(result[newest] - came[newest]).any():
            is_scored = np.isfinite(came[newest]) & np.isfinite(result[newest])
            above = (came[newest] > result[newest])[is_scored].mean()
            level = _moved(level, np.array([above]), share)
        past_errors = errors[over]
        usual = _usual(past_errors)
        off = _ranked((past_errors / usual).reshape(1, -1), level)[0] * usual
        result[origin] = np.maximum(told[origin] + off * unit[origin], 0)
    return result, off


def _week_above(came: Floats, told: Floats, origin: int) -> Iterator[Floats]:
    """Shares of the last week's days above what was told of them one to four weeks ago, by item."""
    for week in range(min(HORIZON // 7, origin)):
        days = slice(7 * week, 7 * week + 7)
        then = origin - week - 1
        pair = np.stack([came[then, :, days], told[then, :, days]])
        is_scored: Flags = np.isfinite(pair[0]) & np.isfinite(pair[1])
        if is_scored.any():
            above = (pair[0] > pair[1]) & is_scored
            yield np.where(
                is_scored.any(axis=1),
                above.sum(axis=1) / np.maximum(is_scored.sum(axis=1), 1),
                np.nan,
            )


def _moved(level: Floats, above: Floats, share: float) -> Floats:
    step = np.nan_to_num(above - (1 - share), nan=0.0)
    low, high = max(0.01, share - MOST_MOVED), min(0.99, share + MOST_MOVED)
    result: Floats = np.clip(level + PACE * step, low, high)
    return result


def _ranked(errors: Floats, level: Floats) -> Floats:
    """The error of that rank in every row, one further out than the plain one; NaN where there are few."""
    ordered = np.sort(errors, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    place = np.clip(np.ceil((count + 1) * level) - 1, 0, np.maximum(count - 1, 0)).astype(int)
    if not ordered.shape[1]:
        return np.full(len(ordered), np.nan)
    found = np.take_along_axis(ordered, place[:, None], axis=1)[:, 0]
    result: Floats = np.where(count >= LEAST_ERRORS, found, np.nan)
    return result


def _usual(errors: Floats) -> Floats:
    """An item's mean absolute error; that of all items where it has too few."""
    count = np.isfinite(errors).sum(axis=0)
    mean = known_mean(np.abs(errors))
    is_own = (count >= LEAST_ERRORS) & (mean > 0)
    others = float(mean[is_own].mean()) if is_own.any() else 1.0
    result: Floats = np.where(is_own, mean, others)
    return result


def known_mean(values: Floats, axis: int | tuple[int, ...] = 0) -> Floats:
    """Over one axis or several, of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    total, count = np.where(known, values, 0).sum(axis=axis), known.sum(axis=axis)
    result: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return result


def _of_all(errors: Floats, share: float, otherwise: float) -> float:
    """The plain rank of all errors together."""
    off = float(_ranked(errors[np.isfinite(errors)][None], np.array([share]))[0])
    return off if np.isfinite(off) else otherwise


def _unit(spread: Floats) -> Floats:
    result: Floats = np.where(spread > 0, spread, np.nan)
    return result
