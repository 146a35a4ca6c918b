"""Pipeline: how far events have come, and how old what you see on the other pages is."""

from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from streamlit_app import data, parts, words
from streamlit_app.queries import demand, forecasts, pipeline

LATE = timedelta(minutes=5)
"""A change that waits longer than this to be told is more than a hiccup."""


def show() -> None:
    """The page."""
    st.title("Pipeline")
    now = data.now()
    topics = data.read(pipeline.topics)
    backlog = data.read(pipeline.backlog)
    letters = data.read(pipeline.dead_letters)
    _figures(topics, backlog, letters, now)
    _topics(topics, backlog, now)
    _files(now)
    _days(now)
    _letters(letters, now)
    _reminders(now)


def _figures(
    topics: pd.DataFrame, backlog: pd.DataFrame, letters: pd.DataFrame, now: datetime
) -> None:
    landed, waiting, counted, foretold = st.columns(4)
    newest = topics["landed_at"].max()
    landed.metric("Newest landed row", words.age(newest, now), border=True)
    waiting.metric("Changes not told yet", f"{int(backlog['waiting_count'].sum()):,}", border=True)
    count = data.read(demand.last_count)
    counted.metric(
        "Counted up to",
        words.short_day(count["day"].iloc[0]) if len(count) else words.NEVER,
        border=True,
    )
    made = data.read(forecasts.made)
    foretold.metric(
        "Forecast made",
        words.age(made["made_at"].iloc[0], now) if len(made) else words.NEVER,
        border=True,
    )
    if len(backlog) and now - backlog["oldest_at"].min() > LATE:
        st.warning(
            f"The oldest change has waited since {words.age(backlog['oldest_at'].min(), now)} to be told: "
            "look at the services relay and kafka. Nothing is lost; it is told when they are back.",
            icon=":material/schedule:",
        )
    unread = int(letters["letter_count"].sum() - letters["replayed_count"].sum())
    if unread:
        st.warning(
            f"{words.plural(unread, 'dead letter')} nobody has replayed, listed below.",
            icon=":material/mail:",
        )


def _topics(topics: pd.DataFrame, backlog: pd.DataFrame, now: datetime) -> None:
    st.header("Topics")
    waits = dict(zip(backlog["topic"], backlog["waiting_count"], strict=True))
    positions = data.read(pipeline.positions)
    read = positions.groupby("topic")["next_offset"].sum().to_dict()
    rows = topics.assign(
        waiting=[int(waits.get(topic, 0)) for topic in topics["topic"]],
        read=[int(read.get(topic, 0)) for topic in topics["topic"]],
        newest=[words.age(at, now) for at in topics["landed_at"]],
        median=[words.seconds(value) for value in topics["median_s"]],
        p99=[words.seconds(value) for value in topics["p99_s"]],
    )
    parts.table(
        rows,
        {
            "topic": "Topic",
            "waiting": "Not told yet",
            "read": "Records read",
            "row_count": "Rows landed",
            "newest": "Newest row",
            "median": "Delay, median",
            "p99": "Delay, 99 of 100",
        },
        "Per topic: changes not told yet, records read, rows landed, age of the newest, delays.",
    )
    st.caption(
        "Delay: from the event to its row, of the live events among the newest 500 rows of each topic "
        "(landed within an hour of happening)."
    )
    parts.source(
        "outbox_backlog, landing_position, landed_day, raw_*", topics["landed_at"].max(), now
    )


def _files(now: datetime) -> None:
    st.header("Files in HDFS")
    files = data.read(pipeline.files)
    if files.empty:
        parts.nothing(
            "No file has been planned yet; the DAG land_events writes one a minute where events came."
        )
        return
    rows = files.assign(
        size=[f"{size / 1e6:,.2f} MB" for size in files["byte_count"]],
        newest=[words.age(at, now) for at in files["ready_at"]],
    )
    parts.table(
        rows,
        {
            "topic": "Topic",
            "state": "State",
            "file_count": "Files",
            "row_count": "Rows",
            "size": "Size",
            "unchecked_count": "Not checked yet",
            "newest": "Newest ready",
        },
        "Landed files per topic and state.",
    )
    planned = files[files["state"] == "planned"]
    if len(planned):
        st.caption(
            f"Oldest file planned and not ready: {words.age(planned['planned_at'].min(), now)}."
        )
    parts.source("landing_file", files["ready_at"].max(), now)


def _days(now: datetime) -> None:
    st.header("Days")
    days = data.read(pipeline.counted_days)
    if days.empty:
        parts.nothing("No day has landed yet.")
        return
    rows = days.assign(
        on=[words.day(day) for day in days["day"]],
        counted=[_counted(row) for row in days.itertuples()],
        when=[words.age(at, now) for at in days["aggregated_at"]],
    )
    parts.table(
        rows,
        {
            "on": "Day",
            "kind": "Kind",
            "landed_count": "Landed",
            "counted_count": "Counted",
            "quarantined_count": "Quarantined",
            "counted": "State",
            "when": "Counted when",
        },
        "The last days landed, with how many rows were counted and quarantined.",
    )
    parts.source("landed_day and aggregated_day", days["aggregated_at"].max(), now)


def _counted(row: object) -> str:
    if pd.isna(getattr(row, "aggregated_at")):  # noqa: B009 - itertuples has no type
        return "not counted yet"
    if getattr(row, "is_open"):  # noqa: B009
        return "open day, so far"
    return "changed since, to be counted again" if getattr(row, "is_stale") else "counted"  # noqa: B009


def _letters(letters: pd.DataFrame, now: datetime) -> None:
    st.header("Dead letters")
    if letters.empty:
        st.success("None: every record could be read.", icon=":material/check:")
        return
    rows = letters.assign(newest=[words.age(at, now) for at in letters["newest_at"]])
    parts.table(
        rows,
        {
            "topic": "Topic",
            "reason": "Why it cannot be read",
            "letter_count": "Records",
            "replayed_count": "Replayed",
            "newest": "Newest",
        },
        "Records that could not be read, by topic and reason.",
    )
    parts.source("landing_dead_letter", letters["newest_at"].max(), now)


def _reminders(now: datetime) -> None:
    st.header("Reminders of visits")
    found = data.read(pipeline.reminders)
    if found.empty:
        parts.nothing("No reminder has fallen due yet; the DAG remind_patients writes them down.")
        return
    rows = found.assign(
        step=[_step(step) for step in found["step"]],
        why=found["last_error"].fillna(""),
        # Of those that wait it is when they are tried next.
        newest=[words.age(min(at, now), now) for at in found["newest_at"]],
    )
    parts.table(
        rows,
        {
            "step": "Reminder",
            "state": "State",
            "reminder_count": "How many",
            "why": "Why it was not sent",
            "newest": "Newest",
        },
        "Reminders of the last month by what became of them.",
    )
    st.caption(
        "Fallen: the visit was moved or cancelled before it was sent. Unwanted: the patient chose so. "
        "Given up: whom it concerns is not shown here; the hospital telephones from its list of visits."
    )
    parts.source("visit_reminder, without ids", min(found["newest_at"].max(), now), now)


def _step(step: str) -> str:
    channel, _, hours = step.partition("-")
    return f"{'SMS' if channel == 'sms' else 'Mail'}, {hours} h before"
