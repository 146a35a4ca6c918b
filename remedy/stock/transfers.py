"""Packs that go from one pharmacy to another: asked for or offered, sent, received; both ledgers close.

What left one shelf and has not arrived on another is on its way, and nobody's stock. Each step touches the
stock of the pharmacy that makes it, and of no other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from remedy.events import pharmacy as told
from remedy.schema.pharmacy import (
    medicine,
    pharmacy,
    stock_lot,
    stock_movement,
    stock_movement_lot,
    stock_transfer,
    stock_transfer_lot,
)
from remedy.stock import batches, ledger, reasons, recalls
from remedy.stock.locks import Place, lock_counter, lock_items, place_of
from remedy.stock.model import (
    MAX_QUANTITY_MILLI,
    Line,
    OutOfStock,
    Refused,
    UnknownMedicine,
    shortage_sentence,
)
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import Clock, local_day, uuid7

Side = Literal["out", "in"]
Step = Literal["agree", "decline", "cancel", "send", "receive", "take_back"]

STEPS: dict[tuple[str, Side], tuple[Step, ...]] = {
    ("asked", "out"): ("send", "decline"),
    ("asked", "in"): ("cancel",),
    ("offered", "out"): ("cancel",),
    ("offered", "in"): ("agree", "decline"),
    ("agreed", "out"): ("send", "cancel"),
    ("agreed", "in"): ("cancel",),
    ("sent", "out"): ("take_back",),
    ("sent", "in"): ("receive",),
}
"""What each side may do next; a transfer in a state that is not named here has ended."""

OPEN = ("asked", "offered", "agreed", "sent")
_ANSWERS: dict[Step, Literal["agreed", "declined", "cancelled"]] = {
    "agree": "agreed",
    "decline": "declined",
    "cancel": "cancelled",
}


class NoSuchTransfer(Refused):
    """The pharmacy is no part of a transfer of that id."""

    def __init__(self) -> None:
        super().__init__("Your pharmacy has no transfer of that id.")


class NotChecked(Refused):
    """One of the two pharmacies may not hand anything out: it was never checked, or is suspended."""

    def __init__(self) -> None:
        super().__init__(
            "Packs go between pharmacies that have been checked; one of the two has not."
        )


def propose(
    connection: sa.Connection,
    pharmacy_id: UUID,
    other_id: UUID,
    medicine_id: UUID,
    quantity_milli: int,
    *,
    offers: bool,
    clock: Clock,
) -> UUID:
    """Offer packs to another pharmacy, or ask it for some; the transfer's id. No stock changes yet.

    Raises:
        Refused: if either pharmacy is not checked, both are one, or the quantity is impossible.
    """
    now = clock()
    if not 0 < quantity_milli <= MAX_QUANTITY_MILLI:
        raise Refused("Say how many packs: more than 0.")
    place, other = place_of(connection, pharmacy_id), place_of(connection, other_id)
    if place.row_id == other.row_id:
        raise Refused("Choose another pharmacy than your own.")
    if not place.is_verified or not other.is_verified:
        raise NotChecked()
    medicine_row = connection.execute(
        sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id)
    ).scalar_one_or_none()
    if medicine_row is None:
        raise UnknownMedicine()
    sender, receiver = (place, other) if offers else (other, place)
    transfer_id = uuid7(clock)
    connection.execute(
        sa.insert(stock_transfer).values(
            public_id=transfer_id,
            from_pharmacy_id=sender.row_id,
            to_pharmacy_id=receiver.row_id,
            medicine_id=medicine_row,
            quantity_milli=quantity_milli,
            state="offered" if offers else "asked",
            created_at=now,
            changed_at=now,
        )
    )
    lock_counter(connection, place)
    proposed = told.TransferProposed(
        transfer_id, pharmacy_id, sender.pharmacy_id, receiver.pharmacy_id, medicine_id,
        quantity_milli, now,
    )  # fmt: skip
    ledger.tell(connection, place, proposed, uuid7(clock), now)
    return transfer_id


def answer(
    connection: sa.Connection, pharmacy_id: UUID, transfer_id: UUID, step: Step, *, clock: Clock
) -> None:
    """Agree to an offer, decline what was asked or offered, or cancel before anything was sent.

    Raises:
        Refused: if the transfer is not there, or not (any more) at a point where this side may do that.
    """
    now = clock()
    moved = _locked(connection, pharmacy_id, transfer_id, step)
    _become(connection, moved, _ANSWERS[step], now)
    lock_counter(connection, moved.place)
    answered = told.TransferAnswered(**moved.told(now), became=_ANSWERS[step])
    ledger.tell(connection, moved.place, answered, uuid7(clock), now)


def send(
    connection: sa.Connection,
    pharmacy_id: UUID,
    transfer_id: UUID,
    *,
    account_id: UUID | None = None,
    clock: Clock,
) -> None:
    """Take the packs off the sender's shelf, first expired first, and put them on their way.

    Raises:
        OutOfStock: if fewer are available: what has expired, is recalled or set aside does not go.
        Refused: as for `answer`.
    """
    now = clock()
    moved = _locked(connection, pharmacy_id, transfer_id, "send")
    place, wanted = moved.place, {moved.medicine_id}
    item = lock_items(connection, place, wanted, creating=False, clock=clock).get(moved.medicine_id)
    available = 0
    if item is not None:
        row_id = sa.literal(item.row_id)
        free = sellable_milli(row_id, local_day(now, place.time_zone)) - held_milli(row_id, now)
        available = int(connection.execute(sa.select(free)).scalar_one())
    if available < moved.quantity_milli:
        raise OutOfStock(shortage_sentence(available))
    line = _line(moved, -moved.quantity_milli, "transfer_sent", now)
    (movement_id,) = _record(connection, moved, [line], account_id, now)
    left = connection.execute(
        sa.select(stock_lot.c.lot_number, stock_lot.c.expires_on, stock_movement_lot.c.delta_milli)
        .select_from(
            stock_movement_lot.join(stock_lot).join(
                stock_movement, stock_movement.c.id == stock_movement_lot.c.movement_id
            )
        )
        .where(stock_movement.c.public_id == movement_id)
    ).all()
    connection.execute(
        sa.insert(stock_transfer_lot),
        [
            {
                "transfer_id": moved.row_id,
                "lot_number": lot.lot_number,
                "expires_on": lot.expires_on,
                "sent_milli": -lot.delta_milli,
            }
            for lot in left
        ],
    )
    _become(connection, moved, "sent", now)


def receive(
    connection: sa.Connection,
    pharmacy_id: UUID,
    transfer_id: UUID,
    arrived: Mapping[str, int],
    *,
    reason_code: str | None = None,
    account_id: UUID | None = None,
    clock: Clock,
) -> None:
    """Put on the receiver's shelf what arrived: thousandths of a pack by lot number; the rest is lost.

    What the sender has recalled since is booked in as recalled (why: `recalls.recall_arriving`).

    Raises:
        Refused: if more arrived than was sent, fewer without saying why, or as for `answer`.
    """
    now = clock()
    moved = _locked(connection, pharmacy_id, transfer_id, "receive")
    lots = _lots(connection, moved)
    sent = {lot.lot_number: lot.sent_milli for lot in lots}
    if arrived.keys() - sent.keys():
        raise Refused("That lot was not sent; look at the packs.")
    came = {number: arrived.get(number, 0) for number in sent}
    if any(not 0 <= milli <= sent[number] for number, milli in came.items()):
        raise Refused(
            "No more of a lot can arrive than was sent; receive the others as a delivery."
        )
    lost = sum(sent.values()) - sum(came.values())
    if lost and reason_code not in reasons.LOST:
        raise Refused("Fewer packs arrived than were sent; choose why.")
    recalls.recall_arriving(
        connection, moved.from_id, pharmacy_id, moved.medicine_id,
        [number for number, milli in came.items() if milli], account_id=account_id, clock=clock,
    )  # fmt: skip
    lines = [
        _line(moved, came[lot.lot_number], "transfer_arrived", now, lot)
        for lot in lots
        if came[lot.lot_number]
    ]
    _record(connection, moved, lines, account_id, now)
    for number, milli in came.items():
        of = stock_transfer_lot.c
        connection.execute(
            sa.update(stock_transfer_lot)
            .where(of.transfer_id == moved.row_id, of.lot_number == number)
            .values(received_milli=milli)
        )
    code = reason_code if lost else None
    _become(connection, moved, "received", now, code)
    lock_counter(connection, moved.place)
    closed = told.TransferClosed(
        **moved.told(now), became="received", arrived_milli=sum(came.values()), lost_milli=lost,
        reason_code=code,
    )  # fmt: skip
    ledger.tell(connection, moved.place, closed, uuid7(clock), now)


def take_back(
    connection: sa.Connection,
    pharmacy_id: UUID,
    transfer_id: UUID,
    *,
    account_id: UUID | None = None,
    clock: Clock,
) -> None:
    """Put what was sent, and has not been received, back on the sender's shelf: each pack in its lot.

    Raises:
        Refused: as for `answer`.
    """
    now = clock()
    moved = _locked(connection, pharmacy_id, transfer_id, "take_back")
    lines = [
        _line(moved, lot.sent_milli, "transfer_taken_back", now, lot)
        for lot in _lots(connection, moved)
    ]
    _record(connection, moved, lines, account_id, now)
    _become(connection, moved, "taken_back", now)
    lock_counter(connection, moved.place)
    closed = told.TransferClosed(
        **moved.told(now), became="taken_back", arrived_milli=moved.quantity_milli
    )
    ledger.tell(connection, moved.place, closed, uuid7(clock), now)


class _Moved:
    """A transfer whose row is locked, as the side that acts needs it."""

    def __init__(self, row: Any, place: Place) -> None:
        self.row_id: int = row.id
        self.transfer_id: UUID = row.public_id
        self.medicine_id: UUID = row.medicine_public_id
        self.quantity_milli: int = row.quantity_milli
        self.from_id: UUID = row.from_id
        self.to_id: UUID = row.to_id
        self.place = place

    def told(self, now: datetime) -> dict[str, Any]:
        """What each event about it says."""
        return {
            "transfer_id": self.transfer_id,
            "pharmacy_id": self.place.pharmacy_id,
            "from_pharmacy_id": self.from_id,
            "to_pharmacy_id": self.to_id,
            "medicine_id": self.medicine_id,
            "quantity_milli": self.quantity_milli,
            "occurred_at": now,
        }


def _locked(connection: sa.Connection, pharmacy_id: UUID, transfer_id: UUID, step: Step) -> _Moved:
    """The transfer, locked before any stock; only where the pharmacy's side may make that step now."""
    place = place_of(connection, pharmacy_id)
    own = stock_transfer.c
    state = connection.execute(
        sa.select(own.state)
        .where(
            own.public_id == transfer_id,
            sa.or_(own.from_pharmacy_id == place.row_id, own.to_pharmacy_id == place.row_id),
        )
        .with_for_update()
    ).scalar_one_or_none()
    if state is None:
        raise NoSuchTransfer()
    sender, receiver = pharmacy.alias("sender"), pharmacy.alias("receiver")
    row = connection.execute(
        sa.select(
            own.id, own.public_id, own.quantity_milli, own.from_pharmacy_id,
            medicine.c.public_id.label("medicine_public_id"),
            sender.c.public_id.label("from_id"), receiver.c.public_id.label("to_id"),
            sender.c.verified_at.label("sender_at"), receiver.c.verified_at.label("receiver_at"),
        )
        .select_from(
            stock_transfer.join(medicine)
            .join(sender, sender.c.id == own.from_pharmacy_id)
            .join(receiver, receiver.c.id == own.to_pharmacy_id)
        )
        .where(own.public_id == transfer_id)
    ).one()  # fmt: skip
    side: Side = "out" if row.from_pharmacy_id == place.row_id else "in"
    if step not in STEPS.get((state, side), ()):
        raise Refused("The transfer has moved on since the page was drawn; look at it again.")
    if step in {"agree", "send"} and None in {row.sender_at, row.receiver_at}:
        raise NotChecked()
    return _Moved(row, place)


