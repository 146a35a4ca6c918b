"""Small invented demand for the models' tests: frames as `agg_daily_demand` gives them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pandas as pd

from models.dataset import COLUMNS, Panel, panel_of
from models.evaluation import Comparison
from models.mixing import CLASSES

FIRST = date(2025, 1, 6)  # a Monday


def pharmacy(number: int) -> UUID:
    return UUID(int=number)


def medicine(number: int) -> UUID:
    return UUID(int=1000 + number)


def rows(sold: dict[tuple[int, int], list[int]], first: date = FIRST) -> pd.DataFrame:
    """One row per item and day with packs, from lists of packs by (pharmacy, medicine)."""
    found = [
        (pharmacy(p), medicine(m), first + timedelta(days=day), packs * 1000, 0)
        for (p, m), series in sold.items()
        for day, packs in enumerate(series)
        if packs
    ]
    return pd.DataFrame(found, columns=list(COLUMNS))


def panel(sold: dict[tuple[int, int], list[int]], first: date = FIRST) -> Panel:
    days = max(len(series) for series in sold.values())
    return panel_of(rows(sold, first), until=first + timedelta(days=days - 1))


def seasonal(
    days: int, *, items: int = 6, seed: int = 7, expected: Callable[[int, int], float] | None = None
) -> Panel:
    """Shops closed on Sundays whose trade rises and falls with the year, with Poisson noise."""

    def yearly(item: int, day: int) -> float:
        wave = 1 + 0.6 * np.sin(2 * np.pi * (day + 40 * item) / 365.25)
        weekday = (1.5, 1.0, 1.0, 1.0, 1.2, 0.7, 0.0)[day % 7]
        return float((5 + 3 * item) * wave * weekday)

    random = np.random.default_rng(seed)
    mean = expected or yearly
    return panel(
        {
            (1 + item % 2, item): [int(random.poisson(mean(item, day))) for day in range(days)]
            for item in range(items)
        }
    )


def served_by(method: str, comparison: Comparison) -> Comparison:
    """The same comparison, had one method come off best in every class."""
    return replace(comparison, champions=dict.fromkeys(CLASSES, method))
