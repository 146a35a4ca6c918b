"""Prescriptions as values and their rules; pure.

A patient hands in a picture; a pharmacist of the chosen pharmacy reads it, enters its medicines, and accepts or
refuses it. What may be set aside and ordered by it is counted per medicine, in thousandths of a pack.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from remedy.stock.model import Refused, UnknownMedicine
from remedy.values import packs_text

REASON_AT_MOST = 500
MEDICINES_AT_MOST = 12
REPEATS_AT_MOST = 24
PACKS_AT_MOST = 100
YEARS_AT_MOST = 2


class Changed(Refused):
    """Somebody else changed or decided it since it was looked at; the text says so."""


class NeedsPrescription(Refused):
    """A medicine needs an accepted prescription that covers it; `medicine_ids` says which."""

    def __init__(self, medicine_ids: Iterable[UUID]) -> None:
        self.medicine_ids = tuple(medicine_ids)
        super().__init__(
            "This needs a prescription that a pharmacist has accepted for so many packs; nothing was set aside."
        )


@dataclass(frozen=True)
class Line:
    """One medicine of a prescription.

    `allowed_milli` is the quantity of one supply times one more than the repeats; `ends_at` the first instant
    after the last day it is valid.
    """

    line_id: UUID
    medicine_id: UUID
    label: str
    quantity_milli: int
    repeats: int
    allowed_milli: int
    used_milli: int
    valid_until: date
    ends_at: datetime
    is_as_written: bool
    daily_dose_milli: int | None
    units_per_pack: int | None

    @property
    def left_milli(self) -> int:
        """What it still allows, its last day aside."""
        return self.allowed_milli - self.used_milli


@dataclass(frozen=True)
class Prescription:
    """A prescription as its patient and its pharmacy see it."""

    prescription_id: UUID
    patient_id: UUID
    pharmacy_id: UUID
    pharmacy_name: str
    time_zone: str
    file_id: UUID
    media_type: str
    state: str
    version: int
    uploaded_at: datetime
    decided_at: datetime | None
    decided_by: UUID | None
    reason_sealed: str | None
    checked: str | None
    lines: tuple[Line, ...] = ()


def too_little(allowed_milli: int) -> str:
    """Why an order is not taken: less is allowed than it asks for."""
    if allowed_milli <= 0:
        return "You have no accepted prescription for this medicine, or all of it was used."
    return f"Your prescription allows {packs_text(allowed_milli)} more packs of this medicine."


__all__ = [
    "MEDICINES_AT_MOST",
    "PACKS_AT_MOST",
    "REASON_AT_MOST",
    "REPEATS_AT_MOST",
    "YEARS_AT_MOST",
    "Changed",
    "Line",
    "NeedsPrescription",
    "Prescription",
    "Refused",
    "UnknownMedicine",
    "too_little",
]
