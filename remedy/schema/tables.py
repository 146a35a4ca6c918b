"""Every table in one place: importing this fills `metadata`."""

from remedy.schema import demand, hospital, orders, people, pharmacy, pipeline, prescriptions
from remedy.schema.base import metadata

__all__ = [
    "demand",
    "hospital",
    "metadata",
    "orders",
    "people",
    "pharmacy",
    "pipeline",
    "prescriptions",
]
