"""Generated sales whose shelves are often empty, with the demand that was really there: what `bench lessons` learns from.

A week has its shape, closed Sundays, and where asked a season; demand is Poisson. An item is ordered when two days of
it are left, and comes after two to sixteen days. Of whom an empty shelf turned away, a share is known as refused.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pandas as pd

from models.baseline import HORIZON
from models.dataset import COLUMNS, Beside, Panel, panel_of
from models.shelves import Flags, Floats

FIRST = date(2024, 1, 1)  # a Monday
WEEK = (1.25, 1.05, 1.0, 1.0, 1.15, 0.8, 0.0)
USUAL, SPREAD = 3.0, 0.8
SWING = 0.5
ORDER_BELOW, ORDERED = 2.0, (8.0, 16.0)
LATE_FROM, LATE_TO = 2, 17
NOTHING = pd.DataFrame(columns=[*COLUMNS[:3], "search_count"])


@dataclass(frozen=True)
class CutSales:
    """What a pharmacy sees, and `wanted`: packs wanted on its days and the mean wanted on the `HORIZON` after them."""

    rows: pd.DataFrame
    shelves: pd.DataFrame
    until: date
    wanted: Floats
    wanted_ahead: Floats
    share_cut: float

    def panel(self, *, knows_shelves: bool = True) -> Panel:
        """As production makes it, or as who knows nothing of shelves does."""
        beside = Beside(self.shelves, NOTHING, NOTHING) if knows_shelves else None
        return panel_of(self.rows, until=self.until, beside=beside)

    def whole(self) -> Panel:
        """As it would be if every demand were seen."""
        panel = self.panel(knows_shelves=False)
        return replace(panel, demand=self.wanted * 1000.0)


def cut_sales(
    *, items: int, days: int, told_share: float, has_season: bool = False, seed: int = 3
) -> CutSales:
    """Draw one pharmacy's items over so many days; the same for the same seed."""
    random = np.random.default_rng(seed)
    usual = random.lognormal(np.log(USUAL), SPREAD, items)
    day = np.arange(days + HORIZON)
    phase = random.integers(0, 365, items)[:, None]
    season = 1 + (SWING if has_season else 0.0) * np.sin(2 * np.pi * (day + phase) / 365.25)
    mean = usual[:, None] * np.array(WEEK)[day % 7] * season
    wanted = random.poisson(mean[:, :days])
    opening, sold = np.zeros((items, days)), np.zeros((items, days))
    stock, due = np.ceil(usual * 12), np.full(items, -1)
    got = np.zeros((items, days))
    for at in range(days):
        opening[:, at] = stock
        got[:, at] = np.where(due == at, np.ceil(usual * random.uniform(*ORDERED, items)), 0)
        stock = stock + got[:, at]
        sold[:, at] = np.minimum(stock, wanted[:, at])
        stock = stock - sold[:, at]
        waits = (due < 0) | (due == at)
        later = at + random.integers(LATE_FROM, LATE_TO, items)
        due = np.where(waits, np.where(stock <= ORDER_BELOW * usual, later, -1), due)
    refused = random.binomial((wanted - sold).astype(int), told_share)
    closing = opening + got - sold
    is_open = np.array(WEEK)[day[:days] % 7] > 0
    cut = (closing <= 0) & is_open
    moved = (sold > 0) | (got > 0)
    return CutSales(
        _frame((sold > 0) | (refused > 0), sold_milli=sold, refused_milli=refused),
        _frame(
            moved & ((opening <= 0) | (closing <= 0)), opening_milli=opening, closing_milli=closing
        ),
        FIRST + timedelta(days=days - 1),
        wanted,
        mean[:, days:],
        float(cut[:, is_open].mean()),
    )


def _frame(there: Flags, **values: Floats) -> pd.DataFrame:
    item, day = np.nonzero(there)
    dates = np.array([FIRST + timedelta(days=number) for number in range(there.shape[1])])
    made = {
        "pharmacy_id": [UUID(int=1)] * len(item),
        "medicine_id": np.array([UUID(int=100 + at) for at in range(len(there))])[item],
        "day": dates[day],
    }
    return pd.DataFrame(made | {name: many[item, day] * 1000.0 for name, many in values.items()})
