"""What pages read about the waiting list: what a patient waits for, the place there, and what is offered."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments import queries
from remedy.appointments.calendars import place_of_slot
from remedy.appointments.model import CELL, NOTICE, URGENCIES, WAITING
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import (
    appointment,
    appointment_cell,
    appointment_hold,
    doctor,
    hospital,
    visit_kind,
)
from remedy.schema.people import patient

LOST_SHOWN_FOR = timedelta(days=2)
"""How long a patient still reads that somebody else was first."""


@dataclass(frozen=True)
class Offer:
    """A time offered to a patient; `is_open` while it can be claimed, else somebody else was first."""

    offer_id: UUID
    doctor_id: UUID
    doctor_name: str
    hospital_name: str
    hospital_address: str
    time_zone: str
    starts_at: datetime
    expires_at: datetime
    kind_name: str | None
    is_open: bool


@dataclass(frozen=True)
class Entry:
    """What a patient waits for; without a doctor, any of the speciality. `before` is how many come first."""

    entry_id: UUID
    doctor_id: UUID | None
    doctor_name: str | None
    speciality: str
    urgency: str
    from_day: date
    until_day: date
    earliest: time | None
    instead_of: UUID | None
    kind_name: str | None
    before: int
    offers: tuple[Offer, ...]

    @property
    def open_offers(self) -> tuple[Offer, ...]:
        """What can be claimed."""
        return tuple(one for one in self.offers if one.is_open)


def entries_of(connection: sa.Connection, patient_id: UUID, *, now: datetime) -> list[Entry]:
    """What a patient waits for now, the oldest first."""
    rows = connection.execute(
        sa.select(waiting_entry, doctor.c.public_id, doctor.c.name, appointment.c.public_id)
        .select_from(
            waiting_entry.join(patient, patient.c.id == waiting_entry.c.patient_id)
            .outerjoin(doctor, doctor.c.id == waiting_entry.c.doctor_id)
            .outerjoin(appointment, appointment.c.id == waiting_entry.c.instead_of_id)
        )
        .where(patient.c.public_id == patient_id, waiting_entry.c.is_open.is_(True))
        .order_by(waiting_entry.c.id)
    ).all()
    return [
        Entry(
            row[waiting_entry.c.public_id],
            row[doctor.c.public_id],
            row[doctor.c.name],
            row.speciality,
            row.urgency,
            row.from_day,
            row.until_day,
            row.earliest,
            row[appointment.c.public_id],
            row.kind_name,
            _before(connection, row),
            _offers(connection, row[waiting_entry.c.id], now),
        )
        for row in (one._mapping for one in rows)
    ]


def owns(
    connection: sa.Connection,
    patient_id: UUID,
    *,
    entry_id: UUID | None = None,
    offer_id: UUID | None = None,
) -> bool:
    """Whether an entry or an offer is this patient's, whatever became of it."""
    query = (
        sa.select(waiting_entry.c.id)
        .join_from(waiting_entry, patient)
        .outerjoin(waiting_offer, waiting_offer.c.entry_id == waiting_entry.c.id)
        .where(patient.c.public_id == patient_id)
    )
    if entry_id is not None:
        query = query.where(waiting_entry.c.public_id == entry_id)
    if offer_id is not None:
        query = query.where(waiting_offer.c.public_id == offer_id)
    return connection.execute(query).first() is not None


