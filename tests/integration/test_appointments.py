"""Appointments on a real database: no overlap, one decision, time let go, events in step with the tables."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import queries, service
from remedy.appointments.model import AlreadyDecided, Refused, Slot, SlotTaken, Visit
from remedy.events.base import from_body
from remedy.events.hospital import (
    AppointmentAccepted,
    AppointmentCancelled,
    AppointmentDeclined,
    AppointmentRequested,
)
from remedy.gateways.mysql import in_transaction
from remedy.schema.hospital import appointment, appointment_cell, doctor, doctor_leave
from remedy.schema.people import outbox
from remedy.vault import Vault
from tests import factories
from tests.factories import Watch

pytestmark = pytest.mark.integration

SYMPTOMS = "A cough for two weeks"
NEXT_WEEK = date(2026, 3, 9)


@dataclass
class Clinic:
    """A doctor, two patients and an admin of one test."""

    database: sa.Engine
    watch: Watch
    vault: Vault
    doctor_id: UUID
    asha: UUID
    ben: UUID
    farah: UUID

    def slots(self, days: int = 1, first_day: date = NEXT_WEEK) -> list[Slot]:
        with self.database.connect() as c:
            return queries.free_slots(
                c, self.doctor_id, first_day=first_day, days=days, now=self.watch()
            )

    def ask(self, starts_at: datetime, patient_id: UUID | None = None, **differs: str) -> Visit:
        told = {"urgency": "routine", "symptoms": SYMPTOMS, **differs}
        return in_transaction(
            self.database,
            lambda c: service.request_visit(
                c,
                self.vault,
                doctor_id=self.doctor_id,
                patient_id=patient_id or self.asha,
                starts_at=starts_at,
                urgency=told["urgency"],
                symptoms=told["symptoms"],
                clock=self.watch,
            ),
        )

    def decide(
        self, visit: Visit, *, accept: bool, by: UUID | None = None, note: str = ""
    ) -> Visit:
        return in_transaction(
            self.database,
            lambda c: service.decide(
                c,
                self.vault,
                visit.appointment_id,
                accept=accept,
                note=note,
                decided_by=by or self.farah,
                version=visit.version,
                clock=self.watch,
            ),
        )

    def cancel(self, visit: Visit, patient_id: UUID) -> Visit:
        return in_transaction(
            self.database,
            lambda c: service.cancel(
                c, visit.appointment_id, patient_id=patient_id, clock=self.watch
            ),
        )

    def lapse(self) -> list[UUID]:
        return in_transaction(self.database, lambda c: service.lapse_due(c, clock=self.watch))

    def events(self) -> list[object]:
        with self.database.connect() as c:
            rows = c.execute(
                sa.select(outbox.c.type, outbox.c.payload)
                .where(outbox.c.aggregateid == str(self.doctor_id))
                .order_by(outbox.c.id)
            ).all()
        return [from_body(row.type, json.loads(row.payload)) for row in rows]

    def cell_count(self) -> int:
        with self.database.connect() as c:
            query = sa.select(sa.func.count()).select_from(
                appointment_cell.join(doctor, doctor.c.id == appointment_cell.c.doctor_id)
            )
            return c.execute(query.where(doctor.c.public_id == self.doctor_id)).scalar_one()


def a_clinic(database: sa.Engine, **doctor_differs: object) -> Clinic:
    watch = Watch()
    vault = factories.a_vault(watch)
    with database.begin() as c:
        return Clinic(
            database,
            watch,
            vault,
            factories.a_doctor(c, **doctor_differs),  # type: ignore[arg-type]
            factories.a_patient(c, vault, name="Asha"),
            factories.a_patient(c, vault, name="Ben"),
            factories.an_admin(c, name="Farah"),
        )


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    return a_clinic(database)


def test_a_request_holds_its_slot_and_is_told_with_sealed_symptoms(clinic: Clinic) -> None:
    slot = clinic.slots()[3]
    visit = clinic.ask(slot.starts_at)
    assert (visit.state, visit.starts_at, visit.ends_at) == (
        "requested",
        slot.starts_at,
        slot.ends_at,
    )
    assert slot not in clinic.slots()
    assert clinic.cell_count() == 4
    (told,) = clinic.events()
    assert isinstance(told, AppointmentRequested)
    assert told.appointment_id == visit.appointment_id
    assert told.patient_id == clinic.asha
    assert SYMPTOMS not in repr(told)
    assert SYMPTOMS not in repr(visit)
    with clinic.database.connect() as c:
        opened = clinic.vault.open(
            c, clinic.asha, visit.appointment_id, "symptoms", told.symptoms_sealed
        )
    assert opened == SYMPTOMS


def test_who_comes_second_is_told_at_once_and_offered_the_nearest(clinic: Clinic) -> None:
    slots = clinic.slots()
    clinic.ask(slots[3].starts_at)
    with pytest.raises(SlotTaken) as refused:
        clinic.ask(slots[3].starts_at, clinic.ben)
    assert set(refused.value.nearest) <= set(clinic.slots())
    assert {slots[2], slots[4]} <= set(refused.value.nearest)
    assert len(clinic.events()) == 1


def test_visits_of_another_length_cannot_overlap_a_visit(clinic: Clinic) -> None:
    slots = clinic.slots()
    clinic.ask(slots[3].starts_at)
    with clinic.database.begin() as c:
        c.execute(
            sa.update(doctor).where(doctor.c.public_id == clinic.doctor_id).values(visit_minutes=30)
        )
    longer = [slot for slot in clinic.slots() if slot.starts_at < slots[5].starts_at]
    assert longer
    with pytest.raises(SlotTaken):
        clinic.ask(slots[3].starts_at.replace(minute=0))
    assert all(
        slot.ends_at <= slots[3].starts_at or slot.starts_at >= slots[3].ends_at for slot in longer
    )


def test_a_time_outside_the_hours_on_leave_past_or_too_soon_is_refused(clinic: Clinic) -> None:
    first = clinic.slots()[0]
    with clinic.database.begin() as c:
        c.execute(
            sa.insert(doctor_leave).values(
                doctor_id=factories.row_of(c, doctor, clinic.doctor_id),
                starts_at=first.starts_at + timedelta(hours=2),
                ends_at=first.starts_at + timedelta(hours=4),
            )
        )
    for starts_at in (
        first.starts_at - timedelta(minutes=20),
        first.starts_at + timedelta(minutes=5),
        first.starts_at + timedelta(hours=2, minutes=20),
        first.starts_at + timedelta(days=364),
        clinic.watch() - timedelta(days=7),
        clinic.watch() + timedelta(minutes=30),
    ):
        with pytest.raises(Refused):
            clinic.ask(starts_at)
    assert all(
        slot.ends_at <= first.starts_at + timedelta(hours=2)
        or slot.starts_at >= first.starts_at + timedelta(hours=4)
        for slot in clinic.slots()
    )
    assert clinic.events() == []


def test_an_emergency_never_books(clinic: Clinic) -> None:
    with pytest.raises(Refused, match="emergency number"):
        clinic.ask(clinic.slots()[0].starts_at, urgency="emergency")
    with pytest.raises(Refused):
        clinic.ask(clinic.slots()[0].starts_at, urgency="whenever")
    with pytest.raises(Refused):
        clinic.ask(clinic.slots()[0].starts_at, symptoms="   ")
    assert clinic.cell_count() == 0


def test_accepting_keeps_the_time_and_declining_frees_it(clinic: Clinic) -> None:
    slots = clinic.slots()
    accepted = clinic.decide(clinic.ask(slots[0].starts_at), accept=True)
    declined = clinic.decide(clinic.ask(slots[1].starts_at), accept=False, note="Please see Dr Ito")
    assert (accepted.state, declined.state) == ("accepted", "declined")
    assert slots[0] not in clinic.slots()
    assert slots[1] in clinic.slots()
    told = clinic.events()
    assert [type(event) for event in told] == [
        AppointmentRequested,
        AppointmentAccepted,
        AppointmentRequested,
        AppointmentDeclined,
    ]
    assert "Ito" not in repr(told)
    with clinic.database.connect() as c:
        seen = queries.visit(c, declined.appointment_id, patient_id=clinic.asha)
        assert seen is not None
        assert seen.note_sealed is not None
        note = clinic.vault.open(c, clinic.asha, seen.appointment_id, "note", seen.note_sealed)
    assert note == "Please see Dr Ito"


def test_a_second_decision_reads_who_did_what(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    clinic.decide(visit, accept=False)
    with pytest.raises(AlreadyDecided, match="Farah declined this request"):
        clinic.decide(visit, accept=True)
    assert len(clinic.events()) == 2


def test_a_decision_on_an_older_version_changes_nothing(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    with clinic.database.begin() as c:
        c.execute(
            sa.update(appointment)
            .where(appointment.c.public_id == visit.appointment_id)
            .values(version=2)
        )
    with pytest.raises(AlreadyDecided, match="look at it again"):
        clinic.decide(visit, accept=True)


def test_ben_neither_sees_nor_cancels_ashas_visit(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    with pytest.raises(Refused, match="no such visit of yours"):
        clinic.cancel(visit, clinic.ben)
    with clinic.database.connect() as c:
        assert queries.visits_of(c, clinic.ben) == []
        assert queries.visit(c, visit.appointment_id, patient_id=clinic.ben) is None
        assert [v.appointment_id for v in queries.visits_of(c, clinic.asha)] == [
            visit.appointment_id
        ]


def test_calling_off_frees_the_time_once(clinic: Clinic) -> None:
    slot = clinic.slots()[0]
    visit = clinic.decide(clinic.ask(slot.starts_at), accept=True)
    called_off = clinic.cancel(visit, clinic.asha)
    assert called_off.state == "cancelled"
    assert not called_off.has_lapsed
    assert slot in clinic.slots()
    with pytest.raises(Refused):
        clinic.cancel(visit, clinic.asha)
    assert [type(e) for e in clinic.events()][2:] == [AppointmentCancelled]
    clinic.ask(slot.starts_at, clinic.ben)


def test_a_visit_that_has_begun_is_not_called_off(clinic: Clinic) -> None:
    visit = clinic.decide(clinic.ask(clinic.slots()[0].starts_at), accept=True)
    clinic.watch.now = visit.starts_at + timedelta(minutes=1)
    with pytest.raises(Refused, match="telephone"):
        clinic.cancel(visit, clinic.asha)


@pytest.mark.parametrize(
    ("first_day", "waited"),
    [(NEXT_WEEK, timedelta(hours=48)), (date(2026, 3, 3), None)],
    ids=["48 hours after it was made", "2 hours before the visit"],
)
def test_a_request_nobody_decides_lets_go(
    clinic: Clinic, first_day: date, waited: timedelta | None
) -> None:
    slot = clinic.slots(first_day=first_day)[-1]
    visit = clinic.ask(slot.starts_at)
    due = clinic.watch() + waited if waited else slot.starts_at - timedelta(hours=2)
    assert visit.lapses_at == due
    clinic.watch.now = due - timedelta(seconds=1)
    assert visit.appointment_id not in clinic.lapse()
    clinic.watch.now = due
    assert visit.appointment_id in clinic.lapse()
    assert clinic.lapse() == []
    with clinic.database.connect() as c:
        lapsed = queries.visit(c, visit.appointment_id)
    assert lapsed is not None
    assert lapsed.state == "cancelled"
    assert lapsed.has_lapsed
    assert clinic.cell_count() == 0
    told = clinic.events()[-1]
    assert isinstance(told, AppointmentCancelled)
    assert told.why == "lapsed"
    with pytest.raises(AlreadyDecided, match="Nobody decided"):
        clinic.decide(visit, accept=True)


def test_lapsed_time_can_be_asked_for_before_anyone_cleared_it(clinic: Clinic) -> None:
    slot = clinic.slots()[0]
    visit = clinic.ask(slot.starts_at)
    clinic.watch.wait(hours=48)
    with pytest.raises(AlreadyDecided, match="Nobody decided"):
        clinic.decide(visit, accept=True)
    assert slot in clinic.slots()
    clinic.ask(slot.starts_at, clinic.ben)
    assert clinic.cell_count() == 4


def test_urgent_requests_wait_first_and_then_the_oldest(clinic: Clinic) -> None:
    slots = clinic.slots()
    asked = {}
    for place, urgency in enumerate(("routine", "urgent", "soon", "urgent")):
        clinic.watch.wait(minutes=1)
        asked[place] = clinic.ask(slots[place].starts_at, urgency=urgency).appointment_id
    with clinic.database.connect() as c:
        order = [
            v.appointment_id for v in queries.waiting_requests(c) if v.doctor_id == clinic.doctor_id
        ]
    assert order == [asked[1], asked[3], asked[2], asked[0]]


def test_an_erased_patients_symptoms_are_unreadable_and_nothing_more_is_written(
    clinic: Clinic,
) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    with clinic.database.begin() as c:
        clinic.vault.forget(c, clinic.asha)
    with pytest.raises(Refused, match="erased"):
        clinic.decide(visit, accept=False, note="because")
    with pytest.raises(Refused, match="erased"):
        clinic.ask(clinic.slots()[5].starts_at)


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What `count` threads that start together each get: a result or an error."""
    together = threading.Barrier(count)

    def one(number: int) -> object:
        together.wait()
        try:
            return work(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_of_two_admins_who_decide_at_once_one_wins(clinic: Clinic) -> None:
    with clinic.database.begin() as c:
        gita = factories.an_admin(c, name="Gita")
    admins = {clinic.farah: "Farah", gita: "Gita"}
    for slot in clinic.slots(days=2)[:20]:
        visit = clinic.ask(slot.starts_at)
        chosen = list(admins)

        def one(number: int, visit: Visit = visit, chosen: list[UUID] = chosen) -> Visit:
            return clinic.decide(visit, accept=number == 0, by=chosen[number])

        results = at_once(2, one)
        (won,) = [r for r in results if isinstance(r, Visit)]
        (lost,) = [r for r in results if isinstance(r, AlreadyDecided)]
        assert won.decided_by is not None
        assert f"{admins[won.decided_by]} {won.state} this request" in str(lost)


def overlaps(database: sa.Engine, doctor_id: UUID) -> int:
    """How many pairs of living visits of a doctor overlap."""
    one, two = appointment.alias("one"), appointment.alias("two")
    living = ("requested", "accepted")
    query = (
        sa.select(sa.func.count())
        .select_from(one)
        .join(two, sa.and_(one.c.doctor_id == two.c.doctor_id, one.c.id < two.c.id))
        .join(doctor, doctor.c.id == one.c.doctor_id)
        .where(
            doctor.c.public_id == doctor_id,
            one.c.state.in_(living),
            two.c.state.in_(living),
            one.c.starts_at < two.c.ends_at,
            two.c.starts_at < one.c.ends_at,
        )
    )
    with database.connect() as c:
        return c.execute(query).scalar_one()


def everybody_asks(clinic: Clinic, slots: list[Slot], clients: int) -> list[list[object]]:
    """Each client asks for every slot, in the same order; what each got, slot by slot."""

    def one(number: int) -> list[object]:
        got: list[object] = []
        for slot in slots:
            try:
                got.append(clinic.ask(slot.starts_at, clinic.asha if number % 2 else clinic.ben))
            except SlotTaken as error:
                got.append(error)
        return got

    return at_once(clients, one)  # type: ignore[return-value]


def test_sixteen_clients_book_150_slots_none_twice_and_none_is_left(database: sa.Engine) -> None:
    clinic = a_clinic(database, hours=tuple((day, time(8), time(18)) for day in range(5)))
    slots = clinic.slots(days=5)
    assert len(slots) == 150
    results = everybody_asks(clinic, slots, 16)
    assert not [r for r in results if isinstance(r, Exception)]
    won = [r for got in results for r in got if isinstance(r, Visit)]
    assert sorted(v.starts_at for v in won) == [slot.starts_at for slot in slots]
    assert overlaps(database, clinic.doctor_id) == 0
    assert clinic.slots(days=5) == []
    assert clinic.cell_count() == 150 * 4
    assert len(clinic.events()) == 150


def test_control_without_the_key_slots_are_booked_twice(database: sa.Engine) -> None:
    """Shows that the key, and nothing else, forbids it: on a copy of the table without one."""
    clinic = a_clinic(database)
    slots = clinic.slots()[:10]
    with database.begin() as c:
        c.execute(sa.text("RENAME TABLE appointment_cell TO appointment_cell_kept"))
        c.execute(
            sa.text(
                "CREATE TABLE appointment_cell (doctor_id BIGINT NOT NULL, cell_at DATETIME(6) NOT NULL,"
                " appointment_id BIGINT NOT NULL)"
            )
        )
    try:
        everybody_asks(clinic, slots, 4)
    finally:
        with database.begin() as c:
            c.execute(sa.text("DROP TABLE appointment_cell"))
            c.execute(sa.text("RENAME TABLE appointment_cell_kept TO appointment_cell"))
    assert overlaps(database, clinic.doctor_id) > 0


def test_a_doctors_events_are_in_the_order_of_their_versions(clinic: Clinic) -> None:
    slots = clinic.slots()[:8]
    visits = [clinic.ask(slot.starts_at) for slot in slots]

    def one(number: int) -> object:
        visit = clinic.decide(visits[number], accept=True)
        return clinic.cancel(visit, clinic.asha)

    results = at_once(8, one)
    assert not [r for r in results if isinstance(r, Exception)]
    versions: dict[UUID, list[int]] = {}
    for told in clinic.events():
        versions.setdefault(told.appointment_id, []).append(told.version)  # type: ignore[attr-defined]
    assert set(map(tuple, versions.values())) == {(1, 2, 3)}
    assert len(versions) == 8


def test_free_slots_over_the_night_the_clocks_change(database: sa.Engine) -> None:
    """Europe/Rome, 29 March 2026: 02:00 becomes 03:00."""
    clinic = a_clinic(database, hours=((6, time(0), time(6)),), visit_minutes=60)
    slots = clinic.slots(first_day=date(2026, 3, 29))
    assert [slot.starts_at.hour for slot in slots] == [23, 0, 1, 2, 3]
    visit = clinic.ask(slots[2].starts_at)
    assert visit.starts_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
