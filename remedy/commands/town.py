"""Verbs about the demo town: build it, and keep it living. Both refuse where people are real."""

import argparse
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

from remedy.commands.verbs import add
from remedy.settings import Settings
from remedy.values import utc_now

DEMO_FILE = "REMEDY_STACK_DEMO_FILE"
"""Where the stack wants the sign-ins of the demo people written (0600)."""

SPEED_FILE = "REMEDY_STACK_TOWN_SPEED_FILE"
"""Where `./run town speed N` writes how many events a second the living town makes."""


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
    town = add(verbs, "town", run_town, "build the demo town (REMEDY_TOWN), or keep it living")
    town.add_argument("action", choices=("build", "live"))


def run_town(chosen: argparse.Namespace, settings: Settings) -> int:
    """Build what is missing of the town, or let it live until SIGTERM."""
    if settings.environment == "production":
        raise ValueError("A town of invented people is not for production; nothing was changed.")
    if chosen.action == "live":
        return _live(settings)
    if settings.town == "none":
        print("No town is wanted (REMEDY_TOWN is 'none').")
        return 0
    return _build(settings)


def _build(settings: Settings) -> int:
    from remedy.gateways.mysql import engine_for
    from remedy.town import builder, cast

    size = cast.SIZES[settings.town]
    people = builder.build(
        engine_for(settings.database_url),
        settings=settings,
        size=size,
        clock=utc_now,
        # One process waits for the database half of its time; the small town is not worth a second.
        processes=2 if size.is_full else 1,
        progress=lambda text: print(text, flush=True),
    )
    demo_file = os.environ.get(DEMO_FILE, "")
    if demo_file:
        path = Path(demo_file)
        path.touch(mode=0o600)
        path.write_text(json.dumps(people, indent=1), encoding="utf-8")
        print(f"The town is there; {len(people)} sign-ins are in {path}.")
    return 0


def _live(settings: Settings) -> int:
    from remedy.gateways.mysql import engine_for
    from remedy.town import living

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    speed_file = os.environ.get(SPEED_FILE, "")
    living.run(
        engine_for(settings.database_url, pool_size=1),
        settings=settings,
        speed=lambda: living.speed_in(Path(speed_file) if speed_file else None),
        stop=stop,
        clock=utc_now,
    )
    return 0
