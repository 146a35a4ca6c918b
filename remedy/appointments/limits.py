"""What one patient may hold of the doctors' time: so many open requests, so many visits ahead with one doctor, and never two at once.

Looked at while the patient's row is locked, so that of two pages of one patient one asks after the other; that row
is locked before a doctor's, by everybody who locks both. Too much is only what patients ask for themselves: what the
hospital offers them (a proposal, a time from the waiting list, one in place of a visit it called off) and a move,
which gives back as much as it takes, are refused for two visits at once alone.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments import queries
from remedy.appointments.model import LIVING, WAITING, Doctor, Refused, Slot, Visit
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import appointment, doctor, hospital
from remedy.schema.people import patient


class InTheWay(Refused):
    """The patient's own requests or visits stand in the way; `visits` are these."""

    def __init__(self, text: str, visits: tuple[Visit, ...]) -> None:
        super().__init__(text)
        self.visits = visits


class TooManyOpen(InTheWay):
    """As many requests of the patient wait for a decision as may."""


class TooManyAhead(InTheWay):
    """As many visits with that doctor are asked for or accepted as the patient may have."""


class AtOnce(InTheWay):
    """The patient has another visit at that time."""


@dataclass(frozen=True)
class AtMost:
    """A hospital's limits for one patient: requests that wait for a decision, wherever; visits ahead with one doctor."""

    open_requests: int
    visits_ahead: int


def lock_patient(connection: sa.Connection, patient_id: UUID) -> int:
    """Lock the patient's row until commit: of two pages of one patient, one after the other. Its row id."""
    return int(
        connection.execute(
            sa.select(patient.c.id).where(patient.c.public_id == patient_id).with_for_update()
        ).scalar_one()
    )


def standing(connection: sa.Connection, patient_id: UUID, *, now: datetime) -> list[Visit]:
    """The patient's requests and visits that take a doctor's time and are not over, in order of time."""
    query = queries.visits_query().where(
        patient.c.public_id == patient_id,
        appointment.c.state.in_(LIVING),
        appointment.c.ends_at > now,
        sa.or_(appointment.c.state.not_in(WAITING), appointment.c.lapses_at > now),
    )
    return queries.visits_from(
        connection.execute(query.order_by(appointment.c.starts_at, appointment.c.id))
    )


def in_the_way(
    connection: sa.Connection,
    found: Doctor,
    patient_id: UUID,
    *,
    now: datetime,
    slot: Slot | None = None,
) -> InTheWay | None:
    """Why the patient may not ask this doctor for that slot now, or without `slot` for any; None where nothing is in the way."""
    known = standing(connection, patient_id, now=now)
    try:
        if slot is not None:
            _refuse_overlap(known, slot)
        _refuse_too_many(connection, found, known, now)
    except AtOnce as refusal:
        return refusal
    except InTheWay as refusal:
        is_offered = slot is not None and _is_offered(connection, slot, patient_id, now)
        return None if is_offered else refusal
    return None


def refuse_asking(
    connection: sa.Connection, found: Doctor, slot: Slot, patient_id: UUID, *, now: datetime
) -> None:
    """Refuse a request of a patient whose row is locked, if it is one too many or at the time of another.

    Raises:
        AtOnce: for two at once.
        TooManyOpen: if enough wait for a decision, and the time is not one that the patient was offered.
        TooManyAhead: if the patient has enough ahead with that doctor, and was not offered it.
    """
    refusal = in_the_way(connection, found, patient_id, now=now, slot=slot)
    if refusal is not None:
        raise refusal


def refuse_at_once(
    connection: sa.Connection,
    wanted: Slot | Visit,
    patient_id: UUID,
    *,
    but_for: UUID,
    now: datetime,
) -> None:
    """Refuse another time for the visit `but_for`, of a patient whose row is locked, that is also another visit's.

    Raises:
        AtOnce: naming the other visit.
    """
    known = standing(connection, patient_id, now=now)
    _refuse_overlap([one for one in known if one.appointment_id != but_for], wanted)


def _refuse_overlap(known: list[Visit], wanted: Slot | Visit) -> None:
    for one in known:
        if one.starts_at < wanted.ends_at and wanted.starts_at < one.ends_at:
            raise AtOnce(
                f"There is another visit at that time already, with {one.doctor_name}:"
                " call off one of the two, or choose another time.",
                (one,),
            )


def _refuse_too_many(
    connection: sa.Connection, found: Doctor, known: list[Visit], now: datetime
) -> None:
    at_most = _at_most(connection, found.hospital_id)
    waiting = tuple(one for one in known if one.state == "requested")
    if len(waiting) >= at_most.open_requests:
        raise TooManyOpen(
            f"So many of your requests wait for a decision: {len(waiting)}. At most {at_most.open_requests} may"
            " wait at a time: call one off, or ask again when the hospital has decided.",
            waiting,
        )
    ahead = tuple(one for one in known if one.doctor_id == found.doctor_id and one.starts_at > now)
    if len(ahead) >= at_most.visits_ahead:
        raise TooManyAhead(
            f"So many visits to {found.name} are ahead of you, asked for or accepted: {len(ahead)}. At most"
            f" {at_most.visits_ahead} may be: move or call off one of them, or ask again after it.",
            ahead,
        )


def _at_most(connection: sa.Connection, hospital_id: UUID) -> AtMost:
    row = connection.execute(
        sa.select(hospital.c.open_requests, hospital.c.visits_ahead).where(
            hospital.c.public_id == hospital_id
        )
    ).one()
    return AtMost(*row)


def _is_offered(connection: sa.Connection, slot: Slot, patient_id: UUID, now: datetime) -> bool:
    """Whether the waiting list offers the patient that time now."""
    query = (
        sa.select(waiting_offer.c.id)
        .select_from(
            waiting_offer.join(waiting_entry, waiting_entry.c.id == waiting_offer.c.entry_id)
            .join(doctor, doctor.c.id == waiting_offer.c.doctor_id)
            .join(patient, patient.c.id == waiting_entry.c.patient_id)
        )
        .where(
            patient.c.public_id == patient_id,
            doctor.c.public_id == slot.doctor_id,
            waiting_offer.c.starts_at == slot.starts_at,
            waiting_offer.c.state == "open",
            waiting_offer.c.expires_at > now,
            waiting_entry.c.is_open.is_(True),
        )
    )
    return connection.execute(query.limit(1)).first() is not None
