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
from remedy.appointments import kinds, queries, waiting
from remedy.appointments.model import LIVING, NOTICE, Doctor, Slot
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import appointment, appointment_cell, doctor, visit_kind
from remedy.schema.people import patient, patient_key
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

    kind_name: str | None = None
    minutes: int | None = None
    """The kind of visit they wait for, by name and length; without a length the doctor's first."""
    busy: tuple[tuple[datetime, datetime], ...] = ()
    """When they are at other visits, from and until."""

    def suits(self, slot: Slot, place: ZoneInfo) -> bool:
        """Whether that time is one they wait for."""
        local = slot.starts_at.astimezone(place)
        return (
            self.from_day <= local.date() <= self.until_day
            and (self.earliest is None or local.time() >= self.earliest)
            and (self.before is None or slot.starts_at < self.before)
            and not any(
                starts_at < slot.ends_at and slot.starts_at < ends_at
                for starts_at, ends_at in self.busy
            )
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
    """End the offers nobody claimed in time, and the entries whose last day is over or whose patient's record was erased.

    How many offers.
    """
    now = clock()
    ended = connection.execute(
        sa.update(waiting_offer)
        .where(waiting_offer.c.state == "open", waiting_offer.c.expires_at <= now)
        .values(state="ended", answered_at=now)
    )
    # The day is over everywhere: some hospital may be a day behind.
    over = connection.execute(
        sa.select(waiting_entry.c.id)
        .select_from(_entries())
        .where(
            waiting_entry.c.is_open.is_(True),
            sa.or_(
                waiting_entry.c.until_day < (now - timedelta(days=1)).date(),
                patient_key.c.erased_at.is_not(None),
            ),
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
    by_kind = _by_kind(connection, doctor_id, waits)
    shown = {like.kind_id: _shown(connection, like, those, now) for like, those in by_kind.values()}
    _withdraw_taken(connection, doctor_row, found.kind_id, shown, now)
    # An offer that could not be read in time is none.
    soonest = now + NOTICE + timedelta(hours=1)
    open_to = {
        kind_id: [slot for slot, is_free in slots if is_free and slot.starts_at >= soonest]
        for kind_id, slots in shown.items()
    }
    chosen = _chosen(connection, doctor_row, found, waits, by_kind, open_to)
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
            "kind_id": _kind_row(connection, kind_id),
        }
        for one, slot, kind_id in chosen
    ]
    if made:
        connection.execute(sa.insert(waiting_offer), made)
    for entry_id, patient_id in {one.entry_id: one.patient_id for one, *_ in chosen}.items():
        owed.owe(connection, "waiting_offer", entry_id, patient_id, now=now)
    return len(made)


Kinds = dict[UUID | None, tuple[Doctor, list[Waits]]]
"""By the id of the doctor's kind of visit: the doctor for visits of that kind, and who waits for one like it."""


def _entries() -> sa.FromClause:
    """Who waits, each with the key of their record."""
    return waiting_entry.join(patient, patient.c.id == waiting_entry.c.patient_id).join(
        patient_key, patient_key.c.patient_public_id == patient.c.public_id
    )


def _by_kind(connection: sa.Connection, doctor_id: UUID, waits: Iterable[Waits]) -> Kinds:
    """Who waits by what they would be offered, in the order of the first of each; not who waits for a longer visit than any."""
    found: dict[tuple[str | None, int | None], Doctor | None] = {}
    made: Kinds = {}
    for one in waits:
        wanted = (one.kind_name, one.minutes)
        if wanted not in found:
            found[wanted] = kinds.doctor_for(connection, doctor_id, *wanted)
        like = found[wanted]
        if like is not None:
            made.setdefault(like.kind_id, (like, []))[1].append(one)
    return made


def _kind_row(connection: sa.Connection, kind_id: UUID | None) -> int | None:
    query = sa.select(visit_kind.c.id).where(visit_kind.c.public_id == kind_id)
    return connection.execute(query).scalar() if kind_id else None


def _waits(connection: sa.Connection, found: Doctor, doctor_row: int, now: datetime) -> list[Waits]:
    """Who waits for this doctor or any of the speciality, in order."""
    later = appointment.alias("later")
    is_later = sa.and_(
        later.c.id == waiting_entry.c.instead_of_id,
        later.c.state.in_(LIVING),
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
            waiting_entry.c.kind_name,
            waiting_entry.c.minutes,
            waiting_entry.c.instead_of_id,
        )
        .select_from(_entries().outerjoin(later, is_later))
        .where(
            waiting_entry.c.is_open.is_(True),
            # Nobody is left to be told, or to say what the visit is for.
            patient_key.c.erased_at.is_(None),
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
    found_rows = rows.all()
    busy = _busy(connection, [row.patient_id for row in found_rows], now)
    return [
        Waits(
            row.id,
            row.public_id,
            row.patient_id,
            row.from_day,
            row.until_day,
            row.earliest,
            row.starts_at,
            row.kind_name,
            row.minutes,
            tuple(
                (starts_at, ends_at)
                for visit_row, starts_at, ends_at in busy.get(row.patient_id, [])
                if visit_row != row.instead_of_id
            ),
        )
        for row in found_rows
    ]


def _busy(
    connection: sa.Connection, patients: Iterable[UUID], now: datetime
) -> dict[UUID, list[tuple[int, datetime, datetime]]]:
    """The visits ahead of each of these patients: row id, from and until. Nobody is offered two at once."""
    found: dict[UUID, list[tuple[int, datetime, datetime]]] = {}
    query = (
        sa.select(
            patient.c.public_id, appointment.c.id, appointment.c.starts_at, appointment.c.ends_at
        )
        .join_from(appointment, patient, patient.c.id == appointment.c.patient_id)
        .where(
            patient.c.public_id.in_(sorted(set(patients))),
            appointment.c.state.in_(LIVING),
            appointment.c.ends_at > now,
        )
    )
    for patient_id, row, starts_at, ends_at in connection.execute(query):
        found.setdefault(patient_id, []).append((row, starts_at, ends_at))
    return found


def _shown(
    connection: sa.Connection, found: Doctor, waits: Iterable[Waits], now: datetime
) -> list[tuple[Slot, bool]]:
    """The doctor's times that somebody could wait for, each with whether it is free."""
    today = local_day(now, found.time_zone)
    last = max((one.until_day for one in waits), default=today)
    days = min((last - today).days, LOOKED_AHEAD) + 1
    return queries.day_slots(connection, found, first_day=today, days=days, now=now)


def _withdraw_taken(
    connection: sa.Connection,
    doctor_row: int,
    first_kind: UUID | None,
    shown: dict[UUID | None, list[tuple[Slot, bool]]],
    now: datetime,
) -> None:
    """Offers of a time that somebody has booked without waiting are gone; not of one set aside for some minutes."""
    there = {
        (kind_id, slot.starts_at): (slot, is_free)
        for kind_id, slots in shown.items()
        for slot, is_free in slots
    }

    def is_gone(kind_id: UUID | None, starts_at: datetime) -> bool:
        slot, is_free = there.get((kind_id or first_kind, starts_at), (None, False))
        return slot is None or (not is_free and _is_booked(connection, doctor_row, slot))

    rows = connection.execute(
        sa.select(waiting_offer.c.id, waiting_offer.c.starts_at, visit_kind.c.public_id)
        .outerjoin_from(waiting_offer, visit_kind, visit_kind.c.id == waiting_offer.c.kind_id)
        .where(waiting_offer.c.doctor_id == doctor_row, waiting_offer.c.state == "open")
    )
    gone = [row.id for row in rows if is_gone(row.public_id, row.starts_at)]
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
    by_kind: Kinds,
    open_to: dict[UUID | None, list[Slot]],
) -> list[tuple[Waits, Slot, UUID | None]]:
    """Who is offered what, and of which kind: each time to the first few it suits, unless it is offered already.

    Where people wait for kinds of different length, the kind the most urgent of them waits for has the first choice.
    """
    if not waits or not any(open_to.values()):
        return []
    rows = connection.execute(
        sa.select(
            waiting_offer.c.id,
            waiting_offer.c.entry_id,
            waiting_offer.c.doctor_id,
            waiting_offer.c.starts_at,
            waiting_offer.c.ends_at,
            waiting_offer.c.state,
        ).where(waiting_offer.c.entry_id.in_([one.entry_row for one in waits]))
    ).all()
    own = [row for row in rows if row.doctor_id == doctor_row]
    on_offer = [(row.starts_at, row.ends_at) for row in own if row.state == "open"]
    answered = {(row.entry_id, row.starts_at) for row in own if row.state != "gone"}
    lost = {(row.entry_id, row.starts_at): row.id for row in own if row.state == "gone"}
    open_offers = {
        one.entry_row: sum(row.entry_id == one.entry_row and row.state == "open" for row in rows)
        for one in waits
    }
    place, chosen, again = zone(found.time_zone), [], []
    for kind_id, (_, those) in by_kind.items():
        for slot in open_to[kind_id]:
            if any(starts < slot.ends_at and slot.starts_at < ends for starts, ends in on_offer):
                continue
            first: dict[UUID, Waits] = {}
            for one in those:
                if (
                    open_offers[one.entry_row] < OFFERS_AT_MOST
                    and (one.entry_row, slot.starts_at) not in answered
                    and one.suits(slot, place)
                ):
                    # Who waits for the doctor and for anybody is one of those it is offered to, not two.
                    first.setdefault(one.patient_id, one)
            for one in list(first.values())[:OFFERED_TO]:
                open_offers[one.entry_row] += 1
                chosen.append((one, slot, kind_id))
                if (one.entry_row, slot.starts_at) in lost:
                    again.append(lost[one.entry_row, slot.starts_at])
            if first:
                on_offer.append((slot.starts_at, slot.ends_at))
    if again:
        # It was gone and is free once more: the new offer takes the place of the old.
        connection.execute(sa.delete(waiting_offer).where(waiting_offer.c.id.in_(again)))
    return chosen
