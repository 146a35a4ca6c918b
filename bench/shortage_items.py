"""The generated items of `bench shortage`: what is asked for each day, and by what law it was drawn.

The law (`mean`, and what is drawn about it) is known to "perfect knowledge" alone. Whoever else foretells sees
what a till and a book of refusals see: `models.inventory_replay` says what that is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Whole = npt.NDArray[np.int64]

CLASSES = ("smooth", "seasonal", "intermittent")
YEAR = 364
"""Days: 52 weeks, so that a day and the same day a year later are the same weekday."""


@dataclass(frozen=True)
class Items:
    """Items by days. `kind` is an index into `CLASSES`; `size` is the mean of a day with demand (intermittent)."""

    demand: Whole
    mean: Floats
    kind: Whole
    size: Floats
    noise: float

    def draw(self, rng: np.random.Generator, rows: Whole, mean: Floats) -> Whole:
        """Demand by the law of these items about that mean; `rows` and `mean` agree in their first axis."""
        return drawn(rng, mean, self.kind[rows], self.size[rows], self.noise)


def drawn(rng: np.random.Generator, mean: Floats, kind: Whole, size: Floats, noise: float) -> Whole:
    """Negative binomial; of intermittent items, a coin for the day and one or more (geometric) units."""
    result = np.empty(mean.shape, dtype=np.int64)
    sparse = kind == CLASSES.index("intermittent")
    steady = mean[~sparse]
    result[~sparse] = rng.poisson(steady * rng.gamma(1 / noise, noise, steady.shape))
    each = size[sparse].reshape(-1, *[1] * (mean.ndim - 1))
    chance = np.minimum(mean[sparse] / each, 1.0)
    sizes = rng.geometric(np.broadcast_to(1 / each, chance.shape))
    result[sparse] = np.where(rng.random(chance.shape) < chance, sizes, 0)
    return result


def generate(settings: Mapping[str, Any]) -> Items:
    """The items of those settings (bench/forecast.toml), always the same."""
    rng = np.random.default_rng(settings["seed"])
    of, law = settings["items"], settings["demand"]
    count, days = of["count"], of["days"]
    kind = np.repeat(range(3), [round(count * of[name]) for name in CLASSES])
    smooth_level = np.exp(rng.uniform(*np.log(law["units_a_day"]), count))
    size = rng.uniform(*law["intermittent_size"], count)
    sparse_level = rng.uniform(*law["intermittent_chance"], count) * size
    level = np.where(kind == CLASSES.index("intermittent"), sparse_level, smooth_level)
    log_mean = _drift(rng, count, days, law["drift_sd"], law["drift_days"])
    season = _season(rng, count, days, law["season_amplitude"], law["season_shift_days"])
    log_mean += np.where(kind[:, None] == CLASSES.index("seasonal"), season, 0.0)
    weekday = np.array(law["weekday"]) / np.mean(law["weekday"])
    mean = level[:, None] * np.exp(log_mean) * weekday[np.arange(days) % 7]
    return Items(drawn(rng, mean, kind, size, law["noise"]), mean, kind, size, law["noise"])


def _drift(rng: np.random.Generator, count: int, days: int, sd: float, memory: float) -> Floats:
    """A level that wanders and comes back: an Ornstein-Uhlenbeck walk of the logarithm."""
    keep = np.exp(-1 / memory)
    at = rng.normal(0, sd, count)
    walk = np.empty((count, days))
    for day in range(days):
        walk[:, day] = at
        at = keep * at + rng.normal(0, sd * np.sqrt(1 - keep**2), count)
    return walk


def _season(
    rng: np.random.Generator, count: int, days: int, amplitude: list[float], shift: float
) -> Floats:
    """A peak a year, somewhat sharper than its trough, that comes a little early or late."""
    years = -(-days // YEAR)
    height = rng.uniform(*amplitude, count)[:, None]
    peak = rng.uniform(0, YEAR, count)[:, None]
    late = np.repeat(rng.normal(0, shift, (count, years)), YEAR, axis=1)[:, :days]
    angle = 2 * np.pi * (np.arange(days) - peak - late) / YEAR
    return height * (np.cos(angle) + 0.25 * np.cos(2 * angle))
