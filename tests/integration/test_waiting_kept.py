"""Who keeps a place on the waiting list and who loses it: offers not answered, soft holds, erased records, kinds of visit, other visits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import absence_state, queries, waiting, waiting_round
from remedy.appointments.calendars import kinds_of
from remedy.appointments.model import HOLD_FOR, SlotTaken, Visit
from remedy.gateways.mysql import in_transaction
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import doctor, visit_kind
from remedy.schema.people import patient
from tests import factories
from tests.integration.clinic import Clinic, a_clinic
from tests.integration.test_absence import another, declare, settle_all, visit_now
from tests.integration.test_waiting import (
    claim,
    fill_up,
    is_open,
    join,
    offer,
    offers,
    patients,
    visits_of,
)

pytestmark = pytest.mark.integration

names = iter(range(1000))
MONDAYS = ((0, time(9), time(10)),)


@pytest.fixture
def clinic(database: sa.Engine) -> Iterator[Clinic]:
    """A doctor who is there for an hour on Mondays only, three visits each; of a speciality of their own."""
    yield a_clinic(database, speciality=f"kept {next(names)}", hours=MONDAYS)
    with database.begin() as c:
        c.execute(sa.delete(waiting_offer))
        c.execute(sa.delete(waiting_entry))


def a_kind(clinic: Clinic, doctor_id: UUID, name: str, minutes: int) -> UUID:
    """A kind of visit of a doctor's; its public id."""
    with clinic.database.begin() as c:
        kind_id = waiting.uuid7(clinic.watch)
        c.execute(
            sa.insert(visit_kind).values(
                public_id=kind_id, doctor_id=factories.row_of(c, doctor, doctor_id), name=name,
                minutes=minutes, buffer_minutes=0,
            )
        )  # fmt: skip
    return kind_id


def end_due(clinic: Clinic) -> None:
    in_transaction(clinic.database, lambda c: waiting_round.end_due(c, clock=clinic.watch))


def entry_of(clinic: Clinic, patient_id: UUID) -> sa.Row[Any]:
    with clinic.database.connect() as c:
        row = factories.row_of(c, patient, patient_id)
        return c.execute(sa.select(waiting_entry).where(waiting_entry.c.patient_id == row)).one()


def test_an_erased_patient_is_offered_nothing_and_leaves_the_list(clinic: Clinic) -> None:
    gone, stays = patients(clinic, 2)
    entries = [join(clinic, gone), join(clinic, stays)]
    offer(clinic)
    before = len(offers(clinic, entries[0]))
    assert before > 0
    with clinic.database.begin() as c:
        clinic.vault.forget(c, gone)
        c.execute(sa.delete(waiting_offer))
    assert offer(clinic) > 0
    assert offers(clinic, entries[0]) == []
    assert len(offers(clinic, entries[1])) > 0
    end_due(clinic)
    assert [is_open(clinic, one) for one in entries] == [False, True]


def lose(clinic: Clinic, offer_id: UUID) -> object:
    return in_transaction(
        clinic.database,
        lambda c: waiting.lose(c, patient_id=clinic.asha, offer_id=offer_id, clock=clinic.watch),
    )


def test_a_time_somebody_looks_at_is_not_lost_and_can_be_claimed_afterwards(clinic: Clinic) -> None:
    entry = join(clinic)
    offer(clinic)
    made = offers(clinic, entry)[0]
    # The offer is about to end when somebody opens the form for that time.
    clinic.watch.wait(hours=3, minutes=55)
    hold = clinic.hold(made.starts_at, clinic.ben)
    with pytest.raises(SlotTaken):
        claim(clinic, made.public_id)
    assert lose(clinic, made.public_id) == hold.expires_at == clinic.watch() + HOLD_FOR
    clinic.watch.wait(minutes=11)
    end_due(clinic)
    offer(clinic)
    assert claim(clinic, made.public_id).starts_at == made.starts_at


def test_a_time_that_was_booked_is_lost_and_one_let_go_again_is_not(clinic: Clinic) -> None:
    entry = join(clinic)
    offer(clinic)
    booked, let_go, *_ = offers(clinic, entry)
    clinic.ask(booked.starts_at, clinic.ben)
    assert lose(clinic, booked.public_id) is None
    assert lose(clinic, let_go.public_id) == clinic.watch()
    assert [row.public_id for row in offers(clinic, entry, state="gone")] == [booked.public_id]
    assert is_open(clinic, entry)


