"""Packs a patient has set aside for pick-up: held, let go, collected; they end by themselves when their time is over.

A hold is asked for as an order is: what is on prescription only takes of the patient's accepted prescriptions, and
gives it back when nothing comes of it. Each function works in the caller's transaction. Locks are taken in this
order: stock items and lots, prescriptions, the pharmacies' counters.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.hours import open_for
from remedy.catalogue.pharmacies import pharmacy_of
from remedy.orders import room
from remedy.orders.model import MOST_PACKS_MILLI
from remedy.prescriptions import service as prescriptions
from remedy.schema.people import patient
from remedy.schema.pharmacy import pharmacy, stock_hold
from remedy.schema.prescriptions import prescription_use
from remedy.stock.collecting import sell_held
from remedy.stock.holds import holds_query, let_go, look_aside, patient_of, put_aside
from remedy.stock.locks import lock_items, place_of
from remedy.stock.model import Held, Refused
from remedy.values import Clock, uuid7

MAX_HOLD_MINUTES = 7 * 24 * 60
HOLD_FOR = timedelta(hours=2)
"""Packs are set aside until the pharmacy has been open for so long: who asks at night finds them in the morning."""

Line = tuple[UUID, UUID, int]
"""A pharmacy, a medicine, and how many thousandths of a pack."""


def minutes_to_hold(
    connection: sa.Connection, pharmacy_ids: Sequence[UUID], *, now: datetime
) -> int:
    """How long packs are set aside at these pharmacies: until the last of them has been open long enough."""
    until = [now + HOLD_FOR]
    for pharmacy_id in pharmacy_ids:
        known = pharmacy_of(connection, pharmacy_id)
        if known is not None:
            until.append(open_for(known.hours, now, known.time_zone, HOLD_FOR))
    minutes = -(-(max(until) - now) // timedelta(minutes=1))
    return min(minutes, MAX_HOLD_MINUTES)


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
    """Set packs of one medicine aside for a patient for some minutes. See `hold_all`."""
    (held,) = hold_all(
        connection, [(pharmacy_id, medicine_id, quantity_milli)], patient_id=patient_id,
        minutes=minutes, may_be_controlled=may_be_controlled, clock=clock,
    )  # fmt: skip
    return held


def hold_all(
    connection: sa.Connection,
    lines: Sequence[Line],
    *,
    patient_id: UUID,
    minutes: int,
    may_be_controlled: bool = False,
    clock: Clock,
) -> list[Held]:
    """Set everything aside or nothing, at one pharmacy or several, for some minutes.

    Raises:
        LinesShort: if of any fewer are available; then roll back and call `record_refusal` in a second transaction.
        NeedsPrescription: if one needs an accepted prescription; that is no demand that went unmet.
        Refused: if it cannot be had in this way.
    """
    if any(milli <= 0 for *_ids, milli in lines) or not 0 < minutes <= MAX_HOLD_MINUTES:
        raise Refused("Ask for more than 0 packs, for between a minute and seven days.")
    now = clock()
    wanted: dict[UUID, Counter[UUID]] = {}
    for pharmacy_id, medicine_id, milli in lines:
        wanted.setdefault(pharmacy_id, Counter())[medicine_id] += milli
    if any(max(some.values()) > MOST_PACKS_MILLI for some in wanted.values()):
        # Not short: nobody's demand, and told as such it would steer forecasts.
        raise Refused("At most 100 packs of a medicine are set aside at once; call the pharmacy.")
    patient_row = patient_of(connection, patient_id)
    room.check_holds(connection, patient_row, sum(map(len, wanted.values())), now=now)
    total: Counter[UUID] = sum(wanted.values(), Counter())
    prescribed = prescriptions.covered(connection, patient_id, total, now=now)
    # In the order of the pharmacies' rows, so that two who ask for the same in another order do not meet in a ring.
    places = sorted((place_of(connection, one) for one in wanted), key=lambda one: one.row_id)
    looked = [
        look_aside(
            connection, place, wanted[place.pharmacy_id], prescribed=prescribed,
            may_be_controlled=may_be_controlled, clock=clock,
        )
        for place in places
    ]  # fmt: skip
    named = {one: {each: uuid7(clock) for each in some} for one, some in wanted.items()}
    for place in places:
        of_pharmacy = wanted[place.pharmacy_id]
        for each in (one for one in prescribed if one in of_pharmacy):
            taken_by = named[place.pharmacy_id][each]
            prescriptions.use(
                connection, patient_id, each, of_pharmacy[each], taken_by, clock=clock
            )
    held: list[Held] = []
    for place, items in zip(places, looked, strict=True):
        held += put_aside(
            connection, place, items, wanted[place.pharmacy_id], patient_row=patient_row,
            expires_at=now + timedelta(minutes=minutes), hold_ids=named[place.pharmacy_id],
            clock=clock,
        )  # fmt: skip
    return held


def release_hold(
    connection: sa.Connection, hold_id: UUID, *, patient_id: UUID, clock: Clock
) -> int:
    """Let go of packs this patient had set aside; the pharmacy's counter afterwards.

    What an order set aside is let go by the order.

    Raises:
        Refused: if the patient has no such hold, or it has ended already.
    """
    own = stock_hold.c.patient_id.in_(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id)
    )
    found = _one(connection, hold_id, own)
    if found is None:
        raise Refused("You have no hold of that id.")
    return _end(connection, found, "cancelled", clock)


def due(connection: sa.Connection, *, now: datetime, limit: int = 200) -> list[UUID]:
    """The holds whose time is over and nobody has said so, the oldest first.

    They count no more from that moment on whether or not this is looked at: it is for the open screens, and for
    the prescriptions they took of.
    """
    query = (
        sa.select(stock_hold.c.public_id)
        .where(
            stock_hold.c.state == "held",
            stock_hold.c.expires_at <= now,
            stock_hold.c.order_id.is_(None),
        )
        .order_by(stock_hold.c.expires_at)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def expire_one(connection: sa.Connection, hold_id: UUID, *, clock: Clock) -> bool:
    """End a hold whose time is over; whether it was so."""
    found = _one(connection, hold_id, stock_hold.c.expires_at <= clock())
    if found is None:
        return False
    try:
        _end(connection, found, "expired", clock)
    except Refused:
        # It ended since we looked; nothing was changed.
        return False
    return True


def withdrawn(connection: sa.Connection, *, limit: int = 200) -> list[UUID]:
    """The holds that were withdrawn, by a recall for example, and have not given back what they took."""
    taken = sa.exists().where(
        prescription_use.c.order_id == stock_hold.c.public_id,
        prescription_use.c.released_at.is_(None),
        prescription_use.c.handed_out_at.is_(None),
    )
    query = (
        sa.select(stock_hold.c.public_id)
        .where(
            stock_hold.c.state == "withdrawn",
            stock_hold.c.order_id.is_(None),
            taken,
        )
        .order_by(stock_hold.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def give_back(connection: sa.Connection, hold_id: UUID, *, clock: Clock) -> bool:
    """Give back what a hold that was withdrawn took of prescriptions; whether it had taken any."""
    return prescriptions.release_use(connection, hold_id, clock=clock) > 0


def collect_hold(
    connection: sa.Connection,
    pharmacy_id: UUID,
    hold_id: UUID,
    *,
    account_id: UUID | None,
    clock: Clock,
) -> int:
    """Hand out a hold of this pharmacy: one sale of its packs; the pharmacy's counter afterwards.

    Raises:
        Conflict: if it ended meanwhile: handed out, let go, or its time is over.
        Refused: if the pharmacy has no such hold, or its packs may not be sold any more.
    """
    found = _one(connection, hold_id, pharmacy.c.public_id == pharmacy_id)
    if found is None:
        raise Refused("This pharmacy has no hold of that id.")
    place = place_of(connection, pharmacy_id)
    items = lock_items(connection, place, {found.medicine_public_id}, creating=False, clock=clock)
    prescriptions.hand_out(connection, hold_id, clock=clock)
    return sell_held(connection, place, items, [found], account_id=account_id, clock=clock)


def _one(
    connection: sa.Connection, hold_id: UUID, *more: sa.ColumnElement[bool]
) -> sa.Row[Any] | None:
    """A hold that is no order's."""
    return connection.execute(
        holds_query().where(
            stock_hold.c.public_id == hold_id, stock_hold.c.order_id.is_(None), *more
        )
    ).one_or_none()


def _end(
    connection: sa.Connection,
    found: sa.Row[Any],
    why: Literal["cancelled", "expired"],
    clock: Clock,
) -> int:
    place = place_of(connection, found.pharmacy_public_id)
    items = lock_items(connection, place, {found.medicine_public_id}, creating=False, clock=clock)
    # Read again, now that nobody else changes it.
    again = _one(connection, found.public_id)
    if again is None or again.state != "held":
        raise Refused("This hold has ended already.")
    prescriptions.release_use(connection, found.public_id, clock=clock)
    (seq,) = let_go(connection, place, items, [found], why=why, clock=clock)
    return seq
