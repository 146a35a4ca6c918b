"""Sixteen clients, one doctor's week: no time is given twice, and whatever is offered can be had."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import editing, queries
from remedy.appointments.model import LIVING, Refused, Slot, SlotTaken, Visit
from remedy.schema.hospital import appointment, doctor, visit_kind
from tests import factories
from tests.integration.clinic import Clinic, a_clinic, cells_without_their_key, nobody_looks
from tests.integration.test_appointments import at_once, overlaps

pytestmark = pytest.mark.integration

CLIENTS = 16
KINDS = ((20, 0), (40, 10), (15, 5), (60, 15))
"""Minutes of a visit, and of the doctor's own after it."""

CHOICES = 5
"""Everybody wants one of the first so many: that is where they meet."""


@dataclass
class Raced:
    """A clinic whose doctor knows kinds of several lengths and buffers, and what happened to its clients."""

    clinic: Clinic
    kinds: list[UUID]
    days: int
    patients: list[UUID]
    """One for each client: nobody is at two doctors, or twice at one, at one time."""

    happened: Counter[str] = field(default_factory=Counter)

    def free(self, kind_id: UUID) -> list[Slot]:
        return self.clinic.slots(days=self.days, kind_id=kind_id)

    def client(self, number: int, seed: int) -> None:
        """Take what is free until nothing is; now and then call off, or move to another free time."""
        random = Random(seed * 1000 + number)
        patient_id = self.patients[number]
        kinds = list(self.kinds)
        while kinds:
            kind_id = random.choice(kinds)
            slots = self.free(kind_id)
            if not slots:
                kinds.remove(kind_id)
                continue
            try:
                wanted = random.choice(slots[:CHOICES]).starts_at
                visit = self.clinic.ask(wanted, patient_id, kind_id)
                self.happened["booked"] += 1
                self._changes_mind(visit, patient_id, random)
            except SlotTaken:
                self.happened["taken"] += 1

    def _changes_mind(self, visit: Visit, patient_id: UUID, random: Random) -> None:
        what = random.random()
        if what < 0.15:
            self.clinic.cancel(visit, patient_id)
            self.happened["cancelled"] += 1
        elif what < 0.5:
            self._move(visit, patient_id, random)

    def _move(self, visit: Visit, patient_id: UUID, random: Random) -> None:
        for _ in range(3):
            slots = self.free(visit.kind_id or self.kinds[0])
            if not slots:
                return
            try:
                self.clinic.move(visit, random.choice(slots[:CHOICES]).starts_at, patient_id)
                self.happened["moved"] += 1
                return
            except SlotTaken:
                self.happened["taken"] += 1

    def book_the_rest(self) -> int:
        """Whatever is still offered is asked for, one after the other: none may be refused."""
        count = 0
        for kind_id in self.kinds:
            while slots := self.free(kind_id):
                self.clinic.ask(slots[-1].starts_at, kind_id=kind_id)
                count += 1
        return count

    def taken(self) -> list[tuple[datetime, datetime]]:
        """The time of each living visit with its buffer, in order."""
        after = sa.func.coalesce(visit_kind.c.buffer_minutes, 0)
        query = (
            sa.select(appointment.c.starts_at, appointment.c.ends_at, after)
            .select_from(
                appointment.join(doctor, doctor.c.id == appointment.c.doctor_id).outerjoin(
                    visit_kind, visit_kind.c.id == appointment.c.kind_id
                )
            )
            .where(doctor.c.public_id == self.clinic.doctor_id, appointment.c.state.in_(LIVING))
        )
        with self.clinic.database.connect() as c:
            return sorted(
                (starts_at, ends_at + timedelta(minutes=minutes))
                for starts_at, ends_at, minutes in c.execute(query)
            )

    def overlapping(self) -> int:
        """How many stretches begin before the one before them has ended, buffer and all."""
        found = self.taken()
        return sum(one[1] > two[0] for one, two in itertools.pairwise(found))

    def call_all_off(self) -> None:
        """The patients call everything off, as the next round begins with an empty week."""
        for patient_id in (*self.patients, self.clinic.asha):
            with self.clinic.database.connect() as c:
                visits = queries.visits_of(c, patient_id)
            for visit in visits:
                if visit.state in LIVING:
                    self.clinic.cancel(visit, patient_id)


def a_race(database: sa.Engine, *, days: int) -> Raced:
    clinic = a_clinic(database, hours=tuple((day, time(8), time(18)) for day in range(days)))
    kinds = []
    for number, (minutes, after) in enumerate(KINDS):
        with database.begin() as c:
            kinds.append(
                editing.add_kind(
                    c, clinic.doctor_id, name=f"Kind {number}", minutes=minutes,
                    buffer_minutes=after, clock=clinic.watch,
                )
            )  # fmt: skip
    with database.begin() as c:
        patients = [factories.a_patient(c, clinic.vault, name=f"P{n}") for n in range(CLIENTS)]
    return Raced(clinic, kinds, days, patients)


def run_a_round(raced: Raced, seed: int) -> None:
    """Sixteen clients until nothing is free; then nothing overlaps, and nothing was left that cannot be had."""
    failed = [
        one
        for one in at_once(CLIENTS, lambda number: raced.client(number, seed))
        if one is not None
    ]
    assert failed == []
    raced.book_the_rest()
    assert raced.overlapping() == 0
    stretches = raced.taken()
    cells = sum((ends - starts) // timedelta(minutes=5) for starts, ends in stretches)
    assert raced.clinic.cell_count() == cells
    assert all(raced.free(kind_id) == [] for kind_id in raced.kinds)


def test_sixteen_clients_of_several_lengths_and_buffers_take_a_day_and_nothing_overlaps(
    database: sa.Engine,
) -> None:
    raced = a_race(database, days=1)
    assert len(raced.free(raced.kinds[0])) == 30
    run_a_round(raced, 1)
    assert raced.happened["taken"] > 0
    assert raced.happened["moved"] + raced.happened["cancelled"] > 0


@pytest.mark.long
def test_sixteen_clients_and_150_slots_in_five_rounds_with_cancels_and_moves(
    database: sa.Engine,
) -> None:
    raced = a_race(database, days=5)
    assert len(raced.free(raced.kinds[0])) == 150
    for number in range(5):
        run_a_round(raced, number)
        raced.call_all_off()
        assert raced.clinic.cell_count() == 0
    assert min(raced.happened[what] for what in ("taken", "moved", "cancelled")) > 5


def everybody_asks(clinic: Clinic, slots: list[Slot], clients: int) -> None:
    """Each client asks for every slot, in the same order."""

    def one(number: int) -> None:
        for slot in slots:
            try:
                clinic.ask(slot.starts_at, clinic.asha if number % 2 else clinic.ben)
            except Refused:
                continue

    assert [one for one in at_once(clients, one) if one is not None] == []


def test_control_without_the_key_slots_are_booked_twice(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shows that the key, and nothing else, forbids it: on a copy of the table without one."""
    nobody_looks(monkeypatch)
    clinic = a_clinic(database)
    slots = clinic.slots()[:10]
    with cells_without_their_key(database):
        everybody_asks(clinic, slots, 4)
    assert overlaps(database, clinic.doctor_id) > 0


def test_control_without_the_key_a_buffer_is_overlapped(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same of the time after a visit, which no visit's own time shows."""
    nobody_looks(monkeypatch)
    raced = a_race(database, days=1)
    with cells_without_their_key(database):
        everybody_asks(raced.clinic, raced.free(raced.kinds[1])[:8], 4)
    assert raced.overlapping() > 0
