"""Appointments on a real database: asked for, decided, called off, let go, told."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from remedy.appointments import queries
from remedy.appointments.model import AlreadyDecided, Refused, SlotTaken
from remedy.events.hospital import (
    AppointmentAccepted,
    AppointmentCancelled,
    AppointmentDeclined,
    AppointmentRequested,
)
from remedy.schema.hospital import appointment, doctor, doctor_leave
from tests import factories
from tests.integration.clinic import NEXT_WEEK, SYMPTOMS, Clinic, a_clinic

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


def test_free_slots_over_the_night_the_clocks_change(database: sa.Engine) -> None:
    """Europe/Rome, 29 March 2026: 02:00 becomes 03:00."""
    clinic = a_clinic(database, hours=((6, time(0), time(6)),), visit_minutes=60)
    slots = clinic.slots(first_day=date(2026, 3, 29))
    assert [slot.starts_at.hour for slot in slots] == [23, 0, 1, 2, 3]
    visit = clinic.ask(slots[2].starts_at)
    assert visit.starts_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