def who_has(
    connection: sa.Connection, offer_id: UUID, patient_id: UUID, *, now: datetime
) -> tuple[bool, datetime, datetime]:
    """Of an offered time: whether a visit has it, until when others hold it (now: nobody does), until when it can be claimed."""
    offered = connection.execute(
        sa.select(
            waiting_offer.c.doctor_id,
            waiting_offer.c.starts_at,
            waiting_offer.c.ends_at,
            visit_kind.c.buffer_minutes,
        )
        .outerjoin_from(waiting_offer, visit_kind, visit_kind.c.id == waiting_offer.c.kind_id)
        .where(waiting_offer.c.public_id == offer_id)
    ).one()
    own = sa.select(patient.c.id).where(patient.c.public_id == patient_id).scalar_subquery()
    has = connection.execute(
        sa.select(appointment_cell.c.appointment_id, appointment_hold.c.expires_at)
        .select_from(
            appointment_cell.outerjoin(
                appointment, appointment.c.id == appointment_cell.c.appointment_id
            ).outerjoin(appointment_hold, appointment_hold.c.id == appointment_cell.c.hold_id)
        )
        .where(
            appointment_cell.c.doctor_id == offered.doctor_id,
            appointment_cell.c.cell_at > offered.starts_at - CELL,
            appointment_cell.c.cell_at
            < offered.ends_at + timedelta(minutes=offered.buffer_minutes or 0),
            sa.or_(
                appointment.c.state.not_in(WAITING),
                appointment.c.lapses_at > now,
                sa.and_(appointment_hold.c.expires_at > now, appointment_hold.c.patient_id != own),
            ),
        )
    ).all()
    is_booked = any(one.appointment_id is not None for one in has)
    held_until = max((one.expires_at for one in has if one.expires_at), default=now)
    return is_booked, held_until, offered.starts_at - NOTICE


def mark(entries: list[Entry]) -> str:
    """A text that changes whenever what a patient waits for or is offered changes."""
    told = [f"{one.offer_id.hex[-8:]}{one.is_open:d}" for entry in entries for one in entry.offers]
    return ".".join([str(len(entries)), *(str(entry.before) for entry in entries), *told])


def _before(connection: sa.Connection, row: Any) -> int:
    """How many who wait for the same come first: more urgent, or as urgent and for longer."""
    more_urgent = URGENCIES[URGENCIES.index(row["urgency"]) + 1 :]
    return int(
        connection.execute(
            sa.select(sa.func.count())
            .select_from(waiting_entry)
            .where(
                waiting_entry.c.wanted == row["wanted"],
                waiting_entry.c.is_open.is_(True),
                sa.or_(
                    waiting_entry.c.urgency.in_(more_urgent),
                    sa.and_(
                        waiting_entry.c.urgency == row["urgency"],
                        waiting_entry.c.since < row["since"],
                    ),
                ),
            )
        ).scalar_one()
    )


def _offers(connection: sa.Connection, entry_row: int, now: datetime) -> tuple[Offer, ...]:
    rows = connection.execute(
        sa.select(
            waiting_offer.c.public_id,
            doctor.c.public_id,
            doctor.c.name,
            hospital.c.name,
            hospital.c.address,
            hospital.c.time_zone,
            waiting_offer.c.starts_at,
            waiting_offer.c.expires_at,
            visit_kind.c.name,
            waiting_offer.c.state,
        )
        .select_from(
            waiting_offer.join(doctor, doctor.c.id == waiting_offer.c.doctor_id)
            .join(hospital, hospital.c.id == doctor.c.hospital_id)
            .outerjoin(visit_kind, visit_kind.c.id == waiting_offer.c.kind_id)
        )
        .where(
            waiting_offer.c.entry_id == entry_row,
            sa.or_(
                sa.and_(waiting_offer.c.state == "open", waiting_offer.c.expires_at > now),
                sa.and_(
                    waiting_offer.c.state == "gone",
                    waiting_offer.c.answered_at > now - LOST_SHOWN_FOR,
                ),
            ),
        )
        .order_by(waiting_offer.c.starts_at, waiting_offer.c.id)
    )
    offers = [Offer(*row[:9], is_open=row.state == "open") for row in rows]
    return tuple(_placed(connection, one) for one in offers)


def _placed(connection: sa.Connection, offer: Offer) -> Offer:
    """The offer with the hospital the doctor is in at that time, which may not be the doctor's own."""
    found = queries.doctor_of(connection, offer.doctor_id)
    if found is None:
        return offer
    place = place_of_slot(connection, found, offer.starts_at)
    return replace(offer, hospital_name=place.name, hospital_address=place.address)
