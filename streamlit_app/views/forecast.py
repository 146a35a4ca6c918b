"""Forecast: what is foretold of an item or a group, between which bounds, and how wrong it was."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from remedy.schema.advice import ADVICE_LASTS
from remedy.values import MILLI
from streamlit_app import charts, data, parts, schedule, words
from streamlit_app.queries import forecasts, models, names, scores
from streamlit_app.queries.forecasts import Chosen

EVERY = "All pharmacies"
PAST_DAYS = 84
WEEKS = 4
"""So many told weeks are held against what came."""
MOST_ITEMS = 100
EIGHT_OF_TEN = "Eight days of ten should lie in here"
ADDED_UP = "All items low to all items high: wider than eight of ten"
OUTSIDE = "One day in ten should be above the band and one below it."


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
    chosen, called = _choose()
    _forecast(chosen, called, made.iloc[0], now)
    _own_error(chosen, called, now)


def _model(model: "pd.Series[Any]", now: datetime) -> None:
    errors = data.read(models.errors, int(model["model_run"]))
    mine = errors[errors["method"] == model["method"]]
    share = (
        float(mine["error_milli"].iloc[0] / mine["actual_milli"].iloc[0])
        if len(mine) and mine["actual_milli"].iloc[0]
        else None
    )
    # The first box is wider: it holds a name, the others figures.
    method, error, against, trained = st.columns([1.6, 1, 1, 1.2])
    method.metric(
        "Method in use",
        str(model["method"]),
        help="By class: each class of series has the method that did best on it (page Models).",
        border=True,
    )
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
    if len(made):
        parts.late(made["made_at"].iloc[0], now, ADVICE_LASTS)


def _choose() -> tuple[Chosen, str]:
    """What is looked at, and what it is called."""
    left, right = st.columns(2)
    places = names.choices(data.read(names.pharmacies), "pharmacy_id", "name")
    place = left.selectbox(
        "Pharmacy", [EVERY, *places], format_func=lambda key: places.get(key, key)
    )
    pharmacy_id = None if place == EVERY else UUID(place)
    known = data.read(forecasts.medicines, pharmacy_id)
    if known.empty:
        return Chosen(pharmacy_id), places.get(place, place)
    medicines = names.choices(known, "medicine_id", "medicine")
    groups = [code for code in sorted(known["atc_group"].unique()) if code]
    what = right.selectbox(
        "Medicine, or group of the ATC",
        [*medicines, *groups],
        format_func=lambda key: medicines.get(key, f"Group {key}"),
    )
    where = f" at {places[place]}" if pharmacy_id else " at all pharmacies"
    if what in medicines:
        return Chosen(pharmacy_id, UUID(what)), medicines[what] + where
    return Chosen(pharmacy_id, atc_group=what), f"Group {what}{where}"


def _forecast(chosen: Chosen, called: str, made: "pd.Series[Any]", now: datetime) -> None:
    st.header(words.plain(called))
    cover = data.read(forecasts.cover, chosen).iloc[0]
    count = int(cover["item_count"])
    if not count or (chosen.medicine_id is None and chosen.atc_group is None):
        parts.nothing(
            "Nothing is foretold here: the pharmacy is too new, or sold nothing for 28 days."
        )
        return
    first = made["first_on"].date()
    since = first - timedelta(days=PAST_DAYS)
    shelf = (
        data.read(forecasts.shelf, chosen.pharmacy_id, chosen.medicine_id, since, first)
        if chosen.is_one_item
        else None
    )
    past = forecasts.past(
        data.read(forecasts.wanted_before, chosen, since, first),
        data.read(forecasts.open_days, chosen.pharmacy_id, since, first),
        shelf,
        pd.date_range(since, first - timedelta(days=1)),
    )
    sentence = _sentence(cover, count)
    ahead, band, meaning = _ahead(chosen, count, made["version"], now)
    st.plotly_chart(
        charts.forecast(past, ahead, band),
        alt=f"Demand of {called} per day, and the forecast with its bounds. {sentence}",
    )
    st.write(words.plain(sentence))
    st.write(words.plain(meaning))
    gaps = int(past["demand_milli"].isna().sum())
    empty = int(past["is_empty"].sum())
    told = [
        f"{words.plural(gaps, 'day')} of the {PAST_DAYS} before are gaps: closed, or not counted." if gaps else "",
        f"On {words.plural(empty, 'day')} the shelf was empty in the evening: what was sold then is less than what was wanted." if empty else "",
    ]  # fmt: skip
    if any(told):
        st.caption(" ".join(one for one in told if one))
    parts.source(
        f"agg_daily_demand before, out_stock_forecast from {words.day(first)} on, model {made['version']}; stock as it "
        "was then",
        made["made_at"],
        now,
    )
    parts.download("Forecast as CSV", "/admin/export/forecast.csv")


def _sentence(cover: "pd.Series[Any]", count: int) -> str:
    expected, low, high, stock = (
        words.packs(int(cover[name]))
        for name in (
            "demand_28_milli", "demand_28_low_milli", "demand_28_high_milli", "stock_milli",
        )
    )  # fmt: skip
    if count == 1:
        return (
            f"In the 28 days foretold: {expected} packs expected, eight times of ten {low} to {high}. In stock: {stock} "
            f"packs; lasts: {words.cover(cover['days_of_cover'])}."
        )
    return (
        f"In the 28 days foretold: {expected} packs expected of {words.plural(count, 'item')} together; {low} where every "
        f"item is low, {high} where every item is high. In stock: {stock} packs."
    )


def _ahead(
    chosen: Chosen, count: int, version: str, now: datetime
) -> tuple[pd.DataFrame, str, str]:
    """What is foretold with its band, what the band is called, and what it means and how often it held."""
    ahead = data.read(forecasts.foretold, chosen)
    if count == 1:
        return ahead, EIGHT_OF_TEN, f"{OUTSIDE} {_items_held(now)}"
    group = data.read(forecasts.group_band, version).iloc[0]
    if pd.isna(group["shared_error"]):
        meaning = (
            "The band adds up what each item's own bounds are. Items are seldom all high on one day, so more than eight "
            "days of ten lie in it; a group has no interval of its own as long as the model does not know how far items "
            "are off together."
        )
        return ahead, ADDED_UP, f"{meaning} {_items_held(now)}"
    meaning = f"{OUTSIDE} Items are seldom all high on one day: the band is narrower than their own bounds added up."
    return (
        forecasts.as_group(ahead, float(group["shared_error"])),
        EIGHT_OF_TEN,
        f"{meaning} {_groups_held(group['group_inside'])}",
    )


def _groups_held(inside: float | None) -> str:
    if pd.isna(inside):
        return "How often it held is not known yet."
    return (
        f"At the training, {words.percent(inside)} of the days of groups (medicines at all pharmacies, pharmacies, all items) "
        "lay in such a band, in weeks that its width was not learned from."
    )


def _items_held(now: datetime) -> str:
    days = data.read(
        scores.scores, scores.DAY, scores.ALL, (now - timedelta(days=PAST_DAYS)).date()
    )
    share, scored = scores.inside(days)
    return (
        "How often it held is not known yet: no day that was foretold has been held against what came."
        if share is None
        else f"Over all items, {words.percent(share)} of the days lay in their band, on "
        f"{words.plural(scored, 'day')} of late (page Drift)."
    )


def _own_error(chosen: Chosen, called: str, now: datetime) -> None:
    st.header("Its own past error")
    period = data.read(forecasts.told_period)
    rows = data.read(forecasts.told_before, chosen)
    total = data.read(forecasts.told_total, chosen)
    source = "out_pharmacy_item"
    if period.empty or rows.empty:
        parts.nothing(
            "Not known: of the last four weeks nothing was foretold here that could be held against what came."
        )
        parts.source(source, None, now)
        return
    span = period.iloc[0]
    st.write(words.plain(past_sentence(rows, total, span["first_on"], span["last_on"])))
    if not pd.isna(span["told_from"]):
        st.write(
            "Worked out afterwards by the model in use, which has also learned from these days, and so it looks a little too "
            f"good. From {words.day(span['told_from'])} on, when four weeks will have been told, it is the error of what was "
            "really told."
        )
    if len(rows) > 1:
        worst = rows.head(MOST_ITEMS)
        st.subheader(
            f"The {MOST_ITEMS} most wrong of {total['item_count']:,}"
            if len(worst) < len(rows)
            else "The most wrong first"
        )
        parts.table(
            worst.assign(
                told=(worst["told_milli"] / MILLI).round(1),
                wanted=(worst["wanted_milli"] / MILLI).round(1),
                off=(worst["off_milli"] / MILLI).round(1),
            ),
            {
                "medicine": "Medicine",
                "pharmacy": "Pharmacy",
                "told_weeks": "Weeks",
                "told": "Told, packs",
                "wanted": "Came, packs",
                "off": "Off by",
            },
            f"Each item of {called} with what was told and what came, most wrong first.",
        )
    st.caption(
        "Told: one forecast of seven days a week. Came: sold and refused. Off by: the weeks' errors, added up. Left out: weeks "
        "with more than one day on which the shelf was empty, a shortage had been warned of, or nothing is known."
    )
    parts.source(source, span["made_at"], now)


def past_sentence(rows: pd.DataFrame, total: "pd.Series[Any]", first: Any, last: Any) -> str:
    """What was told of four weeks against what came, in words."""
    days = f"the four weeks from {words.day(first)} to {words.day(last)}"
    if len(rows) == 1:
        row = rows.iloc[0]
        some = "" if row["told_weeks"] == WEEKS else f"{row['told_weeks']} of "
        told, came = words.packs(row["told_milli"]), words.packs(row["wanted_milli"])
        said = f"Of {some}{days}: told {told} packs, came {came}"
        if row["wanted_milli"]:
            said += f"; week by week {words.percent(row['off_milli'] / row['wanted_milli'])} off"
        return f"{said}."
    share = forecasts.past_error(total)
    told_share = "nothing was wanted" if share is None else f"{words.percent(share)} of what came"
    return f"Of {days}: the errors of {words.plural(int(total['item_count']), 'item')}, week by week, are {told_share} in all."
