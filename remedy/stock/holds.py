"""Packs set aside for a patient, in the steps that holds and orders share, and the demand of those who were refused.

`look_aside` locks and refuses, `put_aside` writes, `let_go` ends. What a patient may have set aside is decided
above, in `remedy.orders`: what is on prescription only is refused here unless that room answers for it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from remedy.events import pharmacy as told
from remedy.schema.people import patient
from remedy.schema.pharmacy import medicine, pharmacy, stock_hold, stock_item
from remedy.stock import ledger
from remedy.stock.locks import Item, Place, lock_counter, lock_items, place_of
from remedy.stock.model import Held, OutOfStock, Refused, UnknownMedicine, shortage_sentence
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import Clock, local_day, uuid7


class LinesShort(OutOfStock):
    """Of some of what was asked for fewer packs are there: `available` says how many thousandths, by medicine."""

    def __init__(self, available: Mapping[UUID, int]) -> None:
        self.available = dict(available)
        only = min(self.available.values(), default=0)
        super().__init__(
            shortage_sentence(only)
            if len(self.available) == 1
            else "Not everything is there any more, so nothing was set aside."
        )


def patient_of(connection: sa.Connection, patient_id: UUID) -> int:
    """The patient's row.

    Raises:
        Refused: if there is none.
    """
    found = connection.execute(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id)
    ).scalar_one_or_none()
    if found is None:
        raise Refused("Only a registered patient can have packs set aside.")
    return int(found)


def look_aside(
    connection: sa.Connection,
    place: Place,
    wanted: Mapping[UUID, int],
    *,
    prescribed: Collection[UUID] = (),
    may_be_controlled: bool = False,
    clock: Clock,
) -> list[Item]:
    """Lock the items of what is wanted (thousandths of a pack by medicine), in the order of their ids.

    `prescribed` are the medicines that the caller takes of accepted prescriptions, in this transaction.
    A controlled medicine is set aside only where the installation allows it (design decision 15).

    Raises:
        LinesShort: if of any fewer are available, naming each.
        Refused: if it cannot be had at this pharmacy, or not in this way.
    """
    now = clock()
    if not place.is_verified:
        raise Refused("This pharmacy has not been checked yet; nothing can be set aside there.")
    _check_medicines(connection, wanted, prescribed, may_be_controlled)
    items = lock_items(connection, place, wanted.keys(), creating=False, clock=clock)
    left = {
        medicine_id: available_now(connection, place, items[medicine_id], now)
        if medicine_id in items
        else 0
        for medicine_id in wanted
    }
    short = {each: max(0, left[each]) for each, milli in wanted.items() if left[each] < milli}
    if short:
        raise LinesShort(short)
    return sorted(items.values(), key=lambda item: item.row_id)


def put_aside(
    connection: sa.Connection,
    place: Place,
    items: Sequence[Item],
    wanted: Mapping[UUID, int],
    *,
    patient_row: int,
    expires_at: datetime,
    order_row: int | None = None,
    hold_ids: Mapping[UUID, UUID] | None = None,
    clock: Clock,
) -> list[Held]:
    """Set aside what `look_aside` has locked, and tell of it.

    `hold_ids` are the holds' ids by medicine, where the caller needed them before.

    Raises:
        OutOfStock: if fewer are available after all; then nothing may be kept.
    """
    now, done = clock(), []
    for item in items:
        quantity_milli = wanted[item.medicine_id]
        available = _available(place, item, now)
        hold_id = hold_ids[item.medicine_id] if hold_ids is not None else uuid7(clock)
        values: dict[str, object] = {
            "public_id": hold_id,
            "stock_item_id": item.row_id,
            "medicine_id": item.medicine_row,
            "patient_id": patient_row,
            "quantity_milli": quantity_milli,
            "state": "held",
            "created_at": now,
            "expires_at": expires_at,
            "order_id": order_row,
        }
        # One statement decides; the item's lock makes two of them come one after the other.
        source = sa.select(
            *(sa.literal(value, stock_hold.c[name].type) for name, value in values.items())
        ).where(stock_item.c.id == item.row_id, available >= quantity_milli)
        written = connection.execute(sa.insert(stock_hold).from_select(list(values), source))
        left = int(connection.execute(sa.select(available)).scalar_one())
        if written.rowcount != 1:
            raise LinesShort({item.medicine_id: max(0, left)})
        seq = ledger.one_change(connection, place, item, now)
        held = told.StockHeld(
            hold_id, place.pharmacy_id, seq, item.stock_item_id, item.medicine_id, quantity_milli,
            left, now, expires_at,
        )  # fmt: skip
        ledger.tell(connection, place, held, hold_id, now)
        done.append(Held(hold_id, seq, left, expires_at))
    return done


def let_go(
    connection: sa.Connection,
    place: Place,
    items: Mapping[UUID, Item],
    holds: Sequence[sa.Row[Any]],
    *,
    why: Literal["cancelled", "expired"],
    clock: Clock,
) -> list[int]:
    """Release holds (rows of `holds_query`) whose items are locked; the pharmacy's counter after each.

    Raises:
        Refused: if one of them has ended already.
    """
    now, reached = clock(), []
    for found in holds:
        item = items[found.medicine_public_id]
        done = connection.execute(
            sa.update(stock_hold)
            .where(stock_hold.c.id == found.id, stock_hold.c.state == "held")
            .values(state="released", ended_at=now)
        )
        if done.rowcount != 1:
            raise Refused("This hold has ended already.")
        left = max(0, available_now(connection, place, item, now))
        seq = ledger.one_change(connection, place, item, now)
        released = told.StockReleased(
            found.public_id, place.pharmacy_id, seq, item.stock_item_id, item.medicine_id,
            found.quantity_milli, left, now, why,
        )  # fmt: skip
        ledger.tell(connection, place, released, uuid7(clock), now)
        reached.append(seq)
    return reached


def holds_query() -> sa.Select[Any]:
    """Holds with what a change of them needs: their item's place and medicine."""
    return (
        sa.select(
            stock_hold.c.id,
            stock_hold.c.public_id,
            stock_hold.c.quantity_milli,
            stock_hold.c.state,
            stock_hold.c.expires_at,
            stock_hold.c.ended_at,
            stock_hold.c.stock_item_id,
            pharmacy.c.public_id.label("pharmacy_public_id"),
            medicine.c.public_id.label("medicine_public_id"),
        )
        .select_from(stock_hold)
        .join(stock_item, stock_item.c.id == stock_hold.c.stock_item_id)
        .join(pharmacy, pharmacy.c.id == stock_item.c.pharmacy_id)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .order_by(stock_hold.c.stock_item_id, stock_hold.c.id)
    )


