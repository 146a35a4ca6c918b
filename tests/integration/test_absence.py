"""A doctor is absent on a real database: every patient is told once, with a real time of their own or a place on the list."""

import threading
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import absence, absence_state, queries
from remedy.appointments.model import Refused, Slot, SlotTaken, Visit
from remedy.events.hospital import AppointmentCancelled, AppointmentProposed, AppointmentRequested
from remedy.gateways.mysql import in_transaction
from remedy.schema.absence import waiting_entry
from remedy.schema.hospital import appointment, doctor_leave
from remedy.schema.people import mail_owed
from tests import factories
from tests.integration.clinic import NEXT_WEEK, Clinic, a_clinic, cells_without_their_key
from tests.integration.test_appointments import at_once, overlaps

pytestmark = pytest.mark.integration

FRIDAY = NEXT_WEEK + timedelta(days=4)
PATIENTS = 30
TOLD = {
    "same_doctor": "absent_offered",
    "other_doctor": "absent_other",
    "waiting": "absent_waiting",
}
names = iter(range(1000))


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    """A doctor of a speciality that no other test's doctor has."""
    return a_clinic(database, speciality=f"speciality {next(names)}")


def another(clinic: Clinic, **differs: object) -> UUID:
    """A colleague of the same speciality."""
    speciality = f"speciality {next(names)}"
    with clinic.database.begin() as c:
        found = queries.doctor_of(c, clinic.doctor_id)
        assert found is not None
        speciality = found.speciality
        return factories.a_doctor(c, name="Dr Ife", speciality=speciality, **differs)  # type: ignore[arg-type]


def patients(clinic: Clinic, count: int) -> list[UUID]:
    with clinic.database.begin() as c:
        return [factories.a_patient(c, clinic.vault) for _ in range(count)]


def declare(clinic: Clinic, first: date = NEXT_WEEK, last: date = FRIDAY) -> UUID:
    return in_transaction(
        clinic.database,
        lambda c: absence.declare(
            c,
            doctor_id=clinic.doctor_id,
            first_day=first,
            last_day=last,
            declared_by=clinic.farah,
            clock=clinic.watch,
        ),
    )


def settle_one(clinic: Clinic, absence_id: UUID, appointment_id: UUID) -> str | None:
    return in_transaction(
        clinic.database,
        lambda c: absence.settle(
            c,
            clinic.vault,
            absence_id=absence_id,
            appointment_id=appointment_id,
            clock=clinic.watch,
        ),
    )


def unsettled(clinic: Clinic, absence_id: UUID) -> list[UUID]:
    with clinic.database.connect() as c:
        return absence_state.unsettled(c, absence_id)


def settle_all(clinic: Clinic, absence_id: UUID) -> list[str | None]:
    return [settle_one(clinic, absence_id, one) for one in unsettled(clinic, absence_id)]


def mails(clinic: Clinic, visit: Visit) -> list[str]:
    """What was written about the absence."""
    return [kind for kind in clinic.owed(visit) if kind.startswith("absent")]


def visit_now(clinic: Clinic, visit: Visit) -> Visit:
    with clinic.database.connect() as c:
        found = queries.visit(c, visit.appointment_id)
    assert found is not None
    return found


def events_of(clinic: Clinic, visit: Visit) -> list[object]:
    return [
        event
        for event in clinic.events()
        if event.appointment_id == visit.appointment_id  # type: ignore[attr-defined]
    ]


