"""What happens in the hospital half: requests for a visit and what becomes of them.

Symptoms and notes travel only as vault tokens (`…_sealed`); everything else is ids and codes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from remedy.events.base import Event, event

Urgency = Literal["routine", "soon", "urgent"]


@dataclass(frozen=True)
class _Visit(Event):
    """What every event about an appointment says; `version` rises with each change of it."""

    appointment_id: UUID
    doctor_id: UUID
    hospital_id: UUID
    patient_id: UUID
    version: int
    starts_at: datetime
    ends_at: datetime
    occurred_at: datetime


@event("remedy.appointments.requested.v1")
@dataclass(frozen=True)
class AppointmentRequested(_Visit):
    """A patient asked for a visit; the slot is held until it is decided or lapses."""

    urgency: Urgency = "routine"
    speciality: str = ""
    symptoms_sealed: str = ""
    lapses_at: datetime | None = None


@event("remedy.appointments.accepted.v1")
@dataclass(frozen=True)
class AppointmentAccepted(_Visit):
    """An admin accepted the request, or a rule did, or the patient accepted the time that this admin had proposed."""

    decided_by: UUID | None = None
    note_sealed: str | None = None
    by_rule: UUID | None = None


@event("remedy.appointments.declined.v1")
@dataclass(frozen=True)
class AppointmentDeclined(_Visit):
    """An admin declined the request; its time is free again."""

    decided_by: UUID | None = None
    note_sealed: str | None = None


@event("remedy.appointments.proposed.v1")
@dataclass(frozen=True)
class AppointmentProposed(_Visit):
    """An admin proposed another time, which is held until the patient answers or it lapses; the time before is free."""

    instead_of: datetime
    lapses_at: datetime
    decided_by: UUID | None = None
    note_sealed: str | None = None


@event("remedy.appointments.moved.v1")
@dataclass(frozen=True)
class AppointmentMoved(_Visit):
    """The patient moved the visit to another time; it waits for a decision again, and the time before is free."""

    instead_of: datetime
    lapses_at: datetime
    urgency: Urgency = "routine"


@event("remedy.appointments.cancelled.v1")
@dataclass(frozen=True)
class AppointmentCancelled(_Visit):
    """The visit was called off; its time is free again. `why` is `lapsed` when nobody decided in time."""

    why: Literal["patient", "hospital", "lapsed"] = "patient"


@event("remedy.appointments.checked-in.v1")
@dataclass(frozen=True)
class AppointmentCheckedIn(_Visit):
    """The patient is there; from now on the visit cannot be missed."""

    marked_by: UUID | None = None


@event("remedy.appointments.attended.v1")
@dataclass(frozen=True)
class AppointmentAttended(_Visit):
    """The visit took place; also where it was taken for missed before."""

    marked_by: UUID | None = None


@event("remedy.appointments.missed.v1")
@dataclass(frozen=True)
class AppointmentMissed(_Visit):
    """The patient did not come; by nobody where a day went by and nobody had checked the patient in."""

    marked_by: UUID | None = None
