"""Packs set aside for a patient: hold, release, and the demand of those who were refused.

Called through `remedy.stock.service`.
"""

from datetime import datetime, timedelta
from typing import Literal
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

MAX_HOLD_MINUTES = 7 * 24 * 60


def hold(
    connection: sa.Connection,
    pharmacy_id: UUID,
    medicine_id: UUID,
    quantity_milli: int,
    *,
    patient_id: UUID,
    minutes: int,
    may_be_controlled: bool = False,
    clock: Clock,
) -> Held:
    """Set packs aside for a patient for some minutes.

    A controlled medicine is set aside only where the installation allows it (design decision 15).

    Raises:
        OutOfStock: if fewer are available; then roll back and call `record_refusal` in a second transaction.
        Refused: if the request itself cannot be granted.
    """
    if quantity_milli <= 0 or not 0 < minutes <= MAX_HOLD_MINUTES:
        raise Refused("Ask for more than 0 packs, for between a minute and seven days.")
    now = clock()
    place = place_of(connection, pharmacy_id)
    if not place.is_verified:
        raise Refused("This pharmacy has not been checked yet; nothing can be set aside there.")
    _check_medicine(connection, medicine_id, may_be_controlled)
    patient_row = connection.execute(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id)
    ).scalar_one_or_none()
    if patient_row is None:
        raise Refused("Only a registered patient can have packs set aside.")
    item = lock_items(connection, place, {medicine_id}, creating=False, clock=clock).get(
        medicine_id
    )
    if item is None:
        raise OutOfStock(shortage_sentence(0))
    available = _available(place, item, now)
    hold_id, expires_at = uuid7(clock), now + timedelta(minutes=minutes)
    values: dict[str, object] = {
        "public_id": hold_id,
        "stock_item_id": item.row_id,
        "patient_id": patient_row,
        "quantity_milli": quantity_milli,
        "state": "held",
        "created_at": now,
        "expires_at": expires_at,
    }
    # One statement decides; the item's lock makes two of them come one after the other.
    source = sa.select(
        *(sa.literal(value, stock_hold.c[name].type) for name, value in values.items())
    ).where(stock_item.c.id == item.row_id, available >= quantity_milli)
    done = connection.execute(sa.insert(stock_hold).from_select(list(values), source))
    left = int(connection.execute(sa.select(available)).scalar_one())
    if done.rowcount != 1:
        raise OutOfStock(shortage_sentence(left))
    seq = ledger.one_change(connection, place, item, now)
    held = told.StockHeld(
        hold_id, pharmacy_id, seq, item.stock_item_id, medicine_id, quantity_milli, left, now,
        expires_at,
    )  # fmt: skip
    ledger.tell(connection, place, held, hold_id, now)
    return Held(hold_id, seq, left, expires_at)


def release_hold(
    connection: sa.Connection,
    hold_id: UUID,
    *,
    patient_id: UUID | None,
    why: Literal["cancelled", "expired"] = "cancelled",
    clock: Clock,
) -> int:
    """End a hold without a sale; the pharmacy's counter afterwards.

    `patient_id` is whose hold it is; None only where the platform itself lets go of an expired one.

    Raises:
        Refused: if the patient has no such hold, or it has ended already.
    """
    now = clock()
    mine = stock_hold.c.public_id == hold_id
    if patient_id is not None:
        mine &= stock_hold.c.patient_id.in_(
            sa.select(patient.c.id).where(patient.c.public_id == patient_id)
        )
    found = connection.execute(
        sa.select(
            stock_hold.c.id,
            stock_hold.c.quantity_milli,
            pharmacy.c.public_id.label("pharmacy_public_id"),
            medicine.c.public_id.label("medicine_public_id"),
        )
        .select_from(stock_hold)
        .join(stock_item, stock_item.c.id == stock_hold.c.stock_item_id)
        .join(pharmacy, pharmacy.c.id == stock_item.c.pharmacy_id)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .where(mine)
    ).one_or_none()
    if found is None:
        raise Refused("You have no hold of that id.")
    place = place_of(connection, found.pharmacy_public_id)
    wanted = {found.medicine_public_id}
    (item,) = lock_items(connection, place, wanted, creating=False, clock=clock).values()
    done = connection.execute(
        sa.update(stock_hold)
        .where(stock_hold.c.id == found.id, stock_hold.c.state == "held")
        .values(state="released")
    )
    if done.rowcount != 1:
        raise Refused("This hold has ended already.")
    left = max(0, int(connection.execute(sa.select(_available(place, item, now))).scalar_one()))
    seq = ledger.one_change(connection, place, item, now)
    released = told.StockReleased(
        hold_id, place.pharmacy_id, seq, item.stock_item_id, item.medicine_id,
        found.quantity_milli, left, now, why,
    )  # fmt: skip
    ledger.tell(connection, place, released, uuid7(clock), now)
    return seq


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


def _check_medicine(connection: sa.Connection, medicine_id: UUID, may_be_controlled: bool) -> None:
    is_controlled = connection.execute(
        sa.select(medicine.c.is_controlled).where(medicine.c.public_id == medicine_id)
    ).scalar_one_or_none()
    if is_controlled is None:
        raise UnknownMedicine()
    if is_controlled and not may_be_controlled:
        raise Refused("A controlled medicine is not set aside online; go and see the pharmacist.")


def _available(place: Place, item: Item, now: datetime) -> sa.ColumnElement[int]:
    day = local_day(now, place.time_zone)
    return sellable_milli(sa.literal(item.row_id), day) - held_milli(sa.literal(item.row_id), now)


def expire_holds(connection: sa.Connection, *, clock: Clock, limit: int = 200) -> list[UUID]:
    """Tell of holds whose time is over, the oldest first; their ids.

    They count no more from that moment on whether or not this has run: it is for the open screens.
    """
    now = clock()
    due = connection.execute(
        sa.select(stock_hold.c.public_id)
        .where(stock_hold.c.state == "held", stock_hold.c.expires_at <= now)
        .order_by(stock_hold.c.expires_at)
        .limit(limit)
    )
    ended = []
    for hold_id in due.scalars().all():
        try:
            release_hold(connection, hold_id, patient_id=None, why="expired", clock=clock)
        except Refused:
            # Its patient cancelled it since we looked.
            continue
        ended.append(hold_id)
    return ended
