"""Demand: what was sold, what was refused, and what was looked for and not found."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pandas as pd
import streamlit as st

from remedy.values import MILLI, local_day
from streamlit_app import charts, data, parts, words
from streamlit_app.queries import demand, names

PERIODS = {"14 days": 14, "30 days": 30, "60 days": 60, "1 year": 365}
EVERY = "All"
BEFORE_ALL = date(1970, 1, 1)


def show() -> None:
    """The page."""
    st.title("Demand")
    now = data.now()
    count = data.read(demand.last_count)
    closed = count["day"].iloc[0].date() if len(count) else None
    pharmacy_id, medicine_id, days = _choices()
    end = closed or local_day(now, data.time_zone())
    first = end - timedelta(days=days - 1)

    # Before the first count everything landed is "so far", within the period that was asked for.
    counted_until = closed or first - timedelta(days=1)
    before = data.read(demand.daily, first, counted_until, pharmacy_id, medicine_id)
    later = data.read(demand.so_far, counted_until, pharmacy_id, medicine_id)
    _figures(before, later, closed)
    if before.empty and later.empty:
        parts.nothing(
            "No demand in this period. Sales come from the tills (POST /api/v1/stock-movements) and from "
            "the pharmacists' stock page; closed days appear once the DAG aggregate_demand has counted them."
        )
    else:
        st.plotly_chart(
            charts.demand(before, later),
            alt="Bars of packs per day: sold on closed days, sold so far since, refused.",
        )
    _sources(count, later, now)
    parts.download("Demand of closed days as CSV", "/admin/export/demand.csv")
    _medicines(first, counted_until, pharmacy_id, now, count)
    _unmet(first, now)


def _choices() -> tuple[UUID | None, UUID | None, int]:
    left, middle, right = st.columns(3)
    places = data.read(names.pharmacies)
    medicines = data.read(names.counted_medicines)
    place_names = names.choices(places, "pharmacy_id", "name")
    medicine_names = names.choices(medicines, "medicine_id", "medicine")
    pharmacy = left.selectbox(
        "Pharmacy", [EVERY, *place_names], format_func=lambda key: place_names.get(key, key)
    )
    medicine = middle.selectbox(
        "Medicine", [EVERY, *medicine_names], format_func=lambda key: medicine_names.get(key, key)
    )
    period = right.selectbox("Period", list(PERIODS), index=2)
    return (
        None if pharmacy == EVERY else UUID(pharmacy),
        None if medicine == EVERY else UUID(medicine),
        PERIODS[period],
    )


def _figures(before: pd.DataFrame, later: pd.DataFrame, closed: date | None) -> None:
    sold, refused, uncovered, open_sold = st.columns(4)
    sold.metric(
        "Sold, packs",
        words.packs(before["sold_milli"].sum()),
        help="On the closed days of the period.",
        border=True,
    )
    refused.metric(
        "Refused, packs",
        words.packs(before["refused_milli"].sum()),
        help="Holds that were refused because stock was short: demand that no sale shows.",
        border=True,
    )
    uncovered.metric(
        "Beyond stock, packs",
        words.packs(before["uncovered_milli"].sum()),
        help="Sales a till reported that our lots did not cover: these items ask for a count.",
        border=True,
    )
    since = f"Since {words.short_day(closed)}, packs" if closed else "So far, packs"
    open_sold.metric(
        since,
        words.packs(later["sold_milli"].sum()),
        help="Sold after the last closed day, as far as it has landed.",
        border=True,
    )


def _sources(count: pd.DataFrame, later: pd.DataFrame, now: datetime) -> None:
    if len(count):
        row = count.iloc[0]
        job = row["application_name"] or row["run_name"]
        parts.source(
            f"closed days to {words.day(row['day'])}: agg_daily_demand, counted by MapReduce ({job})",
            row["aggregated_at"],
            now,
        )
        stale = data.read(demand.days_to_recount)
        if stale:
            st.caption(
                f"{words.plural(stale, 'closed day')} had later facts since and will be counted again."
            )
    else:
        st.caption("Source: no closed day has been counted yet (DAG aggregate_demand).")
    rows = int(later["row_count"].sum()) if len(later) else 0
    newest = later["landed_at"].max() if len(later) else None
    parts.source(
        f"since then: {words.plural(rows, 'landed row')} of raw_stock_movements", newest, now
    )


def _medicines(
    first: date, closed: date, pharmacy_id: UUID | None, now: datetime, count: pd.DataFrame
) -> None:
    st.header("By medicine, closed days")
    rows = data.read(demand.by_medicine, first, closed, pharmacy_id)
    if rows.empty:
        parts.nothing("No closed day of this period has been counted.")
        return
    rows = rows.assign(
        sold=rows["sold_milli"] / MILLI,
        refused=rows["refused_milli"] / MILLI,
        uncovered=rows["uncovered_milli"] / MILLI,
    )
    parts.table(
        rows,
        {
            "medicine": "Medicine",
            "sold": "Sold, packs",
            "refused": "Refused, packs",
            "uncovered": "Beyond known stock, packs",
            "sale_count": "Sales",
        },
        "Packs sold, refused and sold beyond the known stock, per medicine, most sold first.",
    )
    at = count["aggregated_at"].iloc[0] if len(count) else None
    parts.source("agg_daily_demand", at, now)


def _unmet(first: date, now: datetime) -> None:
    st.header("Looked for and not found")
    count = data.read(demand.last_count, demand.SEARCHES)
    closed = count["day"].iloc[0].date() if len(count) else BEFORE_ALL
    since = data.read(demand.unmet_so_far, max(closed, first - timedelta(days=1))).iloc[0]
    smallest = int(data.settings().smallest_group)
    rows = data.read(demand.unmet, first, closed, smallest)
    if rows.empty:
        parts.nothing(
            f"On the closed days of this period nothing was looked for in vain by {smallest} people or more."
        )
    else:
        parts.table(
            rows,
            {
                "wanted": "Wanted",
                "district": "District",
                "search_count": "Searches",
                "searcher_count": "Searchers a day, added up",
            },
            "Searches that found nothing on closed days, by what was wanted and district.",
        )
    st.caption(
        f"Hidden below {smallest} people of a district: of a medicine their days are added up, words must have been"
        f" written by so many on one day. Counts are rounded down to steps of {smallest}."
    )
    at = count["aggregated_at"].iloc[0] if len(count) else None
    parts.source("closed days: agg_daily_unmet_demand, counted by MapReduce", at, now)
    parts.source(
        f"since then: {int(since['unmet_count'])} of "
        f"{words.plural(int(since['search_count']), 'landed search', 'landed searches')} found nothing"
        " (raw_medicine_searches)",
        since["landed_at"],
        now,
    )
