"""System: how quickly the portal answers, what waits and since when, and how the runs of the DAGs ended."""

from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from streamlit_app import charts, data, parts, words
from streamlit_app.queries import pipeline, system

PERIODS = {"1 hour": 1, "6 hours": 6, "24 hours": 24, "7 days": 168}
SPANS = {"1 hour": 60, "6 hours": 60, "24 hours": 600, "7 days": 3600}
"""What the chart has one bar for, in seconds."""

LATE = timedelta(minutes=5)
"""What should take seconds, and waits longer than this, is more than a hiccup."""

QUEUES = {
    "outbox": ("Changes not told to Kafka yet", "outbox"),
    "mail_owed": ("Mails owed to patients", "mail_owed"),
    "mail_reminder": ("Reminders by mail that are due", "reminder_owed"),
    "sms_reminder": ("Reminders by SMS that are due", "reminder_owed"),
    "waiting_offer": ("Times offered to the waiting list, open until claimed", "waiting_offer"),
    "absence_visit": ("Visits a doctor's absence took, patient not told", "absence_visit"),
    "file_spool": ("Files on their way to HDFS", "file_spool"),
    "unlanded_file": ("Landed files being written to HDFS", "landing_file"),
    "unchecked_file": ("Landed files the gate has not looked at", "landing_file"),
    "unfiled": ("Landed facts of visits not in their record files", "raw_appointments"),
    "record_difference": (
        "Record files that differ from their visit",
        "out_appointment_difference",
    ),
    "dead_letter": ("Dead letters nobody has replayed", "landing_dead_letter"),
}
QUICK = ("outbox", "unlanded_file", "absence_visit")
"""What is late after `LATE`; the rest goes in rounds of its own, or waits for a person."""


def show() -> None:
    """The page."""
    st.title("System performance")
    now = data.now()
    period = st.selectbox("Period", list(PERIODS), index=0)
    since = now.replace(second=0, microsecond=0) - timedelta(hours=PERIODS[period])
    _portal(since, SPANS[period], now)
    _queues(now)
    _landing(now)
    _runs(since if PERIODS[period] >= 24 else now - timedelta(hours=24), now)


def _portal(since: datetime, each: int, now: datetime) -> None:
    st.header("The portal")
    steps = data.read(system.steps, since)
    newest = data.read(system.newest_minute)
    if steps.empty:
        parts.nothing(
            "Nobody asked the portal for anything in this time, or its workers wrote nothing down: each does once"
            " a minute."
        )
        parts.source("portal_minute", newest, now)
        return
    spans = data.read(system.spans, since, each)
    _tiles(spans, each, steps, since, now)
    st.plotly_chart(
        charts.requests(spans, data.read(system.span_p95s, since, each), each, data.time_zone()),
        alt="Bars of requests per second, and of each the time that 95 of 100 requests took at most.",
    )
    parts.table(
        _rooms(steps),
        {
            "room": "Room",
            "request_count": "Requests",
            "half": "Half within",
            "p95": "95 of 100 within",
            "refused_count": "Refused (4xx)",
            "failed_count": "Failed (5xx)",
        },
        "Requests of each room of the portal, with how long they took and how they ended.",
    )
    st.caption(
        "Times are upper bounds: requests are counted in steps of time, from when the portal begins with a request"
        " to its answer being ready. Without probes and open sockets. A worker that is killed takes what it counted"
        " within the last minute with it."
    )
    parts.source("portal_minute, written by the portal's workers once a minute", newest, now)


