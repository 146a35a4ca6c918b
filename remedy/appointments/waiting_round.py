"""What has become free is offered to who waits: a few at a time, by urgency and then by since when they wait.

The round looks at the times that are free now, not at what freed them: a visit called off, declined, lapsed or moved,
a hold that ended, new hours, a leave taken back are all the same to who waits. It is part of what falls due by the
clock (`remedy.pipeline.overdue`), every half minute beside the relay: a time that was freed is wanted within minutes,
and a DAG would take longer to start than the offer to be claimed. It needs no key of the vault.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remedy import owed
from remedy.appointments import queries, waiting
from remedy.appointments.model import NOTICE, Doctor, Slot
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import appointment, appointment_cell, doctor
from remedy.schema.people import patient
from remedy.values import Clock, local_day, uuid7, zone

OFFERED_TO = 3
"""How many are offered one time at once: more would mostly be told that they came too late."""

OFFERS_AT_MOST = 3
"""How many times one who waits is offered at once."""

OFFER_FOR = timedelta(hours=4)
LOOKED_AHEAD = 28
"""Days: what is further away is offered when it comes nearer."""


@dataclass(frozen=True)
class Waits:
    """Who waits for a time of a doctor's, as the round sees them: nobody's name."""

    entry_row: int
    entry_id: UUID
    patient_id: UUID
    from_day: date
    until_day: date
    earliest: time | None
    before: datetime | None
    """A later visit that would be given up: only earlier times are of use."""

    def suits(self, slot: Slot, place: ZoneInfo) -> bool:
        """Whether that time is one they wait for."""
        local = slot.starts_at.astimezone(place)
        return (
            self.from_day <= local.date() <= self.until_day
            and (self.earliest is None or local.time() >= self.earliest)
            and (self.before is None or slot.starts_at < self.before)
        )


def doctors_waited_for(connection: sa.Connection) -> list[UUID]:
    """The doctors whose time somebody waits for, or was offered."""
    waits = sa.exists().where(
        waiting_entry.c.is_open.is_(True),
        sa.or_(
            waiting_entry.c.doctor_id == doctor.c.id,
            sa.and_(
                waiting_entry.c.doctor_id.is_(None),
                waiting_entry.c.speciality == doctor.c.speciality,
            ),
        ),
    )
    rows = connection.execute(
        sa.select(doctor.c.public_id).where(doctor.c.is_active, waits).order_by(doctor.c.id)
    )
    return list(rows.scalars())


def end_due(connection: sa.Connection, *, clock: Clock) -> int:
    """End the offers nobody claimed in time, and the entries whose last day is over; how many offers."""
    now = clock()
    ended = connection.execute(
        sa.update(waiting_offer)
        .where(waiting_offer.c.state == "open", waiting_offer.c.expires_at <= now)
        .values(state="ended", answered_at=now)
    )
    # The day is over everywhere: some hospital may be a day behind.
    over = connection.execute(
        sa.select(waiting_entry.c.id).where(
            waiting_entry.c.is_open.is_(True),
            waiting_entry.c.until_day < (now - timedelta(days=1)).date(),
        )
    ).scalars()
    for row in over.all():
        waiting.close(connection, row, "ended", now)
    return ended.rowcount


def offer_free(connection: sa.Connection, *, doctor_id: UUID, clock: Clock) -> int:
    """Offer a doctor's free times to who waits for them; how many offers were made. Each who has any is owed a mail."""
    now = clock()
    found = queries.doctor_of(connection, doctor_id)
    if found is None:
        return 0
    # One round at a time for each doctor.
    doctor_row = connection.execute(
        sa.select(doctor.c.id).where(doctor.c.public_id == doctor_id).with_for_update()
    ).scalar_one()
    waits = _waits(connection, found, doctor_row, now)
    shown = _shown(connection, found, waits, now)
    _withdraw_taken(connection, doctor_row, shown, now)
    # An offer that could not be read in time is none.
    soonest = now + NOTICE + timedelta(hours=1)
    slots = [slot for slot, is_free in shown if is_free and slot.starts_at >= soonest]
    chosen = _chosen(connection, doctor_row, found, waits, slots)
    made = [
        {
            "public_id": uuid7(clock),
            "entry_id": one.entry_row,
            "doctor_id": doctor_row,
            "starts_at": slot.starts_at,
            "ends_at": slot.ends_at,
            "state": "open",
            "offered_at": now,
            "expires_at": min(now + OFFER_FOR, slot.starts_at - NOTICE),
        }
        for one, slot in chosen
    ]
    if made:
        connection.execute(sa.insert(waiting_offer), made)
    for entry_id, patient_id in {one.entry_id: one.patient_id for one, _ in chosen}.items():
        owed.owe(connection, "waiting_offer", entry_id, patient_id, now=now)
    return len(made)


