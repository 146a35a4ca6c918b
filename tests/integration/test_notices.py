"""Shortage notices on a real database: who takes what, what can be sent, two at once, and nobody told who should not be."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.gateways.mysql import in_transaction
from remedy.notices import queries, service
from remedy.notices.model import KEPT, QUIET, Changed, Decided
from remedy.notices.takers import COLLECTED_WITHIN, takers
from remedy.pipeline import overdue
from remedy.schema import pharmacy as tables
from remedy.schema.notices import shortage_notice, shortage_told
from remedy.schema.people import mail_owed
from remedy.schema.prescriptions import prescription_line
from remedy.stock.locks import place_of
from remedy.stock.model import Refused
from remedy.vault import Vault
from tests.factories import (
    Watch,
    a_medicine,
    a_pharmacist,
    a_pharmacy,
    a_prescription,
    a_vault,
    row_of,
)
from tests.integration.notice_scene import a_taker, at_risk, collected, delivered

TOLD_BY = ("remedy.demand-alerts.shortage-noticed.v1", "remedy.demand-alerts.shortage-dismissed.v1")


@dataclass
class Counter:
    """A pharmacy with a medicine that may run out, and its two pharmacists."""

    engine: sa.Engine
    watch: Watch
    vault: Vault
    pharmacy_id: UUID
    medicine_id: UUID
    chitra: UUID
    gwen: UUID

    def item(self):
        with self.engine.connect() as connection:
            return queries.item(connection, self.pharmacy_id, self.medicine_id, now=self.watch())

    def taker(self, **differs):
        with self.engine.begin() as connection:
            return a_taker(
                connection, self.vault, self.pharmacy_id, self.medicine_id, self.watch, **differs
            )

    def takers(self) -> list[UUID]:
        with self.engine.connect() as connection:
            query = takers(
                place_of(connection, self.pharmacy_id),
                [row_of(connection, tables.medicine, self.medicine_id)],
                now=self.watch(),
            )
            return [row.patient_id for row in connection.execute(query)]

    def send(self, note="", seen=None, by=None) -> int:
        mark = seen or self.item().mark(note)
        return in_transaction(
            self.engine,
            lambda c: service.send(
                c, self.vault, self.pharmacy_id, self.medicine_id, seen=mark, note=note,
                decided_by=by or self.chitra, clock=self.watch,
            ),
        )  # fmt: skip

    def dismiss(self, reason="Tomorrow's van has it.", by=None) -> None:
        in_transaction(
            self.engine,
            lambda c: service.dismiss(
                c, self.pharmacy_id, self.medicine_id, reason=reason, decided_by=by or self.chitra,
                clock=self.watch,
            ),
        )  # fmt: skip

    def offered(self) -> list[UUID]:
        with self.engine.connect() as connection:
            found = queries.offered(connection, self.pharmacy_id, now=self.watch())
        return [one.medicine_id for one in found]

    def owed(self) -> list[UUID]:
        """Who is owed a mail about a shortage at this pharmacy."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                sa.select(mail_owed.c.patient_public_id)
                .join(shortage_notice, shortage_notice.c.public_id == mail_owed.c.about)
                .where(
                    mail_owed.c.kind == "shortage",
                    shortage_notice.c.pharmacy_id
                    == row_of(connection, tables.pharmacy, self.pharmacy_id),
                )
            )
            return list(rows.scalars())


@pytest.fixture(scope="module")
def staff(database: sa.Engine) -> list[UUID]:
    """Accounts for all tests: their passwords take their time."""
    with database.begin() as connection:
        pharmacy_id = a_pharmacy(connection)
        return [
            a_pharmacist(connection, pharmacy_id=pharmacy_id, name=name)
            for name in ("Chitra", "Gwen")
        ]


@pytest.fixture
def counter(database: sa.Engine, staff: list[UUID]) -> Counter:
    watch = Watch()
    vault = a_vault(watch)
    with database.begin() as connection:
        pharmacy_id, medicine_id = a_pharmacy(connection), a_medicine(connection)
        delivered(connection, pharmacy_id, medicine_id, watch, packs=4)
        watch.wait(minutes=1)
        at_risk(connection, pharmacy_id, medicine_id, watch)
    return Counter(database, watch, vault, pharmacy_id, medicine_id, *staff)


def test_who_takes_it_has_repeats_left_or_collected_it_twice_lately(counter):
    takes = {
        counter.taker(),
        # Twice prescribed is one patient.
        (twice := counter.taker()),
        (regular := counter.taker(repeats=0)),
        (both := counter.taker()),
    }
    once, one_day, long_ago = (counter.taker(repeats=0) for _ in range(3))
    counter.taker(repeats=0)
    counter.taker(state="waiting")
    counter.taker(state="refused")
    counter.taker(days=-1)
    used_up = counter.taker()
    now, at = counter.watch(), (counter.pharmacy_id, counter.medicine_id)
    with counter.engine.begin() as connection:
        prescribed_again(connection, counter, twice)
        for patient_id, days in (
            (regular, (60, 30)), (both, (3, 33)), (once, (5,)), (one_day, (5, 5)),
            (long_ago, (COLLECTED_WITHIN.days + 20, COLLECTED_WITHIN.days + 50)),
        ):  # fmt: skip
            for day in days:
                collected(connection, patient_id, *at, now - timedelta(days=day))
        use_up(connection, used_up)
        # At another pharmacy it is another pharmacy's patient.
        elsewhere = a_pharmacy(connection, name="Elsewhere")
        a_taker(connection, counter.vault, elsewhere, counter.medicine_id, counter.watch)
    assert sorted(counter.takers()) == sorted(takes)
    assert counter.item().taker_count == len(takes)


