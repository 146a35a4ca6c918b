"""Packs on their way between two pharmacies: no more leaves than may, no more arrives than left, both ledgers close."""

from datetime import date

import pytest
import sqlalchemy as sa

from remedy.events.pharmacy import StockTransferred, TransferClosed
from remedy.gateways.mysql import in_transaction
from remedy.orders import pickup
from remedy.schema.pharmacy import pharmacy
from remedy.stock import queries, service, transfers
from remedy.stock.lot_queries import lots_of
from remedy.stock.model import OutOfStock, Refused
from remedy.stock.transfer_queries import partners, transfers_mark, transfers_of
from tests.factories import a_patient, a_pharmacy, a_vault
from tests.integration.outbox_events import told
from tests.integration.test_stock_holds import at_once
from tests.integration.test_stock_ledger import LATER, SOON, Counter


class Two:
    """A pharmacy with lots, and its neighbour; what each does is named by who does it."""

    def __init__(self, database: sa.Engine) -> None:
        self.here = Counter(database)
        self.there = Counter(database)
        self.there.medicine_id = self.here.medicine_id
        self.there.watch = self.here.watch

    def do(self, what, *args, **more):
        return in_transaction(
            self.here.database, lambda c: what(c, *args, clock=self.here.watch, **more)
        )

    def ask(self, packs: int):
        return self.do(
            transfers.propose, self.there.pharmacy_id, self.here.pharmacy_id,
            self.here.medicine_id, packs * 1000, offers=False,
        )  # fmt: skip

    def offer(self, packs: int):
        return self.do(
            transfers.propose, self.here.pharmacy_id, self.there.pharmacy_id,
            self.here.medicine_id, packs * 1000, offers=True,
        )  # fmt: skip

    def step(self, who: Counter, what, transfer_id, *args, **more):
        return self.do(what, who.pharmacy_id, transfer_id, *args, **more)

    def seen_by(self, who: Counter, transfer_id=None):
        with who.database.connect() as connection:
            return transfers_of(connection, who.pharmacy_id, transfer_id=transfer_id)

    def on_their_way(self) -> int:
        """By the events alone: left, less arrived, less lost."""
        with self.here.database.connect() as connection:
            events = [
                event
                for who in (self.here, self.there)
                for event in told(connection, who.pharmacy_id)
            ]
        moved = -sum(e.quantity_milli for e in events if isinstance(e, StockTransferred))
        return moved - sum(e.lost_milli for e in events if isinstance(e, TransferClosed))


@pytest.fixture
def two(database):
    made = Two(database)
    made.here.tell("received", 5, lot_number="B", expires_on=LATER)
    made.here.tell("received", 3, lot_number="A", expires_on=SOON)
    return made


def test_lots_arrive_with_their_number_and_expiry_and_both_ledgers_close(two):
    asked = two.ask(4)
    two.step(two.here, transfers.send, asked)
    assert two.here.lots() == {"A": 0, "B": 4}
    assert two.there.lots() == {}
    assert two.on_their_way() == 4000
    two.step(two.there, transfers.receive, asked, {"A": 3000, "B": 1000})
    assert two.there.lots() == {"A": 3, "B": 1}
    assert two.there.row().next_expiry_on == SOON
    assert two.on_their_way() == 0
    assert [one.state for one in two.seen_by(two.here)] == ["received"]


def test_what_is_lost_is_said_why_and_is_nobodys_stock(two):
    offered = two.offer(4)
    two.step(two.there, transfers.answer, offered, "agree")
    two.step(two.here, transfers.send, offered)
    with pytest.raises(Refused, match="choose why"):
        two.step(two.there, transfers.receive, offered, {"A": 2000})
    with pytest.raises(Refused, match="No more of a lot"):
        two.step(two.there, transfers.receive, offered, {"A": 3001, "B": 1000})
    two.step(two.there, transfers.receive, offered, {"A": 2000}, reason_code="damaged_on_the_way")
    assert two.there.lots() == {"A": 2}
    assert two.on_their_way() == 0
    (seen,) = two.seen_by(two.here)
    assert (seen.lost_milli, seen.reason_code) == (2000, "damaged_on_the_way")


