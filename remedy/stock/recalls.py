"""A lot that may not be handed out any more: recalled, and what that does to packs set aside.

A recall blocks a lot where it lies, and packs of it that are on their way where they arrive. They leave the
shelf afterwards, by a return to the supplier.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.events import pharmacy as told
from remedy.schema.orders import pharmacy_order
from remedy.schema.people import patient
from remedy.schema.pharmacy import stock_hold, stock_lot, stock_movement_lot
from remedy.stock import batches, ledger, reasons
from remedy.stock.locks import Item, Place, lock_counter, lock_items, place_of
from remedy.stock.lot_queries import recalled_of
from remedy.stock.model import Effect, Line, Lot, Recorded, Refused, UnknownMedicine
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import Clock, local_day, uuid7

LONGEST_LOT = 60


@dataclass(frozen=True)
class Recalled:
    """A lot that is recalled: its movement, how much there is of it, and how many holds ended for it."""

    recorded: Recorded
    blocked_milli: int
    withdrawn: int


def recall_lot(
    connection: sa.Connection,
    pharmacy_id: UUID,
    medicine_id: UUID,
    lot_number: str,
    *,
    reason_code: str,
    account_id: UUID | None = None,
    clock: Clock,
) -> Recalled:
    """Block a lot of a medicine, whether or not the pharmacy has any of it yet.

    What arrives of it later is blocked too. Holds that are no longer covered end, the latest first, and their
    patients are owed a mail.

    Raises:
        Refused: if the lot has no number, the reason is none for a recall, or it is recalled already.
    """
    now, lot_number = clock(), lot_number.strip()
    if not 0 < len(lot_number) <= LONGEST_LOT:
        raise Refused("Give the number of the lot, of up to 60 characters.")
    if reasons.reason_of(reason_code, "recalled") is None:
        raise Refused("Choose who says so: a recall needs one of its own reasons.")
    place = place_of(connection, pharmacy_id)
    items = lock_items(connection, place, {medicine_id}, creating=True, clock=clock)
    item = items.get(medicine_id)
    if item is None:
        raise UnknownMedicine()
    lot = ledger.lot_for(item, lot_number, None, clock=clock)
    if lot.is_recalled:
        raise Refused(f"Lot {lot_number} is recalled already.")
    entry = _entry(item, replace(lot, is_recalled=True), "recalled", lot.quantity_milli, now, clock)
    entry = replace(entry, reason_code=reason_code)
    seq = lock_counter(connection, place) + 1
    ledger.write(connection, place, [entry], first_seq=seq, account_id=account_id)
    connection.execute(
        sa.update(stock_lot).where(stock_lot.c.public_id == lot.lot_id).values(recalled_at=now)
    )
    ended = withdraw_uncovered(connection, place, item, reason_code=reason_code, clock=clock)
    recorded = Recorded(entry.movement_id, seq, entry.balance_milli, 0)
    return Recalled(recorded, lot.quantity_milli, len(ended))


def recall_arriving(
    connection: sa.Connection,
    sender_id: UUID,
    receiver_id: UUID,
    medicine_id: UUID,
    lot_numbers: Collection[str],
    *,
    account_id: UUID | None = None,
    clock: Clock,
) -> None:
    """Block at the receiver, before packs of them are booked in, those of the lots that the sender has recalled.

    Refusing the packs would leave them nobody's, on their way for ever, while they stand in a box behind the
    counter. Booked in as recalled they are where they are: both ledgers close, no page finds, holds, picks or
    counts them, and they leave by a return to the supplier. What the receiver had of such a lot before is
    blocked with them, for it is the same lot.
    """
    blocked = recalled_of(connection, receiver_id, medicine_id)
    wanted = recalled_of(connection, sender_id, medicine_id) & set(lot_numbers)
    for lot_number in sorted(wanted - blocked):
        recall_lot(
            connection, receiver_id, medicine_id, lot_number, reason_code="recalled_by_sender",
            account_id=account_id, clock=clock,
        )  # fmt: skip


def record_of_lot(
    connection: sa.Connection,
    pharmacy_id: UUID,
    line: Line,
    *,
    account_id: UUID | None = None,
    clock: Clock,
) -> Recorded:
    """Record what was decided of one lot: written off, returned. Holds it no longer covers end, as by a recall.

    Raises:
        Refused: if the lot holds fewer packs, or the line cannot be believed.
    """
    now = clock()
    (answer,) = batches.record_told(connection, pharmacy_id, [(now, line)], account_id=account_id)
    if isinstance(answer, Refused):
        raise answer
    place = place_of(connection, pharmacy_id)
    wanted = {line.medicine_id}
    (item,) = lock_items(connection, place, wanted, creating=False, clock=clock).values()
    code = line.reason_code or ""
    withdraw_uncovered(connection, place, item, reason_code=code, clock=clock)
    return answer


def lift_recall(
    connection: sa.Connection, item: Item, movement_row: int, now: datetime, clock: Clock
) -> ledger.Entry:
    """The reversal of a recall, ready to be written; its lot may be handed out again."""
    lot_id = connection.execute(
        sa.select(stock_lot.c.public_id)
        .join_from(stock_movement_lot, stock_lot)
        .where(stock_movement_lot.c.movement_id == movement_row)
    ).scalar_one()
    (lot,) = (one for one in item.lots if one.lot_id == lot_id)
    connection.execute(
        sa.update(stock_lot).where(stock_lot.c.public_id == lot_id).values(recalled_at=None)
    )
    return _entry(item, replace(lot, is_recalled=False), "reversed", 0, now, clock)


def _entry(
    item: Item, lot: Lot, kind: str, quantity_milli: int, now: datetime, clock: Clock
) -> ledger.Entry:
    """What changes whether a lot may be sold, and no amount; done in the item as held here."""
    item.lots = [one for one in item.lots if one.lot_id != lot.lot_id] + [lot]
    item.version += 1
    expires_on = lot.expires_on.isoformat() if lot.expires_on else None
    return ledger.Entry(
        movement_id=uuid7(clock),
        item=item,
        kind=kind,
        effect=Effect(quantity_milli, {}),
        balance_milli=item.balance_milli,
        lots=(told.LotChange(lot.lot_id, 0, lot.lot_number, expires_on),),
        occurred_at=now,
        recorded_at=now,
    )


def withdraw_uncovered(
    connection: sa.Connection, place: Place, item: Item, *, reason_code: str, clock: Clock
) -> list[UUID]:
    """End the holds of a locked item that its lots cover no longer, the latest first; their ids.

    Nothing stays promised that is not there; each one's patient is owed a mail.
    """
    now = clock()
    row_id = sa.literal(item.row_id)
    day = local_day(now, place.time_zone)
    sellable, held = connection.execute(
        sa.select(sellable_milli(row_id, day), held_milli(row_id, now))
    ).one()
    ended: list[UUID] = []
    for row in _held_now(connection, item, now):
        if held <= sellable:
            break
        connection.execute(
            sa.update(stock_hold).where(stock_hold.c.id == row.id).values(state="withdrawn")
        )
        held -= row.quantity_milli
        seq = ledger.one_change(connection, place, item, now)
        withdrawn = told.StockWithdrawn(
            row.public_id, place.pharmacy_id, seq, item.stock_item_id, item.medicine_id,
            row.quantity_milli, max(0, sellable - held), now, reason_code,
        )  # fmt: skip
        ledger.tell(connection, place, withdrawn, uuid7(clock), now)
        if row.patient_id is not None:
            kind: owed.Kind = "order_withdrawn" if row.order_id else "hold_withdrawn"
            owed.owe(connection, kind, row.order_id or row.public_id, row.patient_id, now=now)
        ended.append(row.public_id)
    return ended


def _held_now(connection: sa.Connection, item: Item, now: datetime) -> Sequence[Any]:
    hold = stock_hold.c
    return connection.execute(
        sa.select(
            hold.id, hold.public_id, hold.quantity_milli,
            patient.c.public_id.label("patient_id"), pharmacy_order.c.public_id.label("order_id"),
        )
        .select_from(
            stock_hold.outerjoin(patient, patient.c.id == hold.patient_id)
            .outerjoin(pharmacy_order, pharmacy_order.c.id == hold.order_id)
        )
        .where(hold.stock_item_id == item.row_id, hold.state == "held", hold.expires_at > now)
        .order_by(hold.id.desc())
    ).all()  # fmt: skip
