"""`remedy follow`: one event's way, hop by hop."""

from typing import Any


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
