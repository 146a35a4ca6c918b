"""Every table in one place: importing this fills `metadata`."""

from remedy.schema import (
    absence,
    advice,
    calls,
    demand,
    drift,
    hospital,
    measures,
    notices,
    orders,
    people,
    pharmacy,
    pipeline,
    prescriptions,
    reminders,
    visit_counts,
    visit_files,
)
from remedy.schema.base import metadata

__all__ = [
    "absence",
    "advice",
    "calls",
    "demand",
    "drift",
    "hospital",
    "measures",
    "metadata",
    "notices",
    "orders",
    "people",
    "pharmacy",
    "pipeline",
    "prescriptions",
    "reminders",
    "visit_counts",
    "visit_files",
]