def _become(
    connection: sa.Connection,
    moved: _Moved,
    state: str,
    now: datetime,
    reason_code: str | None = None,
) -> None:
    connection.execute(
        sa.update(stock_transfer)
        .where(stock_transfer.c.id == moved.row_id)
        .values(state=state, changed_at=now, reason_code=reason_code)
    )


def _lots(connection: sa.Connection, moved: _Moved) -> Sequence[Any]:
    of = stock_transfer_lot.c
    return connection.execute(
        sa.select(of.lot_number, of.expires_on, of.sent_milli)
        .where(of.transfer_id == moved.row_id)
        .order_by(of.lot_number)
    ).all()


def _line(
    moved: _Moved,
    quantity_milli: int,
    reason_code: str,
    now: datetime,
    lot: Any = None,
) -> Line:
    return Line(
        "transferred",
        moved.medicine_id,
        quantity_milli,
        now,
        lot_number=lot.lot_number if lot is not None else "",
        expires_on=lot.expires_on if lot is not None else None,
        reason_code=reason_code,
        transfer_id=moved.transfer_id,
    )


def _record(
    connection: sa.Connection,
    moved: _Moved,
    lines: Sequence[Line],
    account_id: UUID | None,
    now: datetime,
) -> list[UUID]:
    """Record the lines, all or none; the ids of the movements."""
    answers = batches.record_told(
        connection, moved.place.pharmacy_id, [(now, line) for line in lines], account_id=account_id
    )
    recorded = []
    for one in answers:
        if isinstance(one, Refused):
            raise one
        recorded.append(one.movement_id)
    return recorded
