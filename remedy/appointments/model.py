"""Slots, visits and their rules; pure. Which slots a doctor's calendar gives is in `calendar.py`.

A doctor's time is cells of five minutes (design decision 11).
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from remedy.values import reference_of

CELL = timedelta(minutes=5)
URGENCIES = ("routine", "soon", "urgent")
EMERGENCY = "emergency"

UNDECIDED_FOR = timedelta(hours=48)
DECIDED_BEFORE = timedelta(hours=2)
"""A request nobody decides lets go of its time 48 h after it was made, or 2 h before the visit."""

NOTICE = timedelta(hours=3)
"""Slots sooner than this are not offered: an admin has at least an hour to decide."""

FURTHEST = timedelta(days=180)
"""Nor are slots later than this."""

PLANNED_AHEAD = timedelta(days=3 * 366)
"""So far ahead leave, and dates that differ, can be told."""

CHECK_IN_BEFORE = timedelta(hours=1)
"""A patient may be checked in so long before the visit."""

MISSED_AFTER = timedelta(hours=24)
"""So long after its end a visit that nobody was checked in for is taken for missed."""

HOLD_FOR = timedelta(minutes=10)
"""How long a time is set aside for who fills in the form."""

WAITING = ("requested", "proposed")
"""States that let go of their time when nobody decides, or nobody answers the proposal."""

LIVING = (*WAITING, "accepted")
"""States that take a doctor's time."""

SYMPTOMS_AT_MOST = 4000
NOTE_AT_MOST = 2000


class Refused(ValueError):
    """The change is refused; the text is a sentence for the user."""


@dataclass(frozen=True, order=True)
class Slot:
    """A stretch of a doctor's time that can be asked for; UTC. `buffer` is the doctor's time after it."""

    doctor_id: UUID
    starts_at: datetime
    ends_at: datetime
    buffer: timedelta = field(default=timedelta(), compare=False)
    hospital_id: UUID | None = field(default=None, compare=False)

    @property
    def busy_until(self) -> datetime:
        """When the doctor has time again: the visit and the buffer after it are taken."""
        return self.ends_at + self.buffer


class SlotTaken(Refused):
    """Somebody else has that time; `nearest` are free slots close to it."""

    def __init__(self, nearest: tuple[Slot, ...]) -> None:
        super().__init__(
            "Somebody else has just asked for that time. These are the nearest free ones."
            if nearest
            else "Somebody else has just asked for that time, and no other is free near it."
        )
        self.nearest = nearest


class AlreadyDecided(Refused):
    """The request is not waiting any more; the text says who did what."""


@dataclass(frozen=True)
class Doctor:
    """A doctor as patients choose one, and how long the chosen kind of visit takes there.

    `kind_id` and `kind_name` are empty for a doctor who knows one kind only, without a name.
    """

    doctor_id: UUID
    name: str
    speciality: str
    visit_minutes: int
    hospital_id: UUID
    hospital_name: str
    hospital_address: str
    time_zone: str
    kind_id: UUID | None = None
    kind_name: str = ""
    buffer_minutes: int = 0


@dataclass(frozen=True)
class VisitKind:
    """What a doctor can be asked for: a first visit, a check-up …; minutes, and the doctor's own after each."""

    kind_id: UUID
    name: str
    minutes: int
    buffer_minutes: int
    is_active: bool = True


