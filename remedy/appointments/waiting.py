"""The waiting list: a patient waits for a time of a doctor or a speciality, and claims one that was offered.

What has become free is offered by `waiting_round.py` to a few at a time. An offer sets nothing aside: the first to
claim it has it, by the key of `appointment_cell`; who comes second is told at once and keeps the place. A claim is a
visit, and accepted: the hospital has offered that time. Order is by urgency, then by since when one waits.
"""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import owed
from remedy.appointments import limits, model, queries, service, waiting_state, writing
from remedy.appointments.model import URGENCIES, Refused, Visit
from remedy.events.hospital import AppointmentAccepted
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import appointment, doctor, visit_kind
from remedy.values import Clock, uuid7
from remedy.vault import Vault

LONGEST = timedelta(days=180)
"""How far ahead somebody may wait; no time is offered later than that."""

CLAIMED_AFTER = timedelta(minutes=10)
"""How long an offer stays after somebody has looked at its time, and did not ask for it."""


def join(
    connection: sa.Connection,
    vault: Vault,
    *,
    patient_id: UUID,
    doctor_id: UUID | None,
    speciality: str,
    urgency: str,
    symptoms: str,
    from_day: date,
    until_day: date,
    earliest: time | None,
    instead_of: UUID | None,
    clock: Clock,
    kind_name: str | None = None,
    minutes: int | None = None,
) -> UUID:
    """Begin to wait for a time of a doctor, or of any doctor of a speciality; the entry's id.

    Args:
        connection: in a transaction.
        vault: seals the symptoms.
        patient_id: who waits.
        doctor_id: whose time; None for any doctor of the speciality.
        speciality: of the doctors, where none is named.
        urgency: as of a request.
        symptoms: what the visit is for.
        from_day: the first local day that suits.
        until_day: the last one.
        earliest: the local time of day before which nothing suits.
        instead_of: the patient's later visit that is given up when an earlier time is claimed.
        clock: tells the time.
        kind_name: of the kind of visit, where it has a name.
        minutes: how long a visit of that kind is; None for any doctor's first.

    Raises:
        Refused: if the patient waits for that already, or something told cannot be.
    """
    now = clock()
    level = service.urgency_of(urgency)
    told = model.check_text(symptoms, "The symptoms", model.SYMPTOMS_AT_MOST)
    if not told:
        raise Refused("Say in a few words what the visit is for.")
    if until_day < from_day:
        raise Refused("The last day that suits you cannot be before the first.")
    if until_day < now.date():
        raise Refused("Those days are over; choose days from today on.")
    if until_day > (now + LONGEST).date():
        raise Refused("You can wait for at most 180 days; choose an earlier last day.")
    doctor_row = None
    if doctor_id is not None:
        found = writing.doctor_seen(connection, doctor_id)
        speciality = found.speciality
        doctor_row = _row_of_doctor(connection, doctor_id)
    elif not queries.doctors(connection, speciality):
        raise Refused("No doctor of that speciality sees patients now.")
    visit_row = None
    if instead_of is not None:
        given_up = queries.visit(connection, instead_of, patient_id=patient_id)
        if given_up is None or not given_up.may_end(now):
            raise Refused("The visit you would give up is over already, or is not yours.")
        visit_row = _row_of_visit(connection, instead_of)
    entry_id = uuid7(clock)
    try:
        _write(
            connection,
            vault,
            entry_id,
            patient_id,
            told,
            doctor_id=doctor_row,
            speciality=speciality,
            urgency=level,
            from_day=from_day,
            until_day=until_day,
            earliest=earliest,
            since=now,
            instead_of_id=visit_row,
            kind_name=kind_name,
            minutes=minutes,
        )
    except sa.exc.IntegrityError:
        raise Refused("You wait for that already; leave the list first to change it.") from None
    return entry_id


def leave(connection: sa.Connection, *, patient_id: UUID, entry_id: UUID, clock: Clock) -> None:
    """Wait no more.

    Raises:
        Refused: if the patient does not wait there.
    """
    row = connection.execute(
        sa.select(waiting_entry.c.id).where(
            waiting_entry.c.public_id == entry_id,
            waiting_entry.c.patient_id == writing.patient_row(connection, patient_id),
            waiting_entry.c.is_open.is_(True),
        )
    ).scalar()
    if row is None:
        raise Refused("You do not wait there any more.")
    close(connection, int(row), "left", clock())


