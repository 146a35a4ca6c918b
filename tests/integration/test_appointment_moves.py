"""Other times for a visit on a real database: proposed by an admin, answered, moved by the patient."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from remedy import owed
from remedy.appointments import queries
from remedy.appointments.model import AlreadyDecided, Refused, SlotTaken, Visit
from remedy.events.hospital import (
    AppointmentAccepted,
    AppointmentCancelled,
    AppointmentMoved,
    AppointmentProposed,
    AppointmentRequested,
)
from remedy.schema.hospital import doctor
from tests.integration.clinic import Clinic, a_clinic
from tests.integration.test_appointments import at_once, overlaps

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    return a_clinic(database)


def a_proposal(clinic: Clinic) -> Visit:
    slots = clinic.slots()
    return clinic.propose(
        clinic.ask(slots[0].starts_at), slots[9].starts_at, note="Dr Ekow is away"
    )


def test_a_proposal_holds_the_new_time_and_frees_the_old(clinic: Clinic) -> None:
    slots = clinic.slots()
    proposed = a_proposal(clinic)
    assert (proposed.state, proposed.starts_at) == ("proposed", slots[9].starts_at)
    assert proposed.instead_of == slots[0].starts_at
    assert proposed.may_answer(clinic.watch())
    assert slots[0] in clinic.slots()
    assert slots[9] not in clinic.slots()
    assert clinic.cell_count() == 4
    asked, told = clinic.events()
    assert isinstance(asked, AppointmentRequested)
    assert isinstance(told, AppointmentProposed)
    assert (told.version, told.instead_of) == (2, slots[0].starts_at)
    assert "away" not in repr(told)
    assert clinic.owed(proposed) == ["visit_proposed"]


def test_a_proposal_is_out_of_the_admins_queue(clinic: Clinic) -> None:
    proposed = a_proposal(clinic)
    with clinic.database.connect() as c:
        waiting = [v.appointment_id for v in queries.waiting_requests(c)]
    assert proposed.appointment_id not in waiting
    with pytest.raises(AlreadyDecided):
        clinic.decide(proposed, accept=True)


def test_the_patient_accepts_the_proposal(clinic: Clinic) -> None:
    proposed = a_proposal(clinic)
    accepted = clinic.answer(proposed, accept=True)
    assert (accepted.state, accepted.starts_at) == ("accepted", proposed.starts_at)
    told = clinic.events()[-1]
    assert isinstance(told, AppointmentAccepted)
    assert (told.version, told.decided_by) == (3, clinic.farah)
    assert clinic.cell_count() == 4
    with pytest.raises(AlreadyDecided):
        clinic.answer(proposed, accept=False)


def test_the_patient_refuses_the_proposal_and_the_time_is_free(clinic: Clinic) -> None:
    proposed = a_proposal(clinic)
    refused = clinic.answer(proposed, accept=False)
    assert refused.state == "cancelled"
    assert not refused.has_lapsed
    assert clinic.cell_count() == 0
    told = clinic.events()[-1]
    assert isinstance(told, AppointmentCancelled)
    assert told.why == "patient"


def test_a_proposal_nobody_answers_lets_go(clinic: Clinic) -> None:
    proposed = a_proposal(clinic)
    clinic.watch.now = proposed.lapses_at
    assert not proposed.may_answer(clinic.watch())
    with pytest.raises(AlreadyDecided):
        clinic.answer(proposed, accept=True)
    assert proposed.appointment_id in clinic.lapse()
    with clinic.database.connect() as c:
        lapsed = queries.visit(c, proposed.appointment_id)
    assert lapsed is not None
    assert lapsed.has_lapsed
    assert clinic.cell_count() == 0
    assert clinic.owed(proposed) == ["visit_proposed", "visit_lapsed"]


def test_only_the_patient_answers_and_only_what_was_shown(clinic: Clinic) -> None:
    proposed = a_proposal(clinic)
    with pytest.raises(Refused, match="no such visit of yours"):
        clinic.answer(proposed, accept=True, patient_id=clinic.ben)
    moved = clinic.move(proposed, clinic.slots()[3].starts_at)
    with pytest.raises(AlreadyDecided):
        clinic.answer(proposed, accept=True)
    assert moved.state == "requested"


def test_a_taken_time_or_the_same_cannot_be_proposed(clinic: Clinic) -> None:
    slots = clinic.slots()
    visit = clinic.ask(slots[0].starts_at)
    clinic.ask(slots[1].starts_at, clinic.ben)
    clinic.hold(slots[2].starts_at, clinic.ben)
    for taken in (slots[1], slots[2]):
        with pytest.raises(SlotTaken):
            clinic.propose(visit, taken.starts_at)
    for odd in (visit.starts_at, visit.starts_at + timedelta(minutes=5)):
        with pytest.raises(Refused):
            clinic.propose(visit, odd)
    assert len(clinic.events()) == 2
    assert slots[0] not in clinic.slots()


def test_an_accepted_visit_that_is_moved_waits_again(clinic: Clinic) -> None:
    slots = clinic.slots()
    accepted = clinic.decide(clinic.ask(slots[0].starts_at), accept=True, note="Bring your card")
    clinic.watch.wait(hours=60)
    moved = clinic.move(accepted, slots[4].starts_at)
    assert (moved.state, moved.starts_at) == ("requested", slots[4].starts_at)
    assert moved.may_decide(clinic.watch())
    assert (moved.decided_at, moved.note_sealed) == (None, None)
    assert slots[0] in clinic.slots()
    told = clinic.events()[-1]
    assert isinstance(told, AppointmentMoved)
    assert (told.version, told.instead_of) == (3, slots[0].starts_at)
    clinic.decide(moved, accept=True)


def test_a_visit_moves_by_less_than_its_own_length(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    with clinic.database.begin() as c:
        c.execute(
            sa.update(doctor).where(doctor.c.public_id == clinic.doctor_id).values(visit_minutes=15)
        )
    moved = clinic.move(visit, visit.starts_at + timedelta(minutes=15))
    assert moved.starts_at == visit.starts_at + timedelta(minutes=15)
    assert clinic.cell_count() == 3


def test_what_is_over_or_another_patients_is_not_moved(clinic: Clinic) -> None:
    slots = clinic.slots()
    visit = clinic.ask(slots[0].starts_at)
    with pytest.raises(Refused, match="no such visit of yours"):
        clinic.move(visit, slots[3].starts_at, clinic.ben)
    declined = clinic.decide(visit, accept=False)
    with pytest.raises(AlreadyDecided):
        clinic.move(declined, slots[3].starts_at)
    late = clinic.ask(slots[5].starts_at)
    clinic.watch.now = late.lapses_at
    with pytest.raises(AlreadyDecided):
        clinic.move(late, clinic.slots()[-1].starts_at)


def test_of_two_who_move_to_one_free_time_one_wins(clinic: Clinic) -> None:
    slots = clinic.slots()
    people = (clinic.asha, clinic.ben)
    for place in range(4):
        visits = [clinic.ask(slots[3 * place + n].starts_at, people[n]) for n in range(2)]
        goal = slots[3 * place + 2].starts_at

        def one(number: int, visits: list[Visit] = visits, goal: object = goal) -> Visit:
            return clinic.move(visits[number], goal, people[number])  # type: ignore[arg-type]

        results = at_once(2, one)
        assert len([r for r in results if isinstance(r, Visit)]) == 1
        assert len([r for r in results if isinstance(r, SlotTaken)]) == 1
    assert overlaps(clinic.database, clinic.doctor_id) == 0


def test_history_is_unbroken_through_every_change(clinic: Clinic) -> None:
    slots = clinic.slots()
    visit = clinic.ask(slots[0].starts_at)
    visit = clinic.propose(visit, slots[2].starts_at)
    visit = clinic.move(visit, slots[4].starts_at)
    visit = clinic.decide(visit, accept=True)
    visit = clinic.move(visit, slots[6].starts_at)
    visit = clinic.propose(visit, slots[8].starts_at)
    visit = clinic.answer(visit, accept=True)
    visit = clinic.cancel(visit, clinic.asha)
    told = clinic.events()
    assert [event.version for event in told] == list(range(1, 9))  # type: ignore[attr-defined]
    times = [event.starts_at for event in told]  # type: ignore[attr-defined]
    places = (0, 2, 4, 4, 6, 8, 8, 8)
    assert times == [slots[place].starts_at for place in places]
    assert clinic.cell_count() == 0


def test_a_mail_owed_is_taken_by_one_and_again_when_that_one_died(clinic: Clinic) -> None:
    visit = clinic.decide(clinic.ask(clinic.slots()[0].starts_at), accept=True)

    def rows() -> list[int]:
        with clinic.database.begin() as c:
            return owed.due(c, clinic.watch())

    def take(row_id: int) -> owed.Owed | None:
        with clinic.database.begin() as c:
            return owed.take(c, row_id, clinic.watch())

    (row_id,) = [r for r in rows() if (t := take(r)) and t.about == visit.appointment_id]
    assert take(row_id) is None
    assert row_id not in rows()
    clinic.watch.wait(seconds=60)
    again = take(row_id)
    assert again is not None
    assert (again.patient_id, again.kind) == (clinic.asha, "visit_decided")
    clinic.watch.wait(seconds=60)
    assert row_id not in rows()
    clinic.watch.wait(seconds=60)
    assert row_id in rows()
    with clinic.database.begin() as c:
        owed.settle(c, row_id)
    assert clinic.owed(visit) == []


def test_a_mail_nobody_could_send_for_days_is_dropped(clinic: Clinic) -> None:
    visit = clinic.decide(clinic.ask(clinic.slots()[0].starts_at), accept=True)
    clinic.watch.wait(days=3)
    with clinic.database.begin() as c:
        owed.forget_old(c, clinic.watch())
    assert clinic.owed(visit) == []