def record_refusal(
    connection: sa.Connection,
    pharmacy_id: UUID,
    medicine_id: UUID,
    quantity_milli: int,
    *,
    clock: Clock,
) -> None:
    """Tell of demand that no sale shows: somebody wanted packs that were not there.

    Called in a second transaction, after the refused one was rolled back. Stock is as before, so the
    pharmacy's counter is locked, to keep the order of telling, but not raised.

    Raises:
        Refused: if the pharmacy or the medicine is unknown.
    """
    now = clock()
    place = place_of(connection, pharmacy_id)
    item = lock_items(connection, place, {medicine_id}, creating=True, clock=clock).get(medicine_id)
    if item is None:
        raise UnknownMedicine()
    lock_counter(connection, place)
    refused = told.StockRefused(pharmacy_id, item.stock_item_id, medicine_id, quantity_milli, now)
    ledger.tell(connection, place, refused, uuid7(clock), now)


def _check_medicines(
    connection: sa.Connection,
    wanted: Mapping[UUID, int],
    prescribed: Collection[UUID],
    may_be_controlled: bool,
) -> None:
    rows = connection.execute(
        sa.select(
            medicine.c.public_id, medicine.c.is_controlled, medicine.c.is_prescription_only
        ).where(medicine.c.public_id.in_(list(wanted)))
    ).all()
    if len(rows) != len(wanted):
        raise UnknownMedicine()
    if any(row.is_controlled for row in rows) and not may_be_controlled:
        raise Refused("A controlled medicine is not set aside online; go and see the pharmacist.")
    if any(row.is_prescription_only and row.public_id not in prescribed for row in rows):
        raise Refused("This medicine is set aside only where an accepted prescription covers it.")


def available_now(connection: sa.Connection, place: Place, item: Item, now: datetime) -> int:
    """What of a locked item is neither set aside nor unfit to be sold; less than 0 where more was promised."""
    return int(connection.execute(sa.select(_available(place, item, now))).scalar_one())


def _available(place: Place, item: Item, now: datetime) -> sa.ColumnElement[int]:
    day = local_day(now, place.time_zone)
    return sellable_milli(sa.literal(item.row_id), day) - held_milli(sa.literal(item.row_id), now)