def claim(
    connection: sa.Connection, vault: Vault, *, patient_id: UUID, offer_id: UUID, clock: Clock
) -> Visit:
    """Take an offered time: it becomes an accepted visit, and the patient leaves the list.

    Raises:
        SlotTaken: if somebody else has that time; `lose` then tells who, in a transaction of its own.
        Refused: if the offer has ended, or is not this patient's.
    """
    now = clock()
    # A patient's row comes before a doctor's, as everywhere.
    limits.lock_patient(connection, patient_id)
    found = _own_offer(connection, patient_id, offer_id, now)
    told = vault.open(connection, patient_id, found.entry_id, "symptoms", found.symptoms_sealed)
    if found.instead_of is not None:
        # First, as the two may overlap; it stands again if the time turns out to be taken.
        _give_up(connection, found.instead_of, patient_id, found.starts_at, clock)
    made = service.request_visit(
        connection,
        vault,
        doctor_id=found.doctor_id,
        patient_id=patient_id,
        starts_at=found.starts_at,
        urgency=found.urgency,
        symptoms=told,
        clock=clock,
        kind_id=found.kind_id,
    )
    accepted = _accept(connection, made, now, clock)
    _answered(connection, found.offer_row, "claimed", now)
    close(connection, found.entry_row, "claimed", now)
    # Who else was offered that time sees at once that it is gone, and keeps the place.
    connection.execute(
        sa.update(waiting_offer)
        .where(
            waiting_offer.c.doctor_id == found.doctor_row,
            waiting_offer.c.starts_at < accepted.ends_at,
            waiting_offer.c.ends_at > accepted.starts_at,
            waiting_offer.c.state == "open",
        )
        .values(state="gone", answered_at=now)
    )
    return accepted


def lose(
    connection: sa.Connection, *, patient_id: UUID, offer_id: UUID, clock: Clock
) -> datetime | None:
    """Write down what became of an offered time that could not be claimed; the patient keeps the place.

    Returns until when somebody who looks at it has it set aside: the offer stays open until some minutes after. That
    is now where nobody has it any more, and None where somebody has booked it, which ends the offer.

    Raises:
        Refused: if the offer is not this patient's.
    """
    now = clock()
    row = _own_offer_row(connection, patient_id, offer_id)
    is_booked, held_until, latest = waiting_state.who_has(connection, offer_id, patient_id, now=now)
    if is_booked:
        _answered(connection, row, "gone", now)
        return None
    kept_until = min(held_until + CLAIMED_AFTER, latest)
    connection.execute(
        sa.update(waiting_offer)
        .where(
            waiting_offer.c.id == row,
            waiting_offer.c.state == "open",
            waiting_offer.c.expires_at < kept_until,
        )
        .values(expires_at=kept_until)
    )
    return held_until


def decline(connection: sa.Connection, *, patient_id: UUID, offer_id: UUID, clock: Clock) -> None:
    """Refuse an offered time; the patient keeps the place, and the time goes to the next."""
    _end_own(connection, patient_id, offer_id, "declined", clock())


def close(connection: sa.Connection, entry_row: int, state: str, now: datetime) -> None:
    """End an entry, and what it was still offered."""
    connection.execute(
        sa.update(waiting_entry)
        .where(waiting_entry.c.id == entry_row)
        .values(state=state, is_open=None, ended_at=now)
    )
    connection.execute(
        sa.update(waiting_offer)
        .where(waiting_offer.c.entry_id == entry_row, waiting_offer.c.state == "open")
        .values(state="ended", answered_at=now)
    )


