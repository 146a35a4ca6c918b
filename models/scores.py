"""What a forecast is held to: RMSSE, the error of totals, pinball loss and coverage, each by series.

All in multiples of the series' own in-sample one-week difference before the first scored origin; unknown days count
neither for nor against anybody. A series of which nothing can be said has NaN.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.baseline import HORIZON
from models.dataset import Floats, Panel
from models.quantiles import HIGH, LOW, Past, day_quantiles, known_mean, total_quantiles

SHARES = (LOW, 0.5, HIGH)
MEASURES = (
    "RMSSE of days 1-7",
    "RMSSE of days 1-28",
    "error of the 7-day total",
    "error of the 28-day total",
    "pinball loss of the 28-day total at 0.1",
    "pinball loss of the 28-day total at 0.5",
    "pinball loss of the 28-day total at 0.9",
)
RMSSE, WEEK_ERROR, TOTAL_ERROR, PINBALL = MEASURES[1], MEASURES[2], MEASURES[3], MEASURES[4:]
DAYS_ABOVE, TOTALS_ABOVE = "days above their 0.9", "28-day totals above their 0.9"
LEAST_PAIRS = 14
"""Days known twice, a week apart, that a difference is taken of."""


@dataclass(frozen=True)
class Scores:
    """A method's means over the scored origins: every measure, by series.

    `totals` are the quantiles of the 28-day total told at all origins, by share: origins by series.
    """

    of: Mapping[str, Floats]
    totals: Mapping[float, Floats]

    def mean(self, measure: str) -> float:
        """Over all series."""
        return float(self.of[measure].mean())


def week_scale(panel: Panel) -> Floats:
    """Root mean square of the difference between days a week apart, by series: thousandths of a pack."""
    both = panel.is_known[:, 7:] & panel.is_known[:, :-7]
    square = (panel.demand[:, 7:] - panel.demand[:, :-7]) ** 2 * both
    result: Floats = np.sqrt(square.sum(axis=1) / np.maximum(both.sum(axis=1), 1))
    return result


def usable_scale(panel: Panel, until: int) -> Floats:
    """The scale of the first `until` days; of all days for a series that came later; NaN where nothing ever differed."""

    def of(some: Panel) -> Floats:
        both = (some.is_known[:, 7:] & some.is_known[:, :-7]).sum(axis=1)
        scale = week_scale(some)
        result: Floats = np.where((both >= LEAST_PAIRS) & (scale > 0), scale, np.nan)
        return result

    early = of(panel.until(until))
    result: Floats = np.where(np.isfinite(early), early, of(panel))
    return result


def scores(past: Past, scale: Floats, first: int, end: int | None = None) -> Scores:
    """The scores of the origins from the one numbered `first` to before `end` (None: all).

    Those before are what quantiles learn from.
    """
    made: dict[str, Floats] = {}
    some = slice(first, end)
    error = (past.came - past.told)[some]
    for days, name in ((7, MEASURES[0]), (HORIZON, RMSSE)):
        made[name] = np.sqrt(known_mean(error[:, :, :days] ** 2, (0, 2))) / scale
    for days, name in ((7, WEEK_ERROR), (HORIZON, TOTAL_ERROR)):
        told, came, _ = past.sums(days)
        made[name] = known_mean(np.abs(came - told)[some], 0) / scale
    _, came, _ = past.sums(HORIZON)
    totals = {share: total_quantiles(past, share) for share in SHARES}
    for share, name in zip(SHARES, PINBALL, strict=True):
        off = (came - totals[share])[some]
        made[name] = known_mean(np.maximum(share * off, (share - 1) * off), 0) / scale
    made[DAYS_ABOVE] = _share_above(past.came[some], day_quantiles(past, HIGH)[some], (0, 2))
    made[TOTALS_ABOVE] = _share_above(came[some], totals[HIGH][some], 0)
    return Scores(made, totals)


def _share_above(came: Floats, high: Floats, axis: int | tuple[int, ...]) -> Floats:
    known = np.isfinite(came) & np.isfinite(high)
    result: Floats = known_mean(np.where(known, came > high, np.nan), axis)
    return result
