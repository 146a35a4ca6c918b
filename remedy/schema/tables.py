"""Every table in one place: importing this fills `metadata`."""

from remedy.schema import hospital, orders, people, pharmacy, pipeline, prescriptions
from remedy.schema.base import metadata

__all__ = ["hospital", "metadata", "orders", "people", "pharmacy", "pipeline", "prescriptions"]
