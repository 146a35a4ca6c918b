"""Handing out what was set aside: found by its code, sold once, first-expired-first-out.

A wrong code is counted for its pharmacy, in a transaction of its own; after too many, none is looked up for a
while, so that nobody guesses one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.events import pharmacy as told
from remedy.schema.orders import collection_failure
from remedy.schema.pharmacy import medicine, pharmacy, stock_hold, stock_item
from remedy.stock import codes, ledger
from remedy.stock.batches import entry_of
from remedy.stock.holds import available_now
from remedy.stock.labels import LABEL, label_of
from remedy.stock.locks import Item, Place, lock_counter, place_of
from remedy.stock.model import Conflict, Line, Refused
from remedy.values import Clock, uuid7

FAILURES_ALLOWED = 20
FAILURE_WINDOW = timedelta(minutes=10)
REMEMBERED = timedelta(days=7)
"""How long a code is still answered by what became of its hold."""

NO_SUCH_CODE = "Nothing at this pharmacy waits under that code; look at its letters again."


class TooManyCodes(Refused):
    """Too many wrong codes were typed at this pharmacy lately."""

    def __init__(
        self,
        sentence: str = "Too many wrong codes were typed here; wait ten minutes, then try again.",
    ) -> None:
        super().__init__(sentence)


class NoSuchCode(Refused):
    """No hold or order of the pharmacy has that code: call `note_failure` in a second transaction."""

    def __init__(self, sentence: str = NO_SUCH_CODE) -> None:
        super().__init__(sentence)


@dataclass(frozen=True)
class WaitingHold:
    """Packs that wait at a pharmacy for who set them aside, or did until lately. No name: the code says whose."""

    hold_id: UUID
    medicine_id: UUID
    label: str
    is_prescription_only: bool
    quantity_milli: int
    price_minor: int | None
    state: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def is_waiting(self, now: datetime) -> bool:
        """Whether the packs are still set aside."""
        return self.state == "held" and self.expires_at > now


def check_throttle(connection: sa.Connection, pharmacy_id: UUID, *, clock: Clock) -> None:
    """Refuse to look up codes where too many wrong ones were typed lately.

    Raises:
        TooManyCodes: if so.
    """
    lately = connection.execute(
        sa.select(sa.func.count())
        .select_from(collection_failure.join(pharmacy))
        .where(
            pharmacy.c.public_id == pharmacy_id,
            collection_failure.c.failed_at > clock() - FAILURE_WINDOW,
        )
    ).scalar_one()
    if lately >= FAILURES_ALLOWED:
        raise TooManyCodes()


def note_failure(connection: sa.Connection, pharmacy_id: UUID, *, clock: Clock) -> None:
    """Remember that a wrong code was typed at the pharmacy, and forget those of long ago."""
    now, place = clock(), place_of(connection, pharmacy_id)
    old = (
        sa.select(collection_failure.c.id)
        .where(
            collection_failure.c.pharmacy_id == place.row_id,
            collection_failure.c.failed_at <= now - FAILURE_WINDOW,
        )
        .order_by(collection_failure.c.id)
    )
    gone = list(connection.execute(old).scalars())
    if gone:
        connection.execute(sa.delete(collection_failure).where(collection_failure.c.id.in_(gone)))
    connection.execute(
        sa.insert(collection_failure).values(pharmacy_id=place.row_id, failed_at=now)
    )


def holds_at(
    connection: sa.Connection,
    pharmacy_id: UUID,
    *,
    now: datetime,
    hold_id: UUID | None = None,
    is_ended: bool = False,
) -> list[WaitingHold]:
    """The holds that wait at a pharmacy, who must come first on top; with `is_ended`, those that did lately too.

    What an order has set aside is not among them.
    """
    waiting: sa.ColumnElement[bool] = (stock_hold.c.state == "held") & (
        stock_hold.c.expires_at > now
    )
    if is_ended:
        waiting = stock_hold.c.expires_at > now - REMEMBERED
    query = (
        sa.select(
            stock_hold.c.public_id,
            medicine.c.public_id.label("medicine_id"),
            *LABEL,
            medicine.c.is_prescription_only,
            stock_hold.c.quantity_milli,
            stock_item.c.price_minor,
            stock_hold.c.state,
            stock_hold.c.created_at,
            stock_hold.c.expires_at,
            stock_hold.c.ended_at,
        )
        .select_from(stock_hold)
        .join(stock_item, stock_item.c.id == stock_hold.c.stock_item_id)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .join(pharmacy, pharmacy.c.id == stock_item.c.pharmacy_id)
        .where(pharmacy.c.public_id == pharmacy_id, stock_hold.c.order_id.is_(None), waiting)
        .order_by(stock_hold.c.expires_at, stock_hold.c.id)
    )
    if hold_id is not None:
        query = query.where(stock_hold.c.public_id == hold_id)
    return [_waiting_hold(row) for row in connection.execute(query).all()]


def _waiting_hold(row: Any) -> WaitingHold:
    label = label_of(row)
    return WaitingHold(
        row.public_id, row.medicine_id, label, bool(row.is_prescription_only), row.quantity_milli,
        row.price_minor, row.state, row.created_at, row.expires_at, row.ended_at,
    )  # fmt: skip


def hold_of_code(
    connection: sa.Connection, pharmacy_id: UUID, typed: str, *, secret_key: str, now: datetime
) -> WaitingHold | None:
    """The hold that a code collects at this pharmacy, and nowhere else; also one that has ended lately."""
    lately = {one.hold_id: one for one in holds_at(connection, pharmacy_id, now=now, is_ended=True)}
    found = codes.meant_by(secret_key, typed, lately)
    return lately[found[0]] if len(found) == 1 else None


def sell_held(
    connection: sa.Connection,
    place: Place,
    items: Mapping[UUID, Item],
    holds: Sequence[sa.Row[Any]],
    *,
    account_id: UUID | None,
    clock: Clock,
) -> int:
    """Sell what holds (rows of `holds_query`) set aside, whose items are locked; the counter afterwards.

    Raises:
        Conflict: if one of them ended meanwhile.
        Refused: if what the lots hold may not be sold any more.
    """
    now, entries = clock(), []
    if not place.is_verified:
        raise Refused("This pharmacy is not allowed to hand anything out at the moment.")
    for found in holds:
        done = connection.execute(
            sa.update(stock_hold)
            .where(
                stock_hold.c.id == found.id,
                stock_hold.c.state == "held",
                stock_hold.c.expires_at > now,
            )
            .values(state="collected", ended_at=now)
        )
        if done.rowcount != 1:
            raise Conflict("This hold has ended already; nothing was handed out.")
        line = Line(
            "sold", found.medicine_public_id, found.quantity_milli, now,
            line_id=f"hold:{found.public_id}",
        )  # fmt: skip
        entry = entry_of(place, items[found.medicine_public_id], line, now)
        if entry.effect.uncovered_milli:
            raise Refused(
                "The lots on the shelf do not cover these packs: some have expired, were recalled or were sold."
                " Count the medicine, then try again."
            )
        entries.append(entry)
    seq = lock_counter(connection, place)
    ledger.write(connection, place, entries, first_seq=seq + 1, account_id=account_id)
    for found, entry in zip(holds, entries, strict=True):
        seq = ledger.one_change(connection, place, entry.item, now)
        left = max(0, available_now(connection, place, entry.item, now))
        collected = told.StockCollected(
            found.public_id, place.pharmacy_id, seq, entry.item.stock_item_id,
            entry.item.medicine_id, found.quantity_milli, left, now, entry.movement_id,
        )  # fmt: skip
        ledger.tell(connection, place, collected, uuid7(clock), now)
    return seq
