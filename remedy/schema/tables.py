"""Every table in one place: importing this fills `metadata`."""

from remedy.schema import (
    absence,
    demand,
    hospital,
    orders,
    people,
    pharmacy,
    pipeline,
    prescriptions,
    visit_counts,
)
from remedy.schema.base import metadata

__all__ = [
    "absence",
    "demand",
    "hospital",
    "measures",
    "metadata",
    "orders",
    "people",
    "pharmacy",
    "pipeline",
    "prescriptions",
    "visit_counts",
]
