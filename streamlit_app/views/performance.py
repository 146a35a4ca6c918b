"""Pharmacy performance: how each pharmacy did on the closed days of a period, each figure with its definition."""

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from remedy.region import Region
from streamlit_app import data, parts, words
from streamlit_app.queries import demand, names, performance

PERIODS = {"7 days": 7, "28 days": 28, "90 days": 90}

MEANINGS = """
- **Fill rate**: packs sold out of packs sold and refused.
- **Empty shelves**: of all days of all medicines kept, the share that closed with nothing on the shelf. A day without
  movement closes as the one before; a shelf counts from its first movement on.
- **Refused**: how often somebody wanted packs that were not there.
- **Time to ready**: the median from an order being placed to its lying ready, of orders placed in the period.
- **Expiry loss**: packs that went out of date, at the pharmacy's own price of that day.
- **Price**: how far the pharmacy's prices lie from the town's median on average, over medicines that at least three
  pharmacies price; as they were when the period ended.
"""


def show() -> None:
    """The page."""
    st.title("Pharmacy performance")
    now = data.now()
    count = data.read(demand.last_count)
    if count.empty:
        parts.nothing(
            "No closed day has been counted yet (DAG aggregate_demand); performance is of closed days."
        )
        return
    closed = count["day"].iloc[0].date()
    period = st.selectbox("Period", list(PERIODS), index=1)
    first = closed - timedelta(days=PERIODS[period] - 1)
    st.caption(f"From {words.day(first)} to {words.day(closed)}, days at the pharmacy.")
    rows = _rows(first, closed)
    if rows.empty:
        parts.nothing("No pharmacy sold or refused anything in this period.")
    else:
        head = {
            "name": "Pharmacy",
            "district": "District",
            "filled": "Fill rate",
            "empty": "Empty shelves",
            "refusal_count": "Refused, times",
            "ready": "Time to ready",
            "loss": "Expiry loss",
            "price": "Price against the median",
        }
        parts.table(rows, head, "One row for each pharmacy with its figures of the period.")
    with st.expander("What the columns mean", expanded=True):
        st.markdown(MEANINGS)
    at = count["aggregated_at"].iloc[0]
    parts.source(
        "agg_daily_demand, agg_daily_stock and agg_daily_price, counted by MapReduce", at, now
    )
    parts.source("time to ready: landed rows of raw_orders, kept ninety days; looked at", now, now)


def _rows(first: date, closed: date) -> pd.DataFrame:
    sold = data.read(performance.demand, first, closed)
    shelves = data.read(performance.shelves, first, closed)
    rows = data.read(names.pharmacies).merge(sold, on="pharmacy_id", how="inner")
    for more in (
        shelves.groupby("pharmacy_id")[["out_count", "kept_count"]].sum().reset_index(),
        data.read(performance.expired, first, closed),
        performance.against_median(data.read(performance.prices, closed)),
        _ready(data.read(performance.ready, first, closed)),
    ):
        rows = rows.merge(more, on="pharmacy_id", how="left")
    region = Region.load(data.settings().region_file)
    wanted = rows["sold_milli"] + rows["refused_milli"]
    return rows.assign(
        filled=[words.percent(one) for one in rows["sold_milli"] / wanted.where(wanted > 0)],
        empty=[words.permille(one) for one in rows["out_count"] / rows["kept_count"]],
        ready=[words.minutes(one) for one in rows["minutes"]],
        loss=[
            words.money(one, region.currency, region.minor_digits)
            for one in rows["loss_minor"].fillna(0)
        ],
        price=[words.more_or_less(one) for one in rows["above"]],
    )


def _ready(orders: pd.DataFrame) -> pd.DataFrame:
    return orders.groupby("pharmacy_id")["minutes"].median().reset_index()
