"""What others do, beside ours: SES, AutoETS, Croston and TSB by statsforecast, and a plain ridge for each series.

They are told the same as ours; a day that is not known is filled with the mean of the 28 known days before it, because
none of them knows what a gap is.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from models.baseline import HORIZON
from models.dataset import Floats, Panel
from models.shelves import running_sums

SES, AUTO_ETS, CROSTON, TSB_NAME = "SES", "AutoETS", "Croston", "TSB"
PLAIN_RIDGE = "ridge per series"
LAGS = 28
PENALTY = 100.0
"""On features of unit deviation. The best for it of 1, 100 and 1,000 on origins before those reported."""
TSB_ALPHA = 0.1


def filled(panel: Panel) -> Floats:
    """Demand without gaps: an unknown day is the mean of the 28 known days before it."""
    demand = np.where(panel.is_known, panel.demand, 0.0)
    total, count = (running_sums(values) for values in (demand, panel.is_known))
    made = demand.copy()
    for item, day in np.argwhere(~panel.is_known):
        first = int(np.searchsorted(count[item], count[item, day] - HORIZON, side="right")) - 1
        first = max(first, 0)
        known = count[item, day] - count[item, first]
        if known:
            made[item, day] = (total[item, day] - total[item, first]) / known
    return made


def stats_forecasts(
    panel: Panel,
    ends: Sequence[int],
    jobs: int,
    names: Sequence[str] = (SES, AUTO_ETS, CROSTON, TSB_NAME),
) -> Mapping[str, Floats]:
    """What statsforecast's models foretell after each of `ends` days: origins by items by days."""
    from statsforecast import StatsForecast
    from statsforecast.models import (
        TSB,
        AutoETS,
        CrostonOptimized,
        SimpleExponentialSmoothingOptimized,
    )

    frames = []
    for end in ends:
        values = filled(panel.until(end))
        for item in range(len(panel.items)):
            name = f"{end:06}/{item:06}"
            frames.append(
                pd.DataFrame({"unique_id": name, "ds": np.arange(end), "y": values[item]})
            )
    models = {
        SES: SimpleExponentialSmoothingOptimized(alias=SES),
        AUTO_ETS: AutoETS(season_length=7, alias=AUTO_ETS),
        CROSTON: CrostonOptimized(alias=CROSTON),
        TSB_NAME: TSB(TSB_ALPHA, TSB_ALPHA, alias=TSB_NAME),
    }
    asked = StatsForecast(models=[models[name] for name in names], freq=1, n_jobs=jobs)
    told = asked.forecast(df=pd.concat(frames, ignore_index=True), h=HORIZON)
    told = told.sort_values(["unique_id", "ds"])
    shape = (len(ends), len(panel.items), HORIZON)
    return {name: np.maximum(told[name].to_numpy(dtype=float), 0).reshape(shape) for name in names}


def plain_ridge(panel: Panel) -> Floats:
    """Each series by itself: 28 lags, weekday and two yearly harmonics, a day at a time."""
    values, end = filled(panel), panel.day_count
    calendar = _calendar(panel)
    days = np.arange(LAGS, end)
    told = np.zeros((len(panel.items), HORIZON))
    for item in range(len(panel.items)):
        use = days[panel.is_known[item, days]]
        lags = values[item][use[:, None] - np.arange(1, LAGS + 1)]
        line, start = _ridge(np.column_stack([lags, calendar[use]]), values[item, use])
        recent = list(values[item, end - LAGS : end])
        for ahead in range(HORIZON):
            before = np.array(recent[: -LAGS - 1 : -1])
            day = start + line[:LAGS] @ before + line[LAGS:] @ calendar[end + ahead]
            told[item, ahead] = max(0.0, float(day))
            recent.append(told[item, ahead])
    return told


def _ridge(told: Floats, came: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import Ridge

    middle, spread = told.mean(axis=0), told.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    found = Ridge(alpha=PENALTY).fit((told - middle) / spread, came)
    line = found.coef_ / spread
    return line, float(found.intercept_ - line @ middle)


def _calendar(panel: Panel) -> Floats:
    days = [panel.first_day + timedelta(days=day) for day in range(panel.day_count + HORIZON)]
    angle = np.array([day.timetuple().tm_yday for day in days]) * 2 * np.pi / 365.25
    waves = [wave(times * angle) for times in (1, 2) for wave in (np.sin, np.cos)]
    return np.column_stack([np.eye(7)[[day.weekday() for day in days]], *waves])
