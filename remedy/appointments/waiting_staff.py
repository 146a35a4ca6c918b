"""The waiting list as staff see it: who waits for what and since when, what was offered; and taking somebody off it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.appointments import model, waiting, writing
from remedy.appointments.model import NOTE_AT_MOST, Refused
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import doctor, hospital
from remedy.schema.people import patient
from remedy.values import Clock, reference_of
from remedy.vault import Vault

SHOWN_AT_MOST = 200
"""The most who wait on one page."""

OFFERS_SHOWN = 5
"""How many of what somebody was offered are shown, the latest."""

REMOVED_SHOWN_FOR = timedelta(days=30)
"""How long a patient reads why the hospital took them off the list."""


@dataclass(frozen=True)
class WasOffered:
    """A time somebody was offered, and what came of it: open, claimed, declined, gone (to somebody else) or ended."""

    doctor_name: str
    time_zone: str
    starts_at: datetime
    state: str
    offered_at: datetime


@dataclass(frozen=True)
class Waiter:
    """Who waits, without a name; without a doctor for any of the speciality."""

    entry_id: UUID
    patient_id: UUID
    doctor_id: UUID | None
    doctor_name: str | None
    speciality: str
    urgency: str
    since: datetime
    from_day: date
    until_day: date
    earliest: time | None
    kind_name: str | None
    state: str
    offers: tuple[WasOffered, ...] = ()

    @property
    def reference(self) -> str:
        """A short name to say on the telephone, as of a visit."""
        return reference_of(self.entry_id)

    @property
    def waits(self) -> bool:
        """Whether the entry is not over."""
        return self.state == "waiting"


@dataclass(frozen=True)
class Wanted:
    """What staff look for; what is empty counts for all."""

    speciality: str = ""
    doctor_id: UUID | None = None
    urgency: str = ""

    def holds(self, one: Waiter) -> bool:
        """Whether somebody who waits is one of those."""
        return (
            self.speciality in {"", one.speciality}
            and self.doctor_id in {None, one.doctor_id}
            and self.urgency in {"", one.urgency}
        )


@dataclass(frozen=True)
class Removed:
    """An entry an admin took off the list; the note is a vault token of the patient (record `entry_id`)."""

    entry_id: UUID
    doctor_name: str | None
    speciality: str
    ended_at: datetime
    note_sealed: str


def waiters(connection: sa.Connection, *, of_doctor: UUID | None = None) -> list[Waiter]:
    """Who waits, by speciality and doctor, then in the order they are offered times.

    With `of_doctor` only who waits for that doctor, or for any of the doctor's speciality.
    """
    query = _query().where(waiting_entry.c.is_open.is_(True))
    if of_doctor is not None:
        own = sa.select(doctor.c.speciality).where(doctor.c.public_id == of_doctor)
        query = query.where(
            sa.or_(
                doctor.c.public_id == of_doctor,
                sa.and_(
                    waiting_entry.c.doctor_id.is_(None),
                    waiting_entry.c.speciality == own.scalar_subquery(),
                ),
            )
        )
    rows = connection.execute(
        query.order_by(
            waiting_entry.c.speciality,
            doctor.c.name,
            waiting_entry.c.doctor_id,
            waiting.most_urgent_first(waiting_entry.c.urgency),
            waiting_entry.c.since,
            waiting_entry.c.id,
        )
    ).all()
    offers = _offers(connection, [row.id for row in rows])
    return [replace(Waiter(*row[1:]), offers=offers.get(row.id, ())) for row in rows]


def waiter(connection: sa.Connection, entry_id: UUID) -> Waiter | None:
    """One who waits, or did; or None."""
    row = connection.execute(_query().where(waiting_entry.c.public_id == entry_id)).one_or_none()
    if row is None:
        return None
    return replace(Waiter(*row[1:]), offers=_offers(connection, [row.id]).get(row.id, ()))


def remove(
    connection: sa.Connection,
    vault: Vault,
    *,
    entry_id: UUID,
    note: str,
    removed_by: UUID,
    clock: Clock,
) -> None:
    """Take somebody off the list, and tell them why; what they were still offered ends.

    Raises:
        Refused: if they do not wait there any more, or the note is missing or too long.
    """
    now = clock()
    told = model.check_text(note, "The note", NOTE_AT_MOST)
    if not told:
        raise Refused("Tell the patient why they are taken off the list.")
    row = connection.execute(
        sa.select(waiting_entry.c.id, patient.c.public_id)
        .join_from(waiting_entry, patient)
        # Locked: of who claims and who removes, one after the other.
        .where(waiting_entry.c.public_id == entry_id, waiting_entry.c.is_open.is_(True))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise Refused("This patient does not wait there any more; nothing was changed.")
    sealed = writing.sealed(connection, vault, row.public_id, entry_id, "note", told)
    waiting.close(connection, row.id, "removed", now)
    connection.execute(
        sa.update(waiting_entry)
        .where(waiting_entry.c.id == row.id)
        .values(removed_by=removed_by, note_sealed=sealed)
    )
    owed.owe(connection, "waiting_removed", entry_id, row.public_id, now=now)


def removed_of(connection: sa.Connection, patient_id: UUID, *, now: datetime) -> list[Removed]:
    """What a patient was taken off lately, the latest first."""
    rows = connection.execute(
        sa.select(
            waiting_entry.c.public_id,
            doctor.c.name,
            waiting_entry.c.speciality,
            waiting_entry.c.ended_at,
            waiting_entry.c.note_sealed,
        )
        .select_from(
            waiting_entry.join(patient, patient.c.id == waiting_entry.c.patient_id).outerjoin(
                doctor, doctor.c.id == waiting_entry.c.doctor_id
            )
        )
        .where(
            patient.c.public_id == patient_id,
            waiting_entry.c.state == "removed",
            waiting_entry.c.ended_at > now - REMOVED_SHOWN_FOR,
        )
        .order_by(waiting_entry.c.ended_at.desc(), waiting_entry.c.id.desc())
    )
    return [Removed(*row) for row in rows]


def _query() -> sa.Select[Any]:
    return sa.select(
        waiting_entry.c.id,
        waiting_entry.c.public_id,
        patient.c.public_id.label("patient_id"),
        doctor.c.public_id.label("doctor_id"),
        doctor.c.name,
        waiting_entry.c.speciality,
        waiting_entry.c.urgency,
        waiting_entry.c.since,
        waiting_entry.c.from_day,
        waiting_entry.c.until_day,
        waiting_entry.c.earliest,
        waiting_entry.c.kind_name,
        waiting_entry.c.state,
    ).select_from(
        waiting_entry.join(patient, patient.c.id == waiting_entry.c.patient_id).outerjoin(
            doctor, doctor.c.id == waiting_entry.c.doctor_id
        )
    )


def _offers(connection: sa.Connection, rows: Iterable[int]) -> dict[int, tuple[WasOffered, ...]]:
    """The latest offers of entries, the latest first."""
    found = connection.execute(
        sa.select(
            waiting_offer.c.entry_id,
            doctor.c.name,
            hospital.c.time_zone,
            waiting_offer.c.starts_at,
            waiting_offer.c.state,
            waiting_offer.c.offered_at,
        )
        .select_from(
            waiting_offer.join(doctor, doctor.c.id == waiting_offer.c.doctor_id).join(
                hospital, hospital.c.id == doctor.c.hospital_id
            )
        )
        .where(waiting_offer.c.entry_id.in_(list(rows)))
        .order_by(waiting_offer.c.id.desc())
    )
    made: dict[int, tuple[WasOffered, ...]] = {}
    for row in found:
        before = made.get(row.entry_id, ())
        if len(before) < OFFERS_SHOWN:
            made[row.entry_id] = (*before, WasOffered(*row[1:]))
    return made
