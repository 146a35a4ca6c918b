"""Which method serves which class of series: each foretells 28 days at weekly origins and is held to what came.

Classes are fixed before the first reported origin, and the champion of each is chosen on origins whose windows were
over by then: what is reported was looked at by no choice. What matters to a pharmacist is how much to order for the
next four weeks, so methods are chosen by the error of the 28-day total. Not by MASE or mean absolute error per day: on
medicines sold every third day those reward whoever foretells nothing. What has to be shown before a method serves is in
`champion_of`; with too little past to choose on, the 28-day mean serves.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from models.baseline import HORIZON, MEAN_28, SEASONAL_NAIVE, mean_28, seasonal_naive
from models.dataset import Flags, Floats, Panel
from models.features import LEAST_DAYS, active_at, spread_at
from models.mixing import CLASSES, LEVEL_MIX, NEW, Names, Weights, classes_of
from models.mixing_past import WaysPast
from models.outliers import tamed
from models.quantiles import Past, known_mean
from models.regression import RIDGE, Lessons, RidgeModel, TooLittleHistory
from models.scores import usable_scale

MOST_REPORTED, MOST_CHOSEN = 26, 52
"""Weekly origins, at most: half a year is reported, the year before it chooses."""
LEAST_CHOSEN = 8
"""With fewer origins to choose on, and to report on, nothing is chosen."""
GAP = HORIZON // 7 - 1
"""Origins between those that choose and those reported: their windows were not over."""
RIDGE_WEEKS = 4
"""Origins that one fit of the ridge serves; the newest is from all days."""
SERVED = (MEAN_28, LEVEL_MIX, RIDGE)
"""What a class may have as its champion, the safest first: what the platform can serve."""
EARNED = 0.05
"""So much better the ridge must be than the best of the others: a year of origins is 13 independent months."""

_KEPT: Any = np.float32
"""What is told at all origins fills the memory: half the digits are more than any forecast has."""


@dataclass(frozen=True)
class Origins:
    """Weekly origins, oldest first: how many days were known at each.

    The last is the panel's end, and the windows of the four newest are not over. `chosen` is empty where the past is
    too short to choose on.
    """

    ends: tuple[int, ...]
    chosen: slice
    reported: slice


def origins_of(day_count: int) -> Origins:
    """As many origins as so many days allow, up to those that choose and those reported."""
    newest = day_count - HORIZON
    count = max(0, (newest - LEAST_DAYS - 1) // 7 + 1)
    halves = (count - GAP) // 2
    if halves < LEAST_CHOSEN:
        reported, chosen = min(MOST_REPORTED, count), 0
    else:
        reported = min(MOST_REPORTED, halves)
        chosen = min(MOST_CHOSEN, count - GAP - reported)
    before = chosen + GAP if chosen else 0
    first = newest - 7 * (before + reported - 1)
    ends = tuple(range(first if count else day_count, day_count + 1, 7))
    return Origins(ends, slice(0, chosen), slice(before, before + reported))


@dataclass(frozen=True)
class Trial:
    """What methods are held to at all origins.

    `came` (origins by items by days ahead) is NaN on unknown days and where an item could not be foretold; `spread`
    (origins by items) is how much an item varied before the origin; `scale` its one-week difference, NaN where it has
    none; `kinds` its class, both as known at the first reported origin.
    """

    origins: Origins
    first_day: date
    came: Floats
    spread: Floats
    kinds: Names
    scale: Floats

    @classmethod
    def of(cls, panel: Panel) -> "Trial":
        """The trial that the days of a panel make."""
        origins = origins_of(panel.day_count)
        ends, reported = origins.ends, origins.ends[origins.reported]
        fixed_at = reported[0] if reported else panel.day_count
        came = np.full((len(ends), len(panel.items), HORIZON), np.nan, dtype=_KEPT)
        for row, end in enumerate(ends):
            days = slice(end, end + HORIZON)
            counts = panel.is_scored[:, days] & active_at(panel, end)[:, None]
            came[row, :, : counts.shape[1]] = np.where(counts, panel.demand[:, days], np.nan)
        return cls(
            origins,
            panel.first_day,
            came,
            np.array([spread_at(tamed(panel.until(end)), end) for end in ends]),
            classes_of(panel.until(fixed_at)),
            usable_scale(panel, fixed_at),
        )

    @property
    def reported_on(self) -> tuple[date, ...]:
        """The last day known at each reported origin."""
        ends = self.origins.ends[self.origins.reported]
        return tuple(self.first_day + timedelta(days=end - 1) for end in ends)

    def past(self, told: Floats) -> Past:
        """What a method told, beside what came."""
        return Past(told, self.came, self.spread)

    def total_errors(self, told: Floats, origins: slice) -> Floats:
        """Absolute errors of the 28-day total, origins by items, NaN where not scored."""
        said, came, _ = self.past(told).sums(HORIZON)
        result: Floats = np.abs(came - said)[origins]
        return result


@dataclass(frozen=True)
class Comparison:
    """What each method would have foretold at each origin of a trial, and the champion of each class.

    `told[method]` is origins by items by days ahead, NaN where the method could say nothing; `seconds` is what fitting
    and foretelling took; `ridge` and `mix` are what was learned from all days. `champions` names one for every class.
    """

    trial: Trial
    told: Mapping[str, Floats]
    seconds: Mapping[str, float]
    champions: Mapping[str, str]
    ridge: RidgeModel | None
    mix: Weights | None

    @property
    def origins(self) -> tuple[date, ...]:
        """The reported ones: the last day known at each."""
        return self.trial.reported_on

    def of_champions(self, kinds: Names, champions: Mapping[str, str] | None = None) -> Floats:
        """What each item's class's champion would have foretold: like a method's `told`."""
        champions = self.champions if champions is None else champions
        made = np.full_like(self.told[MEAN_28], np.nan)
        for kind, method in champions.items():
            made[:, kinds == kind] = self.told[method][:, kinds == kind]
        return made

    def said_by(self, method: str | Mapping[str, str] | None) -> Floats:
        """What was foretold by a method, by some champions of the classes, or (None) by those chosen."""
        if isinstance(method, str):
            return self.told[method]
        return self.of_champions(self.trial.kinds, method)

    def total_error_milli(self, method: str | Mapping[str, str] | None = None) -> float | None:
        """Mean absolute error of an item's 28-day total at the reported origins, thousandths of a pack.

        Of what `said_by` says; None where nothing was scored.
        """
        told = self.said_by(method)
        errors = self.trial.total_errors(told, self.trial.origins.reported)
        return float(np.nanmean(errors)) if np.isfinite(errors).any() else None

    def relative_error(self, method: str | Mapping[str, str] | None = None) -> float | None:
        """The same, relative to the 28-day mean's; below 1 is better."""
        mine, plain = self.total_error_milli(method), self.total_error_milli(MEAN_28)
        return mine / plain if mine is not None and plain else None


