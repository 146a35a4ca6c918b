"""What is noticed about demand: more of it than chance would bring, that this is over, and what was told of shortages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from remedy.events.base import Event, event


@dataclass(frozen=True)
class _Alert(Event):
    """What every event about an alert says.

    `subject` is a medicine, a group of medicines (`atc_group`, the first three signs of their ATC code) or all
    demand; `measure` what there is more of. `count` was seen in `window_minutes`, where `usual_milli` thousandths
    are expected and up to `band_high` is chance.
    """

    alert_id: UUID
    subject: Literal["medicine", "group", "all"]
    medicine_id: UUID | None
    atc_group: str | None
    measure: Literal["searches", "unmet", "sales", "refusals"]
    window_minutes: int
    count: int
    usual_milli: int
    band_high: int
    occurred_at: datetime


@event("remedy.demand-alerts.opened.v1")
@dataclass(frozen=True)
class DemandRose(_Alert):
    """There is more demand than chance would bring."""


@event("remedy.demand-alerts.ended.v1")
@dataclass(frozen=True)
class DemandCalmed(_Alert):
    """What had risen has been usual again for days; `count` was the most that was seen, at `highest_at`."""

    opened_at: datetime | None = None
    highest_at: datetime | None = None


@dataclass(frozen=True)
class _ShortageDecision(Event):
    """What every event about a notice of a shortage says: nobody who takes the medicine is in it.

    `chance_percent` is the chance that the pharmacy runs out before `next_delivery_on`, an ISO date there.
    """

    notice_id: UUID
    pharmacy_id: UUID
    medicine_id: UUID
    chance_percent: int
    next_delivery_on: str
    decided_by: UUID
    occurred_at: datetime


@event("remedy.demand-alerts.shortage-noticed.v1")
@dataclass(frozen=True)
class ShortageNoticed(_ShortageDecision):
    """A pharmacist told `told_count` patients who take a medicine that it may run out."""

    told_count: int


@event("remedy.demand-alerts.shortage-dismissed.v1")
@dataclass(frozen=True)
class ShortageDismissed(_ShortageDecision):
    """A pharmacist looked at a medicine that may run out, and told nobody."""
