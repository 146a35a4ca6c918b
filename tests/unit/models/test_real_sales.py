"""The methods on real sales of a pharmacy, 2014 to 2018 (REMEDY_DATA_DIR)."""

import os
from datetime import date
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from models.baseline import SEASONAL_NAIVE
from models.dataset import COLUMNS, Panel, panel_of
from models.evaluation import compare
from models.regression import RIDGE
from models.training import learn

pytestmark = pytest.mark.realdata

DAILY = "pharma_sales/salesdaily_until_2018-06-30.csv"
IMPUTED = (date(2017, 1, 1), date(2017, 2, 4))
"""Not observed: the series turn fractional every day."""


@pytest.fixture(scope="module")
def sales() -> Panel:
    daily = pd.read_csv(Path(os.environ["REMEDY_DATA_DIR"]) / DAILY, parse_dates=["datum"])
    rows = [
        (UUID(int=1), UUID(int=100 + number), day.date(), round(packs * 1000), 0)
        for number, group in enumerate(daily.columns[1:])
        for day, packs in zip(daily["datum"], daily[group], strict=True)
        if packs > 0
    ]
    return panel_of(
        pd.DataFrame(rows, columns=list(COLUMNS)), until=date(2018, 6, 30), masked=[IMPUTED]
    )


def test_the_ridge_beats_the_28_day_mean_on_real_sales(sales):
    comparison = compare(sales)

    assert len(comparison.origins) == 13
    ratio, naive = comparison.relative_error(RIDGE), comparison.relative_error(SEASONAL_NAIVE)
    assert ratio is not None
    assert ratio < 0.9
    assert naive is not None
    assert naive > 1.1  # a straw man, as the data's own notes say
    assert comparison.best() == RIDGE


def test_days_above_the_interval_are_few_and_not_none_on_every_series(sales):
    above = []
    for back in (1, 3, 5):
        past = sales.until(sales.day_count - 28 * back)
        told = learn(past, compare(past)).forecast(past, past.last_day)
        came = sales.demand[:, past.day_count : past.day_count + 28]
        above.append(came > told.high)
    share = np.concatenate(above, axis=1).mean(axis=1)

    assert len(share) == 7
    assert (share > 0.02).all()
    assert (share < 0.16).all()


def test_the_last_sixty_days_alone_are_enough_to_train_on(sales):
    short = Panel(
        sales.items,
        date(2018, 5, 2),
        sales.demand[:, -60:],
        sales.is_known[:, -60:],
        sales.is_open[:, -60:],
    )
    model = learn(short, compare(short))
    told = model.forecast(short, date(2018, 7, 1))

    assert told.is_active.all()
    assert np.isfinite(told.expected).all()
    assert (told.expected.sum(axis=1) > 0).all()
