"""How a verb is added to the parser, and what several verbs read of what was typed."""

import argparse
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from remedy.settings import Settings


def add(
    verbs: Any, name: str, run: Callable[[argparse.Namespace, Settings], int], help_text: str
) -> argparse.ArgumentParser:
    """Add a verb that runs `run`; the caller adds its arguments."""
    made: argparse.ArgumentParser = verbs.add_parser(name, help=help_text, description=help_text)
    made.set_defaults(verb=run, name=name)
    return made


def read_event_id(text: str) -> UUID:
    """The id of an event, as it was typed.

    Raises:
        ValueError: if it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(
            f"'{text}' is not the id of an event; it has 36 characters like {uuid4()}."
        ) from None
