"""Requests for a visit: what waits for a decision, and how many are in which state."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st

from streamlit_app import data, parts, words
from streamlit_app.queries import requests

SHOWN = 20
MARKS = {"urgent": ":red-badge[:material/priority_high: urgent]", "soon": ":orange-badge[soon]"}


def show() -> None:
    """The page."""
    st.title("Requests")
    now = data.now()
    states = data.read(requests.by_state)
    waiting = data.read(requests.waiting)
    if states.empty:
        parts.nothing(
            "Nobody has asked for a visit yet. Patients do it on the portal, under a doctor's free times."
        )
        parts.source("request_state (the portal's own table, as it is now)", now, now)
        return
    st.header("Waiting for you")
    _waiting(waiting, now)
    st.header("By state")
    counts = dict(zip(states["state"], states["request_count"], strict=True))
    for column, state in zip(st.columns(len(requests.STATES)), requests.STATES, strict=True):
        column.metric(state.capitalize(), int(counts.get(state, 0)), border=True)
    newest, decided = states["newest_at"].max(), states["decided_at"].max()
    st.caption(f"Newest request {words.age(newest, now)} · last decision {words.age(decided, now)}")
    st.header("By speciality")
    per = data.read(requests.by_speciality).pivot_table(
        index="speciality", columns="state", values="request_count", aggfunc="sum", fill_value=0
    )
    per = per.reindex(columns=[state for state in requests.STATES if state in per.columns])
    parts.table(
        per.reset_index(),
        {"speciality": "Speciality", **{state: state.capitalize() for state in per.columns}},
        "Requests per speciality and state.",
    )
    parts.source("request_state (the portal's own table, as it is now)", now, now)


def _waiting(rows: pd.DataFrame, now: datetime) -> None:
    if rows.empty:
        st.success("Nothing waits for a decision.", icon=":material/check:")
        return
    st.write(
        f"{words.plural(len(rows), 'request')} to decide, urgent ones first, then the oldest. The link opens "
        "the portal's decision page, where you are signed in already."
    )
    portal = data.settings().portal_url
    for row in rows.head(SHOWN).to_dict("records"):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(_request(row, now), width="stretch")
            st.link_button(
                "Decide",
                f"{portal}/admin/requests/{quote(row['appointment_id'])}",
                key=f"decide-{row['appointment_id']}",
                type="primary",
                icon=":material/gavel:",
            )
    if len(rows) > SHOWN:
        st.caption(f"{len(rows) - SHOWN} more wait behind these.")


def _request(row: dict[Any, Any], now: datetime) -> str:
    mark = MARKS.get(row["urgency"], "")
    return (
        f"**{_plain(row['speciality'])}**, {_plain(row['doctor'])} {mark}  \n"
        f"for {words.instant(row['starts_at'], row['time_zone'])} ({row['time_zone']})  \n"
        f"asked {words.age(row['requested_at'], now)}, lapses {words.until(row['lapses_at'], now)}"
    )


def _plain(text: str) -> str:
    """A name within Markdown, with nothing in it that Markdown would act on."""
    return "".join(
        f"\\{letter}" if letter in "\\`*_{}[]()<>#+-.!|~:$" else letter for letter in text
    )
