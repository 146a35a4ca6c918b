"""Verbs that bring data in from files: `remedy import medicines | sales`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from remedy.commands.verbs import add
from remedy.settings import Settings
from remedy.values import utc_now


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
    made = add(
        verbs, "import", run_import, "bring in a register of medicines, or a pharmacy's past sales"
    )
    made.add_argument("what", choices=("medicines", "sales"))
    made.add_argument("file", type=Path)
    made.add_argument("--pharmacy", help="public id or name (sales)")


def run_import(chosen: argparse.Namespace, settings: Settings) -> int:
    """Run an import; it may be stopped and started again, and nothing is brought in twice."""
    from remedy.catalogue.imports import import_medicines, import_sales
    from remedy.commands.stock import pharmacy_id
    from remedy.gateways.mysql import engine_for

    engine = engine_for(settings.database_url)
    show = sys.stderr.isatty()
    if chosen.what == "medicines":
        report = import_medicines(engine, chosen.file, progress=show, clock=utc_now)
    else:
        if not chosen.pharmacy:
            raise ValueError("Say whose sales these are: --pharmacy NAME.")
        with engine.connect() as connection:
            seller = pharmacy_id(connection, chosen.pharmacy)
        report = import_sales(engine, chosen.file, seller, progress=show, clock=utc_now)
    print(report)
    return 0
