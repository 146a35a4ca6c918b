"""What the town's stock-keepers do beside receiving and selling: levels, and packs sent to a neighbour."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.pharmacy import pharmacy, stock_transfer
from remedy.stock import service, transfers
from remedy.stock.model import StockRow
from remedy.stock.queries import stock_rows
from remedy.stock.transfer_queries import transfers_of
from remedy.values import MILLI, Clock, at_that

LEVELS = 15
MINIMUM_MILLI, REORDER_MILLI = 4 * MILLI, 12 * MILLI
SENT_MILLI = 3 * MILLI
SPARE_MILLI = 10 * SENT_MILLI
STORIES = ("asked", "sent", "received", "offered")
"""How far the transfer between a pharmacy and its neighbour has come, in turn."""


def keep_levels(connection: sa.Connection, pharmacy_id: UUID, *, clock: Clock) -> None:
    """Keep levels for some of a pharmacy's medicines, unless it keeps any."""
    now = clock()
    if stock_rows(connection, pharmacy_id, now=now, only="with_level"):
        return
    for row in stock_rows(connection, pharmacy_id, now=now)[:LEVELS]:
        service.set_levels(
            connection, pharmacy_id, row.medicine_id, MINIMUM_MILLI, REORDER_MILLI, clock=clock
        )


def send_about(connection: sa.Connection, pharmacies: list[UUID], *, clock: Clock) -> None:
    """Let each pharmacy and the next have a transfer, unless there is one in the town."""
    now = clock()
    ours = sa.select(pharmacy.c.id).where(pharmacy.c.public_id.in_(pharmacies))
    known = sa.select(stock_transfer.c.id).where(stock_transfer.c.from_pharmacy_id.in_(ours))
    if connection.execute(known.limit(1)).first():
        return
    for number, (sender, receiver) in enumerate(pairwise(pharmacies)):
        row = _to_spare(connection, sender, receiver, clock)
        if row is None:
            continue
        fate = STORIES[number % len(STORIES)]
        who, other = (sender, receiver) if fate == "offered" else (receiver, sender)
        earlier = at_that(now - timedelta(minutes=90 - number))
        made = transfers.propose(
            connection, who, other, row.medicine_id, SENT_MILLI, offers=fate == "offered",
            clock=earlier,
        )  # fmt: skip
        if fate in {"sent", "received"}:
            transfers.send(connection, sender, made, clock=earlier)
        if fate == "received":
            (found,) = transfers_of(connection, receiver, transfer_id=made)
            arrived = {lot.lot_number: lot.sent_milli for lot in found.lots}
            transfers.receive(connection, receiver, made, arrived, clock=earlier)


def _to_spare(
    connection: sa.Connection, sender: UUID, receiver: UUID, clock: Clock
) -> StockRow | None:
    """A medicine that the one has plenty of and the other has little of."""
    theirs = {
        row.medicine_id: row.available_milli
        for row in stock_rows(connection, receiver, now=clock())
    }
    plenty = [
        row
        for row in stock_rows(connection, sender, now=clock())
        if row.available_milli > SPARE_MILLI
    ]
    return min(plenty, key=lambda row: theirs.get(row.medicine_id, 0), default=None)