@dataclass(frozen=True)
class Hospital:
    """A hospital as who needs one finds it; degrees."""

    hospital_id: UUID
    name: str
    address: str
    phone: str | None
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Visit:
    """A request for a visit and what became of it.

    `state` is requested, proposed (another time, the patient has to answer), accepted, declined, cancelled,
    attended or missed; symptoms and note are vault tokens of the patient (fields `symptoms` and `note` of
    record `appointment_id`); `instead_of` is the time before the last move or proposal. `change_hours` and
    `urgent_minutes` are the hospital's; `marked_by` noted last that the patient came or did not; `by_rule` is
    the rule that accepted it in an admin's place.
    """

    appointment_id: UUID
    patient_id: UUID
    doctor_id: UUID
    doctor_name: str
    speciality: str
    hospital_id: UUID
    hospital_name: str
    hospital_address: str
    time_zone: str
    state: str
    urgency: str
    starts_at: datetime
    ends_at: datetime
    version: int
    requested_at: datetime
    lapses_at: datetime
    decided_at: datetime | None
    decided_by: UUID | None
    symptoms_sealed: str
    note_sealed: str | None
    instead_of: datetime | None = None
    kind_id: UUID | None = None
    kind_name: str | None = None
    hospital_phone: str | None = None
    change_hours: int = 24
    urgent_minutes: int = 60
    checked_in_at: datetime | None = None
    marked_by: UUID | None = None
    marked_at: datetime | None = None
    by_rule: UUID | None = None
    waiting_since: datetime | None = None

    @property
    def reference(self) -> str:
        """A short name to say on the telephone: the end of the public id, which is random."""
        return reference_of(self.appointment_id)

    @property
    def has_lapsed(self) -> bool:
        """Whether nobody decided or answered in time: called off, decided at an instant, but by nobody."""
        is_decided_by_nobody = self.decided_by is None and self.by_rule is None
        return self.state == "cancelled" and self.decided_at is not None and is_decided_by_nobody

    @property
    def change_until(self) -> datetime:
        """Until when its patient may cancel or move it once it is accepted; afterwards by telephone only."""
        return self.starts_at - timedelta(hours=self.change_hours)

    def is_too_late(self, now: datetime) -> bool:
        """Whether it is accepted, still to come, and so near that it is changed by telephone only."""
        return self.state == "accepted" and self.change_until <= now < self.starts_at

    def is_late_urgent(self, now: datetime) -> bool:
        """Whether it is urgent and has waited for a decision longer than the hospital wants."""
        waits = now - (self.waiting_since or self.requested_at)
        is_long = waits >= timedelta(minutes=self.urgent_minutes)
        return self.urgency == "urgent" and self.may_decide(now) and is_long

    def may_check_in(self, now: datetime) -> bool:
        """Whether its patient may be noted as being there."""
        is_time = now >= self.starts_at - CHECK_IN_BEFORE
        return self.state == "accepted" and self.checked_in_at is None and is_time

    def may_attend(self, now: datetime) -> bool:
        """Whether it may be noted as having taken place: also what was taken for missed."""
        return self.state in {"accepted", "missed"} and self.starts_at <= now

    def may_miss(self, now: datetime) -> bool:
        """Whether it may be noted as missed: never once the patient was there."""
        return self.state == "accepted" and self.checked_in_at is None and self.starts_at <= now

    def may_answer(self, now: datetime) -> bool:
        """Whether the hospital's proposal still waits for the patient's answer."""
        return self.state == "proposed" and self.lapses_at > now

    def may_decide(self, now: datetime) -> bool:
        """Whether the request still waits for an admin."""
        return self.state == "requested" and self.lapses_at > now

    def may_end(self, now: datetime) -> bool:
        """Whether the patient may still call it off."""
        return self.state in LIVING and self.starts_at > now and not self.is_too_late(now)

    def may_move(self, now: datetime) -> bool:
        """Whether the patient may still choose another time for it."""
        is_due = self.state in WAITING and self.lapses_at <= now
        return self.may_end(now) and not is_due


@dataclass(frozen=True)
class Hold:
    """Time set aside for a patient who fills in the form; the id is new each time, the end is not."""

    hold_id: UUID
    doctor_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Hours:
    """When and where a doctor sees patients: Monday is 0; an end not after the start is the next day's.

    Without a hospital it is the doctor's own.
    """

    weekday: int
    starts: time
    ends: time
    hospital_id: UUID | None = None


Taken = tuple[datetime, datetime]
"""A stretch of whole cells that a visit takes: from, and to where it is free again."""


@dataclass(frozen=True)
class Leave:
    """When a doctor sees nobody; UTC, the end not included."""

    starts_at: datetime
    ends_at: datetime


def cells(starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """Every cell of five minutes that a visit touches, in order."""
    seconds = int(CELL.total_seconds())
    first = int(starts_at.timestamp()) // seconds
    past = -(-int(ends_at.timestamp()) // seconds)
    return [datetime.fromtimestamp(number * seconds, UTC) for number in range(first, past)]


def free(
    slots: Iterable[Slot], taken: Iterable[Taken], leaves: Iterable[Leave], *, now: datetime
) -> list[Slot]:
    """Those slots that touch no taken time (nor does their buffer) and no leave, and are not too soon."""
    soonest, in_order, leaves = now + NOTICE, sorted(taken), tuple(leaves)
    ends = [ends_at for _, ends_at in in_order]

    def is_taken(slot: Slot) -> bool:
        # Of the stretches, which never overlap, the first that ends after the slot begins.
        place = bisect_right(ends, slot.starts_at)
        return place < len(in_order) and in_order[place][0] < slot.busy_until

    return [
        slot
        for slot in slots
        if slot.starts_at >= soonest
        and not any(
            leave.starts_at < slot.ends_at and slot.starts_at < leave.ends_at for leave in leaves
        )
        and not is_taken(slot)
    ]


def lapses_at(requested_at: datetime, starts_at: datetime) -> datetime:
    """When a request that nobody decides lets go of its time."""
    return min(requested_at + UNDECIDED_FOR, starts_at - DECIDED_BEFORE)


def check_near(day: date, today: date) -> None:
    """Refuse a day so far ahead that it is mistyped.

    Raises:
        Refused: if it is more than three years ahead.
    """
    if day - today > PLANNED_AHEAD:
        raise Refused("That is more than three years ahead; check the year.")


def check_text(text: str, what: str, at_most: int) -> str:
    """A text without blanks around it.

    Raises:
        Refused: if it is too long.
    """
    plain = text.strip()
    if len(plain) > at_most:
        raise Refused(f"{what} may have at most {at_most} characters; these are {len(plain)}.")
    return plain