def prescribed_again(connection, counter, patient_id):
    a_prescription(
        connection, counter.vault, patient_id, counter.medicine_id, repeats=2,
        pharmacy_id=counter.pharmacy_id, now=counter.watch(),
    )  # fmt: skip


def use_up(connection, patient_id):
    connection.execute(
        sa.text(
            "UPDATE prescription_line l JOIN prescription p ON p.id = l.prescription_id"
            " JOIN patient x ON x.id = p.patient_id SET l.used_milli = l.allowed_milli"
            " WHERE x.public_id = :patient"
        ),
        {"patient": patient_id.bytes},
    )


def test_a_notice_tells_each_once_however_often_it_is_prescribed(counter):
    first, second = counter.taker(), counter.taker()
    with counter.engine.begin() as connection:
        prescribed_again(connection, counter, first)
    assert counter.offered() == [counter.medicine_id]
    assert counter.send(note="  We have asked for more. ") == 2
    assert sorted(counter.owed()) == sorted([first, second])
    assert counter.offered() == []
    with counter.engine.connect() as connection:
        (told,) = queries.told_to(connection, first, now=counter.watch())
        note = counter.vault.open(connection, first, told.notice_id, service.NOTE, told.note_sealed)
        (decided,) = queries.decided(connection, counter.pharmacy_id)
        events = connection.execute(
            sa.text("SELECT type, aggregateid, payload FROM outbox WHERE payload LIKE :notice"),
            {"notice": f"%{told.notice_id}%"},
        ).all()
    assert note == "We have asked for more."
    assert (told.decided_by, told.is_over, told.has_come) == ("Chitra", False, False)
    assert (decided.decision, decided.told_count, decided.has_note) == ("sent", 2, True)
    assert [(one.type, one.aggregateid) for one in events] == [
        (TOLD_BY[0], str(counter.medicine_id))
    ]
    # What it says of patients is how many.
    assert str(first) not in events[0].payload
    assert "asked for more" not in events[0].payload


def test_what_fails_at_the_end_leaves_nothing_of_it(counter, monkeypatch):
    counter.taker()

    def dies(*_told, **_more):
        raise OSError("The process is gone.")

    with monkeypatch.context() as patched:
        patched.setattr(service.outbox, "record", dies)
        with pytest.raises(OSError):
            counter.send()
    assert counter.owed() == []
    assert counter.offered() == [counter.medicine_id]
    assert counter.send() == 1


def test_nobody_is_told_who_was_erased_or_said_no(counter):
    wants, erased, silent = (counter.taker() for _ in range(3))
    with counter.engine.begin() as connection:
        counter.vault.forget(connection, erased)
        service.choose(connection, silent, is_wanted=False, clock=counter.watch)
    assert counter.item().taker_count == 1
    assert counter.send() == 1
    assert counter.owed() == [wants]
    with counter.engine.begin() as connection:
        assert not queries.wants(connection, silent)
        service.choose(connection, silent, is_wanted=True, clock=counter.watch)
        assert queries.wants(connection, silent)


def test_where_nobody_takes_it_nothing_is_offered_nor_sent(counter):
    assert counter.offered() == []
    with pytest.raises(Refused, match="None of your patients"):
        counter.send()


def test_what_was_decided_is_not_offered_again_for_a_while(counter):
    counter.taker()
    counter.dismiss()
    with pytest.raises(Changed, match="Chitra dismissed a notice of this medicine"):
        counter.send(by=counter.gwen)
    counter.watch.wait(days=QUIET.days - 1)
    with counter.engine.begin() as connection:
        at_risk(connection, counter.pharmacy_id, counter.medicine_id, counter.watch)
    assert counter.offered() == []
    counter.watch.wait(days=1)
    assert counter.offered() == [counter.medicine_id]
    assert counter.send(by=counter.gwen) == 1
    with counter.engine.connect() as connection:
        decided = queries.decided(connection, counter.pharmacy_id)
    assert [(one.decision, one.decided_by) for one in decided] == [
        ("sent", "Gwen"), ("dismissed", "Chitra"),
    ]  # fmt: skip


