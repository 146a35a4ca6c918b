"""Tells the town's days to the services, each deed at its own past time: a pharmacy's days, and searches."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox
from remedy.events.pharmacy import MedicineSearched
from remedy.orders import pickup
from remedy.region import Region
from remedy.schema.people import outbox as outbox_table
from remedy.schema.pharmacy import pharmacy, stock_movement
from remedy.stock import batches
from remedy.stock.model import Line, OutOfStock, Refused
from remedy.stock.service import set_price
from remedy.town import cast
from remedy.town.demand import Deed, Look
from remedy.values import MILLI, at_that, uuid7, zone

DAYS_AT_ONCE = 10
"""So many days of a pharmacy are one transaction; its last, lively days are one each."""

HOLD_MINUTES = 180
_MOVED = {"received", "sold", "adjusted", "expired", "counted"}

Days = Sequence[tuple[date, list[Deed]]]


def portions(days: Days, lively_days: int) -> Iterator[Days]:
    """The days by transactions."""
    early = max(0, len(days) - lively_days)
    for start in range(0, early, DAYS_AT_ONCE):
        yield days[start : min(start + DAYS_AT_ONCE, early)]
    for day in days[early:]:
        yield [day]


@dataclass(frozen=True)
class Teller:
    """What is needed to tell a day: who and what is meant by names, and up to which instant it is told.

    `medicines` are public ids by key, `patients` in the order of the list.
    """

    places: dict[str, UUID]
    medicines: dict[str, UUID]
    patients: tuple[UUID, ...]
    secret_key: str
    region: Region
    until: datetime

    def tell(self, connection: sa.Connection, licence: str, days: Days, *, is_lively: bool) -> None:
        """Record what happened at one pharmacy on these days, unless that was told before."""
        deeds = [
            (self._at(day, deed.minute), deed, f"town-{day:%Y%m%d}-{place}")
            for day, told in days
            for place, deed in enumerate(told)
            if self._at(day, deed.minute) <= self.until
        ]
        moved = [
            (at, self._line(at, deed, name)) for at, deed, name in deeds if deed.what in _MOVED
        ]
        pharmacy_id = self.places[licence]
        if not moved or self._is_told(connection, pharmacy_id, moved[0][1].line_id):
            return
        for at, deed, _ in deeds:
            if deed.what == "priced":
                set_price(
                    connection,
                    pharmacy_id,
                    self.medicines[deed.medicine.key],
                    deed.packs,
                    self.region.currency,
                    clock=at_that(at),
                )
        for answer in batches.record_told(connection, pharmacy_id, moved):
            if isinstance(answer, Refused):
                raise answer
        refused = [
            (at, self.medicines[deed.medicine.key], deed.packs * MILLI)
            for at, deed, _ in deeds
            if deed.what == "refused"
        ]
        batches.record_refusals(connection, pharmacy_id, refused)
        for number, (at, deed, _) in enumerate(deeds if is_lively else ()):
            if deed.what == "held":
                self._hold(connection, pharmacy_id, deed, at, number)

    def _is_told(self, connection: sa.Connection, pharmacy_id: UUID, line_id: str | None) -> bool:
        # Whoever tells of a pharmacy holds its row, so that two cannot tell the same days.
        here = sa.select(pharmacy.c.id).where(pharmacy.c.public_id == pharmacy_id)
        row_id = connection.execute(here.with_for_update()).scalar_one()
        told = sa.select(stock_movement.c.id).where(
            stock_movement.c.pharmacy_id == row_id, stock_movement.c.line_id == line_id
        )
        return connection.execute(told).first() is not None

    def _at(self, day: date, minute: int) -> datetime:
        clock_time = time(minute // 60, minute % 60)
        return datetime.combine(day, clock_time, zone(self.region.time_zone)).astimezone(UTC)

    def _line(self, at: datetime, deed: Deed, line_id: str) -> Line:
        return Line(
            deed.what,  # type: ignore[arg-type]  # only what moves comes here
            self.medicines[deed.medicine.key],
            deed.packs * MILLI,
            at,
            line_id=line_id,
            reason=deed.reason,
            reason_code=deed.reason_code,
            lot_number=deed.lot_number,
            expires_on=deed.expires_on,
        )

    def _hold(
        self, connection: sa.Connection, pharmacy_id: UUID, deed: Deed, at: datetime, number: int
    ) -> None:
        """A patient sets a pack aside; one in four calls it off, the others let its time pass."""
        patient_id = self.patients[(number * 7 + at.toordinal()) % len(self.patients)]
        attempt = connection.begin_nested()
        try:
            held = pickup.hold(
                connection,
                pharmacy_id,
                self.medicines[deed.medicine.key],
                deed.packs * MILLI,
                patient_id=patient_id,
                minutes=HOLD_MINUTES,
                clock=at_that(at),
            )
        except OutOfStock:
            attempt.rollback()
            return
        attempt.commit()
        is_called_off = number % 4 == 0
        ends = at + timedelta(minutes=40 if is_called_off else HOLD_MINUTES)
        if ends > self.until:
            return
        if is_called_off:
            pickup.release_hold(
                connection, held.hold_id, patient_id=patient_id, clock=at_that(ends)
            )
        else:
            pickup.expire_one(connection, held.hold_id, clock=at_that(ends))

    def tell_looks(self, connection: sa.Connection, day: date, looks: Sequence[Look]) -> None:
        """Record a day's searches, unless they were told before."""
        first, last = self._at(day, 0), self._at(day, 24 * 60 - 1)
        told = sa.select(outbox_table.c.id).where(
            outbox_table.c.aggregatetype == MedicineSearched.topic(),
            outbox_table.c.occurred_at.between(first, last),
        )
        if connection.execute(told.limit(1)).first():
            return
        happened = [
            self._looked(day, look, place)
            for place, look in enumerate(looks)
            if self._at(day, look.minute) <= self.until
        ]
        outbox.record_many(connection, None, happened)

    def _looked(self, day: date, look: Look, place: int) -> outbox.Told:
        at = self._at(day, look.minute)
        words = cast.UNKNOWN_WORDS[place % len(cast.UNKNOWN_WORDS)]
        key, who = self.secret_key.encode(), f"town {day} {place // 2}".encode()
        searched = MedicineSearched(
            searcher=hmac.new(key, who, hashlib.sha256).hexdigest()[:32],
            district=look.district,
            medicine_id=self.medicines[look.medicine.key] if look.medicine else None,
            pharmacies_found=look.found,
            query=None if look.medicine else words,
            occurred_at=at,
        )
        return outbox.Told(searched, uuid7(at_that(at)), at, at)
