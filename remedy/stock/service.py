"""Changes of stock: what a till or a pharmacist tells, prices, and (in `holds.py`) what is set aside.

Each function works in the caller's transaction, at READ COMMITTED, and records its event last. When it raises
`Refused`, roll the transaction back.
"""

from collections.abc import Sequence
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
from remedy.stock import ledger
from remedy.stock.holds import expire_holds, hold, record_refusal, release_hold
from remedy.stock.locks import Item, Place, lock_counter, lock_items, place_of
from remedy.stock.model import (
    Conflict,
    Effect,
    Line,
    Recorded,
    Refused,
    UnknownMedicine,
    effect_of,
    problem_of,
    undo_of,
)
from remedy.values import Clock, local_day, uuid7

__all__ = [
    "expire_holds",
    "hold",
    "record_movement",
    "record_movements",
    "record_refusal",
    "release_hold",
    "reverse_movement",
    "set_price",
]

_STALE = "This stock changed since the page was drawn; look at it again, then decide."


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
        expected_version=expected_version,
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
    expected_version: int | None = None,
    clock: Clock,
) -> list[Recorded | Refused]:
    """Record many lines at once, in their order; each stands alone and has its own answer.

    A line that is refused changes nothing and does not hold up the others. See `record_movement`.
    """
    now = clock()
    place = place_of(connection, pharmacy_id)
    problems = [problem_of(line, now) for line in lines]
    wanted = {line.medicine_id for line, no in zip(lines, problems, strict=True) if no is None}
    items = lock_items(connection, place, wanted, creating=True, clock=clock)
    before = lock_counter(connection, place)
    told_before = _told_before(connection, place, lines)
    answers: list[Recorded | Refused] = []
    entries: list[ledger.Entry] = []
    for line, problem in zip(lines, problems, strict=True):
        try:
            if problem is not None:
                raise Refused(problem)
            if line.line_id in told_before:
                answers.append(_repeat(line, *told_before[line.line_id]))
                continue
            item = items.get(line.medicine_id)
            if item is None:
                raise UnknownMedicine()
            if expected_version is not None and item.version != expected_version:
                raise Conflict(_STALE)
            entry = _entry(place, item, line, now, clock)
        except Refused as refusal:
            answers.append(refusal)
            continue
        entries.append(entry)
        seq = before + len(entries)
        uncovered = entry.effect.uncovered_milli
        recorded = Recorded(entry.movement_id, seq, entry.balance_milli, uncovered)
        answers.append(recorded)
        if line.line_id is not None:
            told_before[line.line_id] = (line, recorded)
    if entries:
        ledger.write(
            connection, place, entries, first_seq=before + 1, account_id=account_id, now=now
        )
    return answers


def _entry(place: Place, item: Item, line: Line, now: datetime, clock: Clock) -> ledger.Entry:
    """What the line does to its item, done in the item as held here."""
    is_late = item.counted_at is not None and line.occurred_at < item.counted_at
    into = None
    if is_late and line.kind == "counted":
        raise Refused("This medicine was counted again since; the older count is not needed.")
    if is_late:
        effect = Effect(line.quantity_milli, {})
    else:
        into = ledger.lot_for(item, line.lot_number, line.expires_on, clock=clock)
        day = local_day(line.occurred_at, place.time_zone)
        effect = effect_of(line, item.lots, into=into.lot_id, day=day)
    changes = ledger.apply(item, effect, into)
    item.version += 1
    if line.kind == "counted":
        item.counted_at, item.count_wanted_at = line.occurred_at, None
    elif effect.uncovered_milli and item.count_wanted_at is None:
        item.count_wanted_at = now
    return ledger.Entry(
        movement_id=uuid7(clock),
        item=item,
        kind=line.kind,
        effect=effect,
        balance_milli=item.balance_milli,
        lots=changes,
        occurred_at=line.occurred_at,
        line_id=line.line_id,
        reason=line.reason,
    )


def _told_before(
    connection: sa.Connection, place: Place, lines: Sequence[Line]
) -> dict[str | None, tuple[Line, Recorded]]:
    """The lines of these names that the pharmacy has told, as they were told; the counter is locked."""
    named = [line.line_id for line in lines if line.line_id]
    if not named:
        return {}
    rows = connection.execute(
        sa.select(stock_movement, medicine.c.public_id.label("medicine_public_id"))
        .select_from(stock_movement)
        .join(stock_item, stock_item.c.id == stock_movement.c.stock_item_id)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .where(stock_movement.c.pharmacy_id == place.row_id, stock_movement.c.line_id.in_(named))
    ).all()
    lots = {row.id: "" for row in rows}
    for change in connection.execute(
        sa.select(stock_movement_lot.c.movement_id, stock_lot.c.lot_number)
        .select_from(stock_movement_lot)
        .join(stock_lot, stock_lot.c.id == stock_movement_lot.c.lot_id)
        .where(stock_movement_lot.c.movement_id.in_(list(lots)))
    ):
        lots[change.movement_id] = change.lot_number
    return {
        row.line_id: (
            Line(
                row.kind,
                row.medicine_public_id,
                row.balance_milli if row.kind == "counted" else row.quantity_milli,
                row.occurred_at,
                line_id=row.line_id,
                reason=row.reason,
                lot_number=lots[row.id],
            ),
            Recorded(row.public_id, row.pharmacy_seq, row.balance_milli, row.uncovered_milli),
        )
        for row in rows
    }


def _repeat(line: Line, first: Line, recorded: Recorded) -> Recorded:
    def said(one: Line) -> tuple[object, ...]:
        return (one.kind, one.medicine_id, one.quantity_milli, one.occurred_at)

    # Only of what came in does the ledger still know the lot that was told.
    other_lot = line.kind == "received" and first.lot_number not in {"", line.lot_number}
    if said(line) != said(first) or other_lot:
        raise Refused(
            f"The line_id '{line.line_id}' was used before for another line; "
            "give each line a name of its own."
        )
    return Recorded(
        recorded.movement_id,
        recorded.pharmacy_seq,
        recorded.balance_milli,
        recorded.uncovered_milli,
        is_repeat=True,
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
    wanted = {first.medicine_public_id}
    (item,) = lock_items(connection, place, wanted, creating=False, clock=clock).values()
    if connection.execute(
        sa.select(stock_movement.c.id).where(stock_movement.c.reverses_id == first.id)
    ).first():
        raise Refused("This movement is reversed already.")
    effect = _undone(connection, first, item)
    changes = ledger.apply(item, effect, None)
    item.version += 1
    if effect.uncovered_milli and item.count_wanted_at is None:
        item.count_wanted_at = now
    entry = ledger.Entry(
        movement_id=uuid7(clock),
        item=item,
        kind="reversed",
        effect=effect,
        balance_milli=item.balance_milli,
        lots=changes,
        occurred_at=now,
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
    ledger.write(connection, place, [entry], first_seq=seq, account_id=account_id, now=now)
    return Recorded(entry.movement_id, seq, entry.balance_milli, effect.uncovered_milli)


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
        raise Conflict(_STALE)
    seq = ledger.one_change(connection, place, item, now, price_minor=price_minor)
    repriced = told.StockRepriced(
        pharmacy_id, seq, item.stock_item_id, medicine_id, price_minor, currency, now
    )
    ledger.tell(connection, place, repriced, uuid7(clock), now)
    return seq
