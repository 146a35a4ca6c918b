"""Payments of orders that are paid online: owed, begun at a provider, confirmed by its signed word, given back.

Every step may be told twice and is done once. What arrives for an order that ended meanwhile is given back.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from remedy.events import orders as told
from remedy.orders.model import UNPAID_FOR
from remedy.schema.orders import order_payment, pharmacy_order
from remedy.schema.people import patient
from remedy.schema.pharmacy import pharmacy
from remedy.stock import ledger
from remedy.stock.locks import lock_counter, place_of
from remedy.values import Clock, uuid7

SIGNED_FOR = timedelta(minutes=5)
"""How far from now the provider's word may have been signed."""

RETRY_AFTER = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)


class NotTaken(Exception):
    """The provider cannot be reached, or will not; the text says which, without anything of a person."""


class Provider(Protocol):
    """Who takes money: an order's id and amount go there, nothing of its patient or medicines."""

    def create(
        self, payment_id: UUID, amount_minor: int, currency: str, return_url: str
    ) -> tuple[str, str]:
        """Begin a payment, or find the one begun before under that id: its name there, and where to pay.

        Raises:
            NotTaken: if the provider cannot be asked.
        """

    def refund(self, payment_id: UUID, provider_ref: str) -> None:
        """Give a payment back; asked twice, once.

        Raises:
            NotTaken: if the provider cannot be asked.
        """


@dataclass(frozen=True)
class Due:
    """A payment that is still to be made, or to be given back."""

    payment_id: UUID
    amount_minor: int
    currency: str
    provider_ref: str | None


def owe(
    connection: sa.Connection, order_row: int, amount_minor: int, currency: str, *, clock: Clock
) -> None:
    """Write down, with the order, that it is to be paid online."""
    now = clock()
    connection.execute(
        sa.insert(order_payment).values(
            public_id=uuid7(clock),
            order_id=order_row,
            state="waiting",
            amount_minor=amount_minor,
            currency=currency,
            created_at=now,
            pay_by=now + UNPAID_FOR,
        )
    )


def to_pay(connection: sa.Connection, order_id: UUID, *, now: datetime) -> Due | None:
    """What of an order is still to be paid online; None when nothing is, or no more."""
    row = connection.execute(
        sa.select(
            order_payment.c.public_id,
            order_payment.c.amount_minor,
            order_payment.c.currency,
            order_payment.c.provider_ref,
        )
        .select_from(order_payment.join(pharmacy_order))
        .where(
            pharmacy_order.c.public_id == order_id,
            order_payment.c.state == "waiting",
            order_payment.c.pay_by > now,
        )
    ).one_or_none()
    return Due(*row) if row else None


def begun(connection: sa.Connection, payment_id: UUID, provider_ref: str, address: str) -> None:
    """Keep the provider's name for a payment, and where it is paid."""
    connection.execute(
        sa.update(order_payment)
        .where(order_payment.c.public_id == payment_id)
        .values(provider_ref=provider_ref, address=address)
    )


def confirm(
    connection: sa.Connection, payment_id: UUID, amount_minor: int, currency: str, *, clock: Clock
) -> bool:
    """The provider says that it was paid; False if it names no payment of ours, or another amount.

    Told again, it changes nothing. If its order ended meanwhile, the money is owed back.
    """
    now = clock()
    row = connection.execute(
        sa.select(
            order_payment.c.id,
            order_payment.c.amount_minor,
            order_payment.c.currency,
            order_payment.c.order_id,
            pharmacy_order.c.public_id.label("order_public_id"),
            pharmacy.c.public_id.label("pharmacy_id"),
            patient.c.public_id.label("patient_id"),
        )
        .select_from(order_payment)
        .join(pharmacy_order, pharmacy_order.c.id == order_payment.c.order_id)
        .join(pharmacy, pharmacy.c.id == pharmacy_order.c.pharmacy_id)
        .join(patient, patient.c.id == pharmacy_order.c.patient_id)
        .where(order_payment.c.public_id == payment_id)
    ).one_or_none()
    if row is None or (row.amount_minor, row.currency) != (amount_minor, currency):
        return False
    # The order's row first: of this and the end of its time, one comes after the other.
    version = _lock_order(connection, row.order_id)
    state = connection.execute(
        sa.select(order_payment.c.state).where(order_payment.c.id == row.id).with_for_update()
    ).scalar_one()
    if state == "ended":
        connection.execute(
            sa.update(order_payment)
            .where(order_payment.c.id == row.id)
            .values(state="refunding", paid_at=now, next_at=now)
        )
    if state != "waiting":
        return True
    connection.execute(
        sa.update(order_payment)
        .where(order_payment.c.id == row.id)
        .values(state="paid", paid_at=now)
    )
    connection.execute(
        sa.update(pharmacy_order)
        .where(pharmacy_order.c.id == row.order_id)
        .values(version=version + 1, changed_at=now, changed_by=None)
    )
    place = place_of(connection, row.pharmacy_id)
    lock_counter(connection, place)
    paid = told.OrderPaid(
        row.order_public_id, row.pharmacy_id, row.patient_id, version + 1, now, amount_minor,
        currency,
    )  # fmt: skip
    ledger.tell(connection, place, paid, uuid7(clock), now)
    return True


