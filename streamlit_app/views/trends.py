"""Trends: what is searched for more, words one slip from a name, prices that differ, stock that runs low."""

from datetime import date, datetime, timedelta

import pandas as pd
import streamlit as st

from remedy.region import Region
from remedy.values import MILLI
from streamlit_app import data, parts, words
from streamlit_app.queries import demand, names, performance, trends

DAYS = 28
MOST_ROWS = 50


def show() -> None:
    """The page."""
    st.title("Trends")
    now = data.now()
    searches = data.read(demand.last_count, demand.SEARCHES)
    movements = data.read(demand.last_count)
    if searches.empty and movements.empty:
        parts.nothing("No closed day has been counted yet (DAG aggregate_demand).")
        return
    if len(searches):
        closed, at = searches["day"].iloc[0].date(), searches["aggregated_at"].iloc[0]
        _searched(closed, at, now)
        _look_alikes(closed, at, now)
    if len(movements):
        closed, at = movements["day"].iloc[0].date(), movements["aggregated_at"].iloc[0]
        called = data.read(trends.medicines)
        _cover(closed, called, at, now)
        _prices(closed, called, at, now)


def _searched(closed: date, at: object, now: datetime) -> None:
    st.header("Searched for, this week against the week before")
    smallest = int(data.settings().smallest_group)
    rows = data.read(trends.searched, closed, smallest)
    if rows.empty:
        parts.nothing(f"No medicine was searched for by {smallest} people or more in the week.")
    else:
        parts.table(
            rows,
            {
                "medicine": "Medicine",
                "week_count": f"Searches, 7 days to {words.short_day(closed)}",
                "before_count": "Searches, 7 days before",
                "people_count": "People a day, added up",
            },
            "Searches per medicine in the last closed week and the week before, risen most first.",
        )
    _hidden(f"{smallest} people, days added up", smallest)
    parts.source("agg_daily_search and agg_daily_searcher, counted by MapReduce", at, now)


def _look_alikes(closed: date, at: object, now: datetime) -> None:
    st.header("One slip from a name")
    st.write(
        "Words that found nothing and differ from a name of the catalogue in one slip. Nothing is swapped for a "
        "searcher; a word that comes often may be worth a name of its own in the catalogue."
    )
    smallest = int(data.settings().smallest_group)
    rows = data.read(trends.look_alikes, closed - timedelta(days=DAYS - 1), closed, smallest)
    if rows.empty:
        parts.nothing(
            f"No such word was written by {smallest} people or more on one day of {DAYS}."
        )
    else:
        parts.table(
            rows,
            {
                "query": "Written",
                "name": "Name",
                "search_count": "Searches",
                "searcher_count": "People a day, added up",
            },
            "Words that found nothing, with the name they are one slip from, most people first.",
        )
    _hidden(f"{smallest} people on one day in one district", smallest)
    parts.source("agg_daily_look_alike, counted by MapReduce", at, now)


def _cover(closed: date, called: dict[str, str], at: object, now: datetime) -> None:
    st.header("Stock cover and empty days")
    st.write(
        f"How long what lay on the shelf when {words.day(closed)} ended would last at the mean demand (sold and "
        f"refused) of the {trends.MEAN_DAYS} days before, and on how many of {DAYS} days the shelf closed empty."
    )
    shelves = data.read(performance.shelves, closed - timedelta(days=DAYS - 1), closed)
    rows = shelves.merge(
        data.read(trends.mean_demand, closed), on=["pharmacy_id", "medicine_id"], how="inner"
    )
    rows = rows[rows["wanted_milli"] > 0]
    if rows.empty:
        parts.nothing("Nothing that is kept was wanted in these days.")
        return
    places = names.choices(data.read(names.pharmacies), "pharmacy_id", "name")
    days = rows["stock_milli"].clip(lower=0) / (rows["wanted_milli"] / trends.MEAN_DAYS)
    rows = rows.assign(days=days).sort_values(["days", "wanted_milli"], ascending=[True, False])
    shown = rows.head(MOST_ROWS)
    parts.table(
        shown.assign(
            pharmacy=[
                places.get(one, "a pharmacy that is no longer listed")
                for one in shown["pharmacy_id"]
            ],
            medicine=[called.get(one, names.UNLISTED) for one in shown["medicine_id"]],
            stock=shown["stock_milli"] / MILLI,
            a_day=(shown["wanted_milli"] / MILLI / trends.MEAN_DAYS).round(1),
            cover=[words.cover(one) for one in shown["days"]],
        ),
        {
            "pharmacy": "Pharmacy",
            "medicine": "Medicine",
            "stock": "Packs",
            "a_day": "Wanted a day",
            "cover": "Lasts",
            "out_count": "Empty days",
        },
        "Medicines at pharmacies by how long their stock lasts, the shortest first.",
    )
    st.caption(f"The {min(MOST_ROWS, len(rows))} that last shortest of {len(rows):,}.")
    parts.source("agg_daily_stock and agg_daily_demand, counted by MapReduce", at, now)


def _prices(closed: date, called: dict[str, str], at: object, now: datetime) -> None:
    st.header("Prices that differ")
    prices = data.read(performance.prices, closed)
    rows = trends.spread(prices).head(MOST_ROWS)
    if rows.empty:
        parts.nothing("No medicine is priced by three pharmacies or more.")
        return
    st.write("The spread is the highest less the lowest price, in per cent of the median.")
    region = Region.load(data.settings().region_file)
    unit = 10**region.minor_digits
    parts.table(
        pd.DataFrame(
            {
                "medicine": [called.get(one, names.UNLISTED) for one in rows["medicine_id"]],
                "seller_count": rows["seller_count"],
                "low": rows["low"] / unit,
                "median": rows["median"] / unit,
                "high": rows["high"] / unit,
                "spread": [words.percent(one) for one in rows["spread"]],
            }
        ),
        {
            "medicine": "Medicine",
            "seller_count": "Pharmacies",
            "low": f"Lowest, {region.currency}",
            "median": f"Median, {region.currency}",
            "high": f"Highest, {region.currency}",
            "spread": "Spread",
        },
        "Medicines that three pharmacies or more price, the widest spread first.",
    )
    parts.source(
        f"agg_daily_price, counted by MapReduce; prices as {words.day(closed)} ended", at, now
    )


def _hidden(whom: str, smallest: int) -> None:
    st.caption(f"Hidden below {whom}; counts are rounded down to steps of {smallest}.")
