"""Who came, on a real database: checked in, attended, missed; never mixed with what was called off, by hand or by clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import attendance, queries, queue, rules, service
from remedy.appointments.model import URGENCIES, AlreadyDecided, Refused, Visit
from remedy.events import hospital as told
from remedy.gateways.mysql import in_transaction
from remedy.pipeline import overdue
from remedy.schema.hospital import acceptance_rule, appointment
from remedy.schema.hospital import hospital as hospital_table
from remedy.schema.people import mail_owed
from tests.integration.clinic import Clinic, a_clinic
from tests.integration.test_appointments import at_once

pytestmark = pytest.mark.integration

Act = Callable[..., Visit]
STATES = {
    told.AppointmentRequested: "requested",
    told.AppointmentProposed: "proposed",
    told.AppointmentMoved: "requested",
    told.AppointmentAccepted: "accepted",
    told.AppointmentDeclined: "declined",
    told.AppointmentCancelled: "cancelled",
    told.AppointmentCheckedIn: "accepted",
    told.AppointmentAttended: "attended",
    told.AppointmentMissed: "missed",
}


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    return a_clinic(database)


def accepted(clinic: Clinic, place: int = 0) -> Visit:
    return clinic.decide(clinic.ask(clinic.slots()[place].starts_at), accept=True)


def act(clinic: Clinic, what: Act, visit: Visit, by: UUID | None = None) -> Visit:
    return in_transaction(
        clinic.database,
        lambda c: what(
            c,
            visit.appointment_id,
            marked_by=by or clinic.farah,
            version=visit.version,
            clock=clinic.watch,
        ),
    )


def call_off(clinic: Clinic, visit: Visit, why: str = "patient") -> Visit:
    return in_transaction(
        clinic.database,
        lambda c: service.call_off(
            c, clinic.vault, visit.appointment_id, why=why, note="", decided_by=clinic.farah,  # type: ignore[arg-type]
            version=visit.version, clock=clinic.watch,
        ),
    )  # fmt: skip


def now(clinic: Clinic, visit: Visit) -> Visit:
    with clinic.database.connect() as c:
        found = queries.visit(c, visit.appointment_id)
    assert found is not None
    return found


def folded(clinic: Clinic) -> dict[UUID, tuple[str, int, object, bool]]:
    """What the events alone say of each visit: state, version, time, and whether the patient was there."""
    found: dict[UUID, tuple[str, int, object, bool]] = {}
    for event in clinic.events():
        before = found.get(event.appointment_id)  # type: ignore[attr-defined]
        assert event.version == (before[1] if before else 0) + 1  # type: ignore[attr-defined]
        was_there = bool(before and before[3]) or isinstance(event, told.AppointmentCheckedIn)
        found[event.appointment_id] = (  # type: ignore[attr-defined]
            STATES[type(event)],  # type: ignore[index]
            event.version,  # type: ignore[attr-defined]
            event.starts_at,  # type: ignore[attr-defined]
            was_there,
        )
    return found


def in_the_table(clinic: Clinic) -> dict[UUID, tuple[str, int, object, bool]]:
    with clinic.database.connect() as c:
        visits = [v for who in (clinic.asha, clinic.ben) for v in queries.visits_of(c, who)]
    return {
        v.appointment_id: (v.state, v.version, v.starts_at, v.checked_in_at is not None)
        for v in visits
    }


def test_a_patient_is_checked_in_from_an_hour_before_and_once(clinic: Clinic) -> None:
    visit = accepted(clinic)
    clinic.watch.now = visit.starts_at - timedelta(minutes=61)
    with pytest.raises(Refused, match="from an hour before"):
        act(clinic, attendance.check_in, visit)
    clinic.watch.wait(minutes=1)
    there = act(clinic, attendance.check_in, visit)
    assert (there.state, there.checked_in_at) == ("accepted", clinic.watch())
    with pytest.raises(AlreadyDecided, match="Farah noted that the patient is there"):
        act(clinic, attendance.check_in, visit)
    with pytest.raises(Refused, match="telephone"):
        clinic.cancel(there, clinic.asha)


@pytest.mark.parametrize("what", [attendance.attend, attendance.miss])
def test_nothing_is_noted_before_the_visit_has_begun(clinic: Clinic, what: Act) -> None:
    visit = accepted(clinic)
    clinic.watch.now = visit.starts_at - timedelta(seconds=1)
    with pytest.raises(Refused, match="once the visit has begun"):
        act(clinic, what, visit)
    clinic.watch.wait(seconds=1)
    assert act(clinic, what, visit).state in {"attended", "missed"}


def test_who_is_there_is_not_missed_by_any_hand(clinic: Clinic) -> None:
    visit = accepted(clinic)
    clinic.watch.now = visit.starts_at
    there = act(clinic, attendance.check_in, visit)
    with pytest.raises(AlreadyDecided, match="the patient is there"):
        act(clinic, attendance.miss, there)
    assert act(clinic, attendance.attend, there).state == "attended"


def test_what_was_taken_for_missed_can_still_have_taken_place(clinic: Clinic) -> None:
    visit = accepted(clinic)
    clinic.watch.now = visit.ends_at
    missed = act(clinic, attendance.miss, visit)
    attended = act(clinic, attendance.attend, missed)
    assert attended.state == "attended"
    with pytest.raises(AlreadyDecided, match="took place"):
        act(clinic, attendance.miss, attended)


def test_a_visit_that_is_called_off_is_never_missed(clinic: Clinic) -> None:
    visits = [accepted(clinic, place) for place in range(2)]
    clinic.watch.now = visits[0].starts_at - timedelta(hours=1)
    with pytest.raises(Refused, match=r"until 24 hours before it. Now please telephone: \+39"):
        clinic.cancel(visits[0], clinic.asha)
    late = call_off(clinic, visits[0])
    assert (late.state, late.has_lapsed) == ("cancelled", False)
    assert clinic.owed(late)[-1] == "visit_cancelled"
    clinic.watch.now = visits[1].ends_at + timedelta(days=2)
    with pytest.raises(AlreadyDecided, match="nobody is expected"):
        act(clinic, attendance.miss, late)
    overdue.look(clinic.database, clock=clinic.watch)
    assert [now(clinic, visit).state for visit in visits] == ["cancelled", "missed"]


def test_the_clock_takes_for_missed_only_whom_nobody_checked_in(clinic: Clinic) -> None:
    there, marked, nobody, waits = (accepted(clinic, place) for place in range(4))
    clinic.watch.now = there.starts_at
    act(clinic, attendance.check_in, there)
    clinic.watch.now = nobody.ends_at
    act(clinic, attendance.attend, marked)
    clinic.watch.now = nobody.ends_at + timedelta(hours=24) - timedelta(seconds=1)
    overdue.look(clinic.database, clock=clinic.watch)
    assert now(clinic, nobody).state == "accepted"
    clinic.watch.wait(seconds=1)
    overdue.look(clinic.database, clock=clinic.watch)
    states = [now(clinic, visit).state for visit in (there, marked, nobody, waits)]
    assert states == ["accepted", "attended", "missed", "accepted"]
    with pytest.raises(AlreadyDecided, match="The clock noted that this visit was missed"):
        act(clinic, attendance.miss, nobody)
    # The same with the check taken out would miss a patient who sat there.
    with clinic.database.begin() as c:
        c.execute(
            sa.update(appointment)
            .where(appointment.c.public_id == there.appointment_id)
            .values(checked_in_at=None)
        )
    overdue.look(clinic.database, clock=clinic.watch)
    assert now(clinic, there).state == "missed"


def test_a_patient_checked_in_while_the_clock_looks_is_not_missed(clinic: Clinic) -> None:
    visit = accepted(clinic)
    clinic.watch.now = visit.ends_at + timedelta(days=1)
    with clinic.database.connect() as c:
        (due,) = [v for v in attendance.due(c, now=clinic.watch()) if v == visit]
    act(clinic, attendance.check_in, visit)
    assert not in_transaction(
        clinic.database, lambda c: attendance.miss_one(c, due, clock=clinic.watch)
    )
    assert now(clinic, visit).state == "accepted"


def test_visits_from_before_anybody_was_checked_in_are_left_alone(clinic: Clinic) -> None:
    visit = accepted(clinic)
    with clinic.database.begin() as c:
        c.execute(
            sa.update(hospital_table)
            .where(hospital_table.c.public_id == visit.hospital_id)
            .values(attendance_since=visit.ends_at)
        )
    clinic.watch.now = visit.ends_at + timedelta(days=30)
    overdue.look(clinic.database, clock=clinic.watch)
    assert now(clinic, visit).state == "accepted"


def test_of_two_who_note_different_things_one_wins(clinic: Clinic) -> None:
    for place in range(10):
        visit = accepted(clinic, place)
        before, clinic.watch.now = clinic.watch.now, visit.ends_at
        acts = (attendance.attend, attendance.miss)

        def one(number: int, visit: Visit = visit, acts: tuple[Act, Act] = acts) -> Visit:
            return act(clinic, acts[number], visit)

        results = at_once(2, one)
        won = [r for r in results if isinstance(r, Visit)]
        assert len(won) == 1
        lost = [r for r in results if isinstance(r, AlreadyDecided)]
        assert len(lost) == 1
        assert now(clinic, visit).version == 3
        clinic.watch.now = before


def test_history_folds_to_the_table(clinic: Clinic) -> None:
    slots = clinic.slots()
    visits = [accepted(clinic, place) for place in range(5)]
    moved = clinic.move(visits[4], slots[20].starts_at)
    clinic.decide(moved, accept=False)
    clinic.ask(slots[10].starts_at, clinic.ben)
    clinic.watch.now = visits[0].starts_at - timedelta(minutes=30)
    call_off(clinic, visits[3], "hospital")
    there = act(clinic, attendance.check_in, visits[0])
    clinic.watch.now = visits[2].ends_at
    act(clinic, attendance.attend, there)
    act(clinic, attendance.miss, visits[1])
    act(clinic, attendance.attend, now(clinic, visits[1]))
    clinic.watch.wait(days=2)
    overdue.look(clinic.database, clock=clinic.watch)
    table = in_the_table(clinic)
    assert sorted(state for state, *_ in table.values()) == [
        "attended", "attended", "cancelled", "cancelled", "declined", "missed",
    ]  # fmt: skip
    assert folded(clinic) == table


def a_rule(clinic: Clinic, visit: Visit, *, is_on: bool, **differs: object) -> UUID:
    values = {"doctor_id": clinic.doctor_id, "speciality": None, "urgency": "routine"}

    def work(c: sa.Connection) -> UUID:
        made = rules.add(
            c,
            **{**values, "hours_ahead": 24, **differs},  # type: ignore[arg-type]
            made_by=clinic.farah,
            clock=clinic.watch,
        )
        if is_on:
            rules.switch(c, made, is_on=True)
        return made

    return in_transaction(clinic.database, work)


def test_a_rule_accepts_what_it_says_and_nothing_before_it_is_switched_on(clinic: Clinic) -> None:
    slots = clinic.slots()
    first = clinic.ask(slots[0].starts_at)
    rule_id = a_rule(clinic, first, is_on=False)
    assert clinic.ask(slots[1].starts_at).state == "requested"
    in_transaction(clinic.database, lambda c: rules.switch(c, rule_id, is_on=True))
    ruled = clinic.ask(slots[2].starts_at)
    assert (ruled.state, ruled.by_rule, ruled.decided_by) == ("accepted", rule_id, None)
    assert clinic.owed(ruled) == ["visit_decided"]
    event = clinic.events()[-1]
    assert isinstance(event, told.AppointmentAccepted)
    assert (event.by_rule, event.version) == (rule_id, 2)
    assert clinic.ask(slots[3].starts_at, urgency="soon").state == "requested"
    assert clinic.ask(clinic.slots()[5].starts_at, clinic.ben).state == "accepted"
    called_off = clinic.cancel(ruled, clinic.asha)
    assert not called_off.has_lapsed
    in_transaction(clinic.database, lambda c: rules.end(c, rule_id, clock=clinic.watch))
    assert clinic.ask(clinic.slots()[6].starts_at).state == "requested"
    with clinic.database.connect() as c:
        kept = rules.rule_of(c, rule_id)
    assert kept is not None
    assert kept.ended_at == clinic.watch()
    assert folded(clinic) == in_the_table(clinic)


def test_no_patient_is_accepted_for_calling_a_request_more_urgent(clinic: Clinic) -> None:
    slots = iter(clinic.slots())
    visit = clinic.ask(next(slots).starts_at)
    for most in URGENCIES:
        rule_id = a_rule(clinic, visit, is_on=True, urgency=most)
        accepted = [
            clinic.ask(next(slots).starts_at, urgency=urgency).state == "accepted"
            for urgency in URGENCIES
        ]
        # Whatever is accepted for one word is accepted for every calmer one.
        assert accepted == sorted(accepted, reverse=True)
        assert sum(accepted) == URGENCIES.index(most) + 1
        in_transaction(
            clinic.database, lambda c, one=rule_id: rules.end(c, one, clock=clinic.watch)
        )


def test_a_rule_of_a_speciality_counts_hours_ahead_and_a_moved_visit_too(clinic: Clinic) -> None:
    slots = clinic.slots()
    visit = clinic.ask(slots[0].starts_at)
    ahead = slots[8].starts_at - clinic.watch()
    rule = {"doctor_id": None, "speciality": visit.speciality}
    hours = int(ahead.total_seconds() // 3600)
    rule_id = a_rule(clinic, visit, is_on=True, **rule, hours_ahead=hours)
    assert clinic.ask(slots[3].starts_at).state == "requested"
    moved = clinic.move(visit, slots[9].starts_at)
    assert (moved.state, moved.by_rule) == ("accepted", rule_id)
    with clinic.database.begin() as c:
        c.execute(sa.delete(acceptance_rule))


@pytest.mark.parametrize(
    "differs",
    [
        {"urgency": "emergency"},
        {"hours_ahead": -1},
        {"hours_ahead": 5000},
        {"doctor_id": None, "speciality": "witchcraft"},
    ],
)
def test_a_rule_of_nothing_is_refused(clinic: Clinic, differs: dict[str, object]) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    with pytest.raises(Refused):
        a_rule(clinic, visit, is_on=True, **differs)


def test_an_urgent_request_turns_red_and_admins_are_told_once(clinic: Clinic) -> None:
    slots = clinic.slots()
    urgent = clinic.ask(slots[0].starts_at, urgency="urgent")
    soon = clinic.ask(slots[1].starts_at, urgency="soon")

    def owed_to_farah() -> int:
        with clinic.database.connect() as c:
            query = sa.select(sa.func.count()).where(
                mail_owed.c.kind == "urgent_waiting",
                mail_owed.c.about == urgent.appointment_id,
                mail_owed.c.patient_public_id == clinic.farah,
            )
            return c.execute(query).scalar_one()

    clinic.watch.wait(minutes=59)
    overdue.look(clinic.database, clock=clinic.watch)
    assert owed_to_farah() == 0
    with clinic.database.connect() as c:
        before = queue.mark(c, clinic.watch())
    clinic.watch.wait(minutes=1)
    assert urgent.is_late_urgent(clinic.watch())
    assert not soon.is_late_urgent(clinic.watch())
    with clinic.database.connect() as c:
        assert queue.mark(c, clinic.watch()) != before
    for _ in range(3):
        overdue.look(clinic.database, clock=clinic.watch)
    assert owed_to_farah() == 1
    moved = clinic.move(urgent, slots[4].starts_at)
    assert not moved.is_late_urgent(clinic.watch())
    clinic.watch.wait(minutes=60)
    overdue.look(clinic.database, clock=clinic.watch)
    assert owed_to_farah() == 2


def test_what_is_looked_for_in_the_queue(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at, urgency="soon")
    at = clinic.watch() + timedelta(hours=5)
    day = visit.starts_at.date()
    for found in (
        queue.Wanted(),
        queue.Wanted(visit.speciality, visit.doctor_id, "soon", day, 5),
    ):
        assert found.holds(visit, at)
    for missed in (
        queue.Wanted(speciality="surgery"),
        queue.Wanted(doctor_id=visit.patient_id),
        queue.Wanted(urgency="urgent"),
        queue.Wanted(day=day + timedelta(days=1)),
        queue.Wanted(waits_hours=6),
    ):
        assert not missed.holds(visit, at)
    assert not queue.Wanted(waits_hours=1).holds(replace(visit, waiting_since=at), at)
