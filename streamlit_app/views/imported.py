"""Imported visits: a register of another place, brought in from a file, by day, neighbourhood and lead time."""

from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from streamlit_app import charts, data, parts, words
from streamlit_app.queries import imported

EVERY = "All"
TILES = {
    "visits": ("Visits", "Visits of the register on these days."),
    "missed": ("Missed", "Visits the patient did not come to."),
    "kept": ("Kept", "Visits the patient came to."),
    "doubtful": ("Doubtful", "Visits whose line says what can hardly be: an age over 110, booked after the visit."),
}  # fmt: skip
DOUBTS = {"age": "age", "booked_after_visit": "booked after the visit"}


def show() -> None:
    """The page."""
    st.title("Imported visits")
    now = data.now()
    (span,) = data.read(imported.period).to_dict("records")
    if not span["visit_count"]:
        parts.nothing(
            "No register was imported and counted yet: `python -m remedy import visits FILE` brings one in, and the"
            " DAG aggregate_visits counts it."
        )
        parts.source("agg_daily_imported_visits", None, now)
        return
    first, last = span["first_on"].date(), span["last_on"].date()
    st.info(
        f"Visits of another place, imported from a file: {span['visit_count']:,} from {words.day(first)} to"
        f" {words.day(last)}, on {words.plural(span['days_count'], 'day')}. They had no doctor and no time slot here,"
        " and are in no other number of these pages, of the portal or of its reports.",
        icon=":material/input:",
    )
    chosen = _choices(first, last)
    if chosen is None:
        return
    days = data.read(imported.days, *chosen)
    _tiles(days, chosen)
    source = ("agg_daily_imported_visits, counted by MapReduce", span["counted_at"], now)
    st.header("Day by day")
    if days.empty:
        parts.nothing("The register has no visit on these days.")
        parts.source(*source)
        return
    st.plotly_chart(
        charts.imported(days), alt="Bars of kept and missed visits for each day of the register."
    )
    parts.source(*source)
    _leads(chosen, now)
    if chosen[2] is None:
        _neighbourhoods(chosen[0], chosen[1])
        parts.source(*source)


def _choices(first: date, last: date) -> tuple[date, date, str | None] | None:
    left, right = st.columns(2)
    range_ = left.date_input(
        "Days", (first, last), min_value=first, max_value=last, format="YYYY-MM-DD"
    )
    places = data.read(imported.neighbourhoods, first, last)["neighbourhood"]
    place = right.selectbox("Neighbourhood", [EVERY, *sorted(places)])
    if not isinstance(range_, tuple) or len(range_) != 2:
        parts.nothing("Choose the last day too.")
        return None
    return range_[0], range_[1], None if place == EVERY else place


def _tiles(days: pd.DataFrame, chosen: tuple[date, date, str | None]) -> None:
    visits, missed = int(days["visit_count"].sum()), int(days["missed_count"].sum())
    numbers = {
        "visits": visits,
        "missed": missed,
        "kept": visits - missed,
        "doubtful": int(days["doubtful_count"].sum()),
    }
    opened = parts.tiles("imported", TILES, numbers)
    if visits:
        st.caption(f"Missed: {_share(missed, visits)} of the visits.")
    if opened:
        _rows(opened, data.read(imported.rows, *chosen, opened), numbers[opened])


def _rows(kind: str, rows: pd.DataFrame, number: int) -> None:
    st.header(f"{TILES[kind][0]}: {words.plural(len(rows), 'row')}")
    if len(rows) != number:
        why = (
            f"Only the latest {imported.MOST_ROWS:,} are listed."
            if len(rows) >= imported.MOST_ROWS
            else "Landed rows are kept for 90 days; what was counted of them stays."
        )
        st.caption(f"The tile says {number:,}, and {len(rows):,} rows are here. {why}")
    if rows.empty:
        parts.nothing("There is no row behind it.")
        return
    parts.table(
        rows.assign(
            on=[words.day(one) for one in rows["day"]],
            came=["missed" if one == "true" else "kept" for one in rows["missed"]],
            doubted=[_doubts(one) for one in rows["doubts"]],
        ),
        {
            "record": "Record",
            "on": "Day",
            "neighbourhood": "Neighbourhood",
            "lead_days": "Booked, days before",
            "came": "Came of it",
            "doubted": "Doubtful",
        },
        f"The rows behind the tile {TILES[kind][0]}, the latest first; of the patient nothing.",
    )
    st.caption(
        "Record: the beginning of the hash of its line. Source: landed rows of raw_appointments."
    )


def _leads(chosen: tuple[date, date, str | None], now: datetime) -> None:
    st.header("Missed, by how long before it was booked")
    rows = data.read(imported.leads, *chosen)
    if rows.empty:
        parts.nothing(
            "The landed rows of these days are no longer kept; how long before is not counted."
        )
    else:
        bounds = [
            imported.interval(missed, count)
            for missed, count in zip(rows["missed_count"], rows["visit_count"], strict=True)
        ]
        rows = rows.assign(
            share=rows["missed_count"] / rows["visit_count"],
            low=[low for low, _ in bounds],
            high=[high for _, high in bounds],
        )
        st.plotly_chart(
            charts.missed_shares(rows[rows["lead"] != imported.IMPOSSIBLE]),
            alt="Bars of the share of visits that were missed, for each class of lead time, with 95 % intervals.",
        )
        parts.table(
            rows.assign(
                missed=[
                    _share(*pair)
                    for pair in zip(rows["missed_count"], rows["visit_count"], strict=True)
                ]
            ),
            {"lead": "Booked before", "visit_count": "Visits", "missed_count": "Missed", "missed": "Share"},
            "Visits and missed ones of each class of lead time.",
        )  # fmt: skip
        st.caption(
            "How long before is no cause by itself: who books for the same day differs from who books for next month."
            " What was booked after its day is doubtful and in the table alone."
        )
    parts.source("landed rows of raw_appointments; looked at", now, now)


def _neighbourhoods(first: date, last: date) -> None:
    st.header("By neighbourhood")
    rows = data.read(imported.neighbourhoods, first, last)
    parts.table(
        rows.assign(
            share=[
                _share(*pair)
                for pair in zip(rows["missed_count"], rows["visit_count"], strict=True)
            ]
        ),
        {
            "neighbourhood": "Neighbourhood",
            "visit_count": "Visits",
            "missed_count": "Missed",
            "share": "Missed share",
            "doubtful_count": "Doubtful",
        },
        "Each neighbourhood with its visits, most visits first.",
    )


def _share(count: int, of: int) -> str:
    """A share with its 95 % interval: `20.2% (19.9% to 20.5%)`."""
    low, high = imported.interval(count, of)
    return f"{words.permille(count / of)} ({words.permille(low)} to {words.permille(high)})"


def _doubts(told: Any) -> str:
    return ", ".join(means for code, means in DOUBTS.items() if told and f'"{code}"' in str(told))