def test_a_risk_that_went_away_meanwhile_is_refused_with_a_sentence(counter):
    counter.taker()
    seen = counter.item().mark()
    counter.watch.wait(hours=1)
    with counter.engine.begin() as connection:
        delivered(connection, counter.pharmacy_id, counter.medicine_id, counter.watch)
    assert counter.offered() == []
    with pytest.raises(Refused, match="Packs came in since"):
        counter.send(seen=seen)
    with counter.engine.begin() as connection:
        at_risk(connection, counter.pharmacy_id, counter.medicine_id, counter.watch, runs_out=0.3)
    with pytest.raises(Refused, match="not expected to run out any more"):
        counter.dismiss()
    with counter.engine.begin() as connection:
        at_risk(connection, counter.pharmacy_id, counter.medicine_id, counter.watch)
    counter.watch.wait(hours=37)
    with pytest.raises(Refused, match="too old"):
        counter.send()
    assert counter.owed() == []


def test_only_what_was_read_is_sent(counter):
    counter.taker()
    seen = counter.item().mark("Ask us.")
    with pytest.raises(Changed, match="says something else by now"):
        counter.send(note="Ask us for another.", seen=seen)
    with counter.engine.begin() as connection:
        at_risk(connection, counter.pharmacy_id, counter.medicine_id, counter.watch, runs_out=0.9)
    with pytest.raises(Changed, match="says something else by now"):
        counter.send(note="Ask us.", seen=seen)
    with pytest.raises(Refused, match="300 letters"):
        counter.send(note="a" * 301)
    with pytest.raises(Refused, match="Say why"):
        counter.dismiss(reason=" ")
    assert counter.owed() == []


def test_a_suspended_pharmacy_writes_to_nobody(counter):
    counter.taker()
    with counter.engine.begin() as connection:
        connection.execute(
            sa.update(tables.pharmacy)
            .where(tables.pharmacy.c.public_id == counter.pharmacy_id)
            .values(verified_at=None)
        )
    with pytest.raises(Refused, match="suspended"):
        counter.send()


def at_once(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, decide: Callable[..., int]
) -> list[str]:
    """Three send and one dismisses from the same page; all have looked before anybody decides. What each is answered."""
    seen, looked = counter.item().mark(), threading.Barrier(4)

    def after_all_looked(*told, **more):
        with suppress(threading.BrokenBarrierError):
            looked.wait(timeout=5)
        return decide(*told, **more)

    def act(number: int) -> str:
        by = (counter.chitra, counter.gwen)[number % 2]
        try:
            if number == 3:
                counter.dismiss(by=by)
            else:
                counter.send(seen=seen, by=by)
        except Changed as refusal:
            return str(refusal)
        return "won"

    monkeypatch.setattr(service, "_decide", after_all_looked)
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(act, range(4)))


def test_of_pharmacists_who_decide_at_once_one_wins_and_the_others_read_who_did_what(
    counter, monkeypatch
):
    patients = sorted(counter.taker() for _ in range(3))
    decide = service._decide
    for _round in range(4):
        answers = at_once(counter, monkeypatch, decide)
        assert answers.count("won") == 1
        assert all(answer == "won" or "a notice of this medicine:" in answer for answer in answers)
        with counter.engine.connect() as connection:
            last, *_ = queries.decided(connection, counter.pharmacy_id)
        assert sorted(counter.owed()) == (patients if last.decision == "sent" else [])
        forget_decisions(counter)


def forget_decisions(counter: Counter) -> None:
    with counter.engine.begin() as connection:
        connection.execute(sa.delete(mail_owed).where(mail_owed.c.kind == "shortage"))
        connection.execute(sa.delete(shortage_told))
        connection.execute(sa.delete(shortage_notice))


def test_control_without_the_number_all_win_and_patients_are_told_again_and_again(
    counter, monkeypatch
):
    patient_id = counter.taker()
    numbers, lock, decide = iter(range(100, 999)), threading.Lock(), service._decide

    def under_its_own(connection, place, item, *rest, **more):
        with lock:
            number = next(numbers)
        last = Decided(number, "sent", counter.watch(), counter.chitra, "")
        return decide(connection, place, replace(item, last=last), *rest, **more)

    assert at_once(counter, monkeypatch, under_its_own) == ["won"] * 4
    assert counter.owed() == [patient_id] * 3
    forget_decisions(counter)


def test_who_was_told_is_forgotten_and_the_decision_is_kept(counter):
    patient_id = counter.taker()
    counter.send()
    counter.watch.wait(days=KEPT.days)
    overdue.look(counter.engine, clock=counter.watch)
    with counter.engine.connect() as connection:
        assert queries.told_to(connection, patient_id, now=counter.watch()) == []
        told = connection.execute(sa.select(sa.func.count()).select_from(shortage_told))
        assert told.scalar_one() == 0
        (decided,) = queries.decided(connection, counter.pharmacy_id)
    assert decided.told_count == 1


def test_a_line_of_another_medicine_is_nobodys_business_here(counter):
    with counter.engine.begin() as connection:
        other = a_medicine(connection, brand_name="Other")
        a_taker(connection, counter.vault, counter.pharmacy_id, other, counter.watch)
        lines = connection.execute(sa.select(sa.func.count()).select_from(prescription_line))
        assert lines.scalar_one()
    assert counter.takers() == []
