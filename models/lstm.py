"""A recurrent network over all items together: Keras on JAX, on the CPU, quantiles of the 7- and the 28-day total.

It reads the last 84 days of an item, relative to its own scale, and the features the other models have; it says three
quantiles of how far either total will be from the recent mean (pinball loss), of which the middle one is the forecast. Windows are sampled evenly over
items and origins. Seeds are fixed: same input, same forecast.
"""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.dataset import Floats, Panel
from models.features import NAMES, Sums, features_at
from models.regression import TooLittleHistory
from models.window import MOST_MULTIPLE, Rows, Singles, days_of_totals, told_features

LSTM = "LSTM"
SHARES = (0.1, 0.5, 0.9)
DAYS = 84
UNITS = 24
WINDOWS = 4_096
BATCH = 256
EPOCHS = 20
RATE = 3e-3
SEED = 13
MOST_UNITS = 4.0
"""A feature further out than anything seen (the first last year, in a short history) is taken as this far."""

_MEAN_28 = NAMES.index("mean_28")


@dataclass(frozen=True)
class RecurrentModel:
    """A trained network and the middle and spread of the features it saw."""

    network: Any
    middle: Singles
    spread: Singles

    def forecast(self, panel: Panel) -> Floats:
        """Demand of the 28 days after the panel: items by days, thousandths of a pack."""
        told = features_at(panel, Sums(panel), panel.day_count)
        items = np.arange(len(panel.items))
        past = _past(panel, items, np.full(len(items), panel.day_count), told.scale)
        features = told_features(told)
        said = np.asarray(
            self.network.predict_on_batch([past, _units(features, self.middle, self.spread)]),
            dtype=float,
        )
        off = said.reshape(-1, 2, len(SHARES))[:, :, 1]
        return days_of_totals(told, features[:, [_MEAN_28]] + off)


def fit(panel: Panel, rows: Rows, end: int) -> RecurrentModel:
    """Train on what was over after `end` days.

    Raises:
        TooLittleHistory: if nothing was.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    past = rows.before(end)
    if not len(past.end):
        raise TooLittleHistory(f"{end} days are too few to learn a total from; wait for more.")
    # In an order that does not come from the items' names.
    order = np.lexsort((*np.round(past.targets.T, 4), past.end))
    chosen = order[np.random.default_rng(SEED).choice(len(order), WINDOWS)]
    features, targets = past.features[chosen], past.targets[chosen]
    middle = past.features.mean(axis=0)
    spread = np.maximum(past.features.std(axis=0), np.float32(0.25))
    keras.utils.set_random_seed(SEED)
    network = _network(keras, features.shape[1])
    sequences = _past(panel, past.item[chosen], past.end[chosen], past.scale[chosen])
    network.fit(
        [sequences, _units(features, middle, spread)],
        np.repeat(targets - features[:, [_MEAN_28]], len(SHARES), axis=1),
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
    )
    return RecurrentModel(network, middle, spread)


def _network(keras: Any, width: int) -> Any:
    shares = np.tile(np.array(SHARES, dtype=np.float32), 2)

    def pinball(came: Any, told: Any) -> Any:
        off = came - told
        return keras.ops.mean(keras.ops.maximum(shares * off, (shares - 1) * off))

    days = keras.Input((DAYS, 2))
    features = keras.Input((width,))
    read = keras.layers.LSTM(UNITS)(days)
    both = keras.layers.Concatenate()([read, features])
    hidden = keras.layers.Dense(UNITS, activation="relu")(keras.layers.Dropout(0.2)(both))
    # Nothing at first: a network that has learned nothing says the recent mean.
    said = keras.layers.Dense(2 * len(SHARES), kernel_initializer="zeros")(hidden)
    network = keras.Model([days, features], said)
    network.compile(keras.optimizers.Adam(RATE, clipnorm=1.0), loss=pinball)
    return network


def _units(features: Singles, middle: Singles, spread: Singles) -> Singles:
    made: Singles = np.clip((features - middle) / spread, -MOST_UNITS, MOST_UNITS)
    return made


def _past(panel: Panel, item: Any, end: Any, scale: Floats) -> Singles:
    """The `DAYS` days before each end, relative to scale, and whether each was open; nothing before the first."""
    days = np.asarray(end)[:, None] + np.arange(-DAYS, 0)
    exists = days >= 0
    rows, days = np.asarray(item)[:, None], np.maximum(days, 0)
    is_open = panel.is_learned[rows, days] & exists
    ratio = panel.learned[rows, days] * is_open / np.maximum(scale, 1e-9)[:, None]
    made: Singles = np.stack(
        [np.clip(ratio, 0, MOST_MULTIPLE), is_open.astype(float)], axis=2, dtype=np.float32
    )
    return made