def test_no_more_is_sent_than_may_be_sold_and_is_not_set_aside(two):
    two.here.tell("received", 9, lot_number="OLD", expires_on=date(2026, 3, 1))
    with two.here.database.begin() as connection:
        patient_id = a_patient(connection, a_vault(two.here.watch))
    two.do(
        pickup.hold, two.here.pharmacy_id, two.here.medicine_id, 2000, patient_id=patient_id,
        minutes=30,
    )  # fmt: skip
    asked = two.ask(7)
    with pytest.raises(OutOfStock, match="only 6 packs"):
        two.step(two.here, transfers.send, asked)
    assert two.here.lots() == {"A": 3, "B": 5, "OLD": 9}
    assert two.seen_by(two.here)[0].state == "asked"


def test_taken_back_the_packs_lie_where_they_lay(two):
    asked = two.ask(4)
    two.step(two.here, transfers.send, asked)
    two.step(two.here, transfers.take_back, asked)
    assert two.here.lots() == {"A": 3, "B": 5}
    assert two.on_their_way() == 0
    with pytest.raises(Refused, match="moved on"):
        two.step(two.there, transfers.receive, asked, {"A": 3000, "B": 1000})


@pytest.mark.parametrize("last", ["decline", "cancel"])
def test_what_was_declined_or_cancelled_cannot_be_sent(two, last):
    asked = two.ask(1)
    who = two.here if last == "decline" else two.there
    two.step(who, transfers.answer, asked, last)
    with pytest.raises(Refused, match="moved on"):
        two.step(two.here, transfers.send, asked)
    assert two.here.row().on_hand_milli == 8000


def test_the_receiver_cannot_send_and_a_third_pharmacy_sees_nothing(two, database):
    asked = two.ask(1)
    with pytest.raises(Refused, match="moved on"):
        two.step(two.there, transfers.send, asked)
    third = Counter(database)
    assert two.seen_by(third, asked) == []
    for what, args in (
        (transfers.send, ()), (transfers.receive, ({},)), (transfers.answer, ("cancel",)),
        (transfers.take_back, ()),
    ):  # fmt: skip
        with pytest.raises(transfers.NoSuchTransfer):
            two.step(third, what, asked, *args)


def test_received_twice_at_once_it_arrives_once(two):
    asked = two.ask(4)
    two.step(two.here, transfers.send, asked)

    def receive():
        try:
            two.step(two.there, transfers.receive, asked, {"A": 3000, "B": 1000})
        except Refused:
            return 0
        return 1

    def take_back():
        try:
            two.step(two.here, transfers.take_back, asked)
        except Refused:
            return 0
        return 1

    assert sum(at_once([receive] * 4 + [take_back] * 4)) == 1
    assert sum([*two.here.lots().values(), *two.there.lots().values()]) == 8
    assert two.on_their_way() == 0


def test_a_recalled_lot_stays_blocked_where_it_arrives(two):
    asked = two.ask(3)
    two.step(two.here, transfers.send, asked)
    two.do(
        service.recall_lot, two.there.pharmacy_id, two.there.medicine_id, "A",
        reason_code="recalled_by_authority",
    )  # fmt: skip
    two.step(two.there, transfers.receive, asked, {"A": 3000})
    assert (two.there.row().on_hand_milli, two.there.row().available_milli) == (3000, 0)


def recall(two, who, code="recalled_by_maker"):
    return two.do(service.recall_lot, who.pharmacy_id, who.medicine_id, "A", reason_code=code)


def test_a_lot_recalled_on_its_way_is_booked_in_as_recalled_and_both_ledgers_close(two):
    two.there.tell("received", 2, lot_number="A", expires_on=SOON)
    asked = two.ask(4)
    two.step(two.here, transfers.send, asked)
    assert two.seen_by(two.there, asked)[0].recalled == []
    recall(two, two.here)
    (seen,) = two.seen_by(two.there, asked)
    assert [lot.lot_number for lot in seen.recalled] == ["A"]
    two.step(two.there, transfers.receive, asked, {"A": 3000, "B": 1000})
    # Its own two packs of that lot are blocked with the three that came; lot B is as good as before.
    assert two.there.lots() == {"A": 5, "B": 1}
    assert (two.there.row().on_hand_milli, two.there.row().available_milli) == (6000, 1000)
    assert two.on_their_way() == 0
    with two.here.database.connect() as connection:
        card = queries.movements(connection, two.there.pharmacy_id, two.there.medicine_id)
    assert {"recalled_by_sender", "transfer_arrived"} <= {line.reason_code for line in card}
    assert two.seen_by(two.there, asked)[0].recalled == []
    gone = two.there.tell("returned", -5, lot_number="A", reason_code="recalled_lot")
    assert gone.balance_milli == 1000


