"""How a verb is added to the parser."""

import argparse
from collections.abc import Callable
from typing import Any

from remedy.settings import Settings


def add(
    verbs: Any, name: str, run: Callable[[argparse.Namespace, Settings], int], help_text: str
) -> argparse.ArgumentParser:
    """Add a verb that runs `run`; the caller adds its arguments."""
    made: argparse.ArgumentParser = verbs.add_parser(name, help=help_text, description=help_text)
    made.set_defaults(verb=run, name=name)
    return made
