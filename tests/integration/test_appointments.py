"""Requests for visits on a real database: asked for, decided by one, booked once however many ask at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import queries
from remedy.appointments.model import LIVING, AlreadyDecided, Refused, SlotTaken, Visit
from remedy.events.hospital import AppointmentAccepted, AppointmentDeclined, AppointmentRequested
from remedy.schema.hospital import appointment, doctor, doctor_leave
from tests import factories
from tests.integration.clinic import SYMPTOMS, Clinic, a_clinic

pytestmark = pytest.mark.integration


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
        clinic.ask(slots[3].starts_at.replace(minute=0), clinic.ben)
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
    query = (
        sa.select(sa.func.count())
        .select_from(one)
        .join(two, sa.and_(one.c.doctor_id == two.c.doctor_id, one.c.id < two.c.id))
        .join(doctor, doctor.c.id == one.c.doctor_id)
        .where(
            doctor.c.public_id == doctor_id,
            one.c.state.in_(LIVING),
            two.c.state.in_(LIVING),
            one.c.starts_at < two.c.ends_at,
            two.c.starts_at < one.c.ends_at,
        )
    )
    with database.connect() as c:
        return c.execute(query).scalar_one()


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
