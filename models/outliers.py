"""One huge day is held down before anything is foretold from it: a slip of the keyboard decides no mean.

What came is still held against forecasts as it was counted.
"""

from dataclasses import replace

import numpy as np

from models.dataset import Floats, Panel
from models.seasonal_level import MOST_MULTIPLE


def tamed(panel: Panel) -> Panel:
    """The panel with no day above `MOST_MULTIPLE` times what is usual on the item's other days with demand.

    An item asked for once has nothing usual, and is left as it is.
    """
    asked = (panel.demand > 0).sum(axis=1)
    largest = panel.demand.max(axis=1, initial=0)
    others = (panel.demand.sum(axis=1) - largest) / np.maximum(asked - 1, 1)
    most = np.where(asked > 1, MOST_MULTIPLE * others, np.inf)
    if (largest <= most).all():
        return panel
    demand: Floats = np.minimum(panel.demand, most[:, None])
    signs = panel.signs
    if signs is not None:
        signs = replace(signs, learned=np.minimum(signs.learned, most[:, None]))
    return replace(panel, demand=demand, signs=signs)