def _tiles(
    spans: pd.DataFrame, each: int, steps: pd.DataFrame, since: datetime, now: datetime
) -> None:
    count = int(steps["request_count"].sum())
    failed = int(steps["failed_count"].sum())
    # Since the first that was written, where that is later: before it nobody counted.
    first = max(since, spans["first_at"].min().to_pydatetime())
    seconds = max(60.0, (now - first).total_seconds())
    busiest = spans["request_count"].max() / each
    minutes = words.plural(each // 60, "minute")
    tiles = (
        ("Requests a second", f"{count / seconds:,.2f}", "On average over the period."),
        ("Busiest, a second", f"{busiest:,.2f}", f"In the {minutes} with the most requests."),
        ("95 of 100 within", step(system.quantile(steps, 0.95)), "An upper bound: counted in steps of time."),
        ("Failed", words.permille(failed / count), f"Answered by a 5xx: {failed:,} of {count:,} requests."),
    )  # fmt: skip
    for column, (title, value, meaning) in zip(st.columns(4), tiles, strict=True):
        column.metric(title, value, help=meaning, border=True)


def _rooms(steps: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for room, of_room in steps.groupby("room"):
        rows.append(
            {
                "room": room,
                "half": step(system.quantile(of_room, 0.5)),
                "p95": step(system.quantile(of_room, 0.95)),
                **of_room[["request_count", "refused_count", "failed_count"]].sum().to_dict(),
            }
        )
    return pd.DataFrame(rows).sort_values("request_count", ascending=False)


def step(milliseconds: int) -> str:
    """A step of time: `50 ms`, `2.0 s`; of the last one, that it was longer than half a minute."""
    if milliseconds > 30_000:
        return "longer than 30 s"
    return words.seconds(milliseconds / 1000)


def _queues(now: datetime) -> None:
    st.header("What waits")
    # To the minute, so that an answer is kept for whoever looks next.
    rows = data.read(system.queues, now.replace(second=0, microsecond=0))
    waits = {row["queue"]: row for row in rows.to_dict("records")}
    late = [
        QUEUES[name][0]
        for name in QUICK
        if name in waits and waits[name]["waiting_count"] and now - waits[name]["oldest_at"] > LATE
    ]
    if late:
        st.warning(
            f"Waiting longer than it should: {', '.join(late)}. Nothing is lost; look at `./run status`.",
            icon=":material/schedule:",
        )
    known = rows[rows["queue"].isin(list(QUEUES))]
    known = known.sort_values("queue", key=lambda names: names.map(list(QUEUES).index))
    parts.table(
        known.assign(
            what=[QUEUES[one][0] for one in known["queue"]],
            oldest=[
                words.age(at, now) if count else "nothing waits"
                for at, count in zip(known["oldest_at"], known["waiting_count"], strict=True)
            ],
            table=[QUEUES[one][1] for one in known["queue"]],
        ),
        {"what": "What", "waiting_count": "Waiting", "oldest": "Oldest", "table": "Source"},
        "Each queue with how much waits in it and since when.",
    )
    parts.source("the tables named, as they are; looked at", now, now)


def _landing(now: datetime) -> None:
    st.header("How far landing has come")
    positions = data.read(pipeline.positions)
    if positions.empty:
        parts.nothing("Nothing has landed yet (DAG land_events).")
        return
    rows = positions.assign(moved=[words.age(at, now) for at in positions["changed_at"]])
    parts.table(
        rows,
        {
            "topic": "Topic",
            "partition_no": "Partition",
            "next_offset": "Next offset",
            "moved": "Last moved",
        },
        "The position of landing in each partition, and when it last moved.",
    )
    st.caption("A position moves only when something was told: a quiet topic is not a late one.")
    parts.source("landing_position", positions["changed_at"].max(), now)


def _runs(since: datetime, now: datetime) -> None:
    st.header("Runs of the DAGs")
    rows = data.read(system.runs, since)
    if rows.empty:
        parts.nothing("No run has ended in this time.")
        parts.source("out_task_result", None, now)
        return
    whole = int(rows["run_count"].sum() - rows["failed_count"].sum())
    runs = int(rows["run_count"].sum())
    st.metric("Runs that succeeded", f"{whole:,} of {runs:,}", border=True, width=260)
    shown = rows.assign(
        share=[
            words.permille(1 - failed / count)
            for failed, count in zip(rows["failed_count"], rows["run_count"], strict=True)
        ],
        newest=[words.age(at, now) for at in rows["succeeded_at"]],
        took=[words.seconds(one) for one in rows["seconds"]],
    ).sort_values(["failed_count", "dag"], ascending=[False, True])
    parts.table(
        shown,
        {
            "dag": "DAG",
            "run_count": "Runs",
            "failed_count": "Failed",
            "share": "Succeeded",
            "retried_count": "With a retry",
            "newest": "Newest success",
            "took": "Median time",
        },
        "Each DAG with how its runs ended, those that failed on top.",
    )
    st.caption(
        f"Runs that ended since {words.instant(since, data.time_zone())}. A run failed if one of its tasks did, after"
        " its last try; every task writes down how it ended. What is running, or was never started, is in Airflow:"
        f" {data.settings().airflow_url}"
    )
    parts.source("out_task_result, newest success", rows["succeeded_at"].max(), now)
