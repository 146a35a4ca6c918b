"""How a change of stock is written once its locks are held: lots, counter, ledger, items, and the telling.

What a change means is decided in `model.py`; who asks for it, in `service.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox
from remedy.events import pharmacy as told
from remedy.events.base import Event
from remedy.schema.people import account
from remedy.schema.pharmacy import (
    pharmacy,
    stock_item,
    stock_lot,
    stock_movement,
    stock_movement_lot,
    stock_transfer,
)
from remedy.stock.locks import Item, Place, lock_counter
from remedy.stock.model import Effect, Lot, Refused, changed
from remedy.values import Clock, uuid7

_EVENTS = {
    "received": told.StockReceived,
    "sold": told.StockSold,
    "adjusted": told.StockAdjusted,
    "counted": told.StockCounted,
    "expired": told.StockExpired,
    "recalled": told.StockRecalled,
    "returned": told.StockReturned,
    "transferred": told.StockTransferred,
    "reversed": told.StockReversed,
}


@dataclass(frozen=True)
class Entry:
    """One movement ready to be written, as it was at its place in the order of the transaction."""

    movement_id: UUID
    item: Item
    kind: str
    effect: Effect
    balance_milli: int
    lots: tuple[told.LotChange, ...]
    occurred_at: datetime
    recorded_at: datetime
    line_id: str | None = None
    reason: str | None = None
    reverses_row_id: int | None = None
    reason_code: str | None = None
    transfer_id: UUID | None = None
    more: dict[str, Any] = field(default_factory=dict)


def raise_counter(connection: sa.Connection, place: Place, pharmacy_seq: int) -> None:
    """Set the counter, which this transaction has locked."""
    connection.execute(
        sa.update(pharmacy).where(pharmacy.c.id == place.row_id).values(pharmacy_seq=pharmacy_seq)
    )


def one_change(
    connection: sa.Connection,
    place: Place,
    item: Item,
    now: datetime,
    *,
    price_minor: int | None = None,
) -> int:
    """Mark a locked item as changed, once, by what is no movement; the pharmacy's counter afterwards."""
    seq = lock_counter(connection, place) + 1
    values: dict[str, Any] = {
        "version": stock_item.c.version + 1,
        "changed_seq": seq,
        "changed_at": now,
    }
    if price_minor is not None:
        values["price_minor"] = price_minor
    connection.execute(sa.update(stock_item).where(stock_item.c.id == item.row_id).values(values))
    raise_counter(connection, place, seq)
    return seq


def tell(
    connection: sa.Connection, place: Place, happened: Event, event_id: UUID, now: datetime
) -> None:
    """Record what happened now, under the pharmacy's key."""
    outbox.record(
        connection,
        happened,
        event_id=event_id,
        key=str(place.pharmacy_id),
        occurred_at=now,
    )


def lot_for(
    item: Item,
    lot_number: str,
    expires_on: date | None,
    *,
    earlier_wins: bool = False,
    clock: Clock,
) -> Lot:
    """The item's lot of that number as it will be after the change: a new one if it has none yet.

    With `earlier_wins`, of two expiry dates the earlier is kept.

    Raises:
        Refused: if the lot is known with another expiry date.
    """
    for lot in item.lots:
        if lot.lot_number != lot_number:
            continue
        if expires_on is None or lot.expires_on == expires_on:
            return lot
        if lot.expires_on is not None and earlier_wins:
            expires_on = min(expires_on, lot.expires_on)
        elif lot.expires_on is not None:
            raise Refused(
                f"Lot {lot_number} is known to expire on {lot.expires_on}, not on {expires_on}; "
                "look at the pack."
            )
        return Lot(lot.lot_id, lot_number, expires_on, lot.is_recalled, lot.quantity_milli)
    return Lot(uuid7(clock), lot_number, expires_on, False, 0)