def test_holds_at_the_receiver_end_when_their_lot_is_found_recalled_in_a_transfer(two):
    two.there.tell("received", 2, lot_number="A", expires_on=SOON)
    with two.here.database.begin() as connection:
        patient_id = a_patient(connection, a_vault(two.here.watch))
    two.do(
        pickup.hold, two.there.pharmacy_id, two.there.medicine_id, 2000, patient_id=patient_id,
        minutes=30,
    )  # fmt: skip
    asked = two.ask(1)
    two.step(two.here, transfers.send, asked)
    recall(two, two.here)
    two.step(two.there, transfers.receive, asked, {"A": 1000})
    assert (two.there.row().held_milli, two.there.row().available_milli) == (0, 0)


def test_a_lot_recalled_on_its_way_and_taken_back_is_blocked_at_the_sender(two):
    asked = two.ask(3)
    two.step(two.here, transfers.send, asked)
    recall(two, two.here)
    two.step(two.here, transfers.take_back, asked)
    assert two.here.lots() == {"A": 3, "B": 5}
    assert two.here.row().available_milli == 5000


def test_a_recall_lifted_while_packs_are_on_their_way_blocks_nothing(two):
    asked = two.ask(3)
    two.step(two.here, transfers.send, asked)
    two.here.reverse(recall(two, two.here).recorded.movement_id)
    two.step(two.there, transfers.receive, asked, {"A": 3000})
    assert two.there.row().available_milli == 3000


def test_a_lot_recalled_after_it_arrived_is_named_to_the_receiver_until_it_recalls_too(two):
    asked = two.ask(3)
    two.step(two.here, transfers.send, asked)
    two.step(two.there, transfers.receive, asked, {"A": 3000})
    recall(two, two.here)
    assert [lot.lot_number for lot in two.seen_by(two.there, asked)[0].recalled] == ["A"]
    recall(two, two.there, "recalled_by_sender")
    assert two.seen_by(two.there, asked)[0].recalled == []


def test_the_receivers_open_page_hears_of_a_recall_on_the_way(two):
    asked = two.ask(3)
    two.step(two.here, transfers.send, asked)
    with two.here.database.connect() as connection:
        before = transfers_mark(connection, two.there.pharmacy_id)
    recall(two, two.here)
    with two.here.database.connect() as connection:
        assert transfers_mark(connection, two.there.pharmacy_id) != before


def test_of_two_dates_read_for_one_lot_the_earlier_is_kept(two):
    two.there.tell("received", 2, lot_number="A", expires_on=LATER)
    two.there.tell("received", 2, lot_number="B", expires_on=SOON)
    asked = two.ask(4)
    two.step(two.here, transfers.send, asked)
    two.step(two.there, transfers.receive, asked, {"A": 3000, "B": 1000})
    with two.here.database.connect() as connection:
        lots = lots_of(
            connection, two.there.pharmacy_id, two.there.medicine_id, now=two.there.watch.now
        )
    assert {lot.lot_number: (lot.expires_on, lot.quantity_milli) for lot in lots} == {
        "A": (SOON, 5000),
        "B": (SOON, 3000),
    }


def test_who_could_spare_some_is_named_with_what_may_be_sold(two, database):
    two.here.tell("received", 9, lot_number="OLD", expires_on=date(2026, 3, 1))
    with database.begin() as connection:
        unchecked = a_pharmacy(connection, verified_at=None)
        # Only the nearest are named: the two are far from everybody else's.
        ours = pharmacy.c.public_id.in_([two.here.pharmacy_id, two.there.pharmacy_id, unchecked])
        connection.execute(sa.update(pharmacy).where(ours).values(latitude=-45.0))
        found = partners(
            connection, two.there.pharmacy_id, two.here.medicine_id, now=two.here.watch.now
        )
    by_id = {one.pharmacy_id: one.available_milli for one in found}
    assert by_id[two.here.pharmacy_id] == 8000
    assert not {unchecked, two.there.pharmacy_id} & by_id.keys()


def test_a_transfer_is_not_undone_on_the_stock_card(two):
    asked = two.ask(1)
    two.step(two.here, transfers.send, asked)
    with two.here.database.connect() as connection:
        (last, *_) = queries.movements(connection, two.here.pharmacy_id, two.here.medicine_id)
    with pytest.raises(Refused, match="take it back"):
        two.here.reverse(last.movement_id)
