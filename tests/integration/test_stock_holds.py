"""Holds and many clients at once: nothing is promised twice. Each race has a control that must lose it."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.gateways.mysql import in_transaction
from remedy.orders import pickup
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
from remedy.stock.model import Line, OutOfStock, Refused, UnknownMedicine
from remedy.values import uuid7
from tests.factories import A_MONDAY, Watch, a_medicine, a_patient, a_pharmacy, a_vault

pytestmark = pytest.mark.usefixtures("one_for_many")

CLIENTS = 16
STOCK = 400
WANTED = 800
PACKS = 2
"""How many a client asks for at a time."""


class Shelf:
    """A pharmacy with 400 packs of one medicine, and a patient."""

    def __init__(self, database: sa.Engine, packs: int = STOCK) -> None:
        self.database = database
        self.watch = Watch()
        with database.begin() as connection:
            self.pharmacy_id = a_pharmacy(connection)
            self.medicine_id = a_medicine(connection)
            self.patient_id = a_patient(connection, a_vault(self.watch))
            service.record_movement(
                connection, self.pharmacy_id, self.line("received", packs), clock=self.watch
            )
            self.item_row, self.medicine_row = connection.execute(
                sa.select(stock_item.c.id, stock_item.c.medicine_id)
                .select_from(stock_item.join(pharmacy))
                .where(pharmacy.c.public_id == self.pharmacy_id)
            ).one()

    def line(self, kind, packs, line_id=None) -> Line:
        return Line(kind, self.medicine_id, packs * 1000, self.watch.now, line_id=line_id)

    def do(self, change: Callable[..., object], *args: object, **more: object) -> object:
        return in_transaction(self.database, lambda c: change(c, *args, clock=self.watch, **more))

    def hold(self, packs=1, minutes=30, patient_id: UUID | None = None):
        return self.do(
            pickup.hold, self.pharmacy_id, self.medicine_id, packs * 1000,
            patient_id=patient_id or self.patient_id, minutes=minutes,
        )  # fmt: skip

    def due(self) -> list[UUID]:
        with self.database.connect() as connection:
            return pickup.due(connection, now=self.watch.now)

    def available(self) -> int:
        with self.database.connect() as connection:
            (row,) = queries.stock_rows(connection, self.pharmacy_id, now=self.watch.now)
        return row.available_milli // 1000

    def held(self) -> int:
        with self.database.connect() as connection:
            total = sa.select(sa.func.sum(stock_hold.c.quantity_milli))
            found = connection.execute(total.where(stock_hold.c.stock_item_id == self.item_row))
            return int(found.scalar() or 0) // 1000

    def told(self) -> list[dict]:
        with self.database.connect() as connection:
            rows = connection.execute(
                sa.select(outbox.c.type, outbox.c.payload)
                .where(outbox.c.aggregateid == str(self.pharmacy_id))
                .order_by(outbox.c.id)
            )
            return [{"type": row.type, **json.loads(row.payload)} for row in rows]


@pytest.fixture
def shelf(database):
    return Shelf(database)


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """The answers of all, begun together."""
    start = threading.Barrier(len(works))

    def run(work):
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_sixteen_clients_who_want_800_of_400_packs_get_400(shelf):
    def client() -> int:
        got = 0
        for _ in range(WANTED // CLIENTS // PACKS):
            try:
                shelf.hold(packs=PACKS)
                got += PACKS
            except OutOfStock:
                pass
        return got

    assert sum(at_once([client] * CLIENTS)) == STOCK
    assert shelf.held() == STOCK
    assert shelf.available() == 0
    with shelf.database.connect() as connection:
        seq = queries.pharmacy_seq(connection, shelf.pharmacy_id)
    assert seq == 1 + STOCK // PACKS
    assert [event["pharmacy_seq"] for event in shelf.told()] == list(range(1, seq + 1))


def test_control_a_check_before_the_write_promises_more_than_there_is(shelf):
    """The same race without the lock and the one statement; the barrier makes the bad luck certain."""
    together = threading.Barrier(CLIENTS)
    packs = 7

    def client() -> None:
        for _ in range(STOCK // (CLIENTS * packs) + 1):
            with shelf.database.begin() as connection:
                (row,) = queries.stock_rows(connection, shelf.pharmacy_id, now=A_MONDAY)
                together.wait()
                if row.available_milli >= packs * 1000:
                    connection.execute(
                        sa.insert(stock_hold).values(
                            public_id=uuid7(),
                            stock_item_id=shelf.item_row,
                            medicine_id=shelf.medicine_row,
                            quantity_milli=packs * 1000,
                            state="held",
                            created_at=A_MONDAY,
                            expires_at=A_MONDAY + timedelta(hours=1),
                        )
                    )
            together.wait()

    at_once([client] * CLIENTS)
    assert shelf.held() > STOCK


def test_sales_of_many_tills_take_each_pack_once(shelf):
    """Facts are not refused: 800 told of 400 there are 400 covered and 400 uncovered, and the ledger agrees."""

    def till(number: int) -> list[object]:
        return [
            shelf.do(
                service.record_movement,
                shelf.pharmacy_id,
                shelf.line("sold", 10, line_id=f"{number}-{i}"),
            )
            for i in range(WANTED // CLIENTS // 10)
        ]

    answers = at_once([lambda n=n: till(n) for n in range(CLIENTS)])
    recorded = [one for answer in answers for one in answer]
    assert sum(one.uncovered_milli for one in recorded) == (WANTED - STOCK) * 1000
    assert sorted(one.pharmacy_seq for one in recorded) == list(range(2, len(recorded) + 2))
    with shelf.database.connect() as connection:
        left = connection.execute(
            sa.select(sa.func.sum(stock_lot.c.quantity_milli)).where(
                stock_lot.c.stock_item_id == shelf.item_row
            )
        ).scalar()
        ledger = connection.execute(
            sa.select(sa.func.sum(stock_movement_lot.c.delta_milli))
            .select_from(stock_movement_lot.join(stock_movement))
            .where(stock_movement.c.stock_item_id == shelf.item_row)
        ).scalar()
    assert (left, ledger) == (0, 0)


def test_a_line_sent_24_times_at_once_is_one_movement(database):
    """The pharmacy has never had the medicine, so they also race to make its stock item."""
    shelf = Shelf(database)
    with database.begin() as connection:
        shelf.medicine_id = a_medicine(connection, generic_name="ibuprofen")
    line = shelf.line("sold", 1, line_id="till-9:1")
    answers = at_once([lambda: shelf.do(service.record_movement, shelf.pharmacy_id, line)] * 24)
    assert len({one.movement_id for one in answers}) == 1
    assert sum(not one.is_repeat for one in answers) == 1
    assert len([event for event in shelf.told() if event["type"].endswith("sold.v1")]) == 1


def test_a_line_id_raced_for_by_two_medicines_names_one(database):
    shelf = Shelf(database)
    with database.begin() as connection:
        others = [a_medicine(connection, generic_name=f"salt {n}") for n in range(8)]
    lines = [Line("sold", other, 1000, A_MONDAY, line_id="same") for other in others]

    def tell(line: Line) -> bool:
        try:
            shelf.do(service.record_movement, shelf.pharmacy_id, line)
        except Refused:
            return False
        return True

    assert sum(at_once([lambda line=line: tell(line) for line in lines])) == 1


def test_lines_of_many_medicines_in_any_order_never_wait_in_a_ring(database):
    shelf = Shelf(database)
    with database.begin() as connection:
        medicines = [a_medicine(connection) for _ in range(5)]

    def till(order: list[UUID]) -> list[object]:
        return [
            one
            for _ in range(5)
            for one in in_transaction(
                database,
                lambda c: service.record_movements(
                    c,
                    shelf.pharmacy_id,
                    [Line("received", medicine, 1000, A_MONDAY) for medicine in order],
                    clock=shelf.watch,
                ),
            )
        ]

    at_once([lambda n=n: till(medicines[n % 5 :] + medicines[: n % 5]) for n in range(8)])
    with database.connect() as connection:
        rows = queries.stock_rows(connection, shelf.pharmacy_id, now=A_MONDAY)
    assert sorted(row.on_hand_milli for row in rows) == [40_000] * 5 + [400_000]


def test_an_expired_hold_counts_no_more_at_once(shelf):
    for _ in range(5):
        shelf.hold(packs=78, minutes=10)
    with pytest.raises(OutOfStock, match="only 10 packs"):
        shelf.hold(packs=11)
    shelf.watch.wait(minutes=10)
    assert shelf.available() == STOCK
    assert [shelf.hold(packs=100).available_milli for _ in range(4)][-1] == 0


def test_expired_holds_are_told_of_once(shelf):
    held = shelf.hold(packs=3, minutes=10)
    shelf.hold(packs=1, minutes=60)
    shelf.watch.wait(minutes=11)
    # Others' holds of this module's database may be due too.
    assert held.hold_id in shelf.due()
    assert shelf.do(pickup.expire_one, held.hold_id) is True
    assert shelf.do(pickup.expire_one, held.hold_id) is False
    assert held.hold_id not in shelf.due()
    last = shelf.told()[-1]
    assert (last["hold_id"], last["why"]) == (str(held.hold_id), "expired")
    assert last["available_milli"] == (STOCK - 1) * 1000


def test_a_patient_cannot_release_anothers_hold(shelf, database):
    held = shelf.hold(packs=3)
    with database.begin() as connection:
        ben = a_patient(connection, a_vault(shelf.watch), name="Ben")
    with pytest.raises(Refused, match="no hold of that id"):
        shelf.do(pickup.release_hold, held.hold_id, patient_id=ben)
    shelf.do(pickup.release_hold, held.hold_id, patient_id=shelf.patient_id)
    assert shelf.available() == STOCK
    with pytest.raises(Refused, match="ended already"):
        shelf.do(pickup.release_hold, held.hold_id, patient_id=shelf.patient_id)


def test_a_refused_hold_leaves_no_trace_until_it_is_recorded_as_demand(shelf):
    for _ in range(4):
        shelf.hold(packs=90)
    before = shelf.told()
    with pytest.raises(OutOfStock, match="only 40 packs"):
        shelf.hold(packs=41)
    assert shelf.told() == before
    shelf.do(service.record_refusal, shelf.pharmacy_id, shelf.medicine_id, 41_000)
    last = shelf.told()[-1]
    assert (last["type"], last["quantity_milli"]) == ("remedy.stock-movements.refused.v1", 41_000)


@pytest.mark.parametrize("milli", [[100_001], [60_000, 60_000]])
def test_more_than_anybody_needs_is_neither_set_aside_nor_demand(shelf, milli):
    lines = [(shelf.pharmacy_id, shelf.medicine_id, one) for one in milli]
    with pytest.raises(Refused, match="At most 100 packs") as refusal:
        shelf.do(pickup.hold_all, lines, patient_id=shelf.patient_id, minutes=5)
    # What is short is told as demand afterwards; this is not.
    assert not isinstance(refusal.value, OutOfStock)


def test_what_a_pharmacy_never_had_is_out_of_stock_and_its_refusal_can_be_told(shelf, database):
    with database.begin() as connection:
        shelf.medicine_id = a_medicine(connection)
    with pytest.raises(OutOfStock, match="no pack"):
        shelf.hold()
    shelf.do(service.record_refusal, shelf.pharmacy_id, shelf.medicine_id, 1000)
    assert shelf.told()[-1]["medicine_id"] == str(shelf.medicine_id)


def test_a_hold_of_an_unknown_medicine_or_at_an_unchecked_pharmacy_is_refused(shelf, database):
    with pytest.raises(UnknownMedicine):
        shelf.do(
            pickup.hold, shelf.pharmacy_id, uuid7(), 1000, patient_id=shelf.patient_id, minutes=5
        )
    with database.begin() as connection:
        unchecked = a_pharmacy(connection, verified_at=None)
    with pytest.raises(Refused, match="not been checked"):
        shelf.do(
            pickup.hold, unchecked, shelf.medicine_id, 1000, patient_id=shelf.patient_id, minutes=5
        )


def test_a_controlled_medicine_is_set_aside_only_where_that_is_allowed(shelf, database):
    with database.begin() as connection:
        shelf.medicine_id = a_medicine(connection, is_controlled=True)
    shelf.do(service.record_movement, shelf.pharmacy_id, shelf.line("received", 5))
    with pytest.raises(Refused, match="controlled medicine"):
        shelf.hold()
    held = shelf.do(
        pickup.hold, shelf.pharmacy_id, shelf.medicine_id, 1000, patient_id=shelf.patient_id,
        minutes=5, may_be_controlled=True,
    )  # fmt: skip
    assert held.available_milli == 4000