def _lock_order(connection: sa.Connection, order_row: int) -> int:
    found = connection.execute(
        sa.select(pharmacy_order.c.version)
        .where(pharmacy_order.c.id == order_row)
        .with_for_update()
    )
    return int(found.scalar_one())


def end(connection: sa.Connection, order_id: UUID, now: datetime) -> None:
    """The order ended: what was paid is owed back, what was not is not taken any more. Its row is locked."""
    mine = order_payment.c.order_id == (
        sa.select(pharmacy_order.c.id)
        .where(pharmacy_order.c.public_id == order_id)
        .scalar_subquery()
    )
    connection.execute(
        sa.update(order_payment)
        .where(mine, order_payment.c.state == "waiting")
        .values(state="ended")
    )
    connection.execute(
        sa.update(order_payment)
        .where(mine, order_payment.c.state == "paid")
        .values(state="refunding", next_at=now)
    )


def take_refund(connection: sa.Connection, *, clock: Clock) -> Due | None:
    """Take the next refund that is owed, so that nobody else tries it for a while; None when there is none."""
    now, of = clock(), order_payment.c
    row = connection.execute(
        sa.select(of.id, of.public_id, of.amount_minor, of.currency, of.provider_ref, of.attempts)
        .where(of.state == "refunding", of.next_at <= now)
        .order_by(of.next_at, of.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    wait = min(RETRY_AFTER * 2 ** min(row.attempts, 10), LONGEST_WAIT)
    done = connection.execute(
        sa.update(order_payment)
        .where(of.id == row.id, of.state == "refunding", of.attempts == row.attempts)
        .values(attempts=of.attempts + 1, next_at=now + wait)
    )
    if done.rowcount != 1:
        return None
    return Due(row.public_id, row.amount_minor, row.currency, row.provider_ref)


def refunded(connection: sa.Connection, payment_id: UUID, *, clock: Clock) -> None:
    """The provider gave a payment back: it is owed no more, and told."""
    now = clock()
    row = connection.execute(
        sa.select(
            order_payment.c.id,
            order_payment.c.amount_minor,
            order_payment.c.currency,
            pharmacy_order.c.public_id.label("order_id"),
            pharmacy_order.c.version,
            pharmacy.c.public_id.label("pharmacy_id"),
            patient.c.public_id.label("patient_id"),
        )
        .select_from(order_payment)
        .join(pharmacy_order, pharmacy_order.c.id == order_payment.c.order_id)
        .join(pharmacy, pharmacy.c.id == pharmacy_order.c.pharmacy_id)
        .join(patient, patient.c.id == pharmacy_order.c.patient_id)
        .where(order_payment.c.public_id == payment_id)
    ).one()
    done = connection.execute(
        sa.update(order_payment)
        .where(order_payment.c.id == row.id, order_payment.c.state == "refunding")
        .values(state="refunded", refunded_at=now, next_at=None)
    )
    if done.rowcount != 1:
        return
    place = place_of(connection, row.pharmacy_id)
    lock_counter(connection, place)
    happened = told.OrderRefunded(
        row.order_id, row.pharmacy_id, row.patient_id, row.version, now, row.amount_minor,
        row.currency,
    )  # fmt: skip
    ledger.tell(connection, place, happened, uuid7(clock), now)


def signature(secret: str, signed_at: int, body: bytes) -> str:
    """What a provider that shares the secret puts beside its word: hexadecimal HMAC-SHA256."""
    return hmac.new(secret.encode(), b"%d." % signed_at + body, hashlib.sha256).hexdigest()


def is_signed(secret: str, header: str, body: bytes, *, now: datetime) -> bool:
    """Whether a header `t=SECONDS,v1=HEX` is the provider's, about this body, and of now.

    Nothing is signed where there is no secret.
    """
    parts = dict(piece.partition("=")[::2] for piece in header.split(","))
    at, told_ = parts.get("t", ""), parts.get("v1", "")
    if not secret or not at.isdecimal() or len(at) > 12:
        return False
    if abs(now.timestamp() - int(at)) > SIGNED_FOR.total_seconds():
        return False
    return hmac.compare_digest(signature(secret, int(at), body).encode(), told_.encode())
