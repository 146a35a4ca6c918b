"""Live demand: the last minutes against what is usual, what is unusual now, and what was."""

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa
import streamlit as st

from streamlit_app import access, data, parts, words
from streamlit_app.queries import live

EVERY_SECONDS = 4
BANNER_SECONDS = 3
STILL_SECONDS = 60
LEAST_DAYS = 7

MEASURES = {
    "searches": "Searches",
    "unmet": "Unmet searches",
    "sales": "Sales",
    "refusals": "Refusals",
}


def show() -> None:
    """The page."""
    st.title("Live demand")
    st.write(
        "What the whole town looks for, buys and does not get, against what is usual at this hour of this "
        "weekday. An alert opens when a count is above what chance brings, rests after ten calm minutes, and is "
        "the same alert until three days have been calm: a night or a weekend does not end a shortage. "
        "An unmet search found nobody who had it."
    )
    _now()


@st.fragment(run_every=BANNER_SECONDS)
def banner() -> None:
    """Above every page, while an alert lasts: what is unusual now."""
    if not _may_look():
        return
    rows = data.read_live(live.alerts_now)
    if rows.empty:
        return
    more = f" And {len(rows) - 3} more." if len(rows) > 3 else ""
    sentences = "\n".join(f"- {sentence(row)}" for row in rows.head(3).to_dict("records"))
    st.warning(f"More than usual:\n{sentences}\n\n{more}".rstrip(), icon=":material/trending_up:")


def sentence(row: Mapping[Hashable, Any]) -> str:
    """An alert in a sentence."""
    name = MEASURES[row["measure"]]
    # A name of the catalogue is text, not Markdown.
    what = words.plain(row["what"])
    # Searches are rounded down (decision 10).
    least = "at least " if row["measure"] in {"searches", "unmet"} else ""
    return (
        f"{name}, {what}: {least}{row['highest_count']} in {row['window_minutes']} minutes,"
        f" usually {words.usual(row['usual_milli'])}; since"
        f" {words.instant(row['opened_at'], data.time_zone())}"
    )


def _may_look() -> bool:
    """Whether this part, which draws itself anew, is still an admin's; if not, the whole page is drawn and says so."""
    try:
        is_admin = data.role() == access.ADMIN
    except sa.exc.DBAPIError:
        st.caption("The database does not answer; these figures wait for it.")
        return False
    if not is_admin:
        st.rerun()
    return is_admin


@st.fragment(run_every=EVERY_SECONDS)
def _now() -> None:
    if not _may_look():
        return
    now = data.now()
    watch = data.read_live(live.watch)
    if watch.empty:
        parts.nothing(
            "The watch has not looked yet. It is the service `watch` (`./run status`); it reads what has "
            "landed and holds it against the closed days that were counted."
        )
        return
    state = watch.iloc[0]
    _standing(state, now)
    _tiles(data.read_live(live.town), is_known=int(state["history_days"]) >= LEAST_DAYS)
    parts.source(
        "landed rows (raw_medicine_searches, raw_stock_movements), the newest",
        state["landed_at"],
        now,
    )
    parts.source(
        f"usual: {words.plural(int(state['history_days']), 'counted day')} of agg_daily_demand and"
        f" agg_daily_search, {words.plural(int(state['subject_count']), 'subject')}; last look",
        state["looked_at"],
        now,
    )
    _alerts(data.read_live(live.alerts), now)
    _above(data.read_live(live.above), state["looked_at"], now)


def _standing(state: "pd.Series[Any]", now: datetime) -> None:
    looked_at = pd.Timestamp(state["looked_at"])
    if (now - looked_at).total_seconds() > STILL_SECONDS:
        st.error(
            "The watch stands still: these figures are of its last look, "
            f"{words.age(state['looked_at'], now)}. Its service is called watch (`./run status`).",
            icon=":material/error:",
        )
    elif int(state["history_days"]) < LEAST_DAYS:
        parts.nothing(
            f"{words.plural(int(str(state['history_days'])), 'closed day')} counted so far; from"
            f" {LEAST_DAYS} on it is said what is unusual."
        )


def _tiles(town: pd.DataFrame, *, is_known: bool) -> None:
    columns = st.columns(len(MEASURES))
    for column, (measure, title) in zip(columns, MEASURES.items(), strict=True):
        for row in town[town["measure"] == measure].to_dict("records"):
            usual = words.usual(row["usual_milli"]) if is_known else "not known yet"
            column.metric(
                f"{title}, {row['window_minutes']} min",
                f"{row['event_count']:,}",
                delta=f"usually {usual}",
                delta_color="off",
                delta_arrow="off",
                help=f"Chance brings up to {row['high_count']} at this hour." if is_known else None,
                border=True,
            )


def _alerts(rows: pd.DataFrame, now: datetime) -> None:
    st.header("Alerts")
    if rows.empty:
        parts.nothing("No alert in ninety days.")
        return
    time_zone = data.time_zone()
    shown = rows.assign(
        measure=[MEASURES[one] for one in rows["measure"]],
        began=[words.instant(at, time_zone) for at in rows["opened_at"]],
        latest=[
            words.instant(latest, time_zone) if pd.notna(latest) else "now" if pd.isna(end) else ""
            for latest, end in zip(rows["latest_at"], rows["ended_at"], strict=True)
        ],
        ended=["lasts" if pd.isna(at) else words.instant(at, time_zone) for at in rows["ended_at"]],
        highest=[
            f"{count} in {minutes} min"
            for count, minutes in zip(rows["highest_count"], rows["window_minutes"], strict=True)
        ],
        usual=[words.usual(one) for one in rows["usual_milli"]],
    )
    parts.table(
        shown,
        {
            "what": "What",
            "measure": "Measure",
            "began": "Began",
            "latest": "Latest",
            "ended": "Ended",
            "highest": "Highest",
            "usual": "Usual",
            "band_high_count": "By chance",
        },
        "Alerts of the last ninety days, those that last first.",
    )
    parts.source(
        "demand_alert, written by the watch; the newest began", rows["opened_at"].max(), now
    )


def _above(rows: pd.DataFrame, looked_at: object, now: datetime) -> None:
    st.header("The last hour, furthest above the usual first")
    smallest = data.settings().smallest_group
    if rows.empty:
        parts.nothing(
            f"No medicine or group was wanted by {smallest} people or more in the last hour."
        )
    else:
        parts.table(
            rows.assign(
                measure=[MEASURES[one] for one in rows["measure"]],
                usual=[words.usual(one) for one in rows["usual_milli"]],
            ),
            {
                "what": "What",
                "measure": "Measure",
                "event_count": "Last 60 minutes",
                "usual": "Usual",
                "high_count": "By chance",
            },
            "Medicines and groups of the last hour, furthest above their usual first.",
        )
    st.caption(
        f"Hidden below {smallest}: searches by the number of different people, sales and refusals by the "
        f"number of events, since these name nobody. Searches are rounded down to steps of {smallest}."
    )
    parts.source("demand_now, written by the watch", looked_at, now)
