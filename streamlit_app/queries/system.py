"""How the platform does: the portal's requests by the minute, what waits and since when, how runs of DAGs ended."""

from datetime import UTC, datetime

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame

_SPAN = "FROM_UNIXTIME(FLOOR(UNIX_TIMESTAMP(minute_at) / :each) * :each)"


def spans(connection: sa.Connection, since: datetime, each: int) -> pd.DataFrame:
    """The portal's requests in spans of `each` seconds: begins_at, first_at (of their minutes), request_count."""
    return frame(
        connection,
        f"SELECT {_SPAN} AS begins_at, MIN(minute_at) AS first_at, SUM(request_count) AS request_count"  # noqa: S608 - constants
        " FROM portal_minute WHERE minute_at >= :since GROUP BY begins_at ORDER BY begins_at",
        since=since.replace(tzinfo=None),
        each=each,
    )


def steps(connection: sa.Connection, since: datetime) -> pd.DataFrame:
    """The same by room and step of time: room, within_ms, request_count, refused_count, failed_count."""
    return frame(
        connection,
        "SELECT room, within_ms, SUM(request_count) AS request_count, SUM(refused_count) AS refused_count,"
        " SUM(failed_count) AS failed_count FROM portal_minute WHERE minute_at >= :since"
        " GROUP BY room, within_ms ORDER BY room, within_ms",
        since=since.replace(tzinfo=None),
    )


def span_p95s(connection: sa.Connection, since: datetime, each: int) -> pd.DataFrame:
    """What 95 of 100 requests of a span took at most: begins_at, within_ms."""
    rows = frame(
        connection,
        f"SELECT {_SPAN} AS begins_at, within_ms, SUM(request_count) AS request_count FROM portal_minute"  # noqa: S608 - constants
        " WHERE minute_at >= :since GROUP BY begins_at, within_ms ORDER BY begins_at, within_ms",
        since=since.replace(tzinfo=None),
        each=each,
    )
    of_span = rows.groupby("begins_at")["request_count"]
    reached = rows[of_span.cumsum() >= 0.95 * of_span.transform("sum")]
    return reached.drop_duplicates("begins_at")[["begins_at", "within_ms"]]


def newest_minute(connection: sa.Connection) -> datetime | None:
    """The newest minute that was written down."""
    found: datetime | None = connection.execute(
        sa.text("SELECT MAX(minute_at) FROM portal_minute")
    ).scalar()
    return found.replace(tzinfo=UTC) if found else None


def quantile(steps: pd.DataFrame, share: float) -> int:
    """Milliseconds that a share of the requests took at most: the step they lie within.

    Args:
        steps: within_ms and request_count, in any order; at least one request.
        share: 0.95 for the 95th of 100.
    """
    by_step = steps.groupby("within_ms")["request_count"].sum().sort_index()
    reached = by_step.cumsum() >= share * by_step.sum()
    return int(by_step.index[int(reached.to_numpy().argmax())])


def queues(connection: sa.Connection, now: datetime) -> pd.DataFrame:
    """What waits and since when: queue, waiting_count, oldest_at."""
    return frame(
        connection,
        "SELECT queue, waiting AS waiting_count, oldest_at FROM queue_age"
        " UNION ALL SELECT 'unlanded_file', COUNT(*), MIN(planned_at) FROM landing_file WHERE state = 'planned'"
        " UNION ALL SELECT 'unchecked_file', COUNT(*), MIN(ready_at) FROM landing_file"
        " WHERE state = 'ready' AND checked_at IS NULL"
        " UNION ALL SELECT 'dead_letter', COUNT(*), MIN(landed_at) FROM landing_dead_letter"
        " WHERE replayed_at IS NULL"
        " UNION ALL SELECT 'mail_reminder', COUNT(*), MIN(due_at) FROM reminder_owed"
        " WHERE step LIKE 'mail-%' AND due_at <= :now AND starts_at > :now"
        " UNION ALL SELECT 'sms_reminder', COUNT(*), MIN(due_at) FROM reminder_owed"
        " WHERE step LIKE 'sms-%' AND due_at <= :now AND starts_at > :now"
        " UNION ALL SELECT 'unfiled', COUNT(*), MIN(landed_at) FROM raw_appointments"
        " WHERE id > (SELECT COALESCE(MAX(last_row_id), 0) FROM out_appointment_filing)"
        # What was imported has no record file.
        " AND type <> 'remedy.appointments.recorded.v1'"
        " UNION ALL SELECT 'record_difference', COUNT(*), MIN(since) FROM out_appointment_difference",
        now=now.replace(tzinfo=None),
    )


def runs(connection: sa.Connection, since: datetime) -> pd.DataFrame:
    """Runs of DAGs that ended since: dag, run_count, failed_count, retried_count, succeeded_at (newest), seconds (median).

    A run failed if one of its tasks did, for good.
    """
    rows = frame(
        connection,
        "SELECT dag_id AS dag, run_id AS run, MIN(has_succeeded) AS is_whole, MAX(try_count) AS try_count,"
        " MIN(began_at) AS began_at, MAX(ended_at) AS ended_at FROM out_task_result"
        " WHERE ended_at >= :since GROUP BY dag_id, run_id",
        since=since.replace(tzinfo=None),
    )
    rows = rows.assign(
        is_whole=rows["is_whole"].astype(bool),
        seconds=(rows["ended_at"] - rows["began_at"]).dt.total_seconds(),
        whole_at=rows["ended_at"].where(rows["is_whole"].astype(bool)),
    )
    grouped = rows.groupby("dag")
    return pd.DataFrame(
        {
            "run_count": grouped.size(),
            "failed_count": (~rows["is_whole"]).groupby(rows["dag"]).sum(),
            "retried_count": (rows["try_count"] > 1).groupby(rows["dag"]).sum(),
            "succeeded_at": grouped["whole_at"].max(),
            "seconds": grouped["seconds"].median(),
        }
    ).reset_index()
