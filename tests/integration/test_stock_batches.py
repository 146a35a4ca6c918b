"""Many lines in one transaction leave what the same lines leave one by one: tables, ledger and events."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from remedy.schema.people import outbox
from remedy.schema.pharmacy import pharmacy, stock_item, stock_lot, stock_movement
from remedy.stock import batches, service
from remedy.stock.folding import fold
from remedy.stock.model import Line, Recorded, Refused
from tests.factories import Watch, a_medicine, a_pharmacy
from tests.integration.outbox_events import told

LOTS = [("", None), ("A", date(2026, 3, 20)), ("B", date(2027, 3, 20)), ("C", date(2026, 3, 1))]

# (what, which of three medicines, packs, which lot, minutes since the line before, how late it is told,
# whether the till tells it a second time)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["received", "sold", "sold", "sold", "adjusted", "counted"]),
        st.integers(0, 2),
        st.integers(-3, 9),
        st.sampled_from(LOTS),
        st.integers(0, 2000),
        st.sampled_from([0, 0, 0, 700, 5000]),
        st.booleans(),
    ),
    min_size=3,
    max_size=30,
)


def lines_of(steps: list[Any], medicines: list[UUID]) -> list[batches.Told]:
    watch, made = Watch(), []
    for number, (what, which, packs, (lot, expires_on), wait, late, is_twice) in enumerate(steps):
        watch.wait(minutes=wait)
        if what == "counted":
            lot, expires_on = "", None
        line = Line(
            what, medicines[which], packs * 1000, watch.now - timedelta(minutes=late),
            line_id=f"line-{number}", lot_number=lot, expires_on=expires_on,
        )  # fmt: skip
        made += [(watch.now, line)] * (2 if is_twice else 1)
    return made


def said(answer: Recorded | Refused) -> object:
    if isinstance(answer, Refused):
        return str(answer)
    return (answer.pharmacy_seq, answer.balance_milli, answer.uncovered_milli, answer.is_repeat)


def left(connection: sa.Connection, pharmacy_id: UUID) -> list[object]:
    """What the tables hold of a pharmacy, without the ids made at random."""
    here = sa.select(pharmacy.c.id).where(pharmacy.c.public_id == pharmacy_id).scalar_subquery()
    items = sa.select(stock_item.c.id).where(stock_item.c.pharmacy_id == here)
    i, lot, m = stock_item.c, stock_lot.c, stock_movement.c
    queries = (
        sa.select(pharmacy.c.pharmacy_seq).where(pharmacy.c.public_id == pharmacy_id),
        sa.select(
            i.medicine_id, i.version, i.counted_at, i.count_wanted_at, i.changed_seq, i.changed_at
        )
        .where(i.pharmacy_id == here)
        .order_by(i.medicine_id),
        sa.select(i.medicine_id, lot.lot_number, lot.expires_on, lot.quantity_milli)
        .join_from(stock_lot, stock_item)
        .where(lot.stock_item_id.in_(items))
        .order_by(i.medicine_id, lot.lot_number),
        sa.select(
            i.medicine_id, m.pharmacy_seq, m.kind, m.quantity_milli, m.uncovered_milli,
            m.balance_milli, m.line_id, m.occurred_at, m.recorded_at,
        )
        .join_from(stock_movement, stock_item)
        .where(m.pharmacy_id == here)
        .order_by(m.pharmacy_seq),
    )  # fmt: skip
    return [[tuple(row) for row in connection.execute(query)] for query in queries]


def events(connection: sa.Connection, pharmacy_id: UUID) -> list[object]:
    """The pharmacy's events in the order of telling, without ids; they fold into a state without gaps."""
    happened = told(connection, pharmacy_id)
    fold(happened)
    return [
        (type(one), one.pharmacy_seq, one.medicine_id, one.quantity_milli, one.balance_milli,
         [(c.delta_milli, c.lot_number, c.expires_on) for c in one.lots], one.recorded_at)
        for one in happened
    ]  # fmt: skip


@settings(
    max_examples=25,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=LINES, at_once=st.integers(2, 30))
def test_a_batch_leaves_what_its_lines_leave_one_by_one(
    database: sa.Engine, steps: list[Any], at_once: int
) -> None:
    with database.connect() as connection, connection.begin() as transaction:
        connection.execute(sa.delete(outbox))
        one_by_one, batched = a_pharmacy(connection), a_pharmacy(connection)
        lines = lines_of(steps, [a_medicine(connection) for _ in range(3)])
        first: list[object] = []
        for now, line in lines:
            (answer,) = service.record_movements(
                connection, one_by_one, [line], clock=lambda now=now: now
            )
            first.append(said(answer))
        second: list[object] = []
        for start in range(0, len(lines), at_once):
            part = lines[start : start + at_once]
            second += map(said, batches.record_told(connection, batched, part))
        assert second == first
        assert left(connection, batched) == left(connection, one_by_one)
        assert events(connection, batched) == events(connection, one_by_one)
        transaction.rollback()


def test_two_hundred_lines_take_few_statements(database: sa.Engine) -> None:
    statements: list[str] = []
    with database.connect() as connection, connection.begin() as transaction:
        pharmacy_id = a_pharmacy(connection)
        medicines = [a_medicine(connection) for _ in range(20)]
        watch = Watch()
        lines = [
            (watch.now, Line("received", one, 50_000, watch.now, lot_number="A"))
            for one in medicines
        ]
        lines += [(watch.now, Line("sold", one, 1000, watch.now)) for one in medicines * 9]
        sa.event.listen(
            connection, "before_cursor_execute", lambda *told: statements.append(told[2])
        )
        answers = batches.record_told(connection, pharmacy_id, lines)
        assert [one.pharmacy_seq for one in answers if isinstance(one, Recorded)] == list(
            range(1, 201)
        )
        transaction.rollback()
    assert len(statements) < 25


def test_refusals_told_at_once_are_events_in_their_order(database: sa.Engine) -> None:
    with database.connect() as connection, connection.begin() as transaction:
        connection.execute(sa.delete(outbox))
        pharmacy_id, watch = a_pharmacy(connection), Watch()
        medicines = [a_medicine(connection) for _ in range(2)]
        batches.record_refusals(
            connection, pharmacy_id, [(watch.now, one, 2000) for one in medicines]
        )
        happened = [
            (one.TYPE, one.medicine_id, one.quantity_milli) for one in told(connection, pharmacy_id)
        ]
        transaction.rollback()
    assert happened == [("remedy.stock-movements.refused.v1", one, 2000) for one in medicines]


def test_a_long_list_of_one_pharmacy_waits_for_none_of_another(database):
    # Left to itself a server reads, and so locks, everybody's lots to find those of many items.
    with database.begin() as connection:
        medicines = [a_medicine(connection) for _ in range(40)]
        here, there = a_pharmacy(connection), a_pharmacy(connection)
    watch = Watch()

    def tell(connection: sa.Connection, pharmacy_id: UUID, kind: Any) -> None:
        lines = [(watch.now, Line(kind, one, 3000, watch.now)) for one in medicines]
        assert all(
            isinstance(answer, Recorded)
            for answer in batches.record_told(connection, pharmacy_id, lines)
        )

    for pharmacy_id in (here, there):
        with database.begin() as connection:
            tell(connection, pharmacy_id, "received")
    with database.connect() as first, database.connect() as second:
        second.exec_driver_sql("SET innodb_lock_wait_timeout = 1")
        tell(first, here, "sold")
        tell(second, there, "sold")
        tell(first, here, "received")
