"""What a model is told about an item on the eve of a forecast: recent means, the same weekday, last year, the calendar.

Every quantity is a ratio to the item's own `scale`, so that one model serves sellers large and small.
Nothing here looks past the last day of the panel it is given.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from models.baseline import HORIZON
from models.dataset import Flags, Floats, Panel
from models.opening import OPEN_WEEKS as WEEKS
from models.opening import open_ahead
from models.shelves import running_sums

Places = npt.NDArray[np.int_]

WINDOWS = (7, 28, 91, 364)
YEAR = 364
"""Fifty-two whole weeks: the same weekday, a year before."""
AROUND = 10
"""Days on both sides of the day a year ago that its mean is taken over."""
ACTIVE_DAYS = 28
"""A pharmacy that sold nothing for so long is silent: nothing is foretold for it."""
LEAST_DAYS = 21
"""Fewer known days than this are too few to foretell from."""

NAMES = (
    *(f"mean_{days}" for days in WINDOWS),
    "same_weekday_8_weeks",
    "same_weekday_last_week",
    "last_year_level",
    "last_year_change",
    "has_last_year",
    *(f"weekday_{day}" for day in range(7)),
    "sin_year",
    "cos_year",
    "sin_half_year",
    "cos_half_year",
    "days_ahead",
)
"""The columns of `Features.values`, in order."""


@dataclass(frozen=True)
class Features:
    """The features of every item for each of the `HORIZON` days after a panel's end.

    `values` is items by days by `NAMES`. A forecast of demand is `scale` (demand of an open day,
    thousandths of a pack) times what a model says times `open_share` (how likely the pharmacy is open on
    that day). `is_active` says for which items that is worth something.
    """

    values: Floats
    scale: Floats
    open_share: Floats
    is_active: Flags


class Sums:
    """Running sums of what a panel's open days teach: the mean of any stretch at once."""

    def __init__(self, panel: Panel) -> None:
        self.days = panel.day_count
        self.demand = running_sums(panel.learned * panel.is_learned)
        self.open = running_sums(panel.is_learned)

    def means(self, first: Places, end: Places) -> Floats:
        """Mean demand of open days from `first` to before `end`, a column per stretch; NaN where none is."""
        first, end = (np.clip(places, 0, self.days) for places in (first, end))
        count = self.open[:, end] - self.open[:, first]
        total = self.demand[:, end] - self.demand[:, first]
        result: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return result


def features_at(panel: Panel, sums: Sums, end: int) -> Features:
    """What is known after the first `end` days of the panel about the `HORIZON` days that follow.

    `sums` are those of the whole panel, made once for many origins; only days before `end` are read.
    """
    windows = np.array([*WINDOWS, end])
    means = sums.means(end - windows, np.full(len(windows), end))
    ever = np.nan_to_num(means[:, -1])
    recent = np.where(np.isnan(means[:, :-1]), ever[:, None], means[:, :-1])
    mean_28, mean_91 = recent[:, 1], recent[:, 2]
    # Not the last months alone: an item that rests would else have ratios to nothing.
    scale = np.maximum(mean_91, ever * 0.1)
    unit = np.maximum(scale, 1e-9)[:, None]
    same_8, last_same = _weekdays(panel, end, mean_28)
    then, change, has_year = _last_year(sums, end, mean_28, unit)

    items, week = len(panel.items), np.arange(HORIZON) % 7
    values = np.concatenate(
        [
            np.repeat((recent / unit)[:, None, :], HORIZON, axis=1),
            (same_8 / unit)[:, week, None],
            (last_same / unit)[:, week, None],
            (then / unit)[:, :, None],
            (change * mean_28[:, None] / unit)[:, :, None],
            has_year[:, :, None],
            np.repeat(_calendar(panel, end)[None, :, :], items, axis=0),
        ],
        axis=2,
    )
    np.clip(values, -10, 10, out=values)
    is_active = active_at(panel, end)
    return Features(values, scale, open_ahead(panel, end), is_active)


def active_at(panel: Panel, end: int) -> Flags:
    """Which items can be foretold after the first `end` days: known long enough, pharmacy not silent."""
    is_known = panel.is_known[:, :end].sum(axis=1) >= LEAST_DAYS
    result: Flags = is_known & panel.is_open[:, max(0, end - ACTIVE_DAYS) : end].any(axis=1)
    return result


def spread_at(panel: Panel, end: int) -> Floats:
    """How much an item's demand varies from day to day: standard deviation, thousandths of a pack.

    Of the last 91 days; at least a tenth of that of all days, so that a quiet item is not thought certain.
    """
    lately = slice(max(0, end - 91), end)
    learned, is_taught = panel.learned, panel.is_taught
    recent = _deviation(learned[:, lately], is_taught[:, lately])
    ever = _deviation(learned[:, :end], is_taught[:, :end])
    result: Floats = np.maximum(recent, ever * 0.1)
    return result


def _deviation(demand: Floats, is_known: Flags) -> Floats:
    count = np.maximum(is_known.sum(axis=1), 1)
    mean = (demand * is_known).sum(axis=1) / count
    square = ((demand - mean[:, None]) ** 2 * is_known).sum(axis=1) / count
    result: Floats = np.sqrt(square)
    return result


def _weekdays(panel: Panel, end: int, otherwise: Floats) -> tuple[Floats, Floats]:
    """For each of the next seven days: mean of the same weekday over 8 weeks, and its last one."""
    days = end + np.arange(7)[:, None] - 7 * np.arange(1, WEEKS + 1)
    exists = days >= 0
    days = np.maximum(days, 0)
    is_learned = panel.is_learned[:, days] & exists
    demand = panel.learned[:, days] * is_learned
    count = is_learned.sum(axis=2)
    plain = np.repeat(otherwise[:, None], 7, axis=1)
    mean = np.where(count > 0, demand.sum(axis=2) / np.maximum(count, 1), plain)
    newest = np.argmax(is_learned, axis=2)[:, :, None]
    last = np.where(count > 0, np.take_along_axis(demand, newest, axis=2)[:, :, 0], plain)
    return mean, last


def _last_year(
    sums: Sums, end: int, mean_28: Floats, unit: Floats
) -> tuple[Floats, Floats, Floats]:
    """Level around each day a year ago, its change since a year before the eve, and whether both are known."""
    day = end + np.arange(HORIZON) - YEAR
    then = sums.means(day - AROUND, day + AROUND + 1)
    before = sums.means(np.array([end - YEAR - 28]), np.array([end - YEAR]))
    with np.errstate(invalid="ignore"):
        has_year = np.isfinite(then) & (before > 0.05 * unit) & (day >= AROUND)
    change = np.where(has_year, then / np.where(has_year, before, 1.0), 1.0)
    level = np.where(has_year, then, mean_28[:, None])
    return level, np.clip(change, 0, 4), has_year.astype(float)


def _calendar(panel: Panel, end: int) -> Floats:
    days = [panel.first_day + timedelta(days=end + h) for h in range(HORIZON)]
    angle = np.array([day.timetuple().tm_yday for day in days]) * 2 * np.pi / 365.25
    weekday = np.eye(7)[[day.weekday() for day in days]]
    waves = np.column_stack([np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)])
    result: Floats = np.column_stack([weekday, waves, np.arange(1, HORIZON + 1) / HORIZON])
    return result
