"""What happens to orders: placed, picked, handed out or brought, cancelled, paid. No name, no address: ids and codes.

Quantities are thousandths of a pack (`_milli`), money is minor units (`_minor`). What orders do to stock is told
on `stock-movements`, in the same transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from remedy.events.base import Event, event


@dataclass(frozen=True)
class OrderedLine:
    """One medicine of an order; `price_minor` is of a pack, `hold_id` what sets the packs aside."""

    stock_item_id: UUID
    medicine_id: UUID
    hold_id: UUID
    quantity_milli: int
    price_minor: int


@dataclass(frozen=True)
class _Order(Event):
    """What every event about an order says; `version` rises with each change of its state."""

    order_id: UUID
    pharmacy_id: UUID
    patient_id: UUID
    version: int
    occurred_at: datetime


@event("remedy.orders.placed.v1")
@dataclass(frozen=True)
class OrderPlaced(_Order):
    """A patient ordered; every line is set aside until `expires_at`, or nothing was ordered."""

    way: Literal["pickup", "delivery"]
    payment: Literal["cash", "online"]
    lines: tuple[OrderedLine, ...]
    goods_minor: int
    fee_minor: int
    currency: str
    expires_at: datetime


@dataclass(frozen=True)
class _ByStaff(_Order):
    """A change that a pharmacist made."""

    changed_by: UUID | None = None


@event("remedy.orders.picking-begun.v1")
@dataclass(frozen=True)
class OrderPickingBegun(_ByStaff):
    """A pharmacist began to take it from the shelf; the patient cancels it no more."""


@event("remedy.orders.made-ready.v1")
@dataclass(frozen=True)
class OrderMadeReady(_ByStaff):
    """It lies ready to be collected, until `expires_at`."""

    expires_at: datetime | None = None


@event("remedy.orders.sent.v1")
@dataclass(frozen=True)
class OrderSent(_ByStaff):
    """It left the pharmacy and is on its way to the patient; its packs are sold."""


@event("remedy.orders.collected.v1")
@dataclass(frozen=True)
class OrderCollected(_ByStaff):
    """It was handed out to who showed its code; its packs are sold."""


@event("remedy.orders.delivered.v1")
@dataclass(frozen=True)
class OrderDelivered(_ByStaff):
    """It was brought to the patient."""


@event("remedy.orders.cancelled.v1")
@dataclass(frozen=True)
class OrderCancelled(_ByStaff):
    """It will not come about, and its packs are back: by `why`, whose reason stays with the pharmacy."""

    why: Literal["patient", "pharmacy", "time", "unpaid"] = "patient"


@event("remedy.orders.paid.v1")
@dataclass(frozen=True)
class OrderPaid(_Order):
    """The payment provider says that it is paid."""

    amount_minor: int = 0
    currency: str = ""


@event("remedy.orders.refunded.v1")
@dataclass(frozen=True)
class OrderRefunded(_Order):
    """The payment provider gave back what was paid."""

    amount_minor: int = 0
    currency: str = ""
