"""Forecast: which model is in use, how wrong it has been, and what it says about stock."""

from datetime import datetime, timedelta
from uuid import UUID

import pandas as pd
import streamlit as st

from remedy.values import MILLI
from streamlit_app import charts, data, parts, schedule, words
from streamlit_app.queries import forecasts, names

EVERY = "All"
PAST_DAYS = 84
OLD_AFTER = timedelta(hours=36)


def show() -> None:
    """The page."""
    st.title("Forecast")
    now = data.now()
    model = data.read(forecasts.model_in_use)
    made = data.read(forecasts.made)
    if model.empty:
        parts.nothing(
            "No model has been trained yet. The DAG train_models learns from the closed days; run it in "
            f"Airflow ({data.settings().airflow_url}), or wait until "
            f"{words.instant(schedule.next_training(now), data.time_zone())}."
        )
        return
    _model(model.iloc[0], now)
    _forecast_age(made, now)
    if made.empty:
        parts.nothing(
            "Nothing is foretold: no medicine has been known for 21 days yet, or the DAG forecast_stock, "
            "which follows each count, has not run."
        )
        return
    _cover(made.iloc[0], now)
    st.divider()
    _errors(model.iloc[0], now)


def _model(model: pd.Series, now: datetime) -> None:
    errors = data.read(forecasts.errors, int(model["model_run"]))
    mine = errors[errors["method"] == model["method"]]
    share = (
        float(mine["error_milli"].iloc[0] / mine["actual_milli"].iloc[0])
        if len(mine) and mine["actual_milli"].iloc[0]
        else None
    )
    # The first box is wider: it holds a name, the others figures.
    method, error, against, trained = st.columns([1.6, 1, 1, 1.2])
    method.metric("Method in use", str(model["method"]), border=True)
    error.metric(
        "Past error",
        "not measured" if share is None else words.percent(share),
        help="Errors of the 28-day totals of all items, added up, as a share of what was sold, on "
        f"{words.plural(int(model['origin_count']), 'past origin')}.",
        border=True,
    )
    against.metric(
        "Against the mean",
        words.percent(model["relative_error"]),
        help="The same error relative to that of the plain 28-day mean: below 100 % is better. A method that "
        "loses to it is not used.",
        border=True,
    )
    trained.metric("Trained", words.age(model["trained_at"], now), border=True)
    st.caption(
        f"Model {model['version']} · learned from {words.plural(int(model['series_count']), 'item')} "
        f"up to {words.day(model['data_until_on'])} · trained "
        f"{words.instant(model['trained_at'], data.time_zone())} · next training "
        f"{words.instant(schedule.next_training(now), data.time_zone())} "
        f"({words.until(schedule.next_training(now), now)})"
    )


def _forecast_age(made: pd.DataFrame, now: datetime) -> None:
    upcoming = schedule.next_forecast(now)
    st.caption(
        f"Next forecast {words.instant(upcoming, data.time_zone())} ({words.until(upcoming, now)}), and "
        "after each count of demand."
    )
    if len(made) and now - made["made_at"].iloc[0] > OLD_AFTER:
        st.warning(
            f"This forecast was made {words.age(made['made_at'].iloc[0], now)}: the DAG forecast_stock "
            "has not succeeded since.",
            icon=":material/schedule:",
        )


def _cover(made: pd.Series, now: datetime) -> None:
    st.header("What runs out first")
    places = names.choices(data.read(names.pharmacies), "pharmacy_id", "name")
    pharmacy = st.selectbox(
        "Pharmacy", [EVERY, *places], format_func=lambda key: places.get(key, key)
    )
    rows = data.read(forecasts.cover, None if pharmacy == EVERY else UUID(pharmacy))
    if rows.empty:
        parts.nothing(
            "Nothing is foretold for this pharmacy: it is too new, or sold nothing for 28 days."
        )
        return
    shown = rows.assign(
        lasts=[words.cover(days) for days in rows["days_of_cover"]],
        stock=(rows["stock_milli"] / MILLI).round(1),
        expected=(rows["demand_28_milli"] / MILLI).round(1),
        between=[
            f"{words.packs(low)} to {words.packs(high)}"
            for low, high in zip(
                rows["demand_28_low_milli"], rows["demand_28_high_milli"], strict=True
            )
        ],
    )
    parts.table(
        shown,
        {
            "medicine": "Medicine",
            "pharmacy": "Pharmacy",
            "lasts": "Stock lasts",
            "stock": "Stock, packs",
            "expected": "28 days, packs",
            "between": "8 times of 10 between",
        },
        "Stock items with how many days their stock lasts, what runs out first on top.",
    )
    parts.source(
        f"out_stock_cover: {words.day(made['first_on'])} to {words.day(made['last_on'])}, model "
        f"{made['version']}, {words.plural(int(made['item_count']), 'item')}; stock as it was then",
        made["made_at"],
        now,
    )
    parts.download("Forecast as CSV", "/admin/export/forecast.csv")
    _item(rows, made, now)


def _item(rows: pd.DataFrame, made: pd.Series, now: datetime) -> None:
    st.header("One medicine at one pharmacy")
    labels = [
        f"{medicine} · {pharmacy}"
        for medicine, pharmacy in zip(rows["medicine"], rows["pharmacy"], strict=True)
    ]
    chosen = st.selectbox("Stock item", range(len(rows)), format_func=lambda row: labels[row])
    ids = UUID(rows["pharmacy_id"].iloc[chosen]), UUID(rows["medicine_id"].iloc[chosen])
    first = made["first_on"].date()
    past = data.read(forecasts.sold_before, *ids, first - timedelta(days=PAST_DAYS), first)
    ahead = data.read(forecasts.foretold, *ids)
    whole = past.set_index("day").reindex(
        pd.date_range(first - timedelta(days=PAST_DAYS), first - timedelta(days=1)), fill_value=0
    )
    expected, low, high = (
        words.packs(int(rows[f"demand_28{part}_milli"].iloc[chosen]))
        for part in ("", "_low", "_high")
    )
    sentence = (
        f"In the 28 days foretold: {expected} packs expected, eight times of ten {low} to {high}."
    )
    st.plotly_chart(
        charts.forecast(whole.rename_axis("day").reset_index(), ahead),
        alt=f"Demand of {labels[chosen]} per day, and the forecast with its interval. {sentence}",
    )
    st.write(sentence)
    parts.source(
        f"agg_daily_demand before, out_stock_forecast after {words.day(first)}",
        made["made_at"],
        now,
    )


def _errors(model: pd.Series, now: datetime) -> None:
    st.header("How the methods compare")
    errors = data.read(forecasts.errors, int(model["model_run"]))
    if errors.empty:
        parts.nothing(
            "No past error yet: at least 49 days of sales are needed, 21 to learn from and 28 to be held to."
        )
    else:
        rows = errors.assign(
            share=[
                words.percent(error / actual if actual else None)
                for error, actual in zip(errors["error_milli"], errors["actual_milli"], strict=True)
            ]
        )
        parts.table(
            rows,
            {"method": "Method", "share": "Error of 28-day totals", "origin_count": "Past origins"},
            "Each method with the error of its 28-day totals, the best on top.",
        )
        st.caption(
            f"Origins from {words.day(errors['first_on'].min())} to {words.day(errors['last_on'].max())}: "
            "at each, every method saw only what was known then."
        )
    parts.source("model_run and model_error", model["trained_at"], now)
    with st.expander("The model's card"):
        st.markdown(str(model["card"]))
