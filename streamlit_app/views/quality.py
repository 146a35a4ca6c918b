"""Data quality: what the gate expects of landed rows, what failed, what is held back. Counts, never values."""

from datetime import datetime

import pandas as pd
import streamlit as st

from streamlit_app import data, parts, words
from streamlit_app.queries import pipeline


def show() -> None:
    """The page."""
    st.title("Data quality")
    now = data.now()
    checks = data.read(pipeline.checks)
    held = data.read(pipeline.quarantined)
    if checks.empty:
        parts.nothing(
            "Nothing has been checked yet. The DAG check_quality looks at every landed range, every 15 "
            "minutes and before each count."
        )
    else:
        _figures(checks, held, now)
        _checks(checks, now)
    _quarantine(held, now)


def _figures(checks: pd.DataFrame, held: pd.DataFrame, now: datetime) -> None:
    passed, failed, rows, looked = st.columns(4)
    is_failed = ~checks["has_passed"].astype(bool)
    passed.metric("Expectations met", f"{(~is_failed).sum()} of {len(checks)}", border=True)
    critical = is_failed & (checks["severity"] == "critical")
    failed.metric("Critical ones failed", int(critical.sum()), border=True)
    rows.metric("Rows held back", f"{int(held['held_count'].sum()):,}", border=True)
    looked.metric("Last look", words.age(checks["checked_at"].max(), now), border=True)


def _checks(checks: pd.DataFrame, now: datetime) -> None:
    st.header("Newest result of each expectation")
    rows = checks.assign(
        result=["met" if ok else "failed" for ok in checks["has_passed"].astype(bool)],
        when=[words.age(at, now) for at in checks["checked_at"]],
    )
    parts.table(
        rows,
        {
            "result": "Result",
            "topic": "Topic",
            "expectation": "Expectation",
            "severity": "Severity",
            "checked_count": "Rows checked",
            "failed_count": "Rows failed",
            "when": "Checked",
        },
        "Expectations with their newest result; those that failed on top.",
    )
    parts.source("quality_result (Great Expectations)", checks["checked_at"].max(), now)


def _quarantine(held: pd.DataFrame, now: datetime) -> None:
    st.header("Quarantine")
    if held.empty:
        st.success("Empty: every row that could be read is believed.", icon=":material/check:")
        return
    rows = held.assign(newest=[words.age(at, now) for at in held["newest_at"]])
    parts.table(
        rows,
        {
            "topic": "Topic",
            "expectation": "Why it is not believed",
            "held_count": "Held back",
            "released_count": "Released",
            "newest": "Newest",
        },
        "Rows that are not believed, by topic and expectation.",
    )
    st.caption(
        "A row held back stays in raw_* and HDFS and is not counted; releasing it re-opens its day."
    )
    parts.source("quarantine", held["newest_at"].max(), now)
