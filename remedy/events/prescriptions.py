"""What happens to prescriptions: handed in, looked at by a pharmacist, used by holds and orders.

Free text travels only as vault tokens (`…_sealed`); everything else is ids and codes. Quantities are
thousandths of a pack.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from remedy.events.base import Event, event

Checked = Literal["clear", "found", "not_checked"]


@dataclass(frozen=True)
class PrescribedMedicine:
    """One medicine of an accepted prescription; `valid_until` is an ISO date at the pharmacy."""

    line_id: UUID
    medicine_id: UUID
    quantity_milli: int
    allowed_milli: int
    valid_until: str
    is_as_written: bool


@dataclass(frozen=True)
class _Prescription(Event):
    """What every event about a prescription says; `version` rises with each change of it."""

    prescription_id: UUID
    patient_id: UUID
    pharmacy_id: UUID
    version: int
    occurred_at: datetime


@event("remedy.prescriptions.uploaded.v1")
@dataclass(frozen=True)
class PrescriptionUploaded(_Prescription):
    """A patient handed in a picture of a prescription; it waits for the pharmacy's pharmacists."""

    file_id: UUID


@event("remedy.prescriptions.withdrawn.v1")
@dataclass(frozen=True)
class PrescriptionWithdrawn(_Prescription):
    """The patient took it back before anybody decided."""


@event("remedy.prescriptions.accepted.v1")
@dataclass(frozen=True)
class PrescriptionAccepted(_Prescription):
    """A pharmacist read it and accepted it; `checked` is what the check for allergies and interactions said."""

    decided_by: UUID
    checked: Checked
    lines: tuple[PrescribedMedicine, ...]


@event("remedy.prescriptions.refused.v1")
@dataclass(frozen=True)
class PrescriptionRefused(_Prescription):
    """A pharmacist refused it, with a reason for the patient."""

    decided_by: UUID
    reason_sealed: str


@event("remedy.prescriptions.substituted.v1")
@dataclass(frozen=True)
class PrescriptionSubstituted(_Prescription):
    """A pharmacist confirmed another brand of the same ingredient, strength and form for one of its lines."""

    line_id: UUID
    medicine_id: UUID
    substitute_id: UUID
    decided_by: UUID
    reason_sealed: str


@dataclass(frozen=True)
class _Use(_Prescription):
    """What was taken of a line or given back; `used_milli` is what is taken of the line afterwards.

    `order_id` is what took it: an order, or a hold for pick-up.
    """

    line_id: UUID
    medicine_id: UUID
    order_id: UUID
    quantity_milli: int
    used_milli: int


@event("remedy.prescriptions.used.v1")
@dataclass(frozen=True)
class PrescriptionUsed(_Use):
    """An order or a hold (`order_id`) took some of what a prescription allows."""


@event("remedy.prescriptions.released.v1")
@dataclass(frozen=True)
class PrescriptionReleased(_Use):
    """An order or a hold (`order_id`) that came to nothing gave back what it had taken."""
