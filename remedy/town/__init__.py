"""A small, believable town of invented people: for a first look, and for tests that need a life of data."""

from remedy.town.builder import build

__all__ = ["build"]
