"""Slots, visits and their rules; pure.

A doctor's time is cells of five minutes (design decision 11). Hours are local times of the hospital; slots
are instants, walked in real minutes, so that a day of 23 or 25 hours loses none and doubles none.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from remedy.values import zone

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
    """A stretch of a doctor's time that can be asked for; UTC."""

    doctor_id: UUID
    starts_at: datetime
    ends_at: datetime


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
    """A doctor as patients choose one."""

    doctor_id: UUID
    name: str
    speciality: str
    visit_minutes: int
    hospital_id: UUID
    hospital_name: str
    hospital_address: str
    time_zone: str


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
    record `appointment_id`); `instead_of` is the time before the last move or proposal.
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

    @property
    def reference(self) -> str:
        """A short name to say on the telephone: the end of the public id, which is random."""
        end = self.appointment_id.hex[-8:].upper()
        return f"{end[:4]}-{end[4:]}"

    @property
    def has_lapsed(self) -> bool:
        """Whether nobody decided or answered in time: called off, decided at an instant, but by nobody."""
        return self.state == "cancelled" and self.decided_at is not None and self.decided_by is None

    def may_answer(self, now: datetime) -> bool:
        """Whether the hospital's proposal still waits for the patient's answer."""
        return self.state == "proposed" and self.lapses_at > now

    def may_decide(self, now: datetime) -> bool:
        """Whether the request still waits for an admin."""
        return self.state == "requested" and self.lapses_at > now

    def may_end(self, now: datetime) -> bool:
        """Whether the patient may still call it off."""
        return self.state in LIVING and self.starts_at > now

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
    """When a doctor sees patients: Monday is 0; an end not after the start is the next day's."""

    weekday: int
    starts: time
    ends: time


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


def slots_of_day(
    doctor_id: UUID, day: date, hours: Iterable[Hours], visit_minutes: int, time_zone: str
) -> list[Slot]:
    """The slots of a doctor's local day, whether taken or not, in order.

    A time the clocks skip counts as the first instant after the gap; of a time they repeat, the first. So
    hours over a change of clocks give as many slots as the time really has.
    """
    length = timedelta(minutes=visit_minutes)
    found = []
    for stretch in hours:
        if stretch.weekday != day.weekday():
            continue
        last_day = day if stretch.ends > stretch.starts else day + timedelta(days=1)
        starts_at = _instant(day, stretch.starts, time_zone)
        ends_at = _instant(last_day, stretch.ends, time_zone)
        while starts_at + length <= ends_at:
            found.append(Slot(doctor_id, starts_at, starts_at + length))
            starts_at += length
    return sorted(found)


def free(
    slots: Iterable[Slot], taken: Iterable[Taken], leaves: Iterable[Leave], *, now: datetime
) -> list[Slot]:
    """Those slots that touch no taken time and no leave, and are not too soon."""
    soonest, in_order, leaves = now + NOTICE, sorted(taken), tuple(leaves)
    ends = [ends_at for _, ends_at in in_order]

    def is_taken(slot: Slot) -> bool:
        # Of the stretches, which never overlap, the first that ends after the slot begins.
        place = bisect_right(ends, slot.starts_at)
        return place < len(in_order) and in_order[place][0] < slot.ends_at

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


def check_text(text: str, what: str, at_most: int) -> str:
    """A text without blanks around it.

    Raises:
        Refused: if it is too long.
    """
    plain = text.strip()
    if len(plain) > at_most:
        raise Refused(f"{what} may have at most {at_most} characters; these are {len(plain)}.")
    return plain


def _instant(day: date, clock_time: time, time_zone: str) -> datetime:
    """The instant a local clock shows that time (the first, if twice; after the gap, if never)."""
    place = zone(time_zone)
    local = datetime.combine(day, clock_time, tzinfo=place)
    instant = local.astimezone(UTC)
    if instant.astimezone(place).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # The clocks skip it: the offsets before and after the gap give two instants around the change.
    early, late = local.replace(fold=1).astimezone(UTC), instant
    while late - early > timedelta(minutes=1):
        middle = early + (late - early) / 2
        if middle.astimezone(place).utcoffset() == early.astimezone(place).utcoffset():
            early = middle
        else:
            late = middle
    return late.replace(second=0, microsecond=0)
