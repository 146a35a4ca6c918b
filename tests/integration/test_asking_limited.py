"""How much one patient may ask for: so many open requests, so many visits with one doctor, never two at one time.

Of two pages that ask at once for what is one too many, one is refused: the patient's row is locked. The controls take
the lock away.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import limits, moves, rules, waiting
from remedy.appointments.limits import AtOnce, InTheWay, TooManyAhead, TooManyOpen
from remedy.appointments.model import Slot, Visit
from remedy.gateways.mysql import in_transaction
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import doctor, hospital
from tests import factories
from tests.integration.clinic import SYMPTOMS, Clinic, a_clinic
from tests.integration.test_appointments import at_once

pytestmark = pytest.mark.integration

ROUNDS = 3


@pytest.fixture
def clinic(database: sa.Engine) -> Clinic:
    """At a hospital with the limits it has where nobody set others."""
    return limited(a_clinic(database))


def limited(clinic: Clinic, open_requests: int = 3, visits_ahead: int = 2) -> Clinic:
    with clinic.database.begin() as c:
        mine = sa.select(doctor.c.hospital_id).where(doctor.c.public_id == clinic.doctor_id)
        c.execute(
            sa.update(hospital)
            .where(hospital.c.id == mine.scalar_subquery())
            .values(open_requests=open_requests, visits_ahead=visits_ahead)
        )
    return clinic


def another(clinic: Clinic) -> Clinic:
    """The same people with another doctor, at another hospital."""
    with clinic.database.begin() as c:
        made = replace(clinic, doctor_id=factories.a_doctor(c, name="Dr Ito"))
    return limited(made)


def count_open(clinic: Clinic) -> list[Visit]:
    with clinic.database.connect() as c:
        return limits.standing(c, clinic.asha, now=clinic.watch())


def test_the_limits_are_three_and_two_where_nobody_set_others(database: sa.Engine) -> None:
    told = {"public_id": factories.uuid7(), "name": "Bay Clinic", "address": "3 Bay Street",
            "latitude": 1.0, "longitude": 1.0, "time_zone": "Europe/Rome"}  # fmt: skip
    with database.begin() as c:
        c.execute(sa.insert(hospital).values(told))
        found = {one.hospital_id: one for one in rules.limits(c)}[told["public_id"]]
    assert (found.open_requests, found.visits_ahead) == (3, 2)


def test_a_fourth_request_is_refused_and_says_which_ones_wait(clinic: Clinic) -> None:
    second = another(clinic)
    times = [one.starts_at for one in clinic.slots()]
    asked = [clinic.ask(times[0]), clinic.ask(times[1]), second.ask(times[2])]
    with pytest.raises(TooManyOpen, match=r"decision: 3\. At most 3 may") as refused:
        another(clinic).ask(times[3])
    assert [one.appointment_id for one in refused.value.visits] == [
        one.appointment_id for one in asked
    ]
    with pytest.raises(TooManyOpen):
        second.hold(times[4])
    clinic.decide(asked[0], accept=True)
    second.ask(times[3])
    assert second.ask(times[5], clinic.ben).state == "requested"


def test_a_third_visit_to_one_doctor_is_refused_and_another_doctor_can_be_asked(
    clinic: Clinic,
) -> None:
    times = [one.starts_at for one in clinic.slots()]
    accepted = clinic.decide(clinic.ask(times[0]), accept=True)
    clinic.decide(clinic.ask(times[1]), accept=True)
    with pytest.raises(TooManyAhead, match="Dr Ekow are ahead of you, asked for or accepted: 2"):
        clinic.ask(times[2])
    another(clinic).ask(times[2])
    clinic.cancel(accepted, clinic.asha)
    assert clinic.ask(times[3]).state == "requested"


def test_requests_that_lapsed_and_visits_that_began_count_no_more(clinic: Clinic) -> None:
    limited(clinic, open_requests=1, visits_ahead=1)
    slots = clinic.slots()
    clinic.ask(slots[0].starts_at)
    clinic.watch.wait(hours=49)
    accepted = clinic.decide(clinic.ask(slots[1].starts_at), accept=True)
    clinic.watch.now = accepted.starts_at
    later = clinic.slots(days=2)
    assert clinic.ask(later[-1].starts_at).state == "requested"


def test_what_the_hospital_gives_and_a_move_are_never_too_much(clinic: Clinic) -> None:
    times = [one.starts_at for one in clinic.slots()]
    visit, other = clinic.ask(times[0]), clinic.ask(times[1])
    limited(clinic, open_requests=1, visits_ahead=1)
    with pytest.raises(InTheWay):
        clinic.ask(times[5])
    moved = clinic.move(visit, times[2])
    assert moved.state == "requested"
    proposed = clinic.propose(other, times[3])
    assert clinic.answer(proposed, accept=True).state == "accepted"


def offered(clinic: Clinic, slot: Slot) -> UUID:
    """The patient waits, and the list offers that time."""
    now, offer_id = clinic.watch(), factories.uuid7()
    with clinic.database.begin() as c:
        entry_id = waiting.join(
            c, clinic.vault, patient_id=clinic.asha, doctor_id=clinic.doctor_id, speciality="",
            urgency="routine", symptoms=SYMPTOMS, from_day=now.date(),
            until_day=(now + timedelta(days=30)).date(), earliest=None, instead_of=None,
            clock=clinic.watch,
        )  # fmt: skip
        rows = [
            c.execute(sa.select(table.c.id).where(table.c.public_id == public_id)).scalar_one()
            for table, public_id in ((waiting_entry, entry_id), (doctor, clinic.doctor_id))
        ]
        c.execute(
            sa.insert(waiting_offer).values(
                public_id=offer_id, entry_id=rows[0], doctor_id=rows[1], starts_at=slot.starts_at,
                ends_at=slot.ends_at, state="open", offered_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )  # fmt: skip
    return offer_id


def claim(clinic: Clinic, offer_id: UUID) -> Visit:
    return in_transaction(
        clinic.database,
        lambda c: waiting.claim(
            c, clinic.vault, patient_id=clinic.asha, offer_id=offer_id, clock=clinic.watch
        ),
    )


def test_a_time_the_waiting_list_offers_can_be_claimed_however_much_is_open(
    clinic: Clinic,
) -> None:
    slots = clinic.slots()
    clinic.ask(slots[0].starts_at)
    clinic.ask(slots[1].starts_at)
    assert claim(clinic, offered(clinic, slots[5])).state == "accepted"
    with pytest.raises(InTheWay):
        clinic.ask(slots[6].starts_at)


def test_two_visits_at_one_time_are_refused_and_the_other_is_named(clinic: Clinic) -> None:
    second = another(clinic)
    slots = clinic.slots()
    visit = clinic.ask(slots[0].starts_at)
    for change in (second.ask, second.hold):
        with pytest.raises(AtOnce, match="with Dr Ekow") as refused:
            change(slots[0].starts_at)
        assert [one.appointment_id for one in refused.value.visits] == [visit.appointment_id]
    # One that begins when the other ends is another time.
    next_to = second.ask(slots[1].starts_at)
    with pytest.raises(AtOnce):
        second.move(next_to, slots[0].starts_at)
    with pytest.raises(AtOnce):
        second.propose(next_to, slots[0].starts_at)
    clinic.cancel(visit, clinic.asha)
    assert second.move(next_to, slots[0].starts_at).starts_at == slots[0].starts_at


def test_an_offered_time_is_not_claimed_beside_another_visit(clinic: Clinic) -> None:
    slot = clinic.slots()[0]
    offer_id = offered(clinic, slot)
    another(clinic).ask(slot.starts_at)
    with pytest.raises(AtOnce):
        claim(clinic, offer_id)


def test_a_proposal_is_not_accepted_beside_another_visit(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an absence proposes times: without asking whether the patient is busy then."""
    slots = clinic.slots()
    visit = clinic.ask(slots[0].starts_at)
    another(clinic).ask(slots[1].starts_at)
    with monkeypatch.context() as patched:
        patched.setattr(moves, "_refuse_at_once", lambda *_: None)
        proposed = clinic.propose(visit, slots[1].starts_at)
    with pytest.raises(AtOnce):
        clinic.answer(proposed, accept=True)
    assert clinic.answer(proposed, accept=False).state == "cancelled"