@pytest.mark.parametrize("urgency", ["routine", "urgent"])
def test_who_lets_an_offer_of_an_absence_lapse_waits_since_they_first_asked(
    clinic: Clinic, urgency: str
) -> None:
    another(clinic)
    visit = clinic.ask(clinic.slots()[0].starts_at, urgency=urgency)
    first_asked = visit.requested_at
    clinic.watch.wait(hours=5)
    absence_id = declare(clinic)
    expected = "same_doctor" if urgency == "routine" else "other_doctor"
    assert settle_all(clinic, absence_id) == [expected]
    with clinic.database.connect() as c:
        _, offered_id = absence_state.outcome_of(c, visit.appointment_id) or ("", None)
        offered = queries.visit(c, offered_id)  # type: ignore[arg-type]
    assert offered is not None
    clinic.watch.now = offered.lapses_at
    assert offered.appointment_id in clinic.lapse()
    entry = entry_of(clinic, clinic.asha)
    assert (entry.is_open, entry.speciality) == (True, visit.speciality)
    assert (entry.since, entry.urgency) == (first_asked, urgency)
    assert clinic.owed(offered)[-1] == "absent_lapsed"
    with clinic.database.connect() as c:
        assert absence_state.outcome_of(c, offered.appointment_id) == ("waiting", None)
        # What was written is read without being sealed again: it goes with the visit's id.
        words = clinic.vault.open(
            c, clinic.asha, entry.public_id, "symptoms", entry.symptoms_sealed
        )
    assert words == "A cough for two weeks"


def test_who_refuses_such_an_offer_or_answers_it_late_by_moving_does_not_wait(
    clinic: Clinic,
) -> None:
    slots = clinic.slots()
    refused = clinic.ask(slots[0].starts_at)
    moved = clinic.ask(slots[1].starts_at, clinic.ben)
    settle_all(clinic, declare(clinic))
    clinic.answer(visit_now(clinic, refused), accept=False)
    proposed = visit_now(clinic, moved)
    again = clinic.move(proposed, proposed.starts_at + timedelta(days=7), clinic.ben)
    clinic.watch.now = again.lapses_at
    clinic.lapse()
    # A request nobody decides is told as any other.
    assert clinic.owed(again)[-1] == "visit_lapsed"
    with clinic.database.connect() as c:
        assert c.execute(sa.select(sa.func.count()).select_from(waiting_entry)).scalar_one() == 0


def test_who_waits_for_that_already_waits_from_now_on_since_they_first_asked(
    clinic: Clinic,
) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    clinic.watch.wait(hours=1)
    entry = join(clinic, doctor_id=None, speciality=visit.speciality)
    settle_all(clinic, declare(clinic))
    clinic.watch.now = visit_now(clinic, visit).lapses_at
    clinic.lapse()
    kept = entry_of(clinic, clinic.asha)
    assert (kept.public_id, kept.since) == (entry, visit.requested_at)
    assert clinic.owed(visit)[-1] == "absent_lapsed"


def test_an_erased_patient_whose_offer_lapses_does_not_wait(clinic: Clinic) -> None:
    visit = clinic.ask(clinic.slots()[0].starts_at)
    settle_all(clinic, declare(clinic))
    with clinic.database.begin() as c:
        clinic.vault.forget(c, clinic.asha)
    clinic.watch.now = visit_now(clinic, visit).lapses_at
    assert clinic.lapse() == [visit.appointment_id]
    with clinic.database.connect() as c:
        assert c.execute(sa.select(sa.func.count()).select_from(waiting_entry)).scalar_one() == 0


def offered_with_a_colleague(clinic: Clinic, *colleagues: tuple[tuple[str, int], ...]) -> Visit:
    """What is offered for an urgent check-up of 30 minutes, by colleagues of these kinds of visit."""
    kind_id = a_kind(clinic, clinic.doctor_id, "Check-up", 30)
    for kinds in colleagues:
        colleague = another(clinic)
        for name, minutes in kinds:
            a_kind(clinic, colleague, name, minutes)
    visit = clinic.ask(
        clinic.slots(kind_id=kind_id)[0].starts_at, kind_id=kind_id, urgency="urgent"
    )
    settle_all(clinic, declare(clinic))
    with clinic.database.connect() as c:
        _, offered_id = absence_state.outcome_of(c, visit.appointment_id) or ("", None)
        found = queries.visit(c, offered_id or visit.appointment_id)
    assert found is not None
    return found