def apply(item: Item, effect: Effect, into: Lot | None) -> tuple[told.LotChange, ...]:
    """Make the change in the item as held here; the changes of its lots, complete enough to be folded."""
    if into is not None and into.lot_id in effect.deltas:
        item.lots = [lot for lot in item.lots if lot.lot_id != into.lot_id] + [into]
    item.lots = changed(item.lots, effect.deltas)
    return tuple(
        told.LotChange(
            lot.lot_id,
            effect.deltas[lot.lot_id],
            lot.lot_number or None,
            lot.expires_on.isoformat() if lot.expires_on else None,
        )
        for lot in item.lots
        if lot.lot_id in effect.deltas
    )


def write(
    connection: sa.Connection,
    place: Place,
    entries: Sequence[Entry],
    *,
    first_seq: int,
    account_id: UUID | None,
) -> None:
    """Write movements, in their order, with the lots and items they changed; then tell of them.

    The caller holds the locks of `lock_items` and `lock_counter`.
    """
    items = list({entry.item.row_id: entry.item for entry in entries}.values())
    lot_rows = _write_lots(connection, items, entries)
    raise_counter(connection, place, first_seq + len(entries) - 1)
    numbered = list(enumerate(entries, first_seq))
    account_row = _account_row(connection, account_id)
    connection.execute(
        sa.insert(stock_movement),
        [
            {
                "public_id": entry.movement_id,
                "pharmacy_id": place.row_id,
                "stock_item_id": entry.item.row_id,
                "pharmacy_seq": seq,
                "kind": entry.kind,
                "quantity_milli": entry.effect.quantity_milli,
                "uncovered_milli": entry.effect.uncovered_milli,
                "balance_milli": entry.balance_milli,
                "line_id": entry.line_id,
                "reason": entry.reason,
                "reason_code": entry.reason_code,
                "transfer_id": _transfer_row(connection, entry.transfer_id),
                "reverses_id": entry.reverses_row_id,
                "account_id": account_row,
                "occurred_at": entry.occurred_at,
                "recorded_at": entry.recorded_at,
            }
            for seq, entry in numbered
        ],
    )
    _write_lot_changes(connection, place, numbered, lot_rows)
    _write_items(connection, numbered)
    outbox.record_many(
        connection,
        str(place.pharmacy_id),
        [
            outbox.Told(
                happened_of(place, entry, seq),
                entry.movement_id,
                entry.occurred_at,
                entry.recorded_at,
            )
            for seq, entry in numbered
        ],
    )


def _account_row(connection: sa.Connection, account_id: UUID | None) -> int | None:
    if account_id is None:
        return None
    found = connection.execute(sa.select(account.c.id).where(account.c.public_id == account_id))
    return int(found.scalar_one())


def _transfer_row(connection: sa.Connection, transfer_id: UUID | None) -> int | None:
    if transfer_id is None:
        return None
    found = connection.execute(
        sa.select(stock_transfer.c.id).where(stock_transfer.c.public_id == transfer_id)
    )
    return int(found.scalar_one())


def _write_lots(
    connection: sa.Connection, items: Iterable[Item], entries: Iterable[Entry]
) -> dict[UUID, int]:
    """Change, or make, the lots that were touched; their row ids by public id."""
    deltas: dict[UUID, int] = {}
    for entry in entries:
        for change in entry.lots:
            deltas[change.lot_id] = deltas.get(change.lot_id, 0) + change.delta_milli
    if not deltas:
        return {}
    row_ids = _lot_rows(connection, deltas)
    new = []
    known: dict[int, Lot] = {}
    for item in items:
        for lot in item.lots:
            if lot.lot_id in row_ids:
                known[row_ids[lot.lot_id]] = lot
            elif lot.lot_id in deltas:
                new.append(
                    {
                        "public_id": lot.lot_id,
                        "stock_item_id": item.row_id,
                        "medicine_id": item.medicine_row,
                        "lot_number": lot.lot_number,
                        "expires_on": lot.expires_on,
                        "quantity_milli": lot.quantity_milli,
                    }
                )
    if known:
        _change_lots(connection, known, deltas)
    if new:
        connection.execute(sa.insert(stock_lot), new)
        row_ids = _lot_rows(connection, deltas)
    return row_ids


