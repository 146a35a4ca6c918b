"""The waiting list on a real database: what is free is offered to a few in order, and the first to claim it has it."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import queries, waiting, waiting_round
from remedy.appointments.model import Refused, Slot, SlotTaken, Visit
from remedy.events.hospital import AppointmentAccepted, AppointmentRequested
from remedy.gateways.mysql import in_transaction
from remedy.pipeline import overdue
from remedy.schema.absence import waiting_entry, waiting_offer
from remedy.schema.hospital import hospital
from remedy.schema.people import mail_owed
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

UNTIL = NEXT_WEEK + timedelta(days=30)
names = iter(range(1000))


@pytest.fixture
def clinic(database: sa.Engine) -> Iterator[Clinic]:
    """A doctor who is there for an hour on Mondays only, three times; and of a speciality of their own."""
    made = a_clinic(
        database, speciality=f"waited for {next(names)}", hours=((0, time(9), time(10)),)
    )
    with database.begin() as c:
        # Ben stands for the crowd that has every time.
        c.execute(sa.update(hospital).values(open_requests=1000, visits_ahead=1000))
    yield made
    with database.begin() as c:
        c.execute(sa.delete(waiting_offer))
        c.execute(sa.delete(waiting_entry))


def patients(clinic: Clinic, count: int) -> list[UUID]:
    with clinic.database.begin() as c:
        return [factories.a_patient(c, clinic.vault) for _ in range(count)]


def fill_up(clinic: Clinic) -> list[Visit]:
    """Ben has every time of the next four Mondays, whatever came over him; so nothing is free."""
    return [clinic.ask(slot.starts_at, clinic.ben) for slot in clinic.slots(days=28)]


def join(clinic: Clinic, patient_id: UUID | None = None, **differs: Any) -> UUID:
    told = {
        "doctor_id": clinic.doctor_id,
        "speciality": "",
        "urgency": "routine",
        "symptoms": "A cough for two weeks",
        "from_day": NEXT_WEEK,
        "until_day": UNTIL,
        "earliest": None,
        "instead_of": None,
        **differs,
    }
    return in_transaction(
        clinic.database,
        lambda c: waiting.join(
            c, clinic.vault, patient_id=patient_id or clinic.asha, clock=clinic.watch, **told
        ),
    )


def offer(clinic: Clinic) -> int:
    return in_transaction(
        clinic.database,
        lambda c: waiting_round.offer_free(c, doctor_id=clinic.doctor_id, clock=clinic.watch),
    )


def offers(clinic: Clinic, entry_id: UUID | None = None, state: str = "open") -> list[sa.Row]:
    query = (
        sa.select(waiting_offer.c.public_id, waiting_offer.c.starts_at, waiting_entry.c.public_id)
        .join_from(waiting_offer, waiting_entry)
        .where(waiting_offer.c.state == state)
        .order_by(waiting_offer.c.id)
    )
    if entry_id is not None:
        query = query.where(waiting_entry.c.public_id == entry_id)
    with clinic.database.connect() as c:
        return list(c.execute(query))


def claim(clinic: Clinic, offer_id: UUID, patient_id: UUID | None = None) -> Visit:
    return in_transaction(
        clinic.database,
        lambda c: waiting.claim(
            c,
            clinic.vault,
            patient_id=patient_id or clinic.asha,
            offer_id=offer_id,
            clock=clinic.watch,
        ),
    )


def is_open(clinic: Clinic, entry_id: UUID) -> bool:
    with clinic.database.connect() as c:
        query = sa.select(waiting_entry.c.is_open).where(waiting_entry.c.public_id == entry_id)
        return bool(c.execute(query).scalar_one())


def asked_to_claim(clinic: Clinic) -> int:
    """Mails of offers owed."""
    with clinic.database.connect() as c:
        query = sa.select(sa.func.count()).where(mail_owed.c.kind == "waiting_offer")
        return c.execute(query).scalar_one()


def test_the_round_beside_the_relay_offers_and_ends(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    entry = join(clinic)
    clinic.cancel(booked[0], clinic.ben)
    overdue.look(clinic.database, clock=clinic.watch)
    assert len(offers(clinic, entry)) == 1
    clinic.watch.wait(hours=5)
    overdue.look(clinic.database, clock=clinic.watch)
    assert offers(clinic, entry) == []
    clinic.watch.now += UNTIL - clinic.watch().date() + timedelta(days=2)
    overdue.look(clinic.database, clock=clinic.watch)
    assert not is_open(clinic, entry)


def test_a_time_called_off_is_offered_and_claimed(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    entry_id = join(clinic)
    assert offer(clinic) == 0
    clinic.cancel(booked[3], clinic.ben)
    before = asked_to_claim(clinic)
    assert offer(clinic) == 1
    assert asked_to_claim(clinic) == before + 1
    assert offer(clinic) == 0
    (made,) = offers(clinic)
    visit = claim(clinic, made.public_id)
    assert (visit.state, visit.starts_at, visit.patient_id) == (
        "accepted",
        booked[3].starts_at,
        clinic.asha,
    )
    assert not is_open(clinic, entry_id)
    requested, accepted = clinic.events()[-2:]
    assert isinstance(requested, AppointmentRequested)
    assert isinstance(accepted, AppointmentAccepted)
    with clinic.database.connect() as c:
        words = clinic.vault.open(
            c, clinic.asha, visit.appointment_id, "symptoms", visit.symptoms_sealed
        )
    assert words == "A cough for two weeks"
    with pytest.raises(Refused, match="has ended"):
        claim(clinic, made.public_id)


def test_it_is_offered_by_urgency_and_then_by_since_when_they_wait(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    people = patients(clinic, 5)
    entries = []
    for person, urgency in zip(
        people, ("routine", "soon", "routine", "urgent", "routine"), strict=True
    ):
        clinic.watch.wait(minutes=1)
        entries.append(join(clinic, person, urgency=urgency))
    clinic.cancel(booked[0], clinic.ben)
    assert offer(clinic) == waiting_round.OFFERED_TO == 3
    assert [row[2] for row in offers(clinic)] == [entries[3], entries[1], entries[0]]
    # Who does not answer is passed over: the next ones are asked.
    clinic.watch.wait(hours=4)
    in_transaction(clinic.database, lambda c: waiting_round.end_due(c, clock=clinic.watch))
    assert offer(clinic) == 2
    assert [row[2] for row in offers(clinic)] == [entries[2], entries[4]]
    assert all(is_open(clinic, entry) for entry in entries)


def test_who_comes_second_is_told_and_keeps_the_place(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    late, soon = patients(clinic, 2)
    entry = join(clinic, late)
    clinic.watch.wait(minutes=1)
    join(clinic, soon)
    clinic.cancel(booked[0], clinic.ben)
    assert offer(clinic) == 2
    first, second = offers(clinic)
    claim(clinic, second.public_id, soon)
    with pytest.raises(Refused, match="Somebody else was first"):
        claim(clinic, first.public_id, late)
    assert is_open(clinic, entry)
    # It is called off once more: now it is offered again to who was too late.
    visit = next(v for v in visits_of(clinic, soon) if v.state == "accepted")
    clinic.cancel(visit, soon)
    assert offer(clinic) == 1
    (again,) = offers(clinic, entry)
    assert claim(clinic, again.public_id, late).state == "accepted"


def visits_of(clinic: Clinic, patient_id: UUID) -> list[Visit]:
    with clinic.database.connect() as c:
        return queries.visits_of(c, patient_id)


def sixteen_claim(clinic: Clinic) -> tuple[list[object], list[UUID]]:
    """Sixteen are offered one time and all claim it at once."""
    booked = fill_up(clinic)
    people = patients(clinic, 16)
    entries = [join(clinic, person) for person in people]
    clinic.cancel(booked[0], clinic.ben)
    offer(clinic)
    (slot,) = clinic.slots()
    _offer_to_all(clinic, entries, slot)
    mine = {row[2]: row.public_id for row in offers(clinic)}
    assert len(mine) == 16

    def one(number: int) -> Visit:
        return claim(clinic, mine[entries[number]], people[number])

    return at_once(16, one), entries


def _offer_to_all(clinic: Clinic, entries: list[UUID], slot: Slot) -> None:
    """As if one time were offered to many more than a few."""
    with clinic.database.begin() as c:
        c.execute(sa.delete(waiting_offer))
        for entry_id in entries:
            row = factories.row_of(c, waiting_entry, entry_id)
            c.execute(
                sa.insert(waiting_offer).values(
                    public_id=waiting.uuid7(clinic.watch),
                    entry_id=row,
                    doctor_id=factories.row_of(
                        c, factories.hospital_tables.doctor, clinic.doctor_id
                    ),
                    starts_at=slot.starts_at,
                    ends_at=slot.ends_at,
                    state="open",
                    offered_at=clinic.watch(),
                    expires_at=clinic.watch() + timedelta(hours=4),
                )
            )


def test_of_sixteen_who_claim_one_time_one_has_it_and_the_others_keep_their_place(
    clinic: Clinic,
) -> None:
    results, entries = sixteen_claim(clinic)
    won = [result for result in results if isinstance(result, Visit)]
    assert len(won) == 1, results
    assert all(isinstance(result, SlotTaken | Refused) for result in results if result not in won)
    assert sum(is_open(clinic, entry) for entry in entries) == 15
    assert overlaps(clinic.database, clinic.doctor_id) == 0


def test_control_without_the_key_one_time_is_claimed_twice(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_looks(monkeypatch)
    with cells_without_their_key(clinic.database):
        results, _ = sixteen_claim(clinic)
        assert len([result for result in results if isinstance(result, Visit)]) > 1
        assert overlaps(clinic.database, clinic.doctor_id) > 0


def test_only_what_suits_is_offered(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    late = join(clinic, earliest=time(9, 40))
    third = join(clinic, patients(clinic, 1)[0], from_day=NEXT_WEEK + timedelta(days=14))
    for place in (0, 2, 6):
        clinic.cancel(booked[place], clinic.ben)
    offer(clinic)
    local = {row[2]: row.starts_at for row in offers(clinic)}
    # At the hospital it is twenty to ten of the first Monday, and nine of the third.
    assert local == {late: booked[2].starts_at, third: booked[6].starts_at}


def test_an_earlier_time_takes_the_place_of_a_later_visit(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    clinic.cancel(booked[9], clinic.ben)
    mine = clinic.decide(clinic.ask(booked[9].starts_at), accept=True)
    join(clinic, instead_of=mine.appointment_id)
    clinic.cancel(booked[10], clinic.ben)
    assert offer(clinic) == 0
    clinic.cancel(booked[2], clinic.ben)
    assert offer(clinic) == 1
    (made,) = offers(clinic)
    visit = claim(clinic, made.public_id)
    states = {v.appointment_id: v.state for v in visits_of(clinic, clinic.asha)}
    assert states == {visit.appointment_id: "accepted", mine.appointment_id: "cancelled"}
    assert booked[9].starts_at in [slot.starts_at for slot in clinic.slots(days=28)]


def test_a_time_booked_by_somebody_else_is_no_offer_any_more(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    entry = join(clinic)
    clinic.cancel(booked[0], clinic.ben)
    offer(clinic)
    clinic.ask(booked[0].starts_at, clinic.ben)
    (made,) = offers(clinic, entry)
    with pytest.raises(SlotTaken):
        claim(clinic, made.public_id)
    offer(clinic)
    assert offers(clinic) == []
    assert len(offers(clinic, entry, state="gone")) == 1
    assert is_open(clinic, entry)


def test_an_offer_that_draws_near_can_be_claimed_until_its_end(clinic: Clinic) -> None:
    clinic.watch.now = clinic.slots()[0].starts_at - timedelta(hours=5)
    booked = fill_up(clinic)
    entry = join(clinic, until_day=NEXT_WEEK)
    clinic.cancel(booked[0], clinic.ben)
    assert offer(clinic) == 1
    # Too near to be offered to anybody else now, and still free.
    clinic.watch.wait(minutes=90)
    assert offer(clinic) == 0
    (made,) = offers(clinic, entry)
    assert claim(clinic, made.public_id).state == "accepted"


def test_who_declines_keeps_the_place_and_it_goes_to_the_next(clinic: Clinic) -> None:
    booked = fill_up(clinic)
    entry = join(clinic)
    clinic.cancel(booked[0], clinic.ben)
    offer(clinic)
    (made,) = offers(clinic, entry)
    in_transaction(
        clinic.database,
        lambda c: waiting.decline(
            c, patient_id=clinic.asha, offer_id=made.public_id, clock=clinic.watch
        ),
    )
    after = join(clinic, patients(clinic, 1)[0])
    assert offer(clinic) == 1
    assert offers(clinic, entry) == []
    assert len(offers(clinic, after)) == 1
    assert is_open(clinic, entry)


def test_one_waits_once_for_a_doctor_and_may_leave_and_come_back(clinic: Clinic) -> None:
    entry = join(clinic)
    with pytest.raises(Refused, match="wait for that already"):
        join(clinic)

    def leave(patient_id: UUID) -> None:
        in_transaction(
            clinic.database,
            lambda c: waiting.leave(c, patient_id=patient_id, entry_id=entry, clock=clinic.watch),
        )

    with pytest.raises(Refused, match="do not wait"):
        leave(clinic.ben)
    leave(clinic.asha)
    with pytest.raises(Refused, match="do not wait"):
        leave(clinic.asha)
    assert join(clinic) != entry


def test_nobody_answers_anothers_offer(clinic: Clinic) -> None:
    entry = join(clinic)
    offer(clinic)
    made = offers(clinic, entry)[0]
    with pytest.raises(Refused, match="no such offer"):
        claim(clinic, made.public_id, clinic.ben)


@pytest.mark.parametrize(
    ("differs", "why"),
    [
        ({"symptoms": " "}, "few words"),
        ({"urgency": "emergency"}, "emergency"),
        ({"until_day": NEXT_WEEK - timedelta(days=1)}, "before the first"),
        ({"from_day": date(2026, 1, 1), "until_day": date(2026, 1, 2)}, "are over"),
        ({"until_day": NEXT_WEEK + timedelta(days=200)}, "at most 180"),
        ({"doctor_id": None, "speciality": "nothing of the kind"}, "No doctor"),
    ],
)
def test_what_cannot_be_is_refused(clinic: Clinic, differs: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        join(clinic, **differs)
