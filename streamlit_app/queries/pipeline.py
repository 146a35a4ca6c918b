"""How far events have come: outbox, landed rows, files, counted days, dead letters; and what the gate found."""

import pandas as pd
import sqlalchemy as sa

from remedy.events.topics import TOPICS
from streamlit_app.queries.frames import frame

RECENT = 500
"""Rows of a topic that its delay is measured on."""
LIVE_SECONDS = 3600
"""An event landed later than that was told late: a till reported yesterday, or a file was imported."""


def topics(connection: sa.Connection) -> pd.DataFrame:
    """A row per topic: topic, row_count, landed_at of its newest row, median_s and p99_s.

    Delays (seconds from event to row; NaN without any) are of the live events among the newest rows.
    """
    found = []
    counts = frame(
        connection, "SELECT kind, SUM(landed_rows) AS landed_count FROM landed_day GROUP BY kind"
    )
    landed = dict(zip(counts["kind"], counts["landed_count"], strict=True))
    for topic in TOPICS.values():
        newest = frame(
            connection,
            f"SELECT landed_at, event_at FROM {topic.raw_table} ORDER BY id DESC LIMIT {RECENT}",  # noqa: S608 - constants
        )
        delay = (newest["landed_at"] - newest["event_at"]).dt.total_seconds()
        live = delay[(delay >= 0) & (delay < LIVE_SECONDS)]
        found.append(
            {
                "topic": topic.name,
                "row_count": landed.get(topic.name, 0),
                "landed_at": newest["landed_at"].max(),
                "median_s": live.median(),
                "p99_s": live.quantile(0.99),
            }
        )
    return pd.DataFrame(found)


def backlog(connection: sa.Connection) -> pd.DataFrame:
    """Changes not told to Kafka yet: topic, waiting_count, oldest_at."""
    return frame(
        connection,
        "SELECT topic, waiting AS waiting_count, oldest_at FROM outbox_backlog ORDER BY topic",
    )


def positions(connection: sa.Connection) -> pd.DataFrame:
    """How far each partition was read: topic, partition_no, next_offset, changed_at."""
    return frame(
        connection,
        "SELECT topic, partition_no, next_offset, changed_at FROM landing_position"
        " ORDER BY topic, partition_no",
    )


def files(connection: sa.Connection) -> pd.DataFrame:
    """HDFS files per topic and state: topic, state, file_count, row_count, byte_count, planned_at, ready_at, unchecked_count."""
    return frame(
        connection,
        "SELECT topic, state, COUNT(*) AS file_count, SUM(row_count) AS row_count,"
        " COALESCE(SUM(byte_count), 0) AS byte_count, MIN(planned_at) AS planned_at,"
        " MAX(ready_at) AS ready_at, SUM(checked_at IS NULL) AS unchecked_count"
        " FROM landing_file GROUP BY topic, state ORDER BY topic, state",
    )


def counted_days(connection: sa.Connection) -> pd.DataFrame:
    """The last 14 days landed, per kind: kind, day, landed_count, counted_count, quarantined_count, aggregated_at, is_stale."""
    return frame(
        connection,
        "SELECT l.kind, l.day, l.landed_rows AS landed_count, a.counted_rows AS counted_count,"
        " a.quarantined_rows AS quarantined_count, a.aggregated_at, COALESCE(a.is_open, 0) AS is_open,"
        " (a.changed_at IS NULL OR l.changed_at > a.changed_at) AS is_stale"
        " FROM landed_day l LEFT JOIN aggregated_day a ON a.kind = l.kind AND a.day = l.day"
        " WHERE l.kind IN ('stock-movements', 'medicine-searches')"
        " ORDER BY l.day DESC, l.kind LIMIT 28",
    )


def reminders(connection: sa.Connection) -> pd.DataFrame:
    """Reminders of visits of the last month: step, state, last_error, reminder_count, newest_at; given up first."""
    return frame(
        connection,
        "SELECT step, state, last_error, reminder_count, newest_at FROM reminder_state"
        " ORDER BY state = 'given up' DESC, state, step, last_error",
    )


def dead_letters(connection: sa.Connection) -> pd.DataFrame:
    """Records that could not be read: topic, reason, letter_count, newest_at, replayed_count."""
    return frame(
        connection,
        "SELECT topic, reason, COUNT(*) AS letter_count, MAX(landed_at) AS newest_at,"
        " SUM(replayed_at IS NOT NULL) AS replayed_count FROM landing_dead_letter"
        " GROUP BY topic, reason ORDER BY newest_at DESC, topic, reason LIMIT 100",
    )


def checks(connection: sa.Connection) -> pd.DataFrame:
    """The newest result of each expectation: topic, expectation, severity, has_passed, checked and failed counts, checked_at."""
    return frame(
        connection,
        "SELECT r.topic, r.expectation, r.severity, r.has_passed, r.checked_rows AS checked_count,"
        " r.failed_rows AS failed_count, r.checked_at FROM quality_result r"
        " JOIN (SELECT MAX(id) AS id FROM quality_result GROUP BY topic, expectation) n ON n.id = r.id"
        " ORDER BY r.has_passed, r.topic, r.expectation",
    )


def quarantined(connection: sa.Connection) -> pd.DataFrame:
    """Rows that are not believed: topic, expectation, held_count, released_count, newest_at."""
    return frame(
        connection,
        "SELECT topic, expectation, SUM(released_at IS NULL) AS held_count,"
        " SUM(released_at IS NOT NULL) AS released_count, MAX(quarantined_at) AS newest_at"
        " FROM quarantine GROUP BY topic, expectation ORDER BY newest_at DESC, topic, expectation",
    )
