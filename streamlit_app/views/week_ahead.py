"""Visits and demand: a speciality's visits of a week, and what was sold of a group of medicines in the week after."""

from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from remedy.values import MILLI
from streamlit_app import charts, data, parts, words
from streamlit_app.queries import week_ahead

FEW = 8
"""Fewer weeks than this have no correlation worth a number."""

TILES = {
    "weeks": ("Weeks", "Weeks in which pharmacies sold something and visits took place the week before."),
    "visits": ("Visits", "Accepted and not called off, in the week before each of these weeks."),
    "packs": ("Packs sold", "Packs of the group that pharmacies sold in these weeks."),
    "sales": ("Sales", "How often packs of the group were sold."),
}  # fmt: skip


def show() -> None:
    """The page."""
    st.title("Visits and demand")
    now = data.now()
    pairs = data.read(week_ahead.pairs)
    count = data.read(week_ahead.last_count)
    if pairs.empty:
        parts.nothing(
            "No week has been counted yet. A week can be once its sales and the visits of the week before are over,"
            " have landed and were checked; the DAG aggregate_weeks looks every morning."
        )
        _source(count, now)
        return
    st.write(
        "Visits of a week stand beside what pharmacies sold in the **week after**: a lag of one week, from Monday to"
        " Monday. Sales are all of the town's, whoever bought."
    )
    left, right = st.columns(2)
    speciality = left.selectbox("Speciality", sorted(set(pairs["speciality"])))
    atc_group = right.selectbox(
        "Medicines of the ATC group", list(dict.fromkeys(pairs["atc_group"]))
    )
    weeks = data.read(week_ahead.weeks, speciality, atc_group)
    numbers: dict[str, int | float | str] = {
        "weeks": len(weeks),
        "visits": int(weeks["visit_count"].sum()),
        "packs": words.packs(int(weeks["sold_milli"].sum())),
        "sales": int(weeks["sale_count"].sum()),
    }
    opened = parts.tiles("week_ahead", TILES, numbers)
    if opened:
        _rows(opened, weeks)
    st.header("Week by week")
    st.plotly_chart(
        charts.week_ahead(weeks, speciality, atc_group),
        alt=f"Two rows of bars over the same weeks: visits to {speciality} the week before, and packs of {atc_group}"
        " sold; the rows behind each tile have the same figures.",
    )
    _source(count, now)
    st.header("Do they go together?")
    _correlation(weeks, len(pairs))


def _rows(kind: str, weeks: pd.DataFrame) -> None:
    of_kind = {"visits": "visit_count", "packs": "sold_milli", "sales": "sale_count"}
    rows = weeks[weeks[of_kind[kind]] > 0] if kind in of_kind else weeks
    st.header(f"{TILES[kind][0]}: {words.plural(len(rows), 'week')}")
    shown = rows.assign(
        seen=[words.day(on - timedelta(days=7)) for on in rows["week_on"]],
        sold=[words.day(on) for on in rows["week_on"]],
        packs=rows["sold_milli"] / MILLI,
    )
    parts.table(
        shown,
        {
            "seen": "Visits, week from",
            "visit_count": "Visits",
            "sold": "Sales, week from",
            "packs": "Packs sold",
            "sale_count": "Sales",
        },
        f"The weeks behind the tile {TILES[kind][0]}, with the visits of the week before.",
    )
    st.caption("Source: agg_weekly_visit_demand, whose rows these are.")


def _correlation(weeks: pd.DataFrame, pair_count: int) -> None:
    if len(weeks) < FEW:
        parts.nothing(
            f"{words.plural(len(weeks), 'week is', 'weeks are')} too few to tell: a correlation is shown from {FEW}"
            " weeks on, and means little before there are many more."
        )
        return
    found = week_ahead.correlation(weeks)
    if found is None:
        parts.nothing("One of the two was the same in every week: there is nothing to compare.")
        return
    value, low, high = found
    st.write(
        f"**Correlation {value:.2f}** over {words.plural(len(weeks), 'week')} (95 % interval {low:.2f} to {high:.2f},"
        " were the weeks independent, which they hardly are: the true interval is wider)."
    )
    st.warning(
        "It is no cause. Seasons, holidays and prices move visits and sales alike, and who bought was not asked"
        f" whether they had a visit. {words.plural(pair_count, 'pair')} can be chosen here: of twenty that have nothing"
        " to do with each other, about one looks as if it had.",
        icon=":material/warning:",
    )


def _source(count: pd.DataFrame, now: datetime) -> None:
    job = f" ({count['job'].iloc[0]})" if len(count) else ""
    parts.source(
        f"agg_weekly_visit_demand, counted by MapReduce{job}",
        count["aggregated_at"].iloc[0] if len(count) else None,
        now,
    )