def length(visit: Visit) -> timedelta:
    return visit.ends_at - visit.starts_at


def test_a_colleague_sees_for_the_same_kind_of_visit(clinic: Clinic) -> None:
    offered = offered_with_a_colleague(clinic, (("First", 15), ("Long", 30), ("Check-up", 45)))
    assert (offered.kind_name, length(offered)) == ("Check-up", timedelta(minutes=45))


def test_a_colleague_without_it_sees_for_the_nearest_length_that_is_not_shorter(
    clinic: Clinic,
) -> None:
    offered = offered_with_a_colleague(clinic, (("First", 15), ("Longest", 60), ("Long", 40)))
    assert (offered.kind_name, length(offered)) == ("Long", timedelta(minutes=40))


def test_a_colleague_who_has_only_shorter_ones_is_not_offered(clinic: Clinic) -> None:
    offered = offered_with_a_colleague(clinic, (("First", 15),))
    assert offered.doctor_id == clinic.doctor_id


def test_what_waits_for_a_kind_is_offered_and_claimed_as_that_kind(clinic: Clinic) -> None:
    a_kind(clinic, clinic.doctor_id, "First", 20)
    kind_id = a_kind(clinic, clinic.doctor_id, "Check-up", 30)
    longer = join(clinic, kind_name="Check-up", minutes=30, urgency="urgent")
    shorter = join(clinic, clinic.ben, kind_name=None, minutes=15)
    longest = join(clinic, patients(clinic, 1)[0], kind_name="Surgery", minutes=90)
    offer(clinic)
    with clinic.database.connect() as c:
        shown = {
            row.public_id: (row.ends_at - row.starts_at, row.name)
            for row in c.execute(
                sa.select(
                    waiting_entry.c.public_id, waiting_offer.c.starts_at, waiting_offer.c.ends_at,
                    visit_kind.c.name,
                ).select_from(
                    waiting_offer.join(waiting_entry).join(visit_kind)
                )
            )
        }  # fmt: skip
        kinds = {kind.kind_id: kind.name for kind in kinds_of(c, clinic.doctor_id)}
    assert shown == {
        longer: (timedelta(minutes=30), "Check-up"),
        shorter: (timedelta(minutes=20), "First"),
    }
    assert offers(clinic, longest) == []
    # What was offered stands at the next look, and nobody is offered what overlaps it.
    assert offer(clinic) == 0
    first = offers(clinic, longer)[0]
    claimed = claim(clinic, first.public_id)
    assert (kinds[kind_id], claimed.kind_name, length(claimed)) == (
        "Check-up", "Check-up", timedelta(minutes=30),
    )  # fmt: skip


def elsewhere(clinic: Clinic, speciality: str) -> Clinic:
    """Another doctor, twenty minutes' visits from ten past nine on: they lie across the first one's."""
    there = a_clinic(clinic.database, speciality=speciality, hours=((0, time(9, 10), time(9, 50)),))
    return replace(there, watch=clinic.watch, vault=clinic.vault, asha=clinic.asha)


def test_nobody_is_offered_a_time_at_which_they_are_at_another_visit(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    join(clinic)
    other = elsewhere(clinic, "anything else")
    there = other.ask(other.slots()[0].starts_at)
    clinic.cancel(booked[0], clinic.ben)
    assert offer(clinic) == 0
    other.cancel(there, clinic.asha)
    assert offer(clinic) == 1


def test_an_earlier_time_is_claimed_even_across_the_visit_it_replaces(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    other = elsewhere(clinic, "anything else")
    mine = other.decide(other.ask(other.slots()[0].starts_at), accept=True)
    join(clinic, instead_of=mine.appointment_id)
    clinic.cancel(booked[0], clinic.ben)
    assert offer(clinic) == 1
    (made,) = offers(clinic)
    visit = claim(clinic, made.public_id)
    assert (mine.starts_at - visit.starts_at, visit.ends_at) > (timedelta(), mine.starts_at)
    states = {v.appointment_id: v.state for v in visits_of(clinic, clinic.asha)}
    assert states == {visit.appointment_id: "accepted", mine.appointment_id: "cancelled"}
