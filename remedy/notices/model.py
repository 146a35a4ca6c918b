"""Shortage notices as values and their rules; pure.

Every night an item's chance to run out before its next delivery is worked out. From `LEAST_CHANCE` on a pharmacist may
tell the patients who take it, or dismiss it; nothing goes out by itself, and nothing about an item that was decided lately.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from remedy.schema.advice import ADVICE_LASTS, LIKELY
from remedy.stock.model import Refused

Decision = Literal["sent", "dismissed"]

LEAST_CHANCE = LIKELY
"""Patients are told of what is at least as likely as not. An item is shown to the pharmacist as at risk much sooner."""

QUIET = timedelta(days=14)
"""So long an item is not offered again after it was decided, whether sent or dismissed."""

KEPT = timedelta(days=90)
"""How long it is kept who was told of what."""

NOTE_AT_MOST = 300
REASON_AT_MOST = 500


class Changed(Refused):
    """Somebody decided it, or the forecast changed, since it was looked at; the text says so."""


@dataclass(frozen=True)
class Decided:
    """The last decision about an item; `number` counts them."""

    number: int
    decision: str
    decided_at: datetime
    decided_by: UUID
    name: str


@dataclass(frozen=True)
class Item:
    """An item that may run out, as the last advice and today's stock have it.

    `runs_out` is the chance (0 to 1) to run out before `next_delivery_on`, a day at the pharmacy; `has_come` whether
    packs came in since `made_at`; `taker_count` how many patients take it who may be told.
    """

    medicine_id: UUID
    medicine_row: int
    label: str
    runs_out: float
    next_delivery_on: date
    delivery_from: str
    made_at: datetime
    stock_milli: int
    has_come: bool
    taker_count: int
    last: Decided | None

    @property
    def is_out(self) -> bool:
        """Whether nothing of it is left that could be handed out."""
        return self.stock_milli <= 0

    def mark(self, note: str = "") -> str:
        """What a notice of it would say, as a short text to compare by."""
        day = (self.next_delivery_on, self.delivery_from)
        told = (self.medicine_id, round(self.runs_out, 6), self.is_out, day, note.strip())
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]

    def was_decided_lately(self, now: datetime) -> bool:
        """Whether a decision about it still stands."""
        return self.last is not None and self.last.decided_at > now - QUIET


@dataclass(frozen=True)
class Notice:
    """A decision as the pharmacy reads it; `is_out` says that nothing was left then."""

    notice_id: UUID
    medicine_id: UUID
    label: str
    decision: str
    decided_at: datetime
    decided_by: str
    runs_out: float
    next_delivery_on: date
    reason: str | None
    told_count: int
    has_note: bool
    is_out: bool
    time_zone: str


@dataclass(frozen=True)
class Told:
    """A notice as a patient reads it.

    `is_out` says that nothing was left there when it was sent, `is_replaceable` that another brand may often be given in
    its place, `has_come` that packs came in since, `is_over` that its day
    is past, `is_suspended` that its pharmacy is.
    """

    notice_id: UUID
    medicine_id: UUID
    label: str
    pharmacy_id: UUID
    pharmacy_name: str
    phone: str | None
    time_zone: str
    runs_out: float
    next_delivery_on: date
    delivery_from: str
    decided_at: datetime
    decided_by: str
    note_sealed: str | None
    is_out: bool
    is_replaceable: bool
    has_come: bool
    is_over: bool
    is_suspended: bool

    @property
    def stands(self) -> bool:
        """Whether it still is so, as far as is known."""
        return not (self.has_come or self.is_over or self.is_suspended)


def why_not(item: Item | None, *, today: date, now: datetime) -> str | None:
    """Why no notice of an item can be sent now; None where one can. A sentence.

    Who decided it lately is told by whoever knows names and times (see `Item.was_decided_lately`).
    """
    if item is None or item.runs_out < LEAST_CHANCE:
        return "This medicine is not expected to run out any more."
    if item.has_come:
        return "Packs came in since this was worked out; look again tomorrow."
    if item.made_at <= now - ADVICE_LASTS:
        return "The forecast is too old to tell patients of; look again when a new one is there."
    if item.next_delivery_on < today:
        return "The day of the delivery is past; look again tomorrow."
    if not item.taker_count:
        return "None of your patients who may be written to takes this medicine."
    return None
