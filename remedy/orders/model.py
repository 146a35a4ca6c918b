"""Orders as values, and the steps they take; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from remedy.stock.model import Refused
from remedy.values import amount_of, reference_of

Way = Literal["pickup", "delivery"]
Payment = Literal["cash", "online"]
EndedBy = Literal["patient", "pharmacy", "time", "unpaid"]

SET_ASIDE_FOR = timedelta(hours=72)
"""How long an order's packs are set aside from when it was placed."""

READY_FOR = timedelta(hours=48)
"""How long at least it lies ready to be collected."""

UNPAID_FOR = timedelta(minutes=20)
"""How long an order that is paid online waits for its payment."""

MOST_LINES = 20
MOST_PACKS_MILLI = 100_000
REASON_AT_MOST = 200

ADDRESS, REASON = "address", "reason"
"""The fields of an order that are sealed for its patient."""

OPEN = ("placed", "picking", "ready", "out")
ON_THE_SHELF = ("placed", "picking", "ready")
"""States in which its packs are set aside; from `out` on they are sold."""

STEPS: dict[str, tuple[str, Way | None]] = {
    "picking": ("placed", None),
    "ready": ("picking", "pickup"),
    "out": ("picking", "delivery"),
    "collected": ("ready", "pickup"),
    "delivered": ("out", "delivery"),
}
"""Where each step comes from, and which way an order must go for it (None: either)."""


class AlreadyChanged(Refused):
    """Somebody was faster; the text says who did what."""


class PriceChanged(Refused):
    """What it costs is not what the page said."""

    def __init__(
        self, sentence: str = "A price changed since the page was drawn; look at it again."
    ) -> None:
        super().__init__(sentence)


@dataclass(frozen=True)
class OrderLine:
    """One medicine of an order; `price_minor` is of a pack."""

    medicine_id: UUID
    label: str
    is_prescription_only: bool
    quantity_milli: int
    price_minor: int

    @property
    def amount_minor(self) -> int:
        """What the line costs."""
        return amount_of(self.quantity_milli, self.price_minor)


@dataclass(frozen=True)
class Order:
    """An order as its patient and its pharmacy read it.

    `changed_by` is the name of the pharmacist who made the last change; None where the patient or the clock did.
    `paid` says how its payment stands: empty for cash, else the state of `order_payment`.
    """

    order_id: UUID
    patient_id: UUID
    pharmacy_id: UUID
    pharmacy_name: str
    pharmacy_address: str
    pharmacy_phone: str | None
    time_zone: str
    state: str
    version: int
    way: Way
    address_sealed: str | None
    goods_minor: int
    fee_minor: int
    currency: str
    payment: Payment
    placed_at: datetime
    changed_at: datetime
    changed_by: str | None
    expires_at: datetime
    ended_by: str | None
    reason_sealed: str | None
    paid: str
    pay_by: datetime | None
    pay_address: str | None
    lines: tuple[OrderLine, ...]

    @property
    def total_minor(self) -> int:
        """What it costs, brought or collected."""
        return self.goods_minor + self.fee_minor

    @property
    def to_pay_minor(self) -> int:
        """What is still to be paid, at the counter or the door."""
        return 0 if self.paid == "paid" else self.total_minor

    @property
    def reference(self) -> str:
        """A short name to say on the telephone: the end of the public id, which is random."""
        return reference_of(self.order_id)

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen."""
        return self.state in OPEN

    @property
    def waits_for_payment(self) -> bool:
        """Whether nobody picks it before it is paid."""
        return self.state == "placed" and self.paid == "waiting"

    def is_over(self, now: datetime) -> bool:
        """Whether its time ended although nobody has said so yet: its packs count as set aside no more."""
        if self.waits_for_payment and self.pay_by is not None and self.pay_by <= now:
            return True
        return self.state in ON_THE_SHELF and self.expires_at <= now

    def may_cancel(self, now: datetime) -> bool:
        """Whether its patient may call it off: until somebody picks it."""
        return self.state == "placed" and not self.is_over(now)

    def next_step(self, now: datetime) -> str | None:
        """What the pharmacy does next with it; handing out goes by the patient's code."""
        if self.is_over(now) or self.waits_for_payment:
            return None
        for to, (origin, way) in STEPS.items():
            if origin == self.state and way in {None, self.way} and to != "collected":
                return to
        return None


def check_reason(reason: str) -> str:
    """Why a pharmacy cancels, without blanks around it.

    Raises:
        Refused: if it is missing or too long.
    """
    plain = reason.strip()
    if not plain or len(plain) > REASON_AT_MOST:
        raise Refused(
            "Say in up to 200 characters why the order is cancelled; its patient reads it."
        )
    return plain
