"""Tells the town's days and its requests for visits to the services, each deed at its own past time."""

import hashlib
import heapq
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox
from remedy.appointments import queries, service
from remedy.appointments.model import Visit
from remedy.events.pharmacy import MedicineSearched
from remedy.region import Region
from remedy.schema.pharmacy import stock_movement
from remedy.stock.model import Line, Refused
from remedy.stock.service import record_movements, record_refusal, set_price
from remedy.town import cast
from remedy.town.demand import Day, Deed, Look
from remedy.values import MILLI, Clock, local_day, uuid7, zone
from remedy.vault import Vault

LATEST = time(19, 45)
"""When a pharmacy tells of its day, local time."""


def at_that(moment: datetime) -> Clock:
    """A clock that stands still."""
    return lambda: moment.astimezone(UTC)


@dataclass(frozen=True)
class Teller:
    """What is needed to tell a day: who and what is meant by names, and up to which instant it is told."""

    places: dict[str, UUID]
    medicines: dict[str, UUID]
    secret_key: str
    region: Region
    until: datetime

    def tell(self, connection: sa.Connection, day: Day, *, is_first: bool) -> None:
        """Record a day's deeds and searches, unless it was told before."""
        marked = f"town-{day.day:%Y%m%d}-0"
        told = sa.select(stock_movement.c.id).where(stock_movement.c.line_id == marked)
        if connection.execute(told).first():
            return
        deeds = [deed for deed in day.deeds if self._at(day.day, deed.minute) <= self.until]
        number = 0
        for one in cast.PHARMACIES:
            here = [deed for deed in deeds if deed.pharmacy is one]
            moved = [deed for deed in here if deed.what != "refused"]
            lines = [
                self._line(day.day, deed, f"town-{day.day:%Y%m%d}-{number + place}")
                for place, deed in enumerate(moved)
            ]
            number += len(lines)
            pharmacy_id = self.places[one.licence]
            if is_first:
                self._price(connection, pharmacy_id, day.day, moved)
            closing = min(
                datetime.combine(day.day, LATEST, zone(self.region.time_zone)), self.until
            )
            for answer in record_movements(connection, pharmacy_id, lines, clock=at_that(closing)):
                if isinstance(answer, Refused):
                    raise answer
            for deed in here:
                if deed.what == "refused":
                    at = self._at(day.day, deed.minute)
                    record_refusal(
                        connection,
                        pharmacy_id,
                        self.medicines[deed.medicine.generic_name],
                        deed.packs * MILLI,
                        clock=at_that(at),
                    )
        for place, look in enumerate(day.looks):
            self._look(connection, day.day, look, place)

    def _at(self, day: date, minute: int) -> datetime:
        clock_time = time(minute // 60, minute % 60)
        return datetime.combine(day, clock_time, zone(self.region.time_zone)).astimezone(UTC)

    def _line(self, day: date, deed: Deed, line_id: str) -> Line:
        is_received = deed.what == "received"
        return Line(
            deed.what,  # type: ignore[arg-type]  # `refused` never comes here
            self.medicines[deed.medicine.generic_name],
            deed.packs * MILLI,
            self._at(day, deed.minute),
            line_id=line_id,
            reason="Broken pack" if deed.what == "adjusted" else None,
            lot_number=f"{deed.medicine.brand_name[:2].upper()}{day:%y%m%d}" if is_received else "",
            expires_on=day + timedelta(days=300 + deed.minute % 400) if is_received else None,
        )

    def _price(
        self, connection: sa.Connection, pharmacy_id: UUID, day: date, moved: list[Deed]
    ) -> None:
        """The prices of what a pharmacy keeps, some percent apart between pharmacies."""
        opening = self._at(day, 7 * 60)
        for deed in moved:
            if deed.what != "received":
                continue
            percent = 95 + (deed.medicine.price_minor + len(deed.pharmacy.address)) % 11
            set_price(
                connection,
                pharmacy_id,
                self.medicines[deed.medicine.generic_name],
                deed.medicine.price_minor * percent // 100,
                self.region.currency,
                clock=at_that(opening),
            )

    def _look(self, connection: sa.Connection, day: date, look: Look, place: int) -> None:
        at = self._at(day, look.minute)
        if at > self.until:
            return
        meant = look.medicine.generic_name if look.medicine else None
        words = cast.UNKNOWN_WORDS[place % len(cast.UNKNOWN_WORDS)]
        key, who = self.secret_key.encode(), f"town {day} {place // 2}".encode()
        outbox.record(
            connection,
            MedicineSearched(
                searcher=hmac.new(key, who, hashlib.sha256).hexdigest()[:32],
                district=look.district,
                medicine_id=self.medicines[meant] if meant else None,
                pharmacies_found=look.found,
                query=None if meant else words,
                occurred_at=at,
            ),
            event_id=uuid7(at_that(at)),
            key=None,
            occurred_at=at,
            recorded_at=at,
        )


def tell_requests(
    connection: sa.Connection,
    vault: Vault,
    *,
    places: dict[str, UUID],
    patients: list[UUID],
    decided_by: UUID,
    time_zone: str,
    now: datetime,
    seed: int,
) -> None:
    """Requests for visits of the last weeks: most accepted, some declined, called off or let go, five waiting."""
    random = Random(seed)  # noqa: S311 - a story, not a secret
    doctors = {one.speciality: places[one.name] for one in cast.DOCTORS}
    # What is still to be done, in order of its time; the number keeps the order of equals.
    ahead: list[tuple[datetime, int, Callable[[Clock], object]]] = []

    def until(moment: datetime) -> None:
        while ahead and ahead[0][0] <= moment:
            at, _, act = heapq.heappop(ahead)
            act(at_that(at))

    for number, asked_at in enumerate(_times(now, random)):
        until(asked_at)
        speciality, urgency, symptoms = cast.SYMPTOMS[number % len(cast.SYMPTOMS)]
        patient_id = patients[number % len(patients)]
        visit = _ask(
            connection, vault, doctors[speciality], patient_id, asked_at, urgency, symptoms,
            time_zone, random,
        )  # fmt: skip
        if visit is None or now - asked_at < timedelta(hours=24):
            continue
        fate = ("accept", "accept", "decline", "accept", "call off", "accept", "lapse")[number % 7]
        soon = asked_at + timedelta(hours=random.uniform(1, 20))
        for delay, act in _fate(connection, vault, visit, fate, decided_by, number):
            heapq.heappush(ahead, (soon + delay, len(ahead) + number * 10, act))
    until(now)


def _times(now: datetime, random: Random) -> list[datetime]:
    """When the requests were made: thirty over five weeks, five of the last day."""
    ages = [timedelta(days=random.uniform(2.5, 35)) for _ in range(30)]
    ages += [timedelta(hours=hours) for hours in (20, 15, 9, 5, 2)]
    return [now - age for age in sorted(ages, reverse=True)]


def _ask(
    connection: sa.Connection,
    vault: Vault,
    doctor_id: UUID,
    patient_id: UUID,
    asked_at: datetime,
    urgency: str,
    symptoms: str,
    time_zone: str,
    random: Random,
) -> Visit | None:
    first_day = local_day(asked_at, time_zone) + timedelta(days=3)
    slots = queries.free_slots(connection, doctor_id, first_day=first_day, days=9, now=asked_at)
    if not slots:
        return None
    return service.request_visit(
        connection,
        vault,
        doctor_id=doctor_id,
        patient_id=patient_id,
        starts_at=random.choice(slots).starts_at,
        urgency=urgency,
        symptoms=symptoms,
        clock=at_that(asked_at),
    )


def _fate(
    connection: sa.Connection,
    vault: Vault,
    visit: Visit,
    fate: str,
    decided_by: UUID,
    number: int,
) -> Iterator[tuple[timedelta, Callable[[Clock], object]]]:
    """What becomes of a request, and how long after the time of its decision."""

    def decide(clock: Clock) -> object:
        notes = cast.NOTES[fate != "decline"]
        return service.decide(
            connection,
            vault,
            visit.appointment_id,
            accept=fate != "decline",
            note=notes[number % len(notes)],
            decided_by=decided_by,
            version=visit.version,
            clock=clock,
        )

    def call_off(clock: Clock) -> object:
        return service.cancel(
            connection, visit.appointment_id, patient_id=visit.patient_id, clock=clock
        )

    if fate == "lapse":
        yield timedelta(hours=48), lambda clock: service.lapse_due(connection, clock=clock)
        return
    yield timedelta(0), decide
    if fate == "call off":
        yield timedelta(hours=6), call_off
