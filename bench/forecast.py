"""`./run bench forecast`: every model on the real sales of a pharmacy, at 52 weekly origins up to the file's end.

The champion of each class of series is chosen on the year of origins before those reported, and everybody is told the
same; then the same sales seven times as large, renamed and a year later must lead to the same. `--earlier WEEKS` scores
origins so many weeks earlier instead: for trying things without looking at what is reported. Last come the time and
memory of the champion beside AutoETS (`--no-cost` leaves them out). No stack.
"""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import forecast_cost
from bench.forecast_peers import AUTO_ETS, PLAIN_RIDGE, SES, plain_ridge, stats_forecasts
from bench.forecast_sales import disguised, panel_of_sales, read
from models import boosting, lstm
from models.baseline import HORIZON, MEAN_28, SEASONAL_NAIVE, mean_28, seasonal_naive
from models.boosting import BOOSTING
from models.dataset import Floats, Panel
from models.evaluation import SERVED, champion_of
from models.features import spread_at
from models.lstm import LSTM
from models.mixing import CLASSES, LEVEL_MIX, classes_of
from models.mixing_past import WaysPast
from models.quantiles import Past
from models.regression import RIDGE, Lessons
from models.scores import (
    DAYS_ABOVE,
    MEASURES,
    RMSSE,
    TOTAL_ERROR,
    TOTALS_ABOVE,
    Scores,
    scores,
    week_scale,
)
from models.window import rows_of

REPORTED = 52
CHOSEN_ON = 52
CHAMPION = "champion"
SIMPLE = (MEAN_28, SES, AUTO_ETS, PLAIN_RIDGE)
"""What the champion is held against."""
CHALLENGERS = (BOOSTING, LSTM)
"""Shown beside it and not used: they would have to earn being served."""
LEAST_GAIN = 0.04
MOST_MOVE = 0.02
ABOVE = (0.05, 0.15)
MOST_GB = 6.0
REFIT = {BOOSTING: 13, LSTM: 26}
"""Weeks after which a model is learned again; the others are at every origin."""


@dataclass(frozen=True)
class Compared:
    """What came of it: scores by method, and which method serves each class.

    `challenges` are the challengers' errors on the origins that chose, in multiples of the champion's, by class.
    """

    scores: Mapping[str, Scores]
    champions: Mapping[str, str]
    challenges: Mapping[str, Mapping[str, float]]
    kinds: Sequence[str]

    @property
    def best_simple(self) -> float:
        """The smallest mean error of the 28-day total of the simple methods."""
        return min(self.scores[name].mean(TOTAL_ERROR) for name in SIMPLE)

    @property
    def ratio(self) -> float:
        """The champion's, relative to it."""
        return self.scores[CHAMPION].mean(TOTAL_ERROR) / self.best_simple


