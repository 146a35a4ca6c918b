"""Every table in one place: importing this fills `metadata`."""

from remedy.schema import (
    absence,
    calls,
    demand,
    hospital,
    measures,
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
    "calls",
    "demand",
    "hospital",
    "measures",
    "metadata",
    "orders",
    "people",
    "pharmacy",
    "pipeline",
    "prescriptions",
    "reminders",
    "visit_counts",
    "visit_files",
]
