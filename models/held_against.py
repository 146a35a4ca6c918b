"""What was really told, held against what came: scores of the days that have closed since.

Never a forecast made afterwards. A day is scored as it was last told before it closed; totals of 7 and 28 days as they
were told by one forecast a week (`forecast_kept`). Items whose shelf was empty, or whose pharmacy was warned of a
shortage, say nothing of a forecast on such a day and are left out. A closed day counts, with nothing asked for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import sqlalchemy as sa

from models.baseline import HORIZON
from models.dataset import Floats, Item, Panel
from models.demand_model import Forecast
from models.quantiles import LEAST_SHARE
from models.scores import usable_scale
from remedy.pipeline.forecast_scores import (
    KeptForecast,
    Score,
    kept_forecasts,
    last_kept,
    told_of_closed,
)
from remedy.pipeline.forecasts import ForecastDay
from remedy.values import MILLI

ALL, DAY, WEEK = "all", 1, 7
KEEP_EVERY = 7
"""Days between two forecasts that are kept."""
HALF_PACK = MILLI / 2
"""Packs are sold whole and quantiles are not: none a day is not below 0.02, nor one above 0.98."""


@dataclass(frozen=True)
class _Told:
    """One item's forecast of some days that are over, and what came; without quantiles low and high are NaN."""

    kind: str
    told: float
    came: float
    low: float
    high: float
    scale: float
    version: str


@dataclass(frozen=True)
class HeldTotal:
    """What was told of a total, in the part (`share`) of it that is known, and what came in that part."""

    share: float
    told: float
    came: float


@dataclass(frozen=True)
class Past:
    """Scores of what was told before, and when a forecast was last kept."""

    scores: Sequence[Score]
    last_kept: date | None

    def is_kept_again(self, first_day: date) -> bool:
        """Whether a forecast that begins on that day is to be kept: one a week is."""
        return self.last_kept is None or (first_day - self.last_kept).days >= KEEP_EVERY


def compare_with_what_came(connection: sa.Connection, panel: Panel, kinds: Sequence[str]) -> Past:
    """Score the stored and the kept forecasts on the days the panel knows; `kinds` are the classes of its items."""
    scale = usable_scale(panel, panel.day_count)
    told, versions = told_of_closed(connection, panel.last_day)
    days = scores_of_days(told, versions, panel, kinds, scale)
    scale_of = dict(zip(panel.items, scale.tolist(), strict=True))
    totals = scores_of_totals(kept_forecasts(connection), panel, scale_of)
    return Past([*days, *totals], last_kept(connection))


def kept_of(told: Forecast, kinds: Sequence[str], version: str) -> Iterator[KeptForecast]:
    """The rows to keep of a forecast; `kinds` are the classes of its items."""
    for row in np.flatnonzero(told.is_active).tolist():
        yield KeptForecast(
            told.first_day,
            *told.items[row],
            kinds[row],
            round(told.expected[row, :WEEK].sum()),
            round(told.expected[row].sum()),
            round(told.total_low[row]),
            round(told.total_high[row]),
            version,
        )


def scores_of_days(
    told: Sequence[ForecastDay],
    versions: Mapping[date, str],
    panel: Panel,
    kinds: Sequence[str],
    scale: Floats,
) -> list[Score]:
    """Scores of single days, those of `told` that the panel knows; `versions` says which model told a day.

    Of closed ones too, for the promised share of days outside the interval is one of all days.
    """
    row_of = {item: row for row, item in enumerate(panel.items)}
    of_day: dict[date, list[_Told]] = defaultdict(list)
    for one in told:
        row = row_of.get((one.pharmacy_id, one.medicine_id))
        at = (one.day - panel.first_day).days
        if row is None or not 0 <= at < panel.day_count or not panel.is_scored[row, at]:
            continue
        of_day[one.day].append(
            _Told(
                kinds[row],
                one.expected_milli,
                float(panel.demand[row, at]),
                one.low_milli,
                one.high_milli,
                float(scale[row]),
                versions[one.day],
            )
        )
    return [score for day, rows in sorted(of_day.items()) for score in _scores(DAY, day, rows)]


def scores_of_totals(
    kept: Sequence[KeptForecast], panel: Panel, scale: Mapping[Item, float]
) -> list[Score]:
    """Scores of the first 7 and of all 28 days of kept forecasts, where those days are over."""
    of_window: dict[tuple[int, date], list[_Told]] = defaultdict(list)
    for days in (WEEK, HORIZON):
        for one, told in held_totals(kept, panel, days):
            low, high = (
                (np.nan, np.nan)
                if days == WEEK
                else (told.share * one.low_28_milli, told.share * one.high_28_milli)
            )
            of_window[days, one.first_day + timedelta(days=days - 1)].append(
                _Told(
                    one.kind,
                    told.told,
                    told.came,
                    low,
                    high,
                    scale.get((one.pharmacy_id, one.medicine_id), 0.0),
                    one.model_version,
                )
            )
    return [
        score
        for (days, day), rows in sorted(of_window.items())
        for score in _scores(days, day, rows)
    ]


def held_totals(
    kept: Iterable[KeptForecast], panel: Panel, days: int
) -> Iterator[tuple[KeptForecast, HeldTotal]]:
    """Totals of the first `days` (7 or 28) of kept forecasts against what came; those that are over and known well enough.

    Days known to have been closed are part of what was told, and of what the training promised. Of a total not all of
    whose days are known, what was told is taken in the part of its other days that is.
    """
    was_closed = panel.is_known & ~panel.is_open
    row_of = {item: row for row, item in enumerate(panel.items)}
    for one in kept:
        row = row_of.get((one.pharmacy_id, one.medicine_id))
        first = (one.first_day - panel.first_day).days
        if row is None or first < 0 or first + days > panel.day_count:
            continue
        window = slice(first, first + days)
        known = panel.is_scored[row, window]
        if known.mean() < LEAST_SHARE:
            continue
        others = ~was_closed[row, window]
        share = float(known[others].mean()) if others.any() else 1.0
        told = one.expected_7_milli if days == WEEK else one.expected_28_milli
        yield one, HeldTotal(share, share * told, float((panel.demand[row, window] * known).sum()))


def _scores(span: int, day: date, rows: Sequence[_Told]) -> Iterator[Score]:
    """The score of each class, and of all."""
    for kind in (ALL, *sorted({row.kind for row in rows})):
        some = [row for row in rows if kind in (ALL, row.kind)]
        told, came, low, high, scale = np.array(
            [[row.told, row.came, row.low, row.high, row.scale] for row in some]
        ).T
        off = np.abs(came - told)
        has_scale = scale > 0
        has_band = span != WEEK
        yield Score(
            span,
            kind,
            day,
            len(some),
            round(told.sum()),
            round(came.sum()),
            round(off.sum()),
            float((off[has_scale] / scale[has_scale]).mean()) if has_scale.any() else None,
            int((came > high + HALF_PACK).sum()) if has_band else None,
            int((came < low - HALF_PACK).sum()) if has_band else None,
            max(row.version for row in some),
        )
