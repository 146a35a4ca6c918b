"""Time set aside while a form is filled in: one for each patient, soft, short, and never two people's."""

import threading
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remedy.appointments import queries
from remedy.appointments.limits import AtOnce
from remedy.appointments.model import HOLD_FOR, Hold, Refused, Slot, SlotTaken, Visit
from remedy.schema.hospital import appointment_cell, appointment_hold, doctor
from tests import factories
from tests.integration.clinic import (
    NEXT_WEEK,
    Clinic,
    a_clinic,
    cells_without_their_key,
    nobody_looks,
)
from tests.integration.test_appointments import at_once, overlaps

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    return a_clinic(database)


def seen_by(clinic: Clinic, patient_id: UUID | None) -> list[Slot]:
    with clinic.database.connect() as c:
        return queries.free_slots(
            c,
            clinic.doctor_id,
            first_day=NEXT_WEEK,
            days=1,
            now=clinic.watch(),
            patient_id=patient_id,
        )


def test_a_held_time_is_taken_for_everybody_but_its_holder(clinic: Clinic) -> None:
    slot = clinic.slots()[3]
    held = clinic.hold(slot.starts_at)
    assert held.expires_at == clinic.watch() + HOLD_FOR
    assert slot not in clinic.slots()
    assert slot not in seen_by(clinic, clinic.ben)
    assert slot in seen_by(clinic, clinic.asha)
    with pytest.raises(SlotTaken) as refused:
        clinic.ask(slot.starts_at, clinic.ben)
    assert refused.value.nearest
    assert slot not in refused.value.nearest
    with pytest.raises(SlotTaken):
        clinic.hold(slot.starts_at, clinic.ben)
    assert clinic.events() == []


def test_the_holders_request_takes_the_place_of_the_hold(clinic: Clinic) -> None:
    slot = clinic.slots()[3]
    clinic.hold(slot.starts_at)
    visit = clinic.ask(slot.starts_at)
    assert clinic.cell_count() == 4
    clinic.watch.wait(minutes=11)
    clinic.lapse()
    assert clinic.cell_count() == 4
    assert not clinic.release(clinic.asha)
    assert slot not in clinic.slots()
    assert visit.state == "requested"


def test_a_patient_holds_one_time_the_last(clinic: Clinic) -> None:
    slots = clinic.slots()
    clinic.hold(slots[0].starts_at)
    clinic.hold(slots[5].starts_at)
    assert slots[0] in clinic.slots()
    assert slots[5] not in clinic.slots()
    assert clinic.cell_count() == 4


def test_a_time_of_another_doctor_takes_the_place_of_the_first_doctors(clinic: Clinic) -> None:
    slot = clinic.slots()[0]
    clinic.hold(slot.starts_at)
    with clinic.database.begin() as c:
        other = factories.a_doctor(c)
    elsewhere = Clinic(**{**vars(clinic), "doctor_id": other})
    elsewhere.hold(slot.starts_at)
    assert slot in clinic.slots()
    assert slot.starts_at not in {one.starts_at for one in elsewhere.slots()}


def test_leaving_gives_the_time_back_but_not_what_was_held_anew(clinic: Clinic) -> None:
    slot = clinic.slots()[0]
    first = clinic.hold(slot.starts_at)
    second = clinic.hold(slot.starts_at)
    assert not clinic.release(clinic.asha, first.hold_id)
    assert slot not in clinic.slots()
    assert not clinic.release(clinic.ben, second.hold_id)
    assert clinic.release(clinic.asha, second.hold_id)
    assert slot in clinic.slots()


def test_holding_again_does_not_make_it_longer(clinic: Clinic) -> None:
    slot = clinic.slots()[0]
    first = clinic.hold(slot.starts_at)
    clinic.watch.wait(minutes=9)
    assert clinic.hold(slot.starts_at).expires_at == first.expires_at
    clinic.watch.wait(minutes=1)
    assert slot in clinic.slots()
    clinic.ask(slot.starts_at, clinic.ben)


def test_what_cannot_be_asked_for_cannot_be_held(clinic: Clinic) -> None:
    slot = clinic.slots()[0]
    for starts_at in (
        slot.starts_at + timedelta(minutes=5),
        clinic.watch() + timedelta(minutes=30),
    ):
        with pytest.raises(Refused):
            clinic.hold(starts_at)
    assert clinic.cell_count() == 0


