"""The level mix as it was to be told at past weekly origins: what the ways said then, and how wrong they had been.

The errors of an origin are reckoned once, when they are first asked for; forecasts are not kept, because those of
many items would fill the memory.
"""

import numpy as np

from models.baseline import HORIZON
from models.dataset import Floats, Panel
from models.features import LEAST_DAYS
from models.mixing import MIXED, ORIGINS, Weights, classes_of, mixed, told_by_all, weights_of
from models.outliers import tamed
from models.quantiles import LEAST_SHARE


class WaysPast:
    """What all ways said at origins a week apart, counted back from `newest` days of the panel."""

    def __init__(self, panel: Panel, newest: int) -> None:
        self._panel = panel
        self._newest = newest
        self._errors: dict[int, Floats] = {}
        self._weights: dict[int, Weights] = {}

    def forecast(self, end: int, *, learned_until: int) -> Floats:
        """The mix after `end` days, with the weights of what was known after `learned_until`."""
        weights = self.weights(learned_until)
        told = told_by_all(tamed(self._panel.until(end)))
        if end <= self._newest:
            # Later origins will ask for them, and what was told is dear.
            self._errors.setdefault(end, self._reckon(end, told))
        return mixed(told, weights.of_item)

    def weights(self, end: int) -> Weights:
        """The weights that the windows over by `end` give."""
        if end not in self._weights:
            kinds = classes_of(self._panel.until(end))
            past = [self._errors_at(at) for at in self._over_by(end)]
            errors = np.array(past).reshape(-1, len(MIXED), len(kinds)).transpose(1, 0, 2)
            self._weights[end] = weights_of(errors, kinds)
        return self._weights[end]

    def _over_by(self, end: int) -> list[int]:
        newest = self._newest - 7 * max(0, -(-(self._newest - end + HORIZON) // 7))
        return list(range(newest, LEAST_DAYS - 1, -7))[:ORIGINS]

    def _errors_at(self, end: int) -> Floats:
        """Absolute errors of the totals after `end`: ways by items, NaN where not scored."""
        if end not in self._errors:
            self._errors[end] = self._reckon(end, told_by_all(tamed(self._panel.until(end))))
        return self._errors[end]

    def _reckon(self, end: int, told: Floats) -> Floats:
        days = slice(end, end + HORIZON)
        is_known = self._panel.is_scored[:, days]
        told = (told * is_known).sum(axis=2)
        came = (self._panel.demand[:, days] * is_known).sum(axis=1)
        is_scored = (is_known.sum(axis=1) >= LEAST_SHARE * HORIZON) & (
            self._panel.is_known[:, :end].sum(axis=1) >= LEAST_DAYS
        )
        errors: Floats = np.where(is_scored, np.abs(told - came), np.nan)
        return errors
