"""Visits that took place elsewhere and were brought in from a file: they have no doctor, slot or patient here.

They are told for what can be learnt from them, and are no part of what our own visits are rebuilt from.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from remedy.events.base import Event, event


@event("remedy.appointments.recorded.v1")
@dataclass(frozen=True)
class VisitRecorded(Event):
    """A visit of another place was recorded there; `record_key` is the hash of that record.

    `visit_on` is its day (ISO), `lead_days` how many days before it was booked, `doubts` what can hardly be.
    """

    record_key: str
    visit_on: str
    booked_at: datetime
    lead_days: int
    neighbourhood: str
    was_missed: bool
    occurred_at: datetime
    was_reminded: bool = False
    age_years: int | None = None
    sex: Literal["F", "M", ""] = ""
    doubts: tuple[str, ...] = ()
