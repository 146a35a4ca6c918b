"""Which database account may do what, table by table (design decision 2). Tested against a real server."""

from collections.abc import Callable, Iterable

PIPELINE_PREFIXES = ("raw_", "agg_", "out_", "landing_", "quality_", "model_", "forecast_")
PIPELINE_TABLES = (
    "landed_day", "aggregated_day", "quarantine", "file_moved", "stock_alert_day",
)  # fmt: skip
VIEWS_FOR_ALL = (
    "place_zone", "known_medicine", "known_pharmacy", "known_doctor", "stock_now", "request_state",
    "outbox_backlog", "queue_age", "visit_ahead", "reminder_state", "reminder_owed",
    "appointment_now", "lot_now", "pharmacy_place", "pharmacy_open_hours",
)  # fmt: skip
"""Views without names of patients."""

SIGN_IN_VIEW = "session_role"
PORTAL_FIGURES = ("portal_minute",)
"""What the portal writes for the dashboards to read; nobody is in it."""

WATCH_TABLES = ("demand_alert", "demand_now", "demand_watch")
"""What `remedy watch` has noticed: its account alone writes them."""

WATCH_READS = (
    "raw_stock_movements", "raw_medicine_searches", "agg_daily_demand", "agg_daily_search",
    "aggregated_day", "known_medicine",
)  # fmt: skip
APPEND_ONLY = (
    "stock_movement", "stock_movement_lot", "file_read", "appointment_record_read", "call_list_switch",
    "hospital_change", "shortage_notice",
)  # fmt: skip
CALENDARS = (
    "hospital", "hospital_holiday", "doctor", "doctor_hours", "doctor_exception", "doctor_leave",
)  # fmt: skip
"""When doctors see patients: the pipeline measures from them how much time was offered. No patients are in them."""

FILES_WAITING, FILE_PARTS = "file_spool", "file_spool_part"
"""Encrypted files on their way to HDFS."""

MAKES_TEMPORARY_TABLES = ("remedy_pipeline",)
"""Landing stages its rows in one; nobody else sees it, and it ends with the connection."""


def is_pipelines(name: str) -> bool:
    """Whether Airflow's account alone writes that table."""
    return name.startswith(PIPELINE_PREFIXES) or name in PIPELINE_TABLES


def _portal(tables: Iterable[str]) -> dict[str, list[str]]:
    live = [
        name
        for name in tables
        if not is_pipelines(name)
        and name not in {*VIEWS_FOR_ALL, *WATCH_TABLES, SIGN_IN_VIEW, "alembic_version"}
    ]
    return {
        "SELECT, INSERT, UPDATE, DELETE": [name for name in live if name not in APPEND_ONLY],
        "SELECT, INSERT": [name for name in live if name in APPEND_ONLY],
        "SELECT": [
            name
            for name in tables
            if is_pipelines(name) or name in VIEWS_FOR_ALL or name in WATCH_TABLES
        ],
    }


def _pipeline(tables: Iterable[str]) -> dict[str, list[str]]:
    return {
        "SELECT, INSERT, UPDATE, DELETE": [name for name in tables if is_pipelines(name)],
        "SELECT": [name for name in tables if name in {*VIEWS_FOR_ALL, *CALENDARS, FILES_WAITING}],
        # It moves encrypted bytes on and empties the spool; whose they are it cannot see.
        "SELECT, DELETE": [name for name in tables if name == FILE_PARTS],
    }


def _dashboard(tables: Iterable[str]) -> dict[str, list[str]]:
    readable = {*VIEWS_FOR_ALL, *WATCH_TABLES, *PORTAL_FIGURES, SIGN_IN_VIEW}
    return {"SELECT": [name for name in tables if is_pipelines(name) or name in readable]}


def _watch(tables: Iterable[str]) -> dict[str, list[str]]:
    there = set(tables)
    return {
        "SELECT, INSERT, UPDATE, DELETE": [name for name in WATCH_TABLES if name in there],
        "SELECT": [name for name in WATCH_READS if name in there],
        # It tells; what others told is not its business.
        "INSERT": [name for name in ("outbox",) if name in there],
    }


GRANTS: dict[str, Callable[[Iterable[str]], dict[str, list[str]]]] = {
    "remedy_portal": _portal,
    "remedy_pipeline": _pipeline,
    "remedy_dashboard": _dashboard,
    "remedy_watch": _watch,
}
