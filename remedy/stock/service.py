"""Changes of stock: what a till or a pharmacist tells, prices, and who was refused for want of it.

Each function works in the caller's transaction, at READ COMMITTED, and records its event last. When it raises
`Refused`, roll the transaction back.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.events import pharmacy as told
from remedy.schema.pharmacy import (
    medicine,
    stock_item,
    stock_lot,
    stock_movement,
    stock_movement_lot,
)
from remedy.stock import batches, ledger, recalls
from remedy.stock.holds import record_refusal
from remedy.stock.locks import Item, lock_counter, lock_items, place_of
from remedy.stock.model import (
    MAX_QUANTITY_MILLI,
    STALE,
    Conflict,
    Effect,
    Line,
    Recorded,
    Refused,
    UnknownMedicine,
    undo_of,
)
from remedy.stock.recalls import recall_lot, record_of_lot
from remedy.values import Clock, uuid7

__all__ = [
    "recall_lot",
    "record_movement",
    "record_movements",
    "record_of_lot",
    "record_refusal",
    "reverse_movement",
    "set_levels",
    "set_price",
]


def record_movement(
    connection: sa.Connection,
    pharmacy_id: UUID,
    line: Line,
    *,
    account_id: UUID | None = None,
    expected_version: int | None = None,
    clock: Clock,
) -> Recorded:
    """Record what happened to a stock item: a fact, never refused because stock is short.

    A line whose `line_id` the pharmacy has told before changes nothing and is answered as a repeat. A fact
    older than the item's last count goes into the ledger and leaves the counted lots alone.
    `expected_version` is the item's version on the page that was answered (0: it had none).

    Raises:
        Refused: if the line cannot be believed, or its `line_id` names another line.
        UnknownMedicine: if no medicine has that id.
        Conflict: if the item is not at `expected_version`.
    """
    (answer,) = record_movements(
        connection,
        pharmacy_id,
        [line],
        account_id=account_id,
        expected_versions=[expected_version],
        clock=clock,
    )
    if isinstance(answer, Refused):
        raise answer
    return answer


def record_movements(
    connection: sa.Connection,
    pharmacy_id: UUID,
    lines: Sequence[Line],
    *,
    account_id: UUID | None = None,
    expected_versions: Sequence[int | None] | None = None,
    clock: Clock,
) -> list[Recorded | Refused]:
    """Record many lines at once, in their order; each stands alone and has its own answer.

    A line that is refused changes nothing and does not hold up the others. `expected_versions` has one for
    each line. See `record_movement`.
    """
    now = clock()
    return batches.record_told(
        connection,
        pharmacy_id,
        [(now, line) for line in lines],
        account_id=account_id,
        expected_versions=expected_versions,
    )


def reverse_movement(
    connection: sa.Connection,
    pharmacy_id: UUID,
    movement_id: UUID,
    *,
    reason: str,
    account_id: UUID | None = None,
    clock: Clock,
) -> Recorded:
    """Undo a movement that was a mistake: the ledger keeps both.

    Lots get back what they had, as far as it is still there; the rest is uncovered. If the item was counted
    since, the count stands and only history changes.

    Raises:
        Refused: if the pharmacy has no such movement, or it is reversed already, a count, or a reversal.
    """
    now = clock()
    place = place_of(connection, pharmacy_id)
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise Refused("Say in up to 200 characters why the movement is reversed.")
    first = connection.execute(
        sa.select(stock_movement, medicine.c.public_id.label("medicine_public_id"))
        .select_from(stock_movement)
        .join(stock_item, stock_item.c.id == stock_movement.c.stock_item_id)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .where(
            stock_movement.c.pharmacy_id == place.row_id,
            stock_movement.c.public_id == movement_id,
        )
    ).one_or_none()
    if first is None:
        raise Refused("This pharmacy has no movement of that id.")
    if first.kind == "counted":
        raise Refused("A count is not reversed; count again.")
    if first.kind == "reversed":
        raise Refused("A reversal is not reversed; record the movement again.")
    if first.kind == "transferred":
        raise Refused("A transfer is not undone here; take it back on its own page.")
    wanted = {first.medicine_public_id}
    (item,) = lock_items(connection, place, wanted, creating=False, clock=clock).values()
    if connection.execute(
        sa.select(stock_movement.c.id).where(stock_movement.c.reverses_id == first.id)
    ).first():
        raise Refused("This movement is reversed already.")
    if first.kind == "recalled":
        entry = recalls.lift_recall(connection, item, first.id, now, clock)
    else:
        entry = _reversal(connection, first, item, now, clock)
    entry = replace(
        entry,
        reason=reason,
        reverses_row_id=first.id,
        more={
            "reverses_id": movement_id,
            "reversed_kind": first.kind,
            "reversed_quantity_milli": first.quantity_milli,
            "reversed_uncovered_milli": first.uncovered_milli,
            "reversed_at": first.occurred_at,
        },
    )
    seq = lock_counter(connection, place) + 1
    ledger.write(connection, place, [entry], first_seq=seq, account_id=account_id)
    return Recorded(entry.movement_id, seq, entry.balance_milli, entry.effect.uncovered_milli)


def _reversal(
    connection: sa.Connection, first: sa.Row[Any], item: Item, now: datetime, clock: Clock
) -> ledger.Entry:
    effect = _undone(connection, first, item)
    changes = ledger.apply(item, effect, None)
    item.version += 1
    if effect.uncovered_milli and item.count_wanted_at is None:
        item.count_wanted_at = now
    return ledger.Entry(
        movement_id=uuid7(clock),
        item=item,
        kind="reversed",
        effect=effect,
        balance_milli=item.balance_milli,
        lots=changes,
        occurred_at=now,
        recorded_at=now,
    )


def _undone(connection: sa.Connection, first: sa.Row[Any], item: Item) -> Effect:
    lots = connection.execute(
        sa.select(stock_lot.c.public_id, stock_movement_lot.c.delta_milli)
        .select_from(stock_movement_lot)
        .join(stock_lot, stock_lot.c.id == stock_movement_lot.c.lot_id)
        .where(stock_movement_lot.c.movement_id == first.id)
    )
    deltas = {row.public_id: row.delta_milli for row in lots}
    if item.counted_at is not None and first.occurred_at < item.counted_at:
        deltas = {}
    return undo_of(first.kind, first.quantity_milli, deltas, item.lots)


def set_price(
    connection: sa.Connection,
    pharmacy_id: UUID,
    medicine_id: UUID,
    price_minor: int,
    currency: str,
    *,
    expected_version: int | None = None,
    clock: Clock,
) -> int:
    """Set the price of a medicine at a pharmacy; the pharmacy's counter afterwards.

    Raises:
        Refused: if the price is less than 0, or the medicine unknown, or the item not at that version.
    """
    if not 0 <= price_minor <= 10**12:
        raise Refused("A price is 0 or more; write it like 12.50.")
    now = clock()
    place = place_of(connection, pharmacy_id)
    item = lock_items(connection, place, {medicine_id}, creating=True, clock=clock).get(medicine_id)
    if item is None:
        raise UnknownMedicine()
    if expected_version is not None and item.version != expected_version:
        raise Conflict(STALE)
    seq = ledger.one_change(connection, place, item, now, price_minor=price_minor)
    repriced = told.StockRepriced(
        pharmacy_id, seq, item.stock_item_id, medicine_id, price_minor, currency, now
    )
    ledger.tell(connection, place, repriced, uuid7(clock), now)
    return seq


def set_levels(
    connection: sa.Connection,
    pharmacy_id: UUID,
    medicine_id: UUID,
    minimum_milli: int | None,
    reorder_milli: int | None,
    *,
    expected_version: int | None = None,
    clock: Clock,
) -> int:
    """Set below which amounts a medicine is too few, and is to be ordered; the pharmacy's counter afterwards.

    None: no such level is kept.

    Raises:
        Refused: if a level is impossible, the medicine unknown, or the item not at that version.
    """
    levels = [level for level in (minimum_milli, reorder_milli) if level is not None]
    if any(not 0 <= level <= MAX_QUANTITY_MILLI for level in levels):
        raise Refused("A level is 0 packs or more; leave it empty to keep none.")
    if levels != sorted(levels):
        raise Refused("The minimum is not above the level at which you order again.")
    now = clock()
    place = place_of(connection, pharmacy_id)
    item = lock_items(connection, place, {medicine_id}, creating=True, clock=clock).get(medicine_id)
    if item is None:
        raise UnknownMedicine()
    if expected_version is not None and item.version != expected_version:
        raise Conflict(STALE)
    seq = ledger.one_change(connection, place, item, now)
    connection.execute(
        sa.update(stock_item)
        .where(stock_item.c.id == item.row_id)
        .values(minimum_milli=minimum_milli, reorder_milli=reorder_milli)
    )
    levels_set = told.StockLevelsSet(
        pharmacy_id, seq, item.stock_item_id, medicine_id, minimum_milli, reorder_milli, now
    )
    ledger.tell(connection, place, levels_set, uuid7(clock), now)
    return seq