def test_leave_over_thirty_booked_patients(clinic: Clinic) -> None:
    ife = another(clinic, hours=((3, time(9), time(11)),))
    booked = []
    for number, (slot, patient_id) in enumerate(
        zip(clinic.slots(days=5)[::4], patients(clinic, PATIENTS), strict=False)
    ):
        urgency = ("urgent", "soon", "routine")[number % 3]
        visit = clinic.ask(slot.starts_at, patient_id, urgency=urgency)
        booked.append(clinic.decide(visit, accept=True) if number % 2 else visit)
    assert len(booked) == PATIENTS
    absence_id = declare(clinic)
    outcomes = settle_all(clinic, absence_id)
    # All told, each once, in a mail of the kind that says what was done.
    assert len(outcomes) == PATIENTS
    told = [mails(clinic, visit) for visit in booked]
    assert all(len(kinds) == 1 for kinds in told), told
    assert sorted(kinds[0] for kinds in told) == sorted(TOLD[one or ""] for one in outcomes)
    # One change of each patient's calendar: one more version of the visit, told by one event.
    for before in booked:
        after = visit_now(clinic, before)
        assert after.version == before.version + 1
        assert after.state in {"proposed", "cancelled"}
        last = events_of(clinic, before)[-1]
        assert isinstance(last, AppointmentProposed | AppointmentCancelled)
        assert last.version == after.version  # type: ignore[union-attr]
    # No time for two, none in the leave, and the soonest of the other doctor's to the urgent ones.
    assert overlaps(clinic.database, clinic.doctor_id) == 0
    assert overlaps(clinic.database, ife) == 0
    with clinic.database.connect() as c:
        found = absence_state.absence_of(c, absence_id)
        leave = absence_state.stretch_of(
            queries.doctor_of(c, clinic.doctor_id),  # type: ignore[arg-type]
            NEXT_WEEK, FRIDAY, now=clinic.watch(),
        )  # fmt: skip
        still = absence_state.affected(c, clinic.doctor_id, leave, now=clinic.watch())
        offered = c.execute(
            sa.select(appointment.c.doctor_id, appointment.c.starts_at).where(
                appointment.c.state == "proposed", appointment.c.decided_by == clinic.farah
            )
        ).all()
    assert found is not None
    assert (found.visits, found.settled) == (PATIENTS, PATIENTS)
    assert found.outcomes.get("other_doctor", 0) > 0
    assert found.answers == {"proposed": found.offered}
    assert len(set(offered)) == len(offered) == found.offered
    assert still == []
    assert clinic.slots(days=5) == []


def test_an_urgent_visit_goes_to_a_colleague_and_keeps_what_was_written(clinic: Clinic) -> None:
    ife = another(clinic)
    visit = clinic.ask(clinic.slots()[0].starts_at, urgency="urgent")
    absence_id = declare(clinic)
    assert settle_all(clinic, absence_id) == ["other_doctor"]
    assert visit_now(clinic, visit).state == "cancelled"
    with clinic.database.connect() as c:
        outcome, offered_id = absence_state.outcome_of(c, visit.appointment_id) or ("", None)
        offered = queries.visit(c, offered_id)  # type: ignore[arg-type]
        assert offered is not None
        words = clinic.vault.open(
            c, clinic.asha, offered.appointment_id, "symptoms", offered.symptoms_sealed
        )
    assert (outcome, offered.doctor_id, offered.state) == ("other_doctor", ife, "proposed")
    assert offered.starts_at == visit.starts_at
    assert words == "A cough for two weeks"
    cancelled = events_of(clinic, visit)[-1]
    assert isinstance(cancelled, AppointmentCancelled)
    assert cancelled.why == "hospital"
    assert mails(clinic, visit) == ["absent_other"]
    clinic.answer(offered, accept=True)
    assert visit_now(clinic, offered).state == "accepted"


def test_a_routine_visit_waits_for_its_own_doctor(clinic: Clinic) -> None:
    another(clinic)
    visit = clinic.decide(clinic.ask(clinic.slots()[0].starts_at), accept=True)
    absence_id = declare(clinic)
    assert settle_all(clinic, absence_id) == ["same_doctor"]
    proposed = visit_now(clinic, visit)
    assert (proposed.state, proposed.instead_of) == ("proposed", visit.starts_at)
    # The Monday after.
    assert proposed.starts_at == visit.starts_at + timedelta(days=7)
    accepted = clinic.answer(proposed, accept=True)
    assert (accepted.state, accepted.appointment_id) == ("accepted", visit.appointment_id)


