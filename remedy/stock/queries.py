"""What pages read of stock: rows of a pharmacy, its counter, an item's stock card; what is available, as SQL."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.people import account
from remedy.schema.pharmacy import (
    medicine,
    pharmacy,
    stock_hold,
    stock_item,
    stock_lot,
    stock_movement,
)
from remedy.stock.locks import place_of
from remedy.stock.model import Movement, StockRow
from remedy.values import local_day

Number = sa.ColumnElement[int]


def sellable_milli(stock_item_id: Number, day: date | sa.ColumnElement[date]) -> Number:
    """SQL: what the item's lots hold that may be sold on that local day (see `model.Lot.is_sellable`)."""
    may_be_sold = stock_lot.c.recalled_at.is_(None) & sa.or_(
        stock_lot.c.expires_on.is_(None), stock_lot.c.expires_on > day
    )
    return _sum(stock_lot.c.quantity_milli, stock_lot.c.stock_item_id == stock_item_id, may_be_sold)


def held_milli(stock_item_id: Number, now: datetime) -> Number:
    """SQL: what is set aside of the item; an expired hold counts no more at once."""
    return _sum(
        stock_hold.c.quantity_milli,
        stock_hold.c.stock_item_id == stock_item_id,
        stock_hold.c.state == "held",
        stock_hold.c.expires_at > now,
    )


def _sum(column: Number, *where: sa.ColumnElement[bool]) -> Number:
    # SUM of BIGINT is DECIMAL in the database; we hand out integers.
    whole = sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger)
    return sa.select(whole).where(*where).correlate(stock_item, pharmacy).scalar_subquery()


def stock_rows(
    connection: sa.Connection,
    pharmacy_id: UUID,
    *,
    now: datetime,
    after_seq: int | None = None,
    medicine_id: UUID | None = None,
    only: Literal["count_wanted", "with_level"] | None = None,
) -> list[StockRow]:
    """A pharmacy's stock items by name; with `after_seq`, those changed since the counter stood there.

    `only` leaves those for which a count is asked for, or a level is kept.

    Raises:
        Refused: if no pharmacy has that id.
    """
    place = place_of(connection, pharmacy_id)
    day = local_day(now, place.time_zone)
    item, lot = stock_item.c, stock_lot.c
    on_hand = _sum(lot.quantity_milli, lot.stock_item_id == item.id)
    next_expiry = (
        sa.select(sa.func.min(lot.expires_on))
        .where(lot.stock_item_id == item.id, lot.quantity_milli > 0)
        .correlate(stock_item)
        .scalar_subquery()
    )
    query = (
        sa.select(
            item.public_id.label("stock_item_id"),
            medicine.c.public_id.label("medicine_id"),
            medicine.c.generic_name,
            medicine.c.brand_name,
            medicine.c.strength,
            medicine.c.form,
            medicine.c.pack,
            item.price_minor,
            on_hand.label("on_hand_milli"),
            held_milli(item.id, now).label("held_milli"),
            sellable_milli(item.id, day).label("sellable_milli"),
            item.version,
            item.minimum_milli,
            item.reorder_milli,
            medicine.c.gtin,
            item.changed_seq,
            item.changed_at,
            item.count_wanted_at,
            next_expiry.label("next_expiry_on"),
            medicine.c.source,
            medicine.c.source_key,
        )
        .select_from(stock_item)
        .join(medicine, medicine.c.id == item.medicine_id)
        .where(item.pharmacy_id == place.row_id)
        .order_by(sa.func.lower(medicine.c.generic_name), medicine.c.brand_name, medicine.c.id)
    )
    if after_seq is not None:
        query = query.where(item.changed_seq > after_seq)
    if medicine_id is not None:
        query = query.where(medicine.c.public_id == medicine_id)
    if only == "count_wanted":
        query = query.where(item.count_wanted_at.is_not(None))
    elif only == "with_level":
        query = query.where(
            sa.or_(item.minimum_milli.is_not(None), item.reorder_milli.is_not(None))
        )
    found = []
    for row in connection.execute(query).mappings():
        values = dict(row)
        available = max(0, values.pop("sellable_milli") - values["held_milli"])
        source, key = values.pop("source"), values.pop("source_key")
        code = f"{source}:{key}" if source and key else ""
        found.append(StockRow(**values, available_milli=available, code=code))
    return found


def pharmacy_seq(connection: sa.Connection, pharmacy_id: UUID) -> int:
    """The pharmacy's counter: the number of its last change.

    Read it before `stock_rows`: what changes in between is then sent again, never missed.
    """
    found = connection.execute(
        sa.select(pharmacy.c.pharmacy_seq).where(pharmacy.c.public_id == pharmacy_id)
    )
    return int(found.scalar_one())


def movements(
    connection: sa.Connection,
    pharmacy_id: UUID,
    medicine_id: UUID,
    *,
    before_seq: int | None = None,
    movement_id: UUID | None = None,
    limit: int = 50,
) -> list[Movement]:
    """The stock card of a medicine at a pharmacy: its movements, the last told first.

    With `before_seq`, those told before the pharmacy's counter stood there; with `movement_id`, that one.
    """
    place = place_of(connection, pharmacy_id)
    move, undo = stock_movement.c, stock_movement.alias("undo").c
    is_reversed = sa.exists().where(undo.reverses_id == move.id)
    query = (
        sa.select(
            move.public_id.label("movement_id"),
            move.pharmacy_seq,
            move.kind,
            move.quantity_milli,
            move.uncovered_milli,
            move.balance_milli,
            move.occurred_at,
            move.recorded_at,
            move.line_id,
            move.reason,
            move.reason_code,
            account.c.staff_name.label("by"),
            is_reversed.label("is_reversed"),
        )
        .select_from(
            stock_movement.join(stock_item, stock_item.c.id == move.stock_item_id)
            .join(medicine, medicine.c.id == stock_item.c.medicine_id)
            .outerjoin(account, account.c.id == move.account_id)
        )
        .where(move.pharmacy_id == place.row_id, medicine.c.public_id == medicine_id)
        .order_by(move.id.desc())
        .limit(limit)
    )
    if before_seq is not None:
        query = query.where(move.pharmacy_seq < before_seq)
    if movement_id is not None:
        query = query.where(move.public_id == movement_id)
    return [
        Movement(**{**row, "is_reversed": bool(row["is_reversed"])})
        for row in connection.execute(query).mappings()
    ]