def _lot_rows(connection: sa.Connection, lot_ids: Iterable[UUID]) -> dict[UUID, int]:
    rows = connection.execute(
        sa.select(stock_lot.c.public_id, stock_lot.c.id).where(
            stock_lot.c.public_id.in_(list(lot_ids))
        )
    )
    return {row.public_id: row.id for row in rows}


def _change_lots(connection: sa.Connection, lots: dict[int, Lot], deltas: dict[UUID, int]) -> None:
    """Change the lots of these row ids, in one statement however many they are."""
    by_row = {row_id: deltas[lot.lot_id] for row_id, lot in lots.items()}
    after = stock_lot.c.quantity_milli + sa.case(by_row, value=stock_lot.c.id)
    expires_on = sa.case(
        {row_id: sa.literal(lot.expires_on, sa.Date) for row_id, lot in lots.items()},
        value=stock_lot.c.id,
    )
    done = connection.execute(
        sa.update(stock_lot)
        .where(stock_lot.c.id.in_(list(lots)), after >= 0)
        .values(quantity_milli=after, expires_on=expires_on)
    )
    if done.rowcount != len(lots):
        # Nobody may change a lot without its item's lock; if somebody did, nothing of this is kept.
        raise RuntimeError("A lot holds less than its locked item said; the change was not made.")


def _write_lot_changes(
    connection: sa.Connection,
    place: Place,
    numbered: Sequence[tuple[int, Entry]],
    lot_rows: dict[UUID, int],
) -> None:
    if not lot_rows:
        return
    rows = connection.execute(
        sa.select(stock_movement.c.id, stock_movement.c.pharmacy_seq).where(
            stock_movement.c.pharmacy_id == place.row_id,
            stock_movement.c.pharmacy_seq.between(numbered[0][0], numbered[-1][0]),
        )
    )
    movement_rows = {row.pharmacy_seq: row.id for row in rows}
    connection.execute(
        sa.insert(stock_movement_lot),
        [
            {
                "movement_id": movement_rows[seq],
                "lot_id": lot_rows[change.lot_id],
                "delta_milli": change.delta_milli,
            }
            for seq, entry in numbered
            for change in entry.lots
        ],
    )


def _write_items(connection: sa.Connection, numbered: Sequence[tuple[int, Entry]]) -> None:
    """What became of the items, in one statement however many they are."""
    last = {entry.item.row_id: (seq, entry) for seq, entry in numbered}

    def each(column: sa.Column[Any], values: dict[int, Any]) -> sa.ColumnElement[Any]:
        said = {row_id: sa.literal(value, column.type) for row_id, value in values.items()}
        return sa.case(said, value=stock_item.c.id)

    of = stock_item.c
    items = {row_id: entry.item for row_id, (_, entry) in last.items()}
    connection.execute(
        sa.update(stock_item)
        .where(of.id.in_(list(last)))
        .values(
            version=each(of.version, {n: item.version for n, item in items.items()}),
            counted_at=each(of.counted_at, {n: item.counted_at for n, item in items.items()}),
            count_wanted_at=each(
                of.count_wanted_at, {n: item.count_wanted_at for n, item in items.items()}
            ),
            changed_seq=each(of.changed_seq, {n: seq for n, (seq, _) in last.items()}),
            changed_at=each(
                of.changed_at, {n: entry.recorded_at for n, (_, entry) in last.items()}
            ),
        )
    )


def happened_of(place: Place, entry: Entry, seq: int) -> Event:
    """The event of a movement."""
    more = dict(entry.more)
    if entry.reason_code is not None:
        more["reason_code"] = entry.reason_code
    if entry.transfer_id is not None:
        more["transfer_id"] = entry.transfer_id
    return _EVENTS[entry.kind](
        movement_id=entry.movement_id,
        pharmacy_id=place.pharmacy_id,
        pharmacy_seq=seq,
        stock_item_id=entry.item.stock_item_id,
        medicine_id=entry.item.medicine_id,
        quantity_milli=entry.effect.quantity_milli,
        uncovered_milli=entry.effect.uncovered_milli,
        balance_milli=entry.balance_milli,
        lots=entry.lots,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        line_id=entry.line_id,
        reason=entry.reason,
        **more,
    )
