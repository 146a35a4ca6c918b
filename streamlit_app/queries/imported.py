"""The imported register of visits of another place: what was counted of it, and its landed rows."""

import math
from datetime import date

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame

MOST_ROWS = 5000
KINDS = ("visits", "missed", "kept", "doubtful")

IMPOSSIBLE = "after the visit"
LEADS = (
    (-1, IMPOSSIBLE), (0, "same day"), (2, "1 to 2 days"), (7, "3 to 7 days"), (14, "8 to 14 days"),
    (30, "15 to 30 days"), (math.inf, "over 30 days"),
)  # fmt: skip
"""How long before the visit it was booked: most days of each class, and its name."""

_RECORDED = """
FROM raw_appointments r WHERE r.type = 'remedy.appointments.recorded.v1' AND r.day BETWEEN :first AND :last
AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.event_id = r.event_id AND q.released_at IS NULL)
"""
_MISSED = "JSON_UNQUOTE(JSON_EXTRACT(r.event, '$.data.was_missed'))"
_THERE = "JSON_VALUE(r.event, '$.data.neighbourhood') COLLATE utf8mb4_bin = :neighbourhood"
_ONLY = {
    "visits": "",
    "missed": f" AND {_MISSED} COLLATE utf8mb4_bin = 'true'",
    "kept": f" AND {_MISSED} COLLATE utf8mb4_bin = 'false'",
    "doubtful": " AND JSON_LENGTH(JSON_EXTRACT(r.event, '$.data.doubts')) > 0",
}


def period(connection: sa.Connection) -> pd.DataFrame:
    """What the register spans, always one row: first_on, last_on, days_count, visit_count, counted_at."""
    return frame(
        connection,
        "SELECT MIN(i.day) AS first_on, MAX(i.day) AS last_on, COUNT(DISTINCT i.day) AS days_count,"
        " SUM(i.visit_count) AS visit_count, (SELECT MAX(a.aggregated_at) FROM aggregated_day a"
        " WHERE a.kind = 'appointments' AND a.day IN (SELECT day FROM agg_daily_imported_visits)) AS counted_at"
        " FROM agg_daily_imported_visits i",
    )


def neighbourhoods(connection: sa.Connection, first: date, last: date) -> pd.DataFrame:
    """The places of the register, most visits first: neighbourhood, visit_count, missed_count, doubtful_count."""
    return frame(
        connection,
        "SELECT neighbourhood, SUM(visit_count) AS visit_count, SUM(missed_count) AS missed_count,"
        " SUM(doubtful_count) AS doubtful_count FROM agg_daily_imported_visits WHERE day BETWEEN :first AND :last"
        " GROUP BY neighbourhood ORDER BY visit_count DESC, neighbourhood",
        first=first,
        last=last,
    )


def days(
    connection: sa.Connection, first: date, last: date, neighbourhood: str | None
) -> pd.DataFrame:
    """Each day that had visits: day, visit_count, missed_count, doubtful_count."""
    return frame(
        connection,
        "SELECT day, SUM(visit_count) AS visit_count, SUM(missed_count) AS missed_count,"  # noqa: S608 - constants
        " SUM(doubtful_count) AS doubtful_count FROM agg_daily_imported_visits"
        f" WHERE day BETWEEN :first AND :last{' AND neighbourhood = :neighbourhood' if neighbourhood else ''}"
        " GROUP BY day ORDER BY day",
        first=first,
        last=last,
        **({"neighbourhood": neighbourhood} if neighbourhood else {}),
    )


def leads(
    connection: sa.Connection, first: date, last: date, neighbourhood: str | None
) -> pd.DataFrame:
    """Landed rows by the class of `LEADS` they were booked in: lead, visit_count, missed_count."""
    rows = frame(
        connection,
        "SELECT CAST(JSON_VALUE(r.event, '$.data.lead_days') AS SIGNED) AS lead_days,"
        f" {_MISSED} AS missed, COUNT(*) AS visit_count {_recorded(neighbourhood)} GROUP BY lead_days, missed",
        **_values(first, last, neighbourhood),
    )
    rows = rows.assign(
        lead=[next(name for most, name in LEADS if days <= most) for days in rows["lead_days"]],
        missed_count=rows["visit_count"].where(rows["missed"] == "true", 0),
    )
    sums = rows.groupby("lead")[["visit_count", "missed_count"]].sum().astype(int)
    return sums.reindex([name for _, name in LEADS if name in sums.index]).reset_index()


def rows(
    connection: sa.Connection, first: date, last: date, neighbourhood: str | None, kind: str
) -> pd.DataFrame:
    """The landed rows behind a figure of `KINDS`, the latest first, at most `MOST_ROWS`.

    record, day, neighbourhood, lead_days, missed, doubts; of the person nothing.
    """
    return frame(
        connection,
        "SELECT LEFT(JSON_VALUE(r.event, '$.data.record_key'), 12) AS record, r.day,"
        " JSON_VALUE(r.event, '$.data.neighbourhood') AS neighbourhood,"
        " CAST(JSON_VALUE(r.event, '$.data.lead_days') AS SIGNED) AS lead_days,"
        f" {_MISSED} AS missed, JSON_EXTRACT(r.event, '$.data.doubts') AS doubts"
        f" {_recorded(neighbourhood)}{_ONLY[kind]} ORDER BY r.day DESC, r.id DESC LIMIT {MOST_ROWS}",
        **_values(first, last, neighbourhood),
    )


def interval(count: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; from 0 to 1 of nothing."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    wide = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - wide), min(1.0, middle + wide)


def _recorded(neighbourhood: str | None) -> str:
    return f"{_RECORDED} AND {_THERE}" if neighbourhood else _RECORDED


def _values(first: date, last: date, neighbourhood: str | None) -> dict[str, object]:
    there = {"neighbourhood": neighbourhood} if neighbourhood else {}
    return {"first": first, "last": last, **there}
