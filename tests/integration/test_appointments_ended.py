"""How requests and visits end on a real database: called off, let go, erased; and what waits first till then."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from remedy.appointments import queries
from remedy.appointments.model import AlreadyDecided, Refused
from remedy.events.hospital import AppointmentCancelled
from tests.integration.clinic import NEXT_WEEK, Clinic, a_clinic

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    return a_clinic(database)


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


def test_free_slots_over_the_night_the_clocks_change(database: sa.Engine) -> None:
    """Europe/Rome, 29 March 2026: 02:00 becomes 03:00."""
    clinic = a_clinic(database, hours=((6, time(0), time(6)),), visit_minutes=60)
    slots = clinic.slots(first_day=date(2026, 3, 29))
    assert [slot.starts_at.hour for slot in slots] == [23, 0, 1, 2, 3]
    visit = clinic.ask(slots[2].starts_at)
    assert visit.starts_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
