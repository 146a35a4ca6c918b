"""Every table in one place: importing this fills `metadata`."""

from remedy.schema import hospital, people, pharmacy, pipeline
from remedy.schema.base import metadata

__all__ = ["hospital", "metadata", "people", "pharmacy", "pipeline"]