def test_everybodys_pages_learn_of_it(clinic: Clinic) -> None:
    def changes() -> int | None:
        with clinic.database.connect() as c:
            return queries.changes_of(c, clinic.doctor_id)

    seen = [changes()]
    clinic.hold(clinic.slots()[0].starts_at)
    seen.append(changes())
    clinic.release(clinic.asha)
    seen.append(changes())
    clinic.hold(clinic.slots()[0].starts_at)
    clinic.watch.wait(minutes=10)
    clinic.lapse()
    seen.append(changes())
    assert seen == sorted(set(seen))  # type: ignore[type-var]
    assert clinic.cell_count() == 0


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "ask", "release", "wait", "sweep"]),
        st.integers(0, 1),
        st.integers(0, 2),
    ),
    min_size=3,
    max_size=14,
)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(DEEDS)
def test_whatever_happens_no_time_is_two_peoples_nor_held_too_long(
    database: sa.Engine, deeds: list[tuple[str, int, int]]
) -> None:
    clinic = a_clinic(database, hours=((0, time(9), time(10)),))
    slots, people = clinic.slots(), (clinic.asha, clinic.ben)
    held: dict[UUID, Hold] = {}
    booked: dict[Slot, UUID] = {}
    for what, who, which in deeds:
        person, slot, now = people[who], slots[which], clinic.watch()
        other = held.get(people[1 - who])
        is_others = (
            other is not None and other.starts_at == slot.starts_at and other.expires_at > now
        )
        may = slot not in booked and not is_others
        if what == "wait":
            clinic.watch.wait(minutes=4 * (which + 1))
        elif what == "sweep":
            clinic.lapse()
        elif what == "release":
            clinic.release(person)
            held.pop(person, None)
        else:
            act = clinic.hold if what == "hold" else clinic.ask
            try:
                got = act(slot.starts_at, person)
            except SlotTaken:
                assert not may
                assert booked.get(slot) != person
                continue
            except AtOnce:
                assert booked[slot] == person
                continue
            assert may
            if isinstance(got, Hold):
                assert got.expires_at <= now + HOLD_FOR
                held[person] = got
            else:
                booked[slot] = person
                held.pop(person, None)
    assert overlaps(database, clinic.doctor_id) == 0


def holds_that_overlap(database: sa.Engine, doctor_id: UUID) -> int:
    """How many cells of a doctor belong to more than one hold or visit."""
    cell = appointment_cell
    owners = sa.func.count(sa.func.coalesce(cell.c.appointment_id, -cell.c.hold_id).distinct())
    query = (
        sa.select(cell.c.cell_at)
        .join_from(cell, doctor, doctor.c.id == cell.c.doctor_id)
        .where(doctor.c.public_id == doctor_id)
        .group_by(cell.c.cell_at)
        .having(owners > 1)
    )
    with database.connect() as c:
        return len(c.execute(query).all())


def everybody_holds(clinic: Clinic, slots: list[Slot], clients: int) -> list[object]:
    """Clients with a patient each set the same slots aside at once, and half of them ask for what they hold."""
    with clinic.database.begin() as c:
        people = [factories.a_patient(c, clinic.vault, name=f"P{n}") for n in range(clients)]
    # All look before anybody writes, so that only the key stands between them.
    together = threading.Barrier(clients, timeout=60)

    def one(number: int) -> object:
        got: list[object] = []
        for slot in slots:
            together.wait()
            try:
                clinic.hold(slot.starts_at, people[number])
                got.append(clinic.ask(slot.starts_at, people[number]) if number % 2 else slot)
            except SlotTaken as error:
                got.append(error)
        return got

    return at_once(clients, one)


def test_six_clients_hold_and_ask_and_no_time_is_two_peoples(database: sa.Engine) -> None:
    clinic = a_clinic(database)
    slots = clinic.slots()[:8]
    results = everybody_holds(clinic, slots, 6)
    assert not [r for r in results if isinstance(r, Exception)]
    for place in range(len(slots)):
        won = [got[place] for got in results if isinstance(got[place], Visit)]  # type: ignore[index]
        assert len(won) <= 1
    assert overlaps(database, clinic.doctor_id) == 0
    assert holds_that_overlap(database, clinic.doctor_id) == 0
    clinic.watch.wait(minutes=10)
    clinic.lapse()
    with database.connect() as c:
        left = c.execute(
            sa.select(sa.func.count())
            .select_from(appointment_hold.join(doctor, doctor.c.id == appointment_hold.c.doctor_id))
            .where(doctor.c.public_id == clinic.doctor_id)
        ).scalar_one()
    assert left == 0


def test_control_without_the_key_a_time_is_held_twice(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shows that the key forbids it: the same race on a copy of the table without one."""
    nobody_looks(monkeypatch)
    clinic = a_clinic(database)
    slots = clinic.slots()[:8]
    with cells_without_their_key(database):
        everybody_holds(clinic, slots, 6)
        found = holds_that_overlap(database, clinic.doctor_id)
    assert found > 0
