"""Verbs about stock: `remedy sell`, a sale told by hand."""

import argparse
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.commands.verbs import add
from remedy.schema import pharmacy as tables
from remedy.settings import Settings
from remedy.values import instant_of, instant_text, milli_of, packs_text, utc_now


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
    sell = add(verbs, "sell", run_sell, "tell a sale as a till would, and follow where it goes")
    sell.add_argument("--pharmacy", required=True, help="public id or name")
    sell.add_argument("--medicine", required=True, help="public id, or words that find exactly one")
    sell.add_argument("--packs", required=True, help="how many packs, e.g. 1 or 0.5")
    sell.add_argument("--at", help="when, e.g. 2026-01-31T09:30:00+01:00; without it now")
    sell.add_argument("--line", help="the till's own name for the line; the same twice is one sale")


def run_sell(chosen: argparse.Namespace, settings: Settings) -> int:
    """Record one sale and print its event."""
    from remedy.gateways.mysql import engine_for, in_transaction
    from remedy.stock.model import Line, Recorded
    from remedy.stock.service import record_movement

    quantity_milli, is_exact = milli_of(chosen.packs)
    if quantity_milli <= 0 or not is_exact:
        raise ValueError(
            f"'{chosen.packs}' packs cannot be sold; give more than 0, in thousandths at most."
        )
    occurred_at = instant_of(chosen.at) if chosen.at else utc_now()

    def work(connection: sa.Connection) -> Recorded:
        line = Line(
            kind="sold",
            medicine_id=medicine_id(connection, chosen.medicine),
            quantity_milli=quantity_milli,
            occurred_at=occurred_at,
            line_id=chosen.line,
        )
        return record_movement(
            connection, pharmacy_id(connection, chosen.pharmacy), line, clock=utc_now
        )

    recorded = in_transaction(engine_for(settings.database_url), work)
    again = " (it was known already; nothing changed)" if recorded.is_repeat else ""
    print(f"Sold {packs_text(quantity_milli)} packs at {instant_text(occurred_at)}{again}.")
    print(
        f"{packs_text(recorded.balance_milli)} are left, "
        f"{packs_text(recorded.uncovered_milli)} were not covered by what the lots held."
    )
    print(f"event {recorded.movement_id}")
    return 0


def pharmacy_id(connection: sa.Connection, text: str) -> UUID:
    """The pharmacy of that public id or exact name.

    Raises:
        ValueError: with a sentence, if there is none.
    """
    table = tables.pharmacy
    wanted = _uuid(text)
    match = table.c.public_id == wanted if wanted else table.c.name == text
    found = connection.execute(sa.select(table.c.public_id).where(match)).scalars().all()
    if len(found) != 1:
        names = connection.execute(
            sa.select(table.c.name).order_by(table.c.name).limit(10)
        ).scalars()
        raise ValueError(
            f"There is no pharmacy '{text}'; there are {', '.join(names) or 'none yet'}."
        )
    only: UUID = found[0]
    return only


def medicine_id(connection: sa.Connection, text: str) -> UUID:
    """The medicine of that public id, or the only one these words find.

    Raises:
        ValueError: with a sentence, if none or several are found.
    """
    from remedy.catalogue.queries import find_medicines

    wanted = _uuid(text)
    if wanted:
        return wanted
    found = find_medicines(connection, text, limit=6)
    if len(found) == 1:
        return found[0].medicine_id
    if not found:
        raise ValueError(f"No medicine is called '{text}'.")
    several = "; ".join(medicine.label for medicine in found)
    raise ValueError(f"'{text}' may mean several medicines: {several}. Give more words or the id.")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
