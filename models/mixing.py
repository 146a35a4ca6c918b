"""Which of the ways serve an item (fifteen of level and season, and the 28-day mean): a weight for each.

A weight is the inverse of the way's past error of 28-day totals, to a high power: half the item's own error, half that
of its class, so that a short or lucky past decides nothing alone (Bates and Granger, The Combination of Forecasts,
1969; Stock and Watson, Combination Forecasts of Output Growth, 2004). Only windows that were over at the origin are
looked at, and no more than a year of them. With less than a year, the missing part of the weight is the 28-day mean's:
who has not seen all seasons does not know how long a level lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.baseline import HORIZON, MEAN_28, mean_28
from models.dataset import Floats, Panel
from models.quantiles import known_mean
from models.seasonal_level import WAYS, is_rare, season, ways

LEVEL_MIX = "level mix"

SMOOTH, SEASONAL, INTERMITTENT, NEW = "smooth", "seasonal", "intermittent", "new"
CLASSES = (SMOOTH, SEASONAL, INTERMITTENT, NEW)
SEASONAL_SWING = 0.2
"""Standard deviation of the season over a year from which an item is seasonal."""
NEW_DAYS = 91
"""An item known on fewer open days is new: it has no past to be judged by."""
POWER = 20.0
"""Chosen on origins before those reported, like all that is fixed here (decision 0018); 10 and 30 did nearly as well."""
MIXED = (*(f"season {damping:g}, half-life {half_life}" for damping, half_life in WAYS), MEAN_28)
"""What is mixed, in order: the 28-day mean comes last."""
ORIGINS = 52
"""Past origins that weights are learned from: a year, so that every season has its say."""
OWN_SHARE = 0.5
OWN_TOTALS = 9
"""Past totals that an item needs to be judged by its own errors too."""
YEAR = 364

Names = npt.NDArray[np.str_]


def classes_of(panel: Panel) -> Names:
    """The class of every item as known at the panel's end."""
    swing = season(panel)[:, -HORIZON - YEAR : -HORIZON].std(axis=1)
    kinds = np.where(swing >= SEASONAL_SWING, SEASONAL, SMOOTH)
    kinds = np.where(is_rare(panel), INTERMITTENT, kinds)
    result: Names = np.where(panel.is_open.sum(axis=1) < NEW_DAYS, NEW, kinds)
    return result


@dataclass(frozen=True)
class Weights:
    """A weight for every way: `of_item` is items by ways, `of_class` classes by ways; each row sums to one."""

    of_item: Floats
    of_class: Floats

    def for_rows(self, rows: Sequence[int | None], kinds: Names) -> Floats:
        """The weights of items by their rows here; an item without one is served as its class is."""
        plain = [self.of_class[CLASSES.index(kind)] for kind in kinds]
        made = [plain[at] if row is None else self.of_item[row] for at, row in enumerate(rows)]
        return np.array(made).reshape(-1, self.of_class.shape[1])


def weights_of(errors: Floats, kinds: Names) -> Weights:
    """The weights that past errors of totals give.

    `errors` are absolute errors of 28-day totals, ways by origins by items, NaN where nothing was scored; the last way
    is the 28-day mean.
    """
    scored = np.isfinite(errors).all(axis=0)
    count = scored.sum(axis=0)
    mean = known_mean(np.where(scored, errors, np.nan), 1)
    usual = mean.mean(axis=0)
    is_told = (count >= OWN_TOTALS) & (usual > 0)
    relative = np.where(is_told, mean / np.where(usual > 0, usual, 1), np.nan)
    of_class = np.array([_mean_or_one(relative[:, (kinds == kind) & is_told]) for kind in CLASSES])
    shared = of_class[[CLASSES.index(kind) for kind in kinds]].T.reshape(len(errors), -1)
    own = np.where(is_told, OWN_SHARE * relative + (1 - OWN_SHARE) * shared, shared)
    seen = min(1.0, errors.shape[1] / ORIGINS)
    return Weights(_leaning(_inverse(own.T), seen), _leaning(_inverse(of_class), seen))


def told_by_all(panel: Panel) -> Floats:
    """What each of `MIXED` foretells: ways by items by days after the panel."""
    return np.concatenate([ways(panel), mean_28(panel)[None]])


def mixed(told: Floats, weights: Floats) -> Floats:
    """One forecast of those of all ways: ways by items by days, weighted by items by ways."""
    result: Floats = np.einsum("wih,iw->ih", told, weights)
    return result


def _mean_or_one(relative: Floats) -> Floats:
    return relative.mean(axis=1) if relative.shape[1] else np.ones(len(relative))


def _inverse(errors: Floats) -> Floats:
    weight = np.maximum(errors, 1e-3) ** -POWER
    result: Floats = weight / weight.sum(axis=1, keepdims=True)
    return result


def _leaning(weights: Floats, seen: float) -> Floats:
    """The weights as far as so much of a year was seen; the rest is the 28-day mean's."""
    result = weights * seen
    result[:, -1] += 1 - seen
    return result
