"""What the call list shows: whether it is on, and the coming visits with what was known when they were booked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts.queries import staff_name
from remedy.calls.model import COMING_DAYS, MOST_VISITS, OWN_VISITS_READ, Known, Learnt
from remedy.schema.calls import call_list_switch, visit_call
from remedy.schema.hospital import appointment, doctor, hospital
from remedy.schema.people import patient
from remedy.values import day_bounds, local_day

BOOKED = "accepted"
ENDED = ("attended", "missed")
"""Only these are outcomes: a visit that was called off is neither attended nor missed."""


@dataclass(frozen=True)
class Switch:
    """Whether the list is on, and who switched it when; nobody yet where `switched_at` is empty."""

    is_on: bool
    switched_at: datetime | None = None
    switched_by: str = ""


@dataclass(frozen=True)
class Call:
    """An accepted visit of the coming days: what was known of it, how likely it is missed, what was noted of a call.

    `outcome` is of this time of the visit: what was noted before it was moved does not count.
    """

    appointment_id: UUID
    patient_id: UUID
    doctor_name: str
    speciality: str
    hospital_name: str
    time_zone: str
    starts_at: datetime
    known: Known
    risk: float
    outcome: str | None
    noted_at: datetime | None


@dataclass(frozen=True)
class CallList:
    """The visits to call, likeliest to be missed first and those called at the end; and of how many they are."""

    calls: tuple[Call, ...]
    visit_count: int


@dataclass(frozen=True)
class OwnRecord:
    """Of our own ended visits: how many, how many of them would have been foretold missed, how many were."""

    visits: int
    foretold: float
    missed: int


def switch(connection: sa.Connection) -> Switch:
    """Whether the list is on; off until somebody switches it on."""
    last = connection.execute(
        sa.select(
            call_list_switch.c.is_on, call_list_switch.c.switched_at, call_list_switch.c.switched_by
        )
        .order_by(call_list_switch.c.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return Switch(is_on=False)
    by = staff_name(connection, last.switched_by)
    return Switch(bool(last.is_on), last.switched_at, by or "")


def call_list(connection: sa.Connection, learnt: Learnt, now: datetime) -> CallList:
    """The accepted visits of the coming days, worked out now from what was known at booking.

    Up to the end of the last of `COMING_DAYS` local days after today; at most `MOST_VISITS` of them. Only booked visits
    stand here: none that waits for a decision, was called off, or whose patient has already come.
    """
    rows = [row for row in _coming(connection, now) if _is_coming(row, now)]
    past = _past_of(connection, [row.id for row in rows])
    calls = [_call(row, _known(row, past), learnt) for row in rows]
    # Who has been called makes room for the next.
    calls.sort(
        key=lambda one: (one.outcome is not None, -one.risk, one.starts_at, one.appointment_id)
    )
    return CallList(tuple(calls[:MOST_VISITS]), len(calls))


def own_record(connection: sa.Connection, learnt: Learnt) -> OwnRecord:
    """How what would have been foretold of our own latest ended visits compares with what came."""
    place = sa.func.coalesce(appointment.c.hospital_id, doctor.c.hospital_id)
    rows = connection.execute(
        sa.select(
            appointment.c.id,
            appointment.c.state,
            appointment.c.starts_at,
            appointment.c.requested_at,
            hospital.c.time_zone,
        )
        .select_from(
            appointment.join(doctor, doctor.c.id == appointment.c.doctor_id).join(
                hospital, hospital.c.id == place
            )
        )
        .where(appointment.c.state.in_(ENDED))
        .order_by(appointment.c.starts_at.desc(), appointment.c.id.desc())
        .limit(OWN_VISITS_READ)
    ).all()
    past = _past_of(connection, [row.id for row in rows])
    risks = [learnt.risk(_known(row, past)) for row in rows]
    return OwnRecord(len(rows), sum(risks), sum(row.state == "missed" for row in rows))


def _coming(connection: sa.Connection, now: datetime) -> Sequence[Any]:
    place = sa.func.coalesce(appointment.c.hospital_id, doctor.c.hospital_id)
    return connection.execute(
        sa.select(
            appointment.c.id,
            appointment.c.public_id,
            patient.c.public_id.label("patient_id"),
            doctor.c.name.label("doctor_name"),
            doctor.c.speciality,
            hospital.c.name.label("hospital_name"),
            hospital.c.time_zone,
            appointment.c.starts_at,
            appointment.c.requested_at,
            visit_call.c.outcome,
            visit_call.c.noted_at,
        )
        .select_from(
            appointment.join(doctor, doctor.c.id == appointment.c.doctor_id)
            .join(hospital, hospital.c.id == place)
            .join(patient, patient.c.id == appointment.c.patient_id)
            .outerjoin(
                visit_call,
                (visit_call.c.appointment_id == appointment.c.id)
                & (visit_call.c.starts_at == appointment.c.starts_at),
            )
        )
        .where(
            appointment.c.state == BOOKED,
            appointment.c.checked_in_at.is_(None),
            appointment.c.starts_at > now,
            # A local day more than any zone needs; the days themselves are each hospital's.
            appointment.c.starts_at < now + timedelta(days=COMING_DAYS + 2),
        )
    ).all()


def _is_coming(row: Any, now: datetime) -> bool:
    last_day = local_day(now, row.time_zone) + timedelta(days=COMING_DAYS)
    _first, past = day_bounds(last_day, row.time_zone)
    return bool(row.starts_at < past)


def _past_of(connection: sa.Connection, rows: list[int]) -> dict[int, tuple[int, int]]:
    """By visit: how many of its patient's visits had ended before it was booked, and how many were missed."""
    if not rows:
        return {}
    earlier = appointment.alias("earlier")
    found = connection.execute(
        sa.select(
            appointment.c.id,
            sa.func.count(),
            sa.func.sum(sa.case((earlier.c.state == "missed", 1), else_=0)),
        )
        .join_from(
            appointment,
            earlier,
            (earlier.c.patient_id == appointment.c.patient_id)
            & earlier.c.state.in_(ENDED)
            & (earlier.c.ends_at <= appointment.c.requested_at),
        )
        .where(appointment.c.id.in_(rows))
        .group_by(appointment.c.id)
    )
    return {row: (int(count), int(missed)) for row, count, missed in found}


def _known(row: Any, past: Mapping[int, tuple[int, int]]) -> Known:
    booked_on = local_day(row.requested_at, row.time_zone)
    lead_days = (local_day(row.starts_at, row.time_zone) - booked_on).days
    return Known(lead_days, *past.get(row.id, (0, 0)))


def _call(row: Any, known: Known, learnt: Learnt) -> Call:
    return Call(
        row.public_id,
        row.patient_id,
        row.doctor_name,
        row.speciality,
        row.hospital_name,
        row.time_zone,
        row.starts_at,
        known,
        learnt.risk(known),
        row.outcome,
        row.noted_at,
    )
