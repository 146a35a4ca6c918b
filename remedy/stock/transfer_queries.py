"""What the transfers pages read: a pharmacy's transfers, each from its own side; and who could be asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from math import cos, radians
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.pharmacy import (
    medicine,
    pharmacy,
    stock_item,
    stock_lot,
    stock_transfer,
    stock_transfer_lot,
)
from remedy.stock.locks import place_of
from remedy.stock.model import medicine_label
from remedy.stock.queries import held_milli, sellable_milli
from remedy.stock.transfers import OPEN, STEPS, Side, Step
from remedy.values import local_day

SHOWN = 100
PARTNERS = 30


@dataclass(frozen=True)
class TransferLot:
    """What was sent of a lot; `received_milli` is None while it is on its way, or was taken back.

    `is_recalled` tells whether the sender has recalled the lot, `is_blocked` whether the receiver has.
    """

    lot_number: str
    expires_on: date | None
    sent_milli: int
    received_milli: int | None
    is_recalled: bool = False
    is_blocked: bool = False


@dataclass(frozen=True)
class Transfer:
    """A transfer as one of the two pharmacies sees it: `side` is `out` for who sends."""

    transfer_id: UUID
    side: Side
    state: str
    medicine_id: UUID
    label: str
    quantity_milli: int
    other_name: str
    other_address: str
    other_phone: str | None
    reason_code: str | None
    created_at: datetime
    changed_at: datetime
    lots: list[TransferLot] = field(default_factory=list)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What this side may do now."""
        return STEPS.get((self.state, self.side), ())

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done by either side."""
        return self.state in OPEN

    @property
    def recalled(self) -> list[TransferLot]:
        """Lots that the sender has recalled, and that are on their way or can still be sold where they arrived."""
        return [
            lot
            for lot in self.lots
            if lot.is_recalled
            and (self.state == "sent" or (lot.received_milli and not lot.is_blocked))
        ]

    @property
    def lost_milli(self) -> int:
        """Of what was sent, what did not arrive."""
        return sum(
            lot.sent_milli - lot.received_milli
            for lot in self.lots
            if lot.received_milli is not None
        )


@dataclass(frozen=True)
class Partner:
    """Another pharmacy, and what it could spare of a medicine: `available_milli`."""

    pharmacy_id: UUID
    name: str
    address: str
    available_milli: int


def transfers_of(
    connection: sa.Connection,
    pharmacy_id: UUID,
    *,
    transfer_id: UUID | None = None,
    medicine_id: UUID | None = None,
) -> list[Transfer]:
    """A pharmacy's transfers, those still open first, then the last changed; with `transfer_id`, that one.

    With `medicine_id`, those of that medicine. Of somebody else's transfer nothing is found.
    """
    here = place_of(connection, pharmacy_id).row_id
    move, other = stock_transfer.c, pharmacy.alias("other")
    is_out = move.from_pharmacy_id == here
    other_row = sa.case((is_out, move.to_pharmacy_id), else_=move.from_pharmacy_id)
    names = (
        medicine.c.generic_name, medicine.c.brand_name, medicine.c.strength, medicine.c.form,
        medicine.c.pack,
    )  # fmt: skip
    query = (
        sa.select(
            move.id.label("row_id"), move.public_id.label("transfer_id"), is_out.label("is_out"),
            move.state, medicine.c.public_id.label("medicine_id"), *names, move.quantity_milli,
            other.c.name.label("other_name"), other.c.address.label("other_address"),
            other.c.phone.label("other_phone"), move.reason_code, move.created_at, move.changed_at,
        )
        .select_from(
            stock_transfer.join(medicine, medicine.c.id == move.medicine_id).join(
                other, other.c.id == other_row
            )
        )
        .where(sa.or_(is_out, move.to_pharmacy_id == here))
        .order_by(sa.case((move.state.in_(OPEN), 0), else_=1), move.changed_at.desc(), move.id)
        .limit(SHOWN)
    )  # fmt: skip
    if transfer_id is not None:
        query = query.where(move.public_id == transfer_id)
    if medicine_id is not None:
        query = query.where(medicine.c.public_id == medicine_id)
    found: dict[int, Transfer] = {}
    for row in connection.execute(query).mappings():
        values: dict[str, Any] = dict(row)
        row_id, side = values.pop("row_id"), "out" if values.pop("is_out") else "in"
        label = medicine_label(*[values.pop(column.name) for column in names])
        found[row_id] = Transfer(**values, side=side, label=label)  # type: ignore[arg-type]
    _read_lots(connection, found)
    return list(found.values())


def _read_lots(connection: sa.Connection, found: dict[int, Transfer]) -> None:
    lot, move = stock_transfer_lot.c, stock_transfer.c
    rows: Iterable[Any] = connection.execute(
        sa.select(
            stock_transfer_lot,
            _is_recalled_at(move.from_pharmacy_id).label("is_recalled"),
            _is_recalled_at(move.to_pharmacy_id).label("is_blocked"),
        )
        .select_from(stock_transfer_lot.join(stock_transfer))
        .where(lot.transfer_id.in_(list(found)))
        .order_by(lot.lot_number)
    )
    for row in rows:
        found[row.transfer_id].lots.append(
            TransferLot(
                row.lot_number, row.expires_on, row.sent_milli, row.received_milli,
                bool(row.is_recalled), bool(row.is_blocked),
            )
        )  # fmt: skip


def _is_recalled_at(pharmacy_row: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """SQL: whether that side of the transfer has recalled the lot that was sent."""
    return (
        sa.exists()
        .where(
            stock_item.c.pharmacy_id == pharmacy_row,
            stock_item.c.medicine_id == stock_transfer.c.medicine_id,
            stock_lot.c.stock_item_id == stock_item.c.id,
            stock_lot.c.lot_number == stock_transfer_lot.c.lot_number,
            stock_lot.c.recalled_at.is_not(None),
        )
        .correlate(stock_transfer, stock_transfer_lot)
    )


def transfers_mark(connection: sa.Connection, pharmacy_id: UUID) -> str:
    """Changes whenever one of the pharmacy's transfers does: for pages that follow them."""
    here = place_of(connection, pharmacy_id).row_id
    move = stock_transfer.c
    # Which transfer is in which state, and no clock: two workers' clocks may differ.
    states = sa.func.sum(sa.func.crc32(sa.func.concat(move.id, ":", move.state)))
    is_ours = sa.or_(move.from_pharmacy_id == here, move.to_pharmacy_id == here)
    row = connection.execute(sa.select(sa.func.count(), states).where(is_ours)).one()
    recalled = connection.execute(
        sa.select(sa.func.count())
        .select_from(stock_transfer_lot.join(stock_transfer))
        .where(is_ours, move.state == "sent", _is_recalled_at(move.from_pharmacy_id))
    ).scalar_one()
    return f"{row[0]}-{row[1] or 0}-{recalled}"