def most_urgent_first(urgency: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """What to order by."""
    places = {name: len(URGENCIES) - place for place, name in enumerate(URGENCIES)}
    return sa.case(places, value=urgency, else_=len(URGENCIES))


def _own_offer(connection: sa.Connection, patient_id: UUID, offer_id: UUID, now: datetime) -> Any:
    """The patient's open offer, its entry locked: of two claims of one patient, one after the other.

    Raises:
        Refused: if there is none, or it has ended.
    """
    own = writing.patient_row(connection, patient_id)
    row = connection.execute(
        sa.select(waiting_entry.c.id)
        .join_from(waiting_offer, waiting_entry)
        .where(waiting_offer.c.public_id == offer_id, waiting_entry.c.patient_id == own)
    ).scalar()
    if row is None:
        raise Refused("There is no such offer of yours.")
    connection.execute(
        sa.select(waiting_entry.c.id).where(waiting_entry.c.id == row).with_for_update()
    )
    found = connection.execute(
        sa.select(
            waiting_offer.c.id.label("offer_row"),
            waiting_offer.c.starts_at,
            waiting_offer.c.doctor_id.label("doctor_row"),
            doctor.c.public_id.label("doctor_id"),
            visit_kind.c.public_id.label("kind_id"),
            waiting_entry.c.id.label("entry_row"),
            waiting_entry.c.public_id.label("entry_id"),
            waiting_entry.c.urgency,
            waiting_entry.c.symptoms_sealed,
            appointment.c.public_id.label("instead_of"),
        )
        .select_from(
            waiting_offer.join(waiting_entry, waiting_entry.c.id == waiting_offer.c.entry_id)
            .join(doctor, doctor.c.id == waiting_offer.c.doctor_id)
            .outerjoin(appointment, appointment.c.id == waiting_entry.c.instead_of_id)
            .outerjoin(visit_kind, visit_kind.c.id == waiting_offer.c.kind_id)
        )
        .where(
            waiting_offer.c.public_id == offer_id,
            waiting_offer.c.state == "open",
            waiting_offer.c.expires_at > now,
            waiting_entry.c.is_open.is_(True),
        )
    ).one_or_none()
    if found is None:
        state = connection.execute(
            sa.select(waiting_offer.c.state).where(waiting_offer.c.public_id == offer_id)
        ).scalar()
        if state == "gone":
            raise Refused("Somebody else was first to claim that time; you keep your place.")
        raise Refused("This offer has ended; you keep your place on the list.")
    return found


def _give_up(
    connection: sa.Connection, visit_id: UUID, patient_id: UUID, earlier: datetime, clock: Clock
) -> None:
    """Call off the later visit in whose place the patient waited."""
    given_up = queries.visit(connection, visit_id, patient_id=patient_id)
    # Moved since to an earlier time than this, it is not what the patient would give up.
    if given_up is not None and given_up.starts_at > earlier and given_up.may_end(clock()):
        # One too near to be called off here stays; its page says whom to telephone.
        with suppress(Refused):
            service.cancel(connection, visit_id, patient_id=patient_id, clock=clock)


def _accept(connection: sa.Connection, made: Visit, now: datetime, clock: Clock) -> Visit:
    """The hospital offered that time: nobody decides again. A rule may have accepted it already."""
    done = connection.execute(
        sa.update(appointment)
        .where(
            appointment.c.public_id == made.appointment_id,
            appointment.c.state == "requested",
            appointment.c.version == made.version,
        )
        .values(state="accepted", version=appointment.c.version + 1, decided_at=now)
    )
    accepted = writing.read(connection, made.appointment_id)
    if done.rowcount == 1:
        owed.owe(connection, "visit_decided", made.appointment_id, made.patient_id, now=now)
        writing.tell(connection, AppointmentAccepted(**writing.facts(accepted, now)), now, clock)
    return accepted


def _end_own(
    connection: sa.Connection, patient_id: UUID, offer_id: UUID, state: str, now: datetime
) -> None:
    _answered(connection, _own_offer_row(connection, patient_id, offer_id), state, now)


def _own_offer_row(connection: sa.Connection, patient_id: UUID, offer_id: UUID) -> int:
    """The row of one of the patient's offers.

    Raises:
        Refused: if it is not the patient's.
    """
    own = writing.patient_row(connection, patient_id)
    row = connection.execute(
        sa.select(waiting_offer.c.id)
        .join_from(waiting_offer, waiting_entry)
        .where(waiting_offer.c.public_id == offer_id, waiting_entry.c.patient_id == own)
    ).scalar()
    if row is None:
        raise Refused("There is no such offer of yours.")
    return int(row)


def _answered(connection: sa.Connection, offer_row: int, state: str, now: datetime) -> None:
    connection.execute(
        sa.update(waiting_offer)
        .where(waiting_offer.c.id == offer_row, waiting_offer.c.state == "open")
        .values(state=state, answered_at=now)
    )


def _write(
    connection: sa.Connection,
    vault: Vault,
    entry_id: UUID,
    patient_id: UUID,
    symptoms: str,
    **values: Any,
) -> None:
    sealed = writing.sealed(connection, vault, patient_id, entry_id, "symptoms", symptoms)
    doctor_row = values["doctor_id"]
    connection.execute(
        sa.insert(waiting_entry).values(
            public_id=entry_id,
            patient_id=writing.patient_row(connection, patient_id),
            wanted=values["speciality"] if doctor_row is None else str(doctor_row),
            is_open=True,
            state="waiting",
            symptoms_sealed=sealed,
            **values,
        )
    )


def _row_of_doctor(connection: sa.Connection, doctor_id: UUID) -> int:
    query = sa.select(doctor.c.id).where(doctor.c.public_id == doctor_id)
    return int(connection.execute(query).scalar_one())


def _row_of_visit(connection: sa.Connection, appointment_id: UUID) -> int:
    query = sa.select(appointment.c.id).where(appointment.c.public_id == appointment_id)
    return int(connection.execute(query).scalar_one())
