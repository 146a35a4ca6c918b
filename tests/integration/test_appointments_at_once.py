"""Many at once on a real database: no time is booked twice, every free slot can be had, one decision wins."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments.model import AlreadyDecided, Slot, SlotTaken, Visit
from remedy.schema.hospital import appointment, doctor
from tests import factories
from tests.integration.clinic import Clinic, a_clinic

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    return a_clinic(database)


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
