"""Gradient boosting over all items together: the 7- and the 28-day total, by scikit-learn's histogram trees.

Trees see what a line cannot (a season that matters to some items only) and cannot say more than they have seen. Small
and slow on purpose: there are few independent months to learn from. The seed is fixed: same input, same forecast.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.dataset import Floats, Panel
from models.features import Sums, features_at
from models.regression import TooLittleHistory
from models.window import Rows, days_of_totals, told_features

BOOSTING = "boosted trees"
TREES, LEAVES, RATE = 120, 8, 0.05
LEAST_IN_LEAF = 40
SEED = 11


@dataclass(frozen=True)
class BoostedModel:
    """A fitted ensemble for either total."""

    trees: tuple[Any, Any]

    def forecast(self, panel: Panel) -> Floats:
        """Demand of the 28 days after the panel: items by days, thousandths of a pack."""
        told = features_at(panel, Sums(panel), panel.day_count)
        features = told_features(told)
        return days_of_totals(
            told, np.column_stack([made.predict(features) for made in self.trees])
        )


def fit(rows: Rows, end: int) -> BoostedModel:
    """Learn from what was over after `end` days.

    Raises:
        TooLittleHistory: if nothing was.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    past = rows.before(end)
    if not len(past.end):
        raise TooLittleHistory(f"{end} days are too few to learn a total from; wait for more.")
    trees = [
        HistGradientBoostingRegressor(
            max_iter=TREES,
            max_leaf_nodes=LEAVES,
            learning_rate=RATE,
            min_samples_leaf=LEAST_IN_LEAF,
            random_state=SEED,
        ).fit(past.features, past.targets[:, at])
        for at in (0, 1)
    ]
    return BoostedModel((trees[0], trees[1]))
