"""Drift: what was told against what came, and whether the model in use keeps its promise."""

from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from streamlit_app import charts, data, parts, words
from streamlit_app.queries import models, scores

CLASSES = {scores.ALL: "All items", **models.KINDS}
DAYS = {"4 weeks": 28, "13 weeks": 91, "52 weeks": 364}


def show() -> None:
    """The page."""
    st.title("Drift")
    now = data.now()
    st.write(
        "Each night what was told is held against what came. A model is trained on a past that ends; when the town changes, "
        "its errors grow and its intervals hold less often than its training promised."
    )
    told = data.read(scores.drift)
    _said(told, now)
    left, right = st.columns(2)
    kind = left.selectbox("Class of series", list(CLASSES), format_func=lambda one: CLASSES[one])
    days = DAYS[right.selectbox("Period", list(DAYS), index=1)]
    since = (now - timedelta(days=days)).date()
    _held(data.read(scores.scores, scores.DAY, kind, since), told[told["kind"] == kind], now)
    _error(data.read(scores.scores, scores.WEEK, kind, since), told[told["kind"] == kind], now)
    _totals(data.read(scores.scores, scores.FOUR_WEEKS, kind, since), now)


def _said(told: pd.DataFrame, now: datetime) -> None:
    st.header("Does it keep its promise?")
    if told.empty:
        parts.nothing(
            "Nothing has been held against what came yet. The first days are scored the night after they were foretold and "
            "counted (DAG forecast_stock); a week later the first week is."
        )
        parts.source("forecast_drift", None, now)
        return
    for row in told[told["drifts_since_on"].notna()].to_dict("records"):
        st.warning(words.plain(sentence(row)), icon=":material/trending_down:")
    if told["drifts_since_on"].isna().all():
        st.write(
            "No class and no measure drifts: what came does not speak against what the training promised."
            if told["promised"].notna().any()
            else "The training of the model in use promised nothing that could be held against what came."
        )
    ordered = told.assign(
        at=[list(CLASSES).index(one) if one in CLASSES else len(CLASSES) for one in told["kind"]],
        by=[list(scores.MEASURES).index(one) for one in told["measure"]],
    ).sort_values(["at", "by"])
    parts.table(
        ordered.assign(
            of=[CLASSES.get(one, one) for one in ordered["kind"]],
            what=[scores.MEASURES[one] for one in ordered["measure"]],
            **{
                name: [
                    figure(measure, value)
                    for measure, value in zip(ordered["measure"], ordered[name], strict=True)
                ]
                for name in ("recent", "promised", "allowed")
            },
            verdict=[verdict(row) for row in ordered.to_dict("records")],
        ),
        {
            "of": "Class",
            "what": "Measure",
            "recent": "Last 28 days",
            "promised": "Promised",
            "allowed": "Kept up to",
            "score_count": "Looked at",
            "verdict": "Says",
        },
        "Each class and measure with what was promised, what came of late and whether it drifts.",
    )
    st.caption(
        "Error of 7-day totals: in multiples of an item's difference from one week to the next; 1 is as wrong as saying "
        "'as last week'. Looked at: days or weeks since the model came into use. It drifts when the evidence against the "
        "promise has reached a threshold set beforehand (both in brackets), not when one day is bad."
    )
    parts.source(
        f"forecast_drift, model {told['model_version'].iloc[0]}", told["made_at"].max(), now
    )


def _held(days: pd.DataFrame, told: pd.DataFrame, now: datetime) -> None:
    st.header("How often the interval held")
    share, count = scores.inside(days)
    if share is None:
        parts.nothing("No day of this class and period has been held against what came.")
        parts.source("forecast_score", None, now)
        return
    said = (
        f"{words.percent(share)} of all items' days lay in their interval, over {words.plural(count, 'day')}; "
        "eight of ten should."
    )
    shown = days.dropna(subset=["above", "below"])
    st.plotly_chart(
        charts.coverage(shown, _promised(told, "above_high"), _promised(told, "below_low")),
        alt=f"Share of items above and below their interval for each day. {said}",
    )
    st.write(said + _versions(shown))
    parts.source("forecast_score, single days", days["scored_at"].max(), now)


def _error(weeks: pd.DataFrame, told: pd.DataFrame, now: datetime) -> None:
    st.header("How wrong it was")
    shown = weeks.dropna(subset=["scaled_error"])
    if shown.empty:
        parts.nothing("No week of this class and period has been held against what came.")
        parts.source("forecast_score, 7-day totals", None, now)
        return
    said = (
        f"On average {shown['scaled_error'].mean():.2f} times an item's difference from one week to the next, over "
        f"{words.plural(len(shown), 'week')}."
    )
    st.plotly_chart(
        charts.week_errors(shown, _promised(told, "week_error")),
        alt=f"Error of the 7-day totals for each week. {said}",
    )
    st.write(said)
    parts.source("forecast_score, 7-day totals", weeks["scored_at"].max(), now)


def _totals(totals: pd.DataFrame, now: datetime) -> None:
    st.header("28-day totals")
    if totals.empty:
        parts.nothing(
            "No 28 days of this class and period are over since they were foretold, so none is scored."
        )
        parts.source("forecast_score, 28-day totals", None, now)
        return
    parts.table(
        totals.assign(
            until=[words.day(one) for one in totals["day"]],
            off_text=[words.percent(one) for one in totals["off"]],
            above_text=[words.percent(one) for one in totals["above"]],
            below_text=[words.percent(one) for one in totals["below"]],
        ).iloc[::-1],
        {
            "until": "28 days until",
            "series_count": "Items",
            "off_text": "Errors, of what came",
            "above_text": "Above the interval",
            "below_text": "Below it",
            "model_version": "Told by",
        },
        "Each 28-day total that is over, the latest first, with its error and how often its interval held.",
    )
    parts.source("forecast_score, 28-day totals", totals["scored_at"].max(), now)


def _promised(told: pd.DataFrame, measure: str) -> float | None:
    found = told.loc[told["measure"] == measure, "promised"].dropna()
    return float(found.iloc[0]) if len(found) else None


def _versions(days: pd.DataFrame) -> str:
    count = days["model_version"].nunique()
    return f" They were told by {count} versions of the model." if count > 1 else ""


def sentence(row: Mapping[Hashable, Any]) -> str:
    """What drifts, in words, with both figures."""
    what, measure = CLASSES.get(row["kind"], row["kind"]), row["measure"]
    return (
        f"{what}: {scores.MEASURES[measure].lower()} drifted away from what the training promised, noticed on "
        f"{words.day(row['drifts_since_on'])}. Last 28 days: {figure(measure, row['recent'])}; promised: "
        f"{figure(measure, row['promised'])}."
    )


def verdict(row: Mapping[Hashable, Any]) -> str:
    """What is said of one measure: that it drifts, that nothing speaks for it, or that nothing can be said."""
    if pd.notna(row["drifts_since_on"]):
        return f"drifts since {words.short_day(row['drifts_since_on'])}"
    if pd.isna(row["promised"]):
        return "nothing was promised"
    if pd.isna(row["recent"]):
        return "nothing scored yet"
    return f"no drift ({row['evidence']:.1f} of {row['threshold']:.1f})"


def figure(measure: str, value: float) -> str:
    """A measure's value as it is read: shares as per cent, errors as multiples; a dash where there is none."""
    if pd.isna(value):
        return "-"
    return f"{value:.2f}" if measure == "week_error" else f"{value:.1%}"
