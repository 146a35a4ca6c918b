"""The real sales of a pharmacy as a panel: which days are observations, found by rule, and the same sales in disguise.

Closed days (nothing sold in any group) and imputed days are unknown to whoever learns and whoever is scored. A day is
taken to be imputed when, in the hours or in the day, a group that is sold by whole numbers shows a fraction, or any
group a number of more than three decimals: both are the traces of a mean.
"""

from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
import pandas as pd

from models.dataset import Flags, Floats, Panel

FOLDER = "pharma_sales"
DAILY, HOURLY = "salesdaily_until_*.csv", "saleshourly_until_*.csv"
DATE = "datum"
WHOLE_SHARE = 0.9
"""A group is sold by whole numbers when so many of its sales are."""
MOST_DECIMALS = 3
SLACK = 1e-6
"""Sums of hours agree with the days to nine decimals only."""

PHARMACY = UUID(int=1)


def read(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The days and the hours, a column per group, from the newest files in the data folder.

    Raises:
        FileNotFoundError: if they are not there.
    """
    found = []
    for pattern in (DAILY, HOURLY):
        files = sorted((data / FOLDER).glob(pattern))
        if not files:
            raise FileNotFoundError(
                f"No {pattern} in {data / FOLDER}; set REMEDY_DATA_DIR to the folder of the real data."
            )
        found.append(pd.read_csv(files[-1], parse_dates=[DATE]).set_index(DATE))
    return found[0], found[1]


def imputed(daily: pd.DataFrame, hourly: pd.DataFrame) -> Flags:
    """Which days of the daily file are not observed."""
    whole = [name for name in hourly if _is_whole(hourly[name])]
    doubted = np.zeros(len(daily), dtype=bool)
    for frame in (daily, hourly):
        marks = np.any(_has_more(frame[whole].to_numpy(dtype=float), 1), axis=1)
        marks = marks | np.any(_has_more(frame.to_numpy(dtype=float), 10**MOST_DECIMALS), axis=1)
        days = pd.DatetimeIndex(frame.index).normalize()
        doubted |= daily.index.isin(days[np.flatnonzero(marks)])
    return doubted


def panel_of_sales(daily: pd.DataFrame, hourly: pd.DataFrame) -> tuple[Panel, tuple[str, ...]]:
    """The panel, and the groups' names in the order of its rows."""
    days = pd.date_range(daily.index[0], daily.index[-1], freq="D")
    daily = daily.reindex(days)
    is_known = (daily.sum(axis=1) > 0).to_numpy() & ~imputed(daily.fillna(0), hourly)
    names = sorted(daily.columns, key=lambda name: uuid5(NAMESPACE_OID, name))
    demand = np.nan_to_num(daily[names].to_numpy(dtype=float).T) * 1000
    known = np.repeat(is_known[None, :], len(names), axis=0)
    items = tuple((PHARMACY, uuid5(NAMESPACE_OID, name)) for name in names)
    # What is not observed is taken out, so that nobody can learn from it by mistake.
    return Panel(items, days[0].date(), demand * known, known, known), tuple(names)


def disguised(daily: pd.DataFrame, hourly: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same sales seven times as large, under other names, 52 weeks later."""
    later = timedelta(weeks=52)
    names = {name: f"group {number}" for number, name in enumerate(reversed(daily.columns))}
    day, hour = (frame.mul(7).rename(columns=names) for frame in (daily, hourly))
    day.index, hour.index = day.index + later, hour.index + later
    return day, hour


def _is_whole(sales: pd.Series) -> bool:
    sold = sales[sales > 0].to_numpy(dtype=float)
    return bool(len(sold)) and float((~_has_more(sold, 1)).mean()) > WHOLE_SHARE


def _has_more(sales: Floats, unit: int) -> Flags:
    """Where there is more than a whole number of `1 / unit`."""
    result: Flags = np.abs(sales * unit - np.round(sales * unit)) > SLACK * unit
    return result
