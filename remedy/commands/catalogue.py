"""Verbs that bring data in from files: `remedy import medicines | pharmacies | sales | interactions | visits`."""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remedy.commands.verbs import add
from remedy.settings import Settings
from remedy.values import utc_now

if TYPE_CHECKING:
    import sqlalchemy as sa

    from remedy.prescriptions.interactions import Imported


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
    made = add(
        verbs, "import", run_import,
        "bring in a register of medicines, a list of pharmacies, a pharmacy's past sales, a table of interactions,"
        " or a register of another place's past visits",
    )  # fmt: skip
    made.add_argument(
        "what", choices=("medicines", "pharmacies", "sales", "interactions", "visits")
    )
    made.add_argument("file", type=Path)
    made.add_argument("--pharmacy", help="public id or name (sales)")
    made.add_argument(
        "--as-of", help="how old the list is, such as 2015 (pharmacies, interactions)"
    )
    made.add_argument("--time-zone", help="where they are; without it the region's (pharmacies)")
    made.add_argument(
        "--licensed", metavar="NAME",
        help="the table is licensed for clinical use; under that name it is shown (interactions)",
    )  # fmt: skip


def run_import(chosen: argparse.Namespace, settings: Settings) -> int:
    """Run an import; it may be stopped and started again, and nothing is brought in twice."""
    from remedy.catalogue.imports import import_medicines, import_sales
    from remedy.catalogue.pharmacy_import import import_pharmacies
    from remedy.commands.stock import pharmacy_id
    from remedy.gateways.mysql import engine_for
    from remedy.pipeline.visit_import import import_visits
    from remedy.region import Region

    engine = engine_for(settings.database_url)
    show = sys.stderr.isatty()
    if chosen.what == "interactions":
        print(_interactions(chosen, engine))
        return 0
    if chosen.what == "medicines":
        report = import_medicines(engine, chosen.file, progress=show, clock=utc_now)
    elif chosen.what == "pharmacies":
        if not chosen.as_of:
            raise ValueError("Say how old the list is: --as-of 2015, or a day such as 2015-06-30.")
        time_zone = chosen.time_zone or Region.load(settings.region_file).time_zone
        report = import_pharmacies(
            engine,
            chosen.file,
            as_of=chosen.as_of,
            time_zone=time_zone,
            progress=show,
            clock=utc_now,
        )
    elif chosen.what == "visits":
        here = Region.load(settings.region_file).time_zone
        report = import_visits(engine, chosen.file, time_zone=here, progress=show, clock=utc_now)
    else:
        if not chosen.pharmacy:
            raise ValueError("Say whose sales these are: --pharmacy NAME.")
        with engine.connect() as connection:
            seller = pharmacy_id(connection, chosen.pharmacy)
        report = import_sales(engine, chosen.file, seller, progress=show, clock=utc_now)
    print(report)
    return 0


def _interactions(chosen: argparse.Namespace, engine: "sa.Engine") -> "Imported":
    """Bring in a table of interactions; without `--licensed` every result says: not for clinical use."""
    from remedy.prescriptions.interactions import import_interactions

    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", chosen.as_of or ""):
        raise ValueError("Say how old the table is: --as-of 2017, or a day such as 2026-06-30.")
    return import_interactions(
        engine,
        chosen.file,
        as_of=chosen.as_of,
        name=chosen.licensed,
        is_licensed=chosen.licensed is not None,
        clock=utc_now,
    )
