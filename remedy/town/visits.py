"""Tells the town's requests for visits: each with what became of it, at its own past time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import sqlalchemy as sa

from remedy.appointments import attendance, queries, service
from remedy.appointments.limits import InTheWay
from remedy.appointments.model import Visit
from remedy.schema.hospital import appointment
from remedy.town import cast
from remedy.town.demand import SEED
from remedy.values import at_that, local_day
from remedy.vault import Vault

FATES = ("accept", "accept", "decline", "accept", "call off", "accept", "lapse")
ONE_MISSED_IN = 6
"""Of so many accepted visits one patient does not come."""

WAITS_HOURS = 24
"""A request younger than that has not been decided yet."""


@dataclass(frozen=True)
class Asked:
    """A request that is to be told: when, about what, and what becomes of it (empty: it waits)."""

    at: datetime
    number: int
    fate: str


def asked(size: cast.Size, now: datetime) -> list[list[Asked]]:
    """The requests of a town built at `now`, by the day before it they were made on, the oldest day first."""
    random = Random(f"{SEED} visits")  # noqa: S311 - a story, not a secret
    days: list[list[Asked]] = []
    number = 0
    for age in range(size.days_of_requests + 2, 2, -1):
        share = size.requests_a_day - int(size.requests_a_day)
        count = int(size.requests_a_day) + (random.random() < share)
        hours = sorted((random.uniform(0, 15) for _ in range(count)), reverse=True)
        days.append([])
        for hour in hours:
            at = now - timedelta(days=age, hours=hour)
            days[-1].append(Asked(at, number, FATES[number % len(FATES)]))
            number += 1
    return days


def waiting(size: cast.Size, now: datetime) -> list[Asked]:
    """The requests of the last day, which nobody has decided."""
    step = (WAITS_HOURS - 4) / size.requests_waiting
    return [
        Asked(now - timedelta(hours=WAITS_HOURS - 3 - step * place), 1000 + place, "")
        for place in range(size.requests_waiting)
    ]


@dataclass(frozen=True)
class Receptionist:
    """What is needed to tell requests: who is meant by names, and who decides."""

    vault: Vault
    size: cast.Size
    doctors: dict[str, UUID]
    patients: tuple[UUID, ...]
    decided_by: UUID
    time_zone: str
    now: datetime

    def tell(self, connection: sa.Connection, requests: list[Asked]) -> None:
        """Ask, and let become of it what becomes of it, unless that was told before."""
        if not requests or self._is_told(connection, requests):
            return
        for one in requests:
            speciality, urgency, symptoms = self._about(one.number)
            visit = self._ask(connection, one, speciality, urgency, symptoms)
            if visit is not None and one.fate:
                for at, act in self._becomes(connection, visit, one):
                    act(at)

    def _is_told(self, connection: sa.Connection, requests: list[Asked]) -> bool:
        span = appointment.c.requested_at.between(requests[0].at, requests[-1].at)
        return (
            connection.execute(sa.select(appointment.c.id).where(span).limit(1)).first() is not None
        )

    def _about(self, number: int) -> tuple[str, str, str]:
        known = cast.symptoms(self.size)
        return known[number % len(known)]

    def _ask(
        self, connection: sa.Connection, one: Asked, speciality: str, urgency: str, symptoms: str
    ) -> Visit | None:
        random = Random(f"{SEED} visit {one.number}")  # noqa: S311 - a story, not a secret
        able = [d.name for d in cast.doctors(self.size) if d.speciality == speciality]
        doctor_id = self.doctors[random.choice(able)]
        first_day = local_day(one.at, self.time_zone) + timedelta(days=3)
        slots = queries.free_slots(connection, doctor_id, first_day=first_day, days=9, now=one.at)
        if not slots:
            return None
        starts_at = random.choice(slots).starts_at
        for step in range(len(self.patients)):
            patient_id = self.patients[(one.number * 7 + step) % len(self.patients)]
            try:
                return service.request_visit(
                    connection,
                    self.vault,
                    doctor_id=doctor_id,
                    patient_id=patient_id,
                    starts_at=starts_at,
                    urgency=urgency,
                    symptoms=symptoms,
                    clock=at_that(one.at),
                )
            except InTheWay:
                # Who has asked for enough, or is elsewhere then, asks for no more: it is somebody else's request.
                continue
        return None

    def _becomes(
        self, connection: sa.Connection, visit: Visit, one: Asked
    ) -> Iterator[tuple[datetime, Callable[[datetime], object]]]:
        """What becomes of a request, and when."""
        soon = one.at + timedelta(hours=1 + one.number * 5 % 19)

        def decide(at: datetime) -> object:
            is_accepted = one.fate != "decline"
            notes = cast.NOTES[is_accepted]
            return service.decide(
                connection,
                self.vault,
                visit.appointment_id,
                accept=is_accepted,
                note=notes[one.number % len(notes)],
                decided_by=self.decided_by,
                version=visit.version,
                clock=at_that(at),
            )

        def call_off(at: datetime) -> object:
            return service.cancel(
                connection, visit.appointment_id, patient_id=visit.patient_id, clock=at_that(at)
            )

        def come(at: datetime) -> object:
            is_missed = one.number % ONE_MISSED_IN == 0
            return (attendance.miss if is_missed else attendance.attend)(
                connection,
                visit.appointment_id,
                marked_by=self.decided_by,
                version=visit.version + 1,
                clock=at_that(at),
            )

        if one.fate == "lapse":
            yield (
                one.at + timedelta(hours=48),
                lambda at: service.lapse_due(connection, clock=at_that(at)),
            )
            return
        yield soon, decide
        if one.fate == "call off":
            yield soon + timedelta(hours=6), call_off
        if one.fate == "accept" and visit.ends_at <= self.now:
            yield visit.ends_at, come