def sent_on(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, lot_numbers: Iterable[str]
) -> list[Transfer]:
    """The transfers by which a pharmacy sent packs of these lots to others, and did not take them back.

    Whoever recalls a lot has to tell who has packs of it now.
    """
    wanted = set(lot_numbers)
    return [
        one
        for one in transfers_of(connection, pharmacy_id, medicine_id=medicine_id)
        if one.side == "out"
        and one.state in {"sent", "received"}
        and any(lot.lot_number in wanted for lot in one.lots)
    ]


def partners(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, *, now: datetime
) -> list[Partner]:
    """Other checked pharmacies, the nearest first, with what each has of the medicine."""
    place = place_of(connection, pharmacy_id)
    at = connection.execute(
        sa.select(pharmacy.c.latitude, pharmacy.c.longitude).where(pharmacy.c.id == place.row_id)
    ).one()
    north = pharmacy.c.latitude - at.latitude
    east = (pharmacy.c.longitude - at.longitude) * cos(radians(at.latitude))
    item = stock_item.c
    # By the day at whoever asks: neighbours share it.
    free = sellable_milli(item.id, local_day(now, place.time_zone)) - held_milli(item.id, now)
    of_medicine = sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id)
    rows = connection.execute(
        sa.select(
            pharmacy.c.public_id, pharmacy.c.name, pharmacy.c.address,
            sa.case((item.id.is_(None), 0), else_=free),
        )
        .select_from(
            pharmacy.outerjoin(
                stock_item,
                (item.pharmacy_id == pharmacy.c.id)
                & (item.medicine_id == of_medicine.scalar_subquery()),
            )
        )
        .where(pharmacy.c.id != place.row_id, pharmacy.c.verified_at.is_not(None))
        .order_by(north * north + east * east, pharmacy.c.id)
        .limit(PARTNERS)
    )  # fmt: skip
    return [Partner(row[0], row[1], row[2], max(0, int(row[3]))) for row in rows]
