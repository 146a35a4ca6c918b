"""Verbs about what was landed: `remedy release`, a row believed after all."""

import argparse
from typing import Any

from remedy.commands.verbs import add, read_event_id
from remedy.settings import Settings
from remedy.values import utc_now


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
    released = add(
        verbs, "release", run_release, "let a row out of quarantine: its day is counted again"
    )
    released.add_argument("event", help="the event's id, from the table quarantine")


def run_release(chosen: argparse.Namespace, settings: Settings) -> int:
    """Release one row and say what follows."""
    from remedy.gateways.mysql import engine_for, in_transaction
    from remedy.pipeline.quality import release

    event_id = read_event_id(chosen.event)
    engine = engine_for(settings.database_url)
    if not in_transaction(engine, lambda at: release(at, event_id, clock=utc_now)):
        raise ValueError(f"{event_id} is not in quarantine, or was released before.")
    print(f"{event_id} is believed now; the next run of its count counts its day again.")
    return 0
