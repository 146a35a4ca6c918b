"""What a shortage notice says, as `_shortage.html` writes it: to the pharmacist before, to the patient after."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True)
class NoticeText:
    """A notice in its parts.

    `is_out` says that nothing was left when it was sent; `delivery_from` what the day of the delivery is told from;
    `is_replaceable` that another brand may often be given in its place.
    """

    label: str
    medicine_id: UUID
    pharmacy_id: UUID
    pharmacy_name: str
    phone: str
    time_zone: str
    runs_out: float
    next_delivery_on: date
    delivery_from: str
    is_out: bool
    is_replaceable: bool
    note: str
    decided_by: str
    decided_at: datetime


def in_ten(runs_out: float) -> int:
    """In how many of ten such cases it runs out: never all of them."""
    return min(9, max(1, round(runs_out * 10)))