def too_many_at_once(clinic: Clinic, *, day: int) -> int:
    """Eight pages of one patient ask eight doctors for another time each, at once; how many had it."""
    doctors = [another(clinic) for _ in range(8)]
    slots = clinic.slots(first_day=clinic.watch().date() + timedelta(days=7 + day))
    return raced(lambda number: doctors[number].ask(slots[number].starts_at), 8)


def two_at_one_time(clinic: Clinic, *, day: int) -> int:
    """Two pages of one patient ask two doctors for one time, at once; how many had it."""
    doctors = [clinic, another(clinic)]
    slot = clinic.slots(first_day=clinic.watch().date() + timedelta(days=7 + day))[0]
    return raced(lambda number: doctors[number].ask(slot.starts_at), 2)


def raced(ask: Callable[[int], Visit], clients: int) -> int:
    def one(number: int) -> bool:
        try:
            ask(number)
        except InTheWay:
            return False
        return True

    done = at_once(clients, one)
    assert set(done) <= {True, False}, done
    return done.count(True)


def call_all_off(clinic: Clinic) -> None:
    for visit in count_open(clinic):
        clinic.cancel(visit, clinic.asha)


def test_of_eight_pages_that_ask_at_once_three_have_it(clinic: Clinic) -> None:
    for number in range(ROUNDS):
        assert too_many_at_once(clinic, day=number % 5) == 3
        call_all_off(clinic)


def test_of_two_pages_that_ask_for_one_time_at_once_one_has_it(clinic: Clinic) -> None:
    for number in range(ROUNDS):
        assert two_at_one_time(clinic, day=number % 5) == 1
        call_all_off(clinic)


def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(c: sa.Connection, patient_id: UUID) -> int:
        query = sa.select(limits.patient.c.id).where(limits.patient.c.public_id == patient_id)
        return int(c.execute(query).scalar_one())

    monkeypatch.setattr(limits, "lock_patient", look)


def test_control_without_the_lock_more_have_it_than_may(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_lock(monkeypatch)
    had = 0
    for number in range(4 * ROUNDS):
        had = too_many_at_once(clinic, day=number % 5)
        call_all_off(clinic)
        if had > 3:
            break
    assert had > 3


def test_control_without_the_lock_two_visits_are_at_one_time(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_lock(monkeypatch)
    had = 0
    for number in range(4 * ROUNDS):
        had = two_at_one_time(clinic, day=number % 5)
        call_all_off(clinic)
        if had > 1:
            break
    assert had > 1