def _waits(connection: sa.Connection, found: Doctor, doctor_row: int, now: datetime) -> list[Waits]:
    """Who waits for this doctor or any of the speciality, in order."""
    later = appointment.alias("later")
    is_later = sa.and_(
        later.c.id == waiting_entry.c.instead_of_id,
        later.c.state.in_(("requested", "proposed", "accepted")),
    )
    rows = connection.execute(
        sa.select(
            waiting_entry.c.id,
            waiting_entry.c.public_id,
            patient.c.public_id.label("patient_id"),
            waiting_entry.c.from_day,
            waiting_entry.c.until_day,
            waiting_entry.c.earliest,
            later.c.starts_at,
        )
        .select_from(
            waiting_entry.join(patient, patient.c.id == waiting_entry.c.patient_id).outerjoin(
                later, is_later
            )
        )
        .where(
            waiting_entry.c.is_open.is_(True),
            waiting_entry.c.until_day >= local_day(now, found.time_zone),
            sa.or_(
                waiting_entry.c.doctor_id == doctor_row,
                sa.and_(
                    waiting_entry.c.doctor_id.is_(None),
                    waiting_entry.c.speciality == found.speciality,
                ),
            ),
        )
        .order_by(
            waiting.most_urgent_first(waiting_entry.c.urgency),
            waiting_entry.c.since,
            waiting_entry.c.id,
        )
    )
    return [Waits(*row) for row in rows]


def _shown(
    connection: sa.Connection, found: Doctor, waits: Iterable[Waits], now: datetime
) -> list[tuple[Slot, bool]]:
    """The doctor's times that somebody could wait for, each with whether it is free."""
    today = local_day(now, found.time_zone)
    last = max((one.until_day for one in waits), default=today)
    days = min((last - today).days, LOOKED_AHEAD) + 1
    return queries.day_slots(connection, found, first_day=today, days=days, now=now)


def _withdraw_taken(
    connection: sa.Connection, doctor_row: int, shown: Iterable[tuple[Slot, bool]], now: datetime
) -> None:
    """Offers of a time that somebody has booked without waiting are gone; not of one set aside for some minutes."""
    there = {slot.starts_at: (slot, is_free) for slot, is_free in shown}

    def is_gone(starts_at: datetime) -> bool:
        slot, is_free = there.get(starts_at, (None, False))
        return slot is None or (not is_free and _is_booked(connection, doctor_row, slot))

    rows = connection.execute(
        sa.select(waiting_offer.c.id, waiting_offer.c.starts_at).where(
            waiting_offer.c.doctor_id == doctor_row, waiting_offer.c.state == "open"
        )
    )
    gone = [row.id for row in rows if is_gone(row.starts_at)]
    if gone:
        connection.execute(
            sa.update(waiting_offer)
            .where(waiting_offer.c.id.in_(gone))
            .values(state="gone", answered_at=now)
        )


def _is_booked(connection: sa.Connection, doctor_row: int, slot: Slot) -> bool:
    """Whether a visit has any of a slot's time."""
    cells = sa.select(appointment_cell.c.cell_at).where(
        appointment_cell.c.doctor_id == doctor_row,
        appointment_cell.c.cell_at >= slot.starts_at,
        appointment_cell.c.cell_at < slot.busy_until,
        appointment_cell.c.appointment_id.is_not(None),
    )
    return connection.execute(cells.limit(1)).first() is not None


def _chosen(
    connection: sa.Connection,
    doctor_row: int,
    found: Doctor,
    waits: list[Waits],
    slots: list[Slot],
) -> list[tuple[Waits, Slot]]:
    """Who is offered what: each time to the first few it suits, unless it is offered already."""
    if not waits or not slots:
        return []
    rows = connection.execute(
        sa.select(
            waiting_offer.c.id,
            waiting_offer.c.entry_id,
            waiting_offer.c.doctor_id,
            waiting_offer.c.starts_at,
            waiting_offer.c.state,
        ).where(waiting_offer.c.entry_id.in_([one.entry_row for one in waits]))
    ).all()
    own = [row for row in rows if row.doctor_id == doctor_row]
    on_offer = {row.starts_at for row in own if row.state == "open"}
    answered = {(row.entry_id, row.starts_at) for row in own if row.state != "gone"}
    lost = {(row.entry_id, row.starts_at): row.id for row in own if row.state == "gone"}
    open_offers = {
        one.entry_row: sum(row.entry_id == one.entry_row and row.state == "open" for row in rows)
        for one in waits
    }
    place, chosen, again = zone(found.time_zone), [], []
    for slot in slots:
        if slot.starts_at in on_offer:
            continue
        first: dict[UUID, Waits] = {}
        for one in waits:
            if (
                open_offers[one.entry_row] < OFFERS_AT_MOST
                and (one.entry_row, slot.starts_at) not in answered
                and one.suits(slot, place)
            ):
                # Who waits for the doctor and for anybody is one of those it is offered to, not two.
                first.setdefault(one.patient_id, one)
        for one in list(first.values())[:OFFERED_TO]:
            open_offers[one.entry_row] += 1
            chosen.append((one, slot))
            if (one.entry_row, slot.starts_at) in lost:
                again.append(lost[one.entry_row, slot.starts_at])
    if again:
        # It was gone and is free once more: the new offer takes the place of the old.
        connection.execute(sa.delete(waiting_offer).where(waiting_offer.c.id.in_(again)))
    return chosen
