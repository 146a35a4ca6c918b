"""What the boosted trees and the network learn from: a row per item and origin, and the totals that followed.

A row is the mean of the item's features over the days ahead; a target is the total of 7 or 28 days relative to the
item's own scale and to the days its pharmacy is open. Totals are foretold directly, because they are what is ordered
by; days are their parts by weekday. One model serves all items, in float32.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.baseline import HORIZON
from models.dataset import Flags, Floats, Panel
from models.features import LEAST_DAYS, Features, Sums, features_at
from models.quantiles import LEAST_SHARE
from models.regression import anchor

Singles = npt.NDArray[np.float32]
WEEK = 7
STRIDE = 3
"""Days between two origins learned from. Not 7, so that all weekdays take part."""
MOST_ROWS = 60_000
MOST_MULTIPLE = 10.0
NAMES = ("features", "targets", "end", "item", "scale")


@dataclass(frozen=True)
class Rows:
    """Features (rows by features), targets (rows by the 7- and the 28-day total), the origin, item and scale of each row."""

    features: Singles
    targets: Singles
    end: npt.NDArray[np.int_]
    item: npt.NDArray[np.int_]
    scale: Floats

    def before(self, end: int) -> "Rows":
        """Those whose window was over after `end` days."""
        past = self.end + HORIZON <= end
        return Rows(*(getattr(self, name)[past] for name in NAMES))


def rows_of(panel: Panel) -> Rows:
    """All rows of a panel; where there would be very many, fewer origins."""
    sums = Sums(panel)
    ends = list(range(LEAST_DAYS, panel.day_count - HORIZON + 1, STRIDE))
    ends = ends[:: max(1, -(-len(ends) * len(panel.items) // MOST_ROWS))]
    blocks = [_rows_at(panel, sums, end) for end in ends]
    if not blocks:
        nothing = np.zeros(0, dtype=int)
        width = len(told_features(features_at(panel, sums, panel.day_count))[0])
        empty = np.zeros((0, width), dtype=np.float32), np.zeros((0, 2), dtype=np.float32)
        return Rows(*empty, nothing, nothing, np.zeros(0))
    return Rows(*(np.concatenate([getattr(block, name) for block in blocks]) for name in NAMES))


def told_features(told: Features) -> Singles:
    """A row for every item: its features, meant over the first week and over all days ahead."""
    return np.concatenate(
        [told.values.mean(axis=1), told.values[:, :WEEK].mean(axis=1)], axis=1, dtype=np.float32
    )


def days_of_totals(told: Features, ratios: Floats) -> Floats:
    """Days from the foretold ratios of the two totals: items by `HORIZON`, thousandths of a pack."""
    share = np.maximum(anchor(told), 0) * told.open_share
    open_days = told.open_share
    week, all_days = (
        np.maximum(ratios[:, at], 0) * told.scale * open_days[:, :days].sum(axis=1)
        for at, days in ((0, WEEK), (1, HORIZON))
    )
    rest = np.maximum(all_days - week, 0)
    days = np.zeros(share.shape)
    for part, total in ((slice(0, WEEK), week), (slice(WEEK, HORIZON), rest)):
        here = share[:, part]
        even = open_days[:, part]
        here = np.where(here.sum(axis=1, keepdims=True) > 0, here, even)
        days[:, part] = here / np.maximum(here.sum(axis=1, keepdims=True), 1e-9) * total[:, None]
    return days


def _rows_at(panel: Panel, sums: Sums, end: int) -> Rows:
    told = features_at(panel, sums, end)
    targets, fine = np.zeros((len(panel.items), 2)), told.is_active & (told.scale > 0)
    for at, days in ((0, WEEK), (1, HORIZON)):
        ahead = slice(end, end + days)
        is_open = panel.is_learned[:, ahead]
        usual = np.maximum(told.open_share[:, :days].sum(axis=1), 1e-9)
        fine &= _enough(is_open, usual)
        total = (panel.learned[:, ahead] * is_open).sum(axis=1) / np.maximum(is_open.sum(axis=1), 1)
        targets[:, at] = np.clip(total / np.maximum(told.scale, 1e-9), 0, MOST_MULTIPLE)
    item = np.flatnonzero(fine)
    return Rows(
        told_features(told)[fine],
        targets[fine].astype(np.float32),
        np.full(len(item), end),
        item,
        told.scale[item],
    )


def _enough(is_open: Flags, usual: Floats) -> Flags:
    result: Flags = is_open.sum(axis=1) >= LEAST_SHARE * usual
    return result
