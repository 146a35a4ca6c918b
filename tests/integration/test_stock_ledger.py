"""Stock on a real database: the ledger, lots and what the events of it all add up to."""

import json
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from remedy.events.base import from_body
from remedy.gateways.mysql import in_transaction
from remedy.schema.people import outbox
from remedy.schema.pharmacy import (
    pharmacy,
    stock_hold,
    stock_item,
    stock_lot,
    stock_movement,
    stock_movement_lot,
)
from remedy.stock import queries, service
from remedy.stock.model import Conflict, Line, Refused, UnknownMedicine, fold
from remedy.values import uuid7
from tests import factories
from tests.factories import A_MONDAY, Watch, a_medicine, a_pharmacy, row_of

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


def told(connection, pharmacy_id):
    """The events a pharmacy's outbox holds, in the order of telling."""
    rows = connection.execute(
        sa.select(outbox.c.type, outbox.c.payload)
        .where(outbox.c.aggregateid == str(pharmacy_id))
        .order_by(outbox.c.id)
    )
    return [from_body(row.type, json.loads(row.payload)) for row in rows]


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


# What a pharmacy may be told in any order: (what, which of two medicines, packs, which lot, minutes ago).
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "received",
                "sold",
                "adjusted",
                "counted",
                "price",
                "hold",
                "release",
                "refuse",
                "undo",
            ]
        ),
        st.integers(0, 1),
        st.integers(-4, 9),
        st.sampled_from(
            [("", None), ("A", SOON), ("B", LATER), ("C", date(2026, 3, 1)), ("D", None)]
        ),
        st.sampled_from([0, 0, 0, 30, 600]),
    ),
    min_size=8,
    max_size=40,
)


def play(connection, watch, pharmacy_id, patient_id, medicine_ids, steps) -> None:
    """Do each step; what is refused leaves no trace."""
    movements: list[UUID] = []
    holds: list[UUID] = []
    for what, which, packs, (lot_number, expires_on), ago in steps:
        watch.wait(minutes=7)
        medicine_id = medicine_ids[which]
        step = connection.begin_nested()
        try:
            if what in {"received", "sold", "adjusted", "counted"}:
                if what == "counted":
                    lot_number, expires_on = "", None
                at = watch.now - timedelta(minutes=ago)
                line = Line(
                    what, medicine_id, packs * 1000 + 1, at, lot_number=lot_number,
                    expires_on=expires_on,
                )  # fmt: skip
                done = service.record_movement(connection, pharmacy_id, line, clock=watch)
                movements.append(done.movement_id)
            elif what == "price":
                service.set_price(
                    connection, pharmacy_id, medicine_id, packs * 100, "EUR", clock=watch
                )
            elif what == "hold":
                held = service.hold(
                    connection, pharmacy_id, medicine_id, packs * 1000, patient_id=patient_id,
                    minutes=20, clock=watch,
                )  # fmt: skip
                holds.append(held.hold_id)
            elif what == "release" and holds:
                service.release_hold(
                    connection, holds[packs % len(holds)], patient_id=patient_id, clock=watch
                )
            elif what == "refuse":
                service.record_refusal(connection, pharmacy_id, medicine_id, 1000, clock=watch)
            elif what == "undo" and movements:
                service.reverse_movement(
                    connection, pharmacy_id, movements[packs % len(movements)], reason="wrong",
                    clock=watch,
                )  # fmt: skip
        except Refused:
            step.rollback()
        else:
            step.commit()


def tables_of(connection, pharmacy_id):
    """The stock tables of a pharmacy in the shape the fold gives them."""
    items = connection.execute(
        sa.select(stock_item)
        .select_from(stock_item.join(pharmacy))
        .where(pharmacy.c.public_id == pharmacy_id, stock_item.c.version > 0)
    ).all()
    found = {}
    for item in items:
        lots = connection.execute(sa.select(stock_lot).where(stock_lot.c.stock_item_id == item.id))
        holds = connection.execute(
            sa.select(stock_hold).where(stock_hold.c.stock_item_id == item.id)
        )
        found[item.public_id] = {
            "price_minor": item.price_minor,
            "version": item.version,
            "changed_seq": item.changed_seq,
            "changed_at": item.changed_at,
            "counted_at": item.counted_at,
            "count_wanted_at": item.count_wanted_at,
            "lots": {
                lot.public_id: (lot.lot_number, lot.expires_on, lot.quantity_milli) for lot in lots
            },
            "holds": {hold.public_id: (hold.quantity_milli, hold.state) for hold in holds},
        }
    return found


def ledger_sums(connection, pharmacy_id):
    """What each changed lot holds by the ledger, and by the lots' own table."""
    by_ledger = (
        sa.select(sa.func.coalesce(sa.func.sum(stock_movement_lot.c.delta_milli), 0))
        .where(stock_movement_lot.c.lot_id == stock_lot.c.id)
        .scalar_subquery()
    )
    return connection.execute(
        sa.select(stock_lot.c.quantity_milli, by_ledger.label("by_ledger"))
        .select_from(stock_lot.join(stock_item).join(pharmacy))
        .where(pharmacy.c.public_id == pharmacy_id)
    ).all()


# Not shrunk: each try is a hundred statements, and the failing steps are printed as they are.
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_the_events_of_a_pharmacy_add_up_to_its_tables(database, steps):
    watch = Watch()
    with database.connect() as connection:
        pharmacy_id = a_pharmacy(connection)
        patient_id = factories.a_patient(connection, factories.a_vault(watch))
        medicine_ids = [a_medicine(connection), a_medicine(connection)]
        play(connection, watch, pharmacy_id, patient_id, medicine_ids, steps)

        events = told(connection, pharmacy_id)
        folded = {
            item_id: {
                "price_minor": item.price_minor,
                "version": item.version,
                "changed_seq": item.changed_seq,
                "changed_at": item.changed_at,
                "counted_at": item.counted_at,
                "count_wanted_at": item.count_wanted_at,
                "lots": {
                    lot_id: (lot.lot_number, lot.expires_on, lot.quantity_milli)
                    for lot_id, lot in item.lots.items()
                },
                "holds": item.holds,
            }
            for item_id, item in fold(events).items()
        }
        assert folded == tables_of(connection, pharmacy_id)
        for lot in ledger_sums(connection, pharmacy_id):
            assert lot.by_ledger == lot.quantity_milli >= 0
        seqs = [event.pharmacy_seq for event in events if hasattr(event, "pharmacy_seq")]
        assert seqs == list(range(1, len(seqs) + 1))
        assert queries.pharmacy_seq(connection, pharmacy_id) == len(seqs)
        last = connection.execute(
            sa.select(stock_movement.c.balance_milli, stock_movement.c.stock_item_id)
            .where(stock_movement.c.pharmacy_id == row_of(connection, pharmacy, pharmacy_id))
            .order_by(stock_movement.c.id)
        )
        balances = {row.stock_item_id: row.balance_milli for row in last}
        for item_row, balance in balances.items():
            total = sa.select(sa.func.sum(stock_lot.c.quantity_milli))
            total = total.where(stock_lot.c.stock_item_id == item_row)
            assert (connection.execute(total).scalar() or 0) == balance
        connection.rollback()