def measure(words: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Compare, in both shapes, and say what was reached."""
    parser = argparse.ArgumentParser(prog="bench forecast", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("REMEDY_DATA_DIR", ""), help="the folder")
    parser.add_argument(
        "--earlier", type=int, default=0, metavar="WEEKS", help="score origins so much earlier"
    )
    parser.add_argument(
        "--no-cost", action="store_true", help="leave out time and memory; their figures are null"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes for statsforecast")
    asked = parser.parse_args(words)
    if not asked.data:
        parser.error("name the folder of the real data: REMEDY_DATA_DIR, or --data FOLDER")
    sales = read(Path(asked.data))
    panel, names = panel_of_sales(*sales)
    panel = panel.until(panel.day_count - 7 * asked.earlier)
    # The disguised first: it needs no network, and JAX in a process makes the forks of statsforecast unsafe.
    other, _ = panel_of_sales(*disguised(*sales))
    moved = compare(other.until(panel.day_count), asked.jobs, past_of_others=False)
    found = compare(panel, asked.jobs)
    _tell(panel, names, found)
    print(
        f"\nseven times as large, renamed, 52 weeks later: champion / best simple {moved.ratio:.4f}"
        f" (as it is: {found.ratio:.4f}; champions {dict(moved.champions)})"
    )
    cost = None if asked.no_cost else forecast_cost.measure()
    return _verdict(found, moved, cost)


class _Kept:
    """A model that is learned again every so many origins, and kept between."""

    def __init__(self, ends: Sequence[int], every: int, fit: Callable[[int], Any]) -> None:
        self._learned_at = [ends[number - number % every] for number in range(len(ends))]
        self._ends, self._fit = list(ends), fit
        self._models: dict[int, Any] = {}

    def at(self, end: int) -> Any:
        """The model in use at that origin."""
        learned_at = self._learned_at[self._ends.index(end)]
        if learned_at not in self._models:
            self._models[learned_at] = self._fit(learned_at)
        return self._models[learned_at]


def compare(panel: Panel, jobs: int, *, past_of_others: bool = True) -> Compared:
    """Every method at every origin, from what was known then.

    Without the past of others statsforecast's models, which take longest, are asked at the reported origins alone (they
    have errors then, and no quantiles), and challengers are left out: nothing in the verdict depends on either.
    """
    newest = panel.day_count - HORIZON
    first = newest - 7 * (REPORTED - 1)
    # The windows that choose are over when the first reported one begins.
    ends = range(first - HORIZON - 7 * (CHOSEN_ON - 1), newest + 1, 7)
    at_first = (first - ends[0]) // 7
    past = panel.until(first)
    ways_past = WaysPast(panel, ends[-1])
    lessons, rows = Lessons.of(panel), rows_of(panel)
    trees = _Kept(ends, REFIT[BOOSTING], lambda end: boosting.fit(rows, end))
    network = _Kept(ends, REFIT[LSTM], lambda end: lstm.fit(panel, rows, end))
    methods: dict[str, Callable[[int], Floats]] = {
        SEASONAL_NAIVE: lambda end: seasonal_naive(panel.until(end)),
        MEAN_28: lambda end: mean_28(panel.until(end)),
        PLAIN_RIDGE: lambda end: plain_ridge(panel.until(end)),
        RIDGE: lambda end: lessons.fit(end).forecast(panel.until(end)),
        BOOSTING: lambda end: trees.at(end).forecast(panel.until(end)),
        LSTM: lambda end: network.at(end).forecast(panel.until(end)),
        # Its weights are a choice: from the first reported origin on they stay.
        LEVEL_MIX: lambda end: ways_past.forecast(end, learned_until=min(end, first)),
    }
    if not past_of_others:
        methods = {name: foretell for name, foretell in methods.items() if name not in CHALLENGERS}
    told = {
        name: np.concatenate(
            [np.full((at_first * (not past_of_others), *its.shape[1:]), np.nan), its]
        )
        for name, its in stats_forecasts(
            panel, ends[0 if past_of_others else at_first :], jobs
        ).items()
    }
    for name, foretell in methods.items():
        told[name] = np.array([foretell(end) for end in ends])

    came = np.array([_came(panel, end) for end in ends])
    spread = np.array([spread_at(panel, end) for end in ends])
    kinds = classes_of(past)
    chosen = slice(0, CHOSEN_ON)
    scale = week_scale(panel.until(ends[0]))
    errors = {
        name: _total_errors(Past(told[name][chosen], came[chosen], spread[chosen])) / scale
        for name in (*SERVED, *CHALLENGERS)
        if name in told
    }
    champions = {
        kind: champion_of(
            {name: float(errors[name][kinds == kind].mean()) for name in SERVED}, CHOSEN_ON
        )
        for kind in CLASSES
        if (kinds == kind).any()
    }
    challenges = {
        kind: {
            name: float(errors[name][kinds == kind].mean() / errors[champion][kinds == kind].mean())
            for name in CHALLENGERS
            if name in errors
        }
        for kind, champion in champions.items()
    }
    told[CHAMPION] = np.stack(
        [told[champions[kind]][:, row] for row, kind in enumerate(kinds)], axis=1
    )
    scale = week_scale(past)
    found = {name: scores(Past(told[name], came, spread), scale, at_first) for name in told}
    return Compared(found, champions, challenges, tuple(kinds))


def _came(panel: Panel, end: int) -> Floats:
    days = slice(end, end + HORIZON)
    return np.where(panel.is_known[:, days], panel.demand[:, days], np.nan)


def _total_errors(past: Past) -> Floats:
    told, came, _ = past.sums(HORIZON)
    return np.nanmean(np.abs(came - told), axis=0)


def _tell(panel: Panel, names: Sequence[str], found: Compared) -> None:
    last = panel.last_day
    unknown = int((~panel.is_known[0]).sum())
    print(
        f"{len(names)} series, {panel.first_day} to {last}; {unknown} closed or imputed days are left out;"
        f" {REPORTED} weekly origins, the last window ends on {last}"
    )
    print(
        "classes: "
        + ", ".join(f"{name} {kind}" for name, kind in zip(names, found.kinds, strict=True))
    )
    print(f"champion by class, chosen on the {CHOSEN_ON} origins before: {dict(found.champions)}")
    for kind, its in found.challenges.items():
        said = ", ".join(f"{name} {ratio:.3f}" for name, ratio in its.items())
        print(f"not used, error there in multiples of the champion's, {kind}: {said}")
    for what in (*MEASURES, DAYS_ABOVE, TOTALS_ABOVE):
        print(f"\n{what:<42}" + "".join(f"{name[:9]:>10}" for name in names) + f"{'mean':>10}")
        for method, scored in found.scores.items():
            row = "".join(f"{value:10.3f}" for value in scored.of[what])
            print(f"  {method:<40}{row}{scored.mean(what):10.3f}")


def _verdict(
    found: Compared, moved: Compared, cost: tuple[float, float] | None
) -> tuple[dict[str, Any], bool]:
    ours, plain = found.scores[CHAMPION], found.scores[MEAN_28]
    best_rmsse = min(found.scores[name].mean(RMSSE) for name in SIMPLE)
    above = ours.of[DAYS_ABOVE]
    report: dict[str, Any] = {
        "champion_total_error": round(ours.mean(TOTAL_ERROR), 4),
        "best_simple_total_error": round(found.best_simple, 4),
        "champion_rmsse": round(ours.mean(RMSSE), 4),
        "best_simple_rmsse": round(best_rmsse, 4),
        "over_q90_day_min": round(float(above.min()), 4),
        "over_q90_day_max": round(float(above.max()), 4),
        "over_q90_total": round(ours.mean(TOTALS_ABOVE), 4),
        "time_ratio_autoets": None if cost is None else round(cost[0], 4),
        "ratio": round(found.ratio, 4),
        "ratio_disguised": round(moved.ratio, 4),
    }
    reached = {
        f"error of the 28-day total {1 - found.ratio:.1%} below the best simple method's": found.ratio
        <= 1 - LEAST_GAIN,
        "mean RMSSE no worse than any simple method's": ours.mean(RMSSE) <= best_rmsse,
        "RMSSE no higher than the 28-day mean's on any series": bool(
            (ours.of[RMSSE] <= plain.of[RMSSE]).all()
        ),
        "days above their 0.9 quantile 5-15 % on every series": bool(
            (above >= ABOVE[0]).all() and (above <= ABOVE[1]).all()
        ),
        "28-day totals above theirs 5-15 % over all series": ABOVE[0]
        <= ours.mean(TOTALS_ABOVE)
        <= ABOVE[1],
        "nothing by heart": abs(found.ratio - moved.ratio) < MOST_MOVE,
    }
    if cost is not None:
        reached["no slower than AutoETS at 1,000 series"] = cost[0] <= 1
        reached[f"{cost[1]:.1f} GB at 20,000 series, of {MOST_GB:.0f}"] = cost[1] < MOST_GB
    print()
    for what, is_reached in reached.items():
        print(f"{'reached' if is_reached else 'NOT REACHED'}: {what}")
    return report, all(reached.values())
