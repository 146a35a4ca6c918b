"""Live demand: what the watch has written of the last minutes, and the alerts it raised."""

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame
from streamlit_app.queries.names import MEDICINE, with_labels

ALERT_DAYS = 90
_ALERTS = f"""
    SELECT a.public_id AS alert_id, a.subject_kind, a.atc_group, {MEDICINE}, a.measure,
      a.window_minutes, a.opened_at, a.opened_count, a.usual_milli, a.band_high AS band_high_count,
      a.highest_count, a.highest_at, a.latest_at, a.ended_at
    FROM demand_alert a LEFT JOIN known_medicine m ON m.public_id = a.medicine_id
"""  # noqa: S608 - built from constants


def watch(connection: sa.Connection) -> pd.DataFrame:
    """How the watch stands: looked_at, landed_at, history_days; no row before its first look."""
    return frame(
        connection, "SELECT looked_at, landed_at, history_days, subject_count FROM demand_watch"
    )


def town(connection: sa.Connection) -> pd.DataFrame:
    """All demand: measure, window_minutes, event_count, usual_milli, high_count."""
    return frame(
        connection,
        "SELECT measure, window_minutes, event_count, usual_milli, band_high AS high_count"
        " FROM demand_now WHERE subject_kind = 'all' ORDER BY measure, window_minutes",
    )


def above(connection: sa.Connection) -> pd.DataFrame:
    """Medicines and groups of the last hour, furthest above their usual first: what, measure, event_count."""
    rows = frame(
        connection,
        f"""
        SELECT n.subject_kind, n.subject_name, {MEDICINE}, n.measure, n.event_count, n.usual_milli,
          n.band_high AS high_count
        FROM demand_now n
        LEFT JOIN known_medicine m
          ON n.subject_kind = 'medicine' AND m.public_id = UNHEX(REPLACE(n.subject_name, '-', ''))
        WHERE n.subject_kind <> 'all' AND n.window_minutes = 60
        ORDER BY n.event_count / (n.usual_milli + 1) DESC, n.subject_name LIMIT 50
        """,  # noqa: S608 - built from constants
    )
    return _named(rows, rows["subject_name"])


def alerts_now(connection: sa.Connection) -> pd.DataFrame:
    """Alerts of what is unusual now, the newest first: what, measure, window_minutes, opened_at, highest_count, usual_milli."""
    rows = frame(
        connection,
        f"{_ALERTS} WHERE a.open_key IS NOT NULL AND a.latest_at IS NULL"
        " ORDER BY a.opened_at DESC, a.id LIMIT 50",
    )
    return _named(rows, rows["atc_group"])


def alerts(connection: sa.Connection) -> pd.DataFrame:
    """Alerts of the last ninety days, those that last first; as `alerts_now`, with latest_at and ended_at.

    `latest_at` is when it was last unusual; missing while it is.
    """
    rows = frame(
        connection,
        f"""{_ALERTS} WHERE a.open_key IS NOT NULL
          OR a.opened_at > UTC_TIMESTAMP(6) - INTERVAL {ALERT_DAYS} DAY
        ORDER BY a.open_key IS NULL, a.latest_at IS NOT NULL, a.opened_at DESC, a.id LIMIT 200""",
    )
    return _named(rows, rows["atc_group"])


def _named(rows: pd.DataFrame, groups: "pd.Series[str]") -> pd.DataFrame:
    labelled = with_labels(rows)
    what = {
        "all": ["all medicines"] * len(rows),
        "group": [f"medicines of the group {code}" for code in groups],
        "medicine": list(labelled["medicine"]),
    }
    kinds = rows["subject_kind"].tolist()
    return labelled.assign(what=[what[kind][place] for place, kind in enumerate(kinds)])