def test_who_finds_no_time_waits_since_they_asked(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at, urgency="soon")
    with clinic.database.begin() as c:
        # Nobody is there for long.
        c.execute(
            sa.insert(doctor_leave).values(
                doctor_id=factories.row_of(c, factories.hospital_tables.doctor, clinic.doctor_id),
                starts_at=visit.starts_at + timedelta(days=4),
                ends_at=visit.starts_at + timedelta(days=60),
            )
        )
    absence_id = declare(clinic)
    assert settle_all(clinic, absence_id) == ["waiting"]
    assert visit_now(clinic, visit).state == "cancelled"
    assert mails(clinic, visit) == ["absent_waiting"]
    with clinic.database.connect() as c:
        (entry,) = c.execute(
            sa.select(waiting_entry).where(waiting_entry.c.speciality == visit.speciality)
        ).all()
        words = clinic.vault.open(
            c, clinic.asha, entry.public_id, "symptoms", entry.symptoms_sealed
        )
    assert (entry.since, entry.urgency, entry.is_open) == (visit.requested_at, "soon", True)
    assert words == "A cough for two weeks"


def test_an_offer_nobody_answers_ends_and_its_time_is_free(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    settle_all(clinic, declare(clinic))
    proposed = visit_now(clinic, visit)
    assert proposed.starts_at not in [slot.starts_at for slot in clinic.slots(days=14)]
    clinic.watch.now = proposed.lapses_at
    assert proposed.appointment_id in clinic.lapse()
    assert proposed.starts_at in [slot.starts_at for slot in clinic.slots(days=14)]
    assert clinic.cell_count() == 0


def test_what_was_called_off_before_its_turn_is_left_alone(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    absence_id = declare(clinic)
    clinic.cancel(visit, clinic.asha)
    assert settle_all(clinic, absence_id) == ["ended"]
    assert mails(clinic, visit) == []


def test_a_visit_is_settled_once_however_many_begin_again(clinic: Clinic) -> None:
    visits = [
        clinic.ask(slot.starts_at, patient_id)
        for slot, patient_id in zip(clinic.slots()[:6], patients(clinic, 6), strict=True)
    ]
    absence_id = declare(clinic)

    def one(number: int) -> object:
        return [settle_one(clinic, absence_id, visit.appointment_id) for visit in visits]

    results = at_once(4, one)
    assert all(isinstance(result, list) for result in results), results
    done = [outcome for result in results for outcome in result if outcome]  # type: ignore[attr-defined]
    assert done == ["same_doctor"] * 6
    assert all(len(mails(clinic, visit)) == 1 for visit in visits)
    assert overlaps(clinic.database, clinic.doctor_id) == 0


def test_who_asked_in_that_very_moment_is_found_later(clinic: Clinic) -> None:
    slot = clinic.slots()[0]
    absence_id = declare(clinic)
    # As one who looked at the leave before it was written.
    with clinic.database.begin() as c:
        row = c.execute(
            sa.select(doctor_leave.c.id, doctor_leave.c.doctor_id).order_by(
                doctor_leave.c.id.desc()
            )
        ).first()
        assert row is not None
        c.execute(
            sa.update(doctor_leave)
            .where(doctor_leave.c.id == row.id)
            .values(starts_at=slot.ends_at)
        )
    visit = clinic.ask(slot.starts_at)
    with clinic.database.begin() as c:
        c.execute(
            sa.update(doctor_leave)
            .where(doctor_leave.c.id == row.id)
            .values(starts_at=slot.starts_at - timedelta(hours=9))
        )
    assert unsettled(clinic, absence_id) == []
    with clinic.database.begin() as c:
        assert absence_id in absence_state.running(c, now=clinic.watch())
        assert absence.gather(c, absence_id, now=clinic.watch()) == 1
    assert settle_all(clinic, absence_id) == ["same_doctor"]
    assert mails(clinic, visit) == ["absent_offered"]


def two_who_choose_one_time(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[object], UUID]:
    """Two doctors are absent at once, and for a patient of each the same time of a colleague is chosen."""
    second = Clinic(
        clinic.database, clinic.watch, clinic.vault, another(clinic), clinic.asha, clinic.ben,
        clinic.farah,
    )  # fmt: skip
    colleague = another(clinic)
    work = []
    for one, patient_id in ((clinic, clinic.asha), (second, clinic.ben)):
        visit = one.ask(one.slots()[0].starts_at, patient_id, urgency="urgent")
        work.append((one, declare(one), visit.appointment_id))
    both_have_chosen, choose = threading.Barrier(2), absence.best_slot

    def best_slot(*told: Any) -> Slot | None:
        chosen = choose(*told)
        both_have_chosen.wait(timeout=30)
        return chosen

    monkeypatch.setattr(absence, "best_slot", best_slot)
    results = at_once(2, lambda number: settle_one(*work[number]))
    monkeypatch.undo()
    assert [len(unsettled(one, absence_id)) for one, absence_id, _ in work].count(1) == len(
        [result for result in results if isinstance(result, SlotTaken)]
    )
    for one, absence_id, _ in work:
        settle_all(one, absence_id)
        assert unsettled(one, absence_id) == []
    return results, colleague


def test_of_two_absences_that_choose_one_time_one_takes_it_and_the_other_the_next(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, colleague = two_who_choose_one_time(clinic, monkeypatch)
    assert sorted(map(str, map(type, results))) == sorted(map(str, (str, SlotTaken)))
    assert overlaps(clinic.database, colleague) == 0


def test_control_without_the_key_one_time_is_offered_to_two(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cells_without_their_key(clinic.database):
        results, colleague = two_who_choose_one_time(clinic, monkeypatch)
        assert results == ["other_doctor", "other_doctor"]
        assert overlaps(clinic.database, colleague) > 0


def test_days_that_cannot_be_are_refused(clinic: Clinic) -> None:
    yesterday = clinic.watch().date() - timedelta(days=1)
    for first, last, why in (
        (FRIDAY, NEXT_WEEK, "before its first"),
        (yesterday, yesterday, "is over"),
        (NEXT_WEEK, NEXT_WEEK + timedelta(days=366), "at most 366"),
    ):
        with pytest.raises(Refused, match=why):
            declare(clinic, first, last)
    declare(clinic)
    with pytest.raises(Refused, match="declared already"):
        declare(clinic, FRIDAY, FRIDAY)


def test_leave_is_of_whole_days_of_the_hospital_also_when_clocks_change(clinic: Clinic) -> None:
    with clinic.database.connect() as c:
        found = queries.doctor_of(c, clinic.doctor_id)
    assert found is not None
    sunday = date(2026, 3, 29)
    leave = absence_state.stretch_of(found, sunday, sunday, now=clinic.watch())
    assert leave.ends_at - leave.starts_at == timedelta(hours=23)
    assert leave.starts_at.isoformat() == "2026-03-28T23:00:00+00:00"


def test_a_new_visit_with_a_colleague_is_told_from_its_first_version(clinic: Clinic) -> None:
    ife = another(clinic)
    clinic.ask(clinic.slots()[0].starts_at, urgency="urgent")
    settle_all(clinic, declare(clinic))
    of_ife = Clinic(
        clinic.database, clinic.watch, clinic.vault, ife, clinic.asha, clinic.ben, clinic.farah
    )
    first, second = of_ife.events()
    assert isinstance(first, AppointmentRequested)
    assert isinstance(second, AppointmentProposed)
    assert (first.version, second.version) == (1, 2)


def test_mails_of_an_absence_name_nobody(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    settle_all(clinic, declare(clinic))
    with clinic.database.connect() as c:
        (row,) = c.execute(
            sa.select(mail_owed).where(
                mail_owed.c.about == visit.appointment_id, mail_owed.c.kind == "absent_offered"
            )
        ).all()
    assert row.patient_public_id == clinic.asha