def compare(panel: Panel) -> Comparison:
    """Let every method foretell at every origin, from what was known then.

    Two things look further: which days of a pharmacy are estimates (`imputed_days`) is found in all of its days, and so
    is what is usual for an item, to which the ridge's lessons are held down.
    """
    trial = Trial.of(panel)
    began = time.perf_counter()
    lessons = Lessons.of(tamed(panel))
    seconds = {RIDGE: time.perf_counter() - began}
    ways_past = WaysPast(panel, panel.day_count - HORIZON)
    lines: dict[int, RidgeModel] = {}

    def ridge(past: Panel) -> Floats:
        learned_at = past.day_count - (past.day_count - panel.day_count) % (7 * RIDGE_WEEKS)
        if learned_at not in lines:
            lines[learned_at] = lessons.fit(learned_at)
        return lines[learned_at].forecast(past)

    methods: dict[str, Callable[[Panel], Floats]] = {
        MEAN_28: mean_28,
        SEASONAL_NAIVE: seasonal_naive,
        RIDGE: ridge,
        LEVEL_MIX: lambda past: ways_past.forecast(past.day_count, learned_until=past.day_count),
    }
    told = {method: np.full_like(trial.came, np.nan) for method in methods}
    for row, end in enumerate(trial.origins.ends):
        past = tamed(panel.until(end))
        for method, foretell in methods.items():
            began = time.perf_counter()
            try:
                told[method][row] = foretell(past)
            except TooLittleHistory:
                continue
            seconds[method] = seconds.get(method, 0.0) + time.perf_counter() - began
    return Comparison(
        trial,
        told,
        seconds,
        champions_of(trial, told),
        lines.get(panel.day_count),
        ways_past.weights(panel.day_count),
    )


def champions_of(trial: Trial, told: Mapping[str, Floats]) -> dict[str, str]:
    """The champion of each class, by the error of 28-day totals at the origins that choose.

    A class none of whose items was scored there has the champion of all items together: an item may grow into it
    before the next training. New items have the 28-day mean then.
    """
    errors = np.array([trial.total_errors(told[name], trial.origins.chosen) for name in SERVED])
    # Only where all of them said something: else who was silent at hard times would win.
    errors = np.where(np.isfinite(errors).all(axis=0), errors, np.nan) / trial.scale
    mean = known_mean(errors, 1)
    is_scored: Flags = np.all(np.isfinite(mean), axis=0)

    def best(use: Flags, otherwise: str) -> str:
        if not use.any():
            return otherwise
        of_use = {name: float(mean[at, use].mean()) for at, name in enumerate(SERVED)}
        return champion_of(of_use, errors.shape[1])

    of_all = best(is_scored, MEAN_28)
    return {
        kind: best(is_scored & (trial.kinds == kind), MEAN_28 if kind == NEW else of_all)
        for kind in CLASSES
    }


def champion_of(errors: Mapping[str, float], origin_count: int) -> str:
    """The method to use, of the errors that those served had at so many origins.

    The mix need not be better than the 28-day mean by more than nothing, for it is that mean as far as its own past is
    short of a year. The ridge has no such brake, so it has to have a year of origins to show itself on, and to be
    better by `EARNED`.
    """
    best = LEVEL_MIX if errors[LEVEL_MIX] < errors[MEAN_28] else MEAN_28
    if origin_count >= MOST_CHOSEN and errors[RIDGE] < (1 - EARNED) * errors[best]:
        best = RIDGE
    return best
