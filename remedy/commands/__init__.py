"""The verbs of `remedy`: each a thin call of what the core can do, with its words for the terminal.

A wrong setting, an unknown name or a refused change ends with one sentence and exit code 2.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence

from remedy.commands import catalogue, follow, people, quality, service, stock, town
from remedy.settings import Settings, SettingsError

Verb = Callable[[argparse.Namespace, Settings], int]

ROOMS = (service, people, town, stock, catalogue, follow, quality)
"""Each adds its verbs to the parser and names the function that runs them."""


def parser() -> argparse.ArgumentParser:
    """Every verb with its arguments; its help is the list of verbs."""
    made = argparse.ArgumentParser(prog="remedy", description="What an operator does by hand.")
    verbs = made.add_subparsers(title="verbs", metavar="VERB", required=True)
    for room in ROOMS:
        room.add_verbs(verbs)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code is 0, or 2 after a sentence on standard error."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr
    )
    chosen = parser().parse_args(arguments)
    verb: Verb = chosen.verb
    try:
        return verb(chosen, Settings.from_env(os.environ))
    except SettingsError as error:
        print(error, file=sys.stderr)
    except (ValueError, FileNotFoundError, ConnectionError, TimeoutError) as error:
        # The core's refusals are sentences; a traceback would hide them.
        print(f"{chosen.name}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{chosen.name}: stopped by hand.", file=sys.stderr)
    return 2
