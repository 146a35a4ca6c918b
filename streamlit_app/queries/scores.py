"""What was really told, held against what came, by day and by week; and what is said of drift."""

from datetime import date

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame

ALL = "all"
DAY, WEEK, FOUR_WEEKS = 1, 7, 28
MEASURES = {
    "above_high": "Days above the interval",
    "below_low": "Days below the interval",
    "week_error": "Error of 7-day totals",
}
"""What is watched, as it is called; in the order it is shown."""


def scores(connection: sa.Connection, span: int, kind: str, since: date) -> pd.DataFrame:
    """Totals of `span` days since then, by their last day: day, series_count, off, scaled_error, above, below, model_version.

    `off` is the sum of errors as a share of what came, `above` and `below` the shares of items outside their interval;
    NaN where there is none.
    """
    rows = frame(
        connection,
        "SELECT day, series_count, actual_milli, error_milli, scaled_error, above_high_count AS above,"
        " below_low_count AS below, model_version, scored_at FROM forecast_score"
        " WHERE span = :span AND kind = :kind AND day >= :since ORDER BY day",
        span=span,
        kind=kind,
        since=since,
    )
    series = rows["series_count"].where(rows["series_count"] > 0).astype(float)
    actual = rows["actual_milli"].where(rows["actual_milli"] > 0).astype(float)
    return rows.assign(
        scaled_error=rows["scaled_error"].astype(float),
        off=rows["error_milli"] / actual,
        above=rows["above"].astype(float) / series,
        below=rows["below"].astype(float) / series,
    )


def inside(days: pd.DataFrame) -> tuple[float | None, int]:
    """Of `scores` of single days: the share of all items' days inside their interval, and of how many days it is."""
    told = days.dropna(subset=["above", "below"])
    count = int(told["series_count"].sum())
    if not count:
        return None, 0
    outside = ((told["above"] + told["below"]) * told["series_count"]).sum()
    return 1 - float(outside) / count, len(told)


def drift(connection: sa.Connection) -> pd.DataFrame:
    """What is said of the model in use: a row for each class and measure.

    kind, measure, recent, promised, allowed (NaN: none), score_count, evidence, threshold, drifts_since_on,
    model_version, made_at.
    """
    rows = frame(
        connection,
        "SELECT kind, measure, recent, promised, allowed, score_count, evidence, threshold,"
        " drifts_since AS drifts_since_on, model_version, made_at FROM forecast_drift ORDER BY kind, measure",
    )
    return rows.assign(
        **{name: rows[name].astype(float) for name in ("recent", "promised", "allowed")}
    )
