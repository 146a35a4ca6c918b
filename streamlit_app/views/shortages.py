"""Shortages: what runs out before its next delivery, where, when, and how many packs would be missing."""

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from remedy.schema.advice import ADVICE_LASTS, LEAST_RISK, LIKELY
from remedy.values import MILLI
from streamlit_app import charts, data, parts, words
from streamlit_app.queries import shortages

EVERY = "All"
TOLD_DAYS = 28
TILES = {
    "alerts": (
        "Alerts",
        f"Items that run out before their next delivery with a chance of {LEAST_RISK:.0%} or more.",
    ),
    "likely": ("Likely", f"Of them, those with a chance of {LIKELY:.0%} or more."),
    "empty": ("Empty now", "Of them, those whose shelf was empty when this was worked out."),
}
DELIVERIES = {
    "item": "is expected on {day}, as this item's deliveries came",
    "pharmacy": "is expected on {day}, as the pharmacy's deliveries came (of this item there are too few, or one is overdue)",
    "assumed": "is taken to come on {day}: no rhythm is known, or a delivery is overdue, so a week is assumed",
}
"""What the day of the next delivery is told from, by column `delivery_from`."""

SURE = {"item": "own rhythm", "pharmacy": "pharmacy's rhythm", "assumed": "assumed"}


def show() -> None:
    """The page."""
    st.title("Shortages")
    now = data.now()
    made = data.read(shortages.made)
    if made.empty:
        parts.nothing(
            "Nothing is foretold, so no shortage either. The DAG forecast_stock works it out every night, after the "
            "forecast; before that a model must have been trained (page Models)."
        )
        parts.source("out_stock_risk", None, now)
        return
    stamp = made.iloc[0]
    st.write(
        f"An alert is an item that runs out before its next delivery with a chance of {LEAST_RISK:.0%} or more. "
        f"{words.plural(int(stamp['item_count']), 'item')} of "
        f"{words.plural(int(stamp['pharmacy_count']), 'pharmacy', 'pharmacies')} were looked at."
    )
    parts.late(stamp["made_at"], now, ADVICE_LASTS)
    every = data.read(shortages.alerts)
    parts.cut(every, shortages.MOST_ROWS)
    if every.empty:
        parts.nothing(
            f"No item runs out before its next delivery with a chance of {LEAST_RISK:.0%} or more."
        )
        _source(stamp, now)
        return
    left, right = st.columns(2)
    districts = sorted(every["district"].dropna().unique())
    district = left.selectbox("District", [EVERY, *districts])
    order = right.selectbox("Worst first by", list(shortages.ORDERS))
    chosen = None if district == EVERY else district
    rows = shortages.worst_first(shortages.in_district(every, chosen), order)
    _tiles(rows)
    _source(stamp, now)
    parts.download("Shortages as CSV", "/admin/export/shortages.csv")
    _by_medicine(rows, shortages.in_district(data.read(shortages.foretold), chosen), chosen)
    _by_pharmacy(rows)
    _one(rows)
    _source(stamp, now)
    _told(chosen, now)
    with st.expander("What the numbers mean", expanded=True):
        st.markdown(MEANINGS)


MEANINGS = """
- **Chance**: how often, by the forecast's own spread, not all that is asked for is served until the next delivery.
- **Packs missing**: what would not be served until then, on average over all cases, those that end well too; so it may be
  less than one. **Money missing** is the same at the pharmacy's price; an item without a price has none.
- **Lasts**: whole days until the stock is used up where demand is middling; in brackets where it is high and where it is
  low: eight cases of ten lie between.
- **Next delivery** is told from the past deliveries of the item; where they are fewer than three, or one is overdue, from
  those of the pharmacy; where these have no rhythm or are overdue, a week is assumed. An assumed day makes the chance no better than that assumption.
- An alert changes what is ordered. How often alerts came true can therefore not be read off what was sold after them.
"""


def _source(stamp: "pd.Series[Any]", now: datetime) -> None:
    parts.source(
        f"out_stock_risk, model {stamp['version']}; stock as it was then", stamp["made_at"], now
    )


def _tiles(rows: pd.DataFrame) -> None:
    counted = {kind: of(rows) for kind, of in shortages.KINDS.items()}
    numbers: dict[str, int | float | str] = {kind: len(of) for kind, of in counted.items()}
    opened = parts.tiles("shortages", TILES, numbers)
    money = rows["missing_minor"].sum()
    unpriced = int(rows["price_minor"].isna().sum())
    without = f" ({words.plural(unpriced, 'item')} without a price left out)" if unpriced else ""
    st.write(
        f"Missing on average: {words.plain(words.packs(rows['missing_milli'].sum()))} packs, "
        f"{words.plain(parts.money(money))}{without}."
    )
    if opened:
        _rows(opened, counted[opened])


