"""Stock on a real database: which lots a line changes, repeats, late facts, reversals."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from remedy.gateways.mysql import in_transaction
from remedy.schema.pharmacy import pharmacy, stock_item, stock_lot
from remedy.stock import queries, service
from remedy.stock.model import Conflict, Line, Refused, UnknownMedicine
from remedy.values import uuid7
from tests.factories import A_MONDAY, Watch, a_medicine, a_pharmacy
from tests.integration.outbox_events import told

SOON = date(2026, 3, 20)
LATER = date(2027, 3, 20)


class Counter:
    """A pharmacy with one medicine, and short words for what is told there."""

    def __init__(self, database: sa.Engine) -> None:
        self.database = database
        self.watch = Watch()
        with database.begin() as connection:
            self.pharmacy_id = a_pharmacy(connection)
            self.medicine_id = a_medicine(connection)

    def line(self, kind, packs, *, at=None, medicine_id=None, **more) -> Line:
        return Line(
            kind, medicine_id or self.medicine_id, round(packs * 1000), at or self.watch.now, **more
        )

    def tell(self, kind, packs, **more):
        version = more.pop("expected_version", None)
        line = self.line(kind, packs, **more)
        return in_transaction(
            self.database,
            lambda c: service.record_movement(
                c, self.pharmacy_id, line, expected_version=version, clock=self.watch
            ),
        )

    def reverse(self, movement_id, reason="a mistake"):
        return in_transaction(
            self.database,
            lambda c: service.reverse_movement(
                c, self.pharmacy_id, movement_id, reason=reason, clock=self.watch
            ),
        )

    def row(self):
        with self.database.connect() as connection:
            (row,) = queries.stock_rows(connection, self.pharmacy_id, now=self.watch.now)
        return row

    def lots(self) -> dict[str, int]:
        with self.database.connect() as connection:
            rows = connection.execute(
                sa.select(stock_lot.c.lot_number, stock_lot.c.quantity_milli)
                .select_from(stock_lot.join(stock_item).join(pharmacy))
                .where(pharmacy.c.public_id == self.pharmacy_id)
            )
            return {row.lot_number: row.quantity_milli // 1000 for row in rows}


@pytest.fixture
def counter(database):
    return Counter(database)


def test_what_expires_first_is_sold_first(counter):
    counter.tell("received", 5, lot_number="B", expires_on=LATER)
    counter.tell("received", 3, lot_number="A", expires_on=SOON)
    sold = counter.tell("sold", 4)
    assert counter.lots() == {"A": 0, "B": 4}
    assert (sold.balance_milli, sold.uncovered_milli, sold.pharmacy_seq) == (4000, 0, 3)


def test_a_sale_is_never_refused_for_shortage_and_asks_for_a_count(counter):
    counter.tell("received", 2)
    sold = counter.tell("sold", 5)
    assert (sold.balance_milli, sold.uncovered_milli) == (0, 3000)
    assert counter.row().count_wanted_at == counter.watch.now
    counter.tell("counted", 7)
    assert (counter.row().on_hand_milli, counter.row().count_wanted_at) == (7000, None)


def test_expired_and_recalled_lots_are_neither_sold_nor_available(counter):
    counter.tell("received", 2, lot_number="OLD", expires_on=A_MONDAY.date())
    counter.tell("received", 3, lot_number="BAD", expires_on=LATER)
    counter.tell("received", 4, lot_number="GOOD", expires_on=LATER)
    with counter.database.begin() as connection:
        item = sa.select(stock_item.c.id).select_from(stock_item.join(pharmacy))
        item = item.where(pharmacy.c.public_id == counter.pharmacy_id).scalar_subquery()
        connection.execute(
            sa.update(stock_lot)
            .where(stock_lot.c.stock_item_id == item, stock_lot.c.lot_number == "BAD")
            .values(recalled_at=A_MONDAY)
        )
    assert (counter.row().on_hand_milli, counter.row().available_milli) == (9000, 4000)
    assert counter.tell("sold", 6).uncovered_milli == 2000
    assert counter.lots() == {"OLD": 2, "BAD": 3, "GOOD": 0}


def test_a_lot_expires_by_the_day_at_the_pharmacy(counter):
    with counter.database.begin() as connection:
        connection.execute(
            sa.update(pharmacy)
            .where(pharmacy.c.public_id == counter.pharmacy_id)
            .values(time_zone="Pacific/Auckland")
        )
    counter.tell("received", 1, lot_number="A", expires_on=date(2026, 3, 3))
    counter.watch.now = A_MONDAY.replace(hour=10, minute=59)
    assert counter.row().available_milli == 1000
    counter.watch.now = A_MONDAY.replace(hour=11, minute=1)
    assert counter.row().available_milli == 0


def test_a_line_told_twice_is_one_movement(counter):
    counter.tell("received", 10)
    first = counter.tell("sold", 1, line_id="till-1:77")
    again = counter.tell("sold", 1, line_id="till-1:77 ")
    assert again.is_repeat
    assert not first.is_repeat
    assert (again.movement_id, again.balance_milli) == (first.movement_id, 9000)
    assert counter.row().on_hand_milli == 9000


def test_a_line_id_cannot_name_two_different_lines(counter):
    counter.tell("received", 10, line_id="n1", lot_number="A")
    with counter.database.begin() as connection:
        other = a_medicine(connection, generic_name="ibuprofen")
    for other_line in (
        {"packs": 9, "lot_number": "A"},
        {"packs": 10, "lot_number": "B"},
        {"packs": 10, "lot_number": "A", "medicine_id": other},
    ):
        with pytest.raises(Refused, match="used before for another line"):
            counter.tell("received", line_id="n1", **other_line)
    assert counter.row().on_hand_milli == 10000


def test_a_late_fact_changes_history_and_not_the_counted_balance(counter):
    counter.tell("received", 10)
    counter.watch.wait(hours=3)
    counter.tell("counted", 8)
    late = counter.tell("sold", 2, at=A_MONDAY + timedelta(hours=1))
    assert (late.balance_milli, late.uncovered_milli) == (8000, 0)
    assert counter.reverse(late.movement_id).balance_milli == 8000
    with counter.database.connect() as connection:
        card = queries.movements(connection, counter.pharmacy_id, counter.medicine_id)
    assert [(line.kind, line.is_reversed) for line in card] == [
        ("reversed", False),
        ("sold", True),
        ("counted", False),
        ("received", False),
    ]


def test_a_reversal_gives_the_lots_back_what_they_had_once(counter):
    counter.tell("received", 5, lot_number="A", expires_on=SOON)
    counter.tell("received", 5, lot_number="B", expires_on=LATER)
    sold = counter.tell("sold", 7)
    assert counter.lots() == {"A": 0, "B": 3}
    counter.reverse(sold.movement_id)
    assert counter.lots() == {"A": 5, "B": 5}
    with pytest.raises(Refused, match="reversed already"):
        counter.reverse(sold.movement_id)


def test_a_reversed_receipt_takes_only_what_is_still_there(counter):
    received = counter.tell("received", 5)
    counter.tell("sold", 3)
    undone = counter.reverse(received.movement_id)
    assert (undone.balance_milli, undone.uncovered_milli) == (0, 3000)


def test_a_pharmacy_cannot_reverse_anothers_movement(counter, database):
    received = Counter(database).tell("received", 5)
    with pytest.raises(Refused, match="no movement of that id"):
        counter.reverse(received.movement_id)


def test_who_answers_an_old_page_is_told_so(counter):
    counter.tell("received", 5, expected_version=0)
    with pytest.raises(Conflict):
        counter.tell("counted", 5, expected_version=0)
    assert counter.tell("counted", 5, expected_version=1).balance_milli == 5000


def test_lines_stand_alone_and_are_told_in_their_order(counter):
    lines = [
        counter.line("received", 4, line_id="a"),
        counter.line("sold", 1, line_id="b", medicine_id=uuid7()),
        counter.line("sold", 1, line_id="a"),
        counter.line("sold", 3, line_id="c"),
        counter.line("sold", 3, line_id="c"),
        counter.line("sold", -3, line_id="d"),
    ]
    answers = in_transaction(
        counter.database,
        lambda c: service.record_movements(c, counter.pharmacy_id, lines, clock=counter.watch),
    )
    assert [type(answer).__name__ for answer in answers] == [
        "Recorded", "UnknownMedicine", "Refused", "Recorded", "Recorded", "Refused",
    ]  # fmt: skip
    assert isinstance(answers[1], UnknownMedicine)
    assert [answers[i].pharmacy_seq for i in (0, 3, 4)] == [1, 2, 2]
    assert answers[4].is_repeat
    assert counter.row().on_hand_milli == 1000
    with counter.database.connect() as connection:
        assert [e.pharmacy_seq for e in told(connection, counter.pharmacy_id)] == [1, 2]


def test_a_known_lot_keeps_its_expiry(counter):
    counter.tell("received", 1, lot_number="A")
    counter.tell("received", 1, lot_number="A", expires_on=SOON)
    counter.tell("received", 1, lot_number="A")
    with pytest.raises(Refused, match="known to expire on 2026-03-20"):
        counter.tell("received", 1, lot_number="A", expires_on=LATER)
    assert counter.row().next_expiry_on == SOON