def _rows(kind: str, rows: pd.DataFrame) -> None:
    st.header(f"{TILES[kind][0]}: {words.plural(len(rows), 'row')}")
    if rows.empty:
        parts.nothing("There is no row behind it.")
        return
    parts.table(
        rows.assign(
            chance=[words.percent(one) for one in rows["runs_out"]],
            missing=(rows["missing_milli"] / MILLI).round(1),
            stock=(rows["stock_milli"] / MILLI).round(1),
            lasts=[lasts(*days) for days in _days(rows)],
            delivery=[words.short_day(one) for one in rows["delivery_on"]],
            sure=[SURE[one] for one in rows["delivery_from"]],
        ),
        {
            "medicine": "Medicine",
            "pharmacy": "Pharmacy",
            "chance": "Chance",
            "missing": "Packs missing",
            "stock": "In stock",
            "lasts": "Lasts, days",
            "delivery": "Next delivery",
            "sure": "Told from",
        },
        f"The rows behind the tile {TILES[kind][0]}, in the chosen order.",
        most=parts.MOST_SHOWN,
    )


def _by_medicine(rows: pd.DataFrame, foretold: pd.DataFrame, district: str | None) -> None:
    st.header("By medicine")
    where = f"in {words.plain(district)}" if district else "in town"
    st.write(
        f"Where every pharmacy that keeps a medicine {where} may run out of it, nobody can be sent next door."
    )
    found = shortages.by_medicine(rows, foretold)
    parts.table(
        _figures(found).assign(
            spread=[
                f"{at_risk} of {int(kept)}"
                for at_risk, kept in zip(found["at_risk_count"], found["kept_count"], strict=True)
            ]
        ),
        {
            "medicine": "Medicine",
            "spread": "Pharmacies at risk",
            "empty_count": "Empty now",
            "highest": "Highest chance",
            "missing": "Packs missing",
            "money": f"Missing, {data.region().currency}",
        },
        "Each medicine with how many of the pharmacies that keep it may run out, most packs missing first.",
        most=parts.MOST_SHOWN,
        money=("money",),
    )


def _by_pharmacy(rows: pd.DataFrame) -> None:
    st.header("By pharmacy")
    found = shortages.by_pharmacy(rows)
    parts.table(
        _figures(found),
        {
            "pharmacy": "Pharmacy",
            "district": "District",
            "at_risk_count": "Alerts",
            "empty_count": "Empty now",
            "highest": "Highest chance",
            "missing": "Packs missing",
            "money": f"Missing, {data.region().currency}",
        },
        "Each pharmacy with its alerts, most packs missing first.",
        money=("money",),
    )


def _told(district: str | None, now: datetime) -> None:
    days = data.read(shortages.told, (now - timedelta(days=TOLD_DAYS - 1)).date(), district)
    st.header("Alerts a day")
    if days.empty:
        parts.nothing(f"No alert was told to a pharmacy on the last {TOLD_DAYS} days.")
    else:
        said = (
            f"{words.plural(int(days['alert_count'].sum()), 'alert')} on {words.plural(len(days), 'day')} of the last "
            f"{TOLD_DAYS}; one that lasts counts on each of its days."
        )
        st.plotly_chart(charts.alerts(days), alt=f"Bars of the alerts of each day. {said}")
        st.write(said)
    parts.source("stock_alert_day; looked at", now, now)


def _figures(found: pd.DataFrame) -> pd.DataFrame:
    return found.assign(
        highest=[words.percent(one) for one in found["highest"]],
        missing=(found["missing_milli"] / MILLI).round(1),
        money=parts.whole(found["missing_minor"]),
    )


def _one(rows: pd.DataFrame) -> None:
    st.header("Why: one alert")
    rows = rows.head(parts.MOST_SHOWN)
    labels = [
        f"{medicine} · {pharmacy}"
        for medicine, pharmacy in zip(rows["medicine"], rows["pharmacy"], strict=True)
    ]
    chosen = st.selectbox("Alert", range(len(rows)), format_func=lambda row: labels[row])
    st.write(words.plain(reason(rows.iloc[chosen])))


def reason(row: "pd.Series[Any]") -> str:
    """Why an item is told to run out, and what that rests on."""
    missing = words.packs(row["missing_milli"])
    stock = (
        "The shelf was empty."
        if row["stock_milli"] <= 0
        else f"{words.packs(row['stock_milli'])} packs were there; they last "
        f"{lasts(row['cover_low'], row['cover_middle'], row['cover_high'])} days."
    )
    delivery = DELIVERIES[row["delivery_from"]].format(day=words.day(row["delivery_on"]))
    return (
        f"{stock} The next delivery {delivery}. The chance to run out before it is {words.percent(row['runs_out'])}; "
        f"on average {missing} packs would be missing."
    )


def lasts(low: float, middle: float, high: float) -> str:
    """Days a stock lasts with their interval: `3 (2 to 5)`, `20 (9 to over 28)`, `0`."""
    low_text, middle_text, high_text = (
        "over 28" if pd.isna(days) else f"{days:.0f}" for days in (low, middle, high)
    )
    if low_text == high_text:
        return middle_text
    return f"{middle_text} ({low_text} to {high_text})"


def _days(rows: pd.DataFrame) -> list[tuple[float, float, float]]:
    return list(
        rows[["cover_low", "cover_middle", "cover_high"]].itertuples(index=False, name=None)
    )
