"""Orders: whole or not at all, however many want the same; each step once; what ends early gives everything back."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.events import orders as told_events
from remedy.gateways.mysql import in_transaction
from remedy.orders import queries, service
from remedy.orders.model import AlreadyChanged, NeedsPrescription, Order, PriceChanged
from remedy.pipeline import overdue
from remedy.stock import queries as stock_queries
from remedy.stock import service as stock
from remedy.stock.holds import LinesShort
from remedy.stock.model import Line, OutOfStock, Refused
from remedy.values import uuid7
from tests.factories import Watch, a_medicine, a_patient, a_pharmacist, a_pharmacy, a_vault
from tests.integration.outbox_events import told
from tests.integration.test_stock_holds import at_once

STOCK, WANTED, CLIENTS = 400, 800, 16


class Shop:
    """A pharmacy with three medicines at a price, two pharmacists, and a patient."""

    def __init__(self, database: sa.Engine, packs: int = STOCK) -> None:
        self.database, self.watch = database, Watch()
        self.vault = a_vault(self.watch)
        with database.begin() as connection:
            self.pharmacy_id = a_pharmacy(connection)
            self.patient_id = a_patient(connection, self.vault)
            self.chitra, self.dora = (
                a_pharmacist(connection, self.pharmacy_id, name=name, clock=self.watch)
                for name in ("Chitra", "Dora")
            )
            self.medicines = [a_medicine(connection, generic_name=f"salt {n}") for n in range(3)]
            for number, medicine_id in enumerate(self.medicines):
                self.receive(connection, medicine_id, packs)
                stock.set_price(
                    connection, self.pharmacy_id, medicine_id, 250 + number, "EUR", clock=self.watch
                )

    def receive(self, connection: sa.Connection, medicine_id: UUID, packs: int) -> None:
        line = Line(
            "received", medicine_id, packs * 1000, self.watch.now, lot_number="A",
            expires_on=date(2027, 1, 31),
        )  # fmt: skip
        stock.record_movement(connection, self.pharmacy_id, line, clock=self.watch)

    def do(self, change: Callable[..., object], *args: object, **more: object) -> object:
        return in_transaction(self.database, lambda c: change(c, *args, clock=self.watch, **more))

    def place(self, *packs: int, order: list[UUID] | None = None, **differs: object) -> UUID:
        """So many packs of the first, second … medicine."""
        wanted = {
            each: n * 1000 for each, n in zip(order or self.medicines, packs, strict=False) if n
        }
        told = {
            "patient_id": self.patient_id, "pharmacy_id": self.pharmacy_id, "wanted": wanted,
            "way": "pickup", "payment": "cash", "currency": "EUR", **differs,
        }  # fmt: skip
        return self.do(service.place, self.vault, **told)

    def step(self, order_id: UUID, to: str, version: int | None = None, by: UUID | None = None):
        return self.do(
            service.step, order_id, to, pharmacy_id=self.pharmacy_id,
            version=version or self.order(order_id).version, account_id=by or self.chitra,
        )  # fmt: skip

    def order(self, order_id: UUID) -> Order:
        with self.database.connect() as connection:
            return queries.order(connection, order_id)

    def rows(self) -> list:
        with self.database.connect() as connection:
            return stock_queries.stock_rows(connection, self.pharmacy_id, now=self.watch.now)

    def available(self) -> list[int]:
        left = {row.medicine_id: row.available_milli // 1000 for row in self.rows()}
        return [left[each] for each in self.medicines]

    def on_hand(self) -> list[int]:
        left = {row.medicine_id: row.on_hand_milli // 1000 for row in self.rows()}
        return [left[each] for each in self.medicines]

    def events(self) -> list:
        with self.database.connect() as connection:
            return told(connection, self.pharmacy_id)

    def count(self, table: str) -> int:
        with self.database.connect() as connection:
            return connection.execute(sa.text(f"SELECT COUNT(*) FROM {table}")).scalar_one()


@pytest.fixture
def shop(database) -> Shop:
    return Shop(database)


def test_three_line_orders_in_opposite_order_sell_what_there_is_and_none_in_part(shop):
    """800 wanted of 400 packs of each of three medicines: 400 orders of a pack each are placed, whole."""
    refused: Counter[str] = Counter()
    lock = threading.Lock()

    def client(number: int) -> int:
        order = shop.medicines if number % 2 else shop.medicines[::-1]
        placed = 0
        for _ in range(WANTED // CLIENTS // 2):
            try:
                shop.place(2, 2, 2, order=order)
                placed += 1
            except OutOfStock as refusal:
                with lock:
                    refused[str(refusal)] += 1
        return placed

    placed = sum(at_once([lambda n=n: client(n) for n in range(CLIENTS)]))
    assert placed * 2 == STOCK
    assert sum(refused.values()) == (WANTED - STOCK) // 2
    # A deadlock would have come out of the threads as an error; short ones are all that was refused for.
    assert set(refused) == {"Not everything is there any more, so nothing was set aside."}
    assert shop.available() == [0, 0, 0]
    with shop.database.connect() as connection:
        lines = connection.execute(
            sa.text(
                "SELECT COUNT(l.stock_item_id) AS n, COUNT(h.id) AS held FROM pharmacy_order o"
                " JOIN pharmacy p ON p.id = o.pharmacy_id"
                " LEFT JOIN pharmacy_order_line l ON l.order_id = o.id"
                " LEFT JOIN stock_hold h ON h.order_id = o.id AND h.stock_item_id = l.stock_item_id"
                " WHERE p.public_id = :id GROUP BY o.id"
            ),
            {"id": shop.pharmacy_id.bytes},
        ).all()
    assert Counter((line.n, line.held) for line in lines) == {(3, 3): placed}


def test_orders_and_single_holds_together_promise_nothing_twice(shop):
    def orders() -> int:
        done = 0
        for _ in range(20):
            try:
                shop.place(5, 0, 5)
                done += 5
            except OutOfStock:
                pass
        return done

    def holds() -> int:
        done = 0
        for _ in range(20):
            try:
                shop.do(
                    stock.hold, shop.pharmacy_id, shop.medicines[2], 5000,
                    patient_id=shop.patient_id, minutes=60,
                )  # fmt: skip
                done += 5
            except OutOfStock:
                pass
        return done

    ordered = sum(at_once([orders, holds] * 4)[::2])
    first, second, third = shop.available()
    assert (first, second, third) == (STOCK - ordered, STOCK, 0)


def test_an_order_with_one_line_short_sets_nothing_aside_and_its_demand_is_told(shop):
    before = shop.available()
    with pytest.raises(LinesShort) as refusal:
        shop.place(1, STOCK + 1, STOCK + 2)
    assert refusal.value.available == {
        shop.medicines[1]: STOCK * 1000, shop.medicines[2]: STOCK * 1000
    }  # fmt: skip
    assert shop.available() == before
    assert not [one for one in shop.events() if isinstance(one, told_events.OrderPlaced)]
    shop.do(service.record_short, shop.pharmacy_id, {shop.medicines[1]: 401_000})
    last = shop.events()[-1]
    assert (last.TYPE, last.quantity_milli) == (
        "remedy.stock-movements.refused.v1",
        401_000,
    )


def test_an_order_is_placed_with_its_prices_and_everything_is_told_in_order(shop):
    order_id = shop.place(2, 0, 1)
    found = shop.order(order_id)
    assert (found.state, found.version, found.goods_minor) == ("placed", 1, 2 * 250 + 252)
    assert [(line.quantity_milli, line.price_minor) for line in found.lines] == [
        (2000, 250),
        (1000, 252),
    ]
    assert shop.available() == [398, 400, 399]
    placed = shop.events()[-1]
    assert isinstance(placed, told_events.OrderPlaced)
    assert (placed.order_id, len(placed.lines), placed.goods_minor) == (order_id, 2, 752)
    held = [one.hold_id for one in shop.events() if one.TYPE.endswith("held.v1")]
    assert [line.hold_id for line in placed.lines] == held


def test_what_a_page_said_it_costs_is_what_it_costs(shop):
    with pytest.raises(PriceChanged):
        shop.place(1, expected_minor=249)
    shop.place(1, expected_minor=250)


def test_controlled_medicines_are_not_ordered_and_others_only_with_a_prescription(shop, database):
    with database.begin() as connection:
        strong = a_medicine(connection, is_controlled=True)
        written = a_medicine(connection, is_prescription_only=True)
        for medicine_id in (strong, written):
            shop.receive(connection, medicine_id, 5)
            stock.set_price(connection, shop.pharmacy_id, medicine_id, 100, "EUR", clock=shop.watch)
    with pytest.raises(Refused, match="controlled medicine"):
        shop.place(1, 1, order=[shop.medicines[0], strong])
    with pytest.raises(NeedsPrescription) as refusal:
        shop.place(1, 1, order=[shop.medicines[0], written])
    assert refusal.value.medicine_ids == (written,)
    assert shop.available()[0] == STOCK


def test_picked_made_ready_and_collected_is_sold_once_from_the_lots(shop):
    order_id = shop.place(2, 1)
    shop.step(order_id, "picking")
    shop.step(order_id, "ready")
    assert shop.on_hand() == [400, 400, 400]
    shop.step(order_id, "collected")
    assert (shop.on_hand(), shop.available()) == ([398, 399, 400], [398, 399, 400])
    names = [one.TYPE.removeprefix("remedy.").removesuffix(".v1") for one in shop.events()]
    assert names[-6:] == [
        "orders.made-ready",
        "stock-movements.sold",
        "stock-movements.sold",
        "stock-movements.collected",
        "stock-movements.collected",
        "orders.collected",
    ]
    with pytest.raises(AlreadyChanged, match="Chitra handed this order out"):
        shop.step(order_id, "collected")


def test_of_two_pharmacists_one_wins_and_the_other_reads_who_did_what(shop):
    order_id = shop.place(1)

    def picks(who: UUID) -> str:
        try:
            shop.step(order_id, "picking", version=1, by=who)
        except AlreadyChanged as refusal:
            return str(refusal)
        return ""

    first, second = at_once([lambda: picks(shop.chitra), lambda: picks(shop.dora)])
    assert sorted([bool(first), bool(second)]) == [False, True]
    winner = "Dora" if first else "Chitra"
    assert f"{winner} began to pick this order: Monday 02 March 2026, 09:00 (CET)" in first + second
    assert shop.order(order_id).changed_by == winner


def test_collected_by_many_at_once_is_handed_out_once(shop):
    order_id = shop.place(3)
    shop.step(order_id, "picking")
    shop.step(order_id, "ready")
    version = shop.order(order_id).version

    def one() -> bool:
        try:
            shop.step(order_id, "collected", version=version)
        except AlreadyChanged:
            return False
        return True

    assert sum(at_once([one] * 8)) == 1
    assert shop.on_hand()[0] == 397


def test_a_patient_cancels_until_somebody_picks_it(shop, database):
    first, second = shop.place(5), shop.place(7)
    shop.do(service.cancel_own, first, patient_id=shop.patient_id)
    assert (shop.order(first).state, shop.order(first).ended_by) == ("cancelled", "patient")
    assert shop.available()[0] == STOCK - 7
    shop.step(second, "picking")
    with pytest.raises(AlreadyChanged, match="has begun to pick this order"):
        shop.do(service.cancel_own, second, patient_id=shop.patient_id)
    with database.begin() as connection:
        ben = a_patient(connection, shop.vault, name="Ben")
    with pytest.raises(Refused, match="no such order of yours"):
        shop.do(service.cancel_own, second, patient_id=ben)


def test_picking_and_cancelling_at_once_is_one_of_the_two(shop):
    for _ in range(5):
        order_id = shop.place(1)

        def attempt(change: Callable[[], object]) -> bool:
            try:
                change()
            except AlreadyChanged:
                return False
            return True

        done = at_once(
            [
                lambda o=order_id: attempt(lambda: shop.step(o, "picking", version=1)),
                lambda o=order_id: attempt(
                    lambda: shop.do(service.cancel_own, o, patient_id=shop.patient_id)
                ),
            ]
        )
        assert sorted(done) == [False, True]
        assert shop.order(order_id).state == ("picking" if done[0] else "cancelled")


def test_a_pharmacy_cancels_with_a_reason_and_the_packs_are_back(shop):
    order_id = shop.place(4)
    shop.step(order_id, "picking")
    told = {"pharmacy_id": shop.pharmacy_id, "account_id": shop.chitra, "version": 2}
    with pytest.raises(Refused, match="Say in up to 200 characters"):
        shop.do(service.cancel, order_id, reason=" ", **told)
    shop.do(service.cancel, order_id, reason="The box was damaged.", **told)
    found = shop.order(order_id)
    assert (found.ended_by, found.reason) == ("pharmacy", "The box was damaged.")
    assert shop.available()[0] == STOCK
    with pytest.raises(AlreadyChanged, match="Chitra cancelled this order"):
        shop.step(order_id, "ready")


def test_an_order_never_collected_returns_its_stock_at_once(shop):
    order_id = shop.place(9)
    shop.step(order_id, "picking")
    shop.watch.wait(hours=60)
    shop.step(order_id, "ready")
    # Made ready late, it waits for two days more.
    shop.watch.wait(hours=47)
    assert shop.available()[0] == STOCK - 9
    shop.watch.wait(hours=1)
    assert shop.available()[0] == STOCK
    with pytest.raises(AlreadyChanged, match="time of this order is over"):
        shop.step(order_id, "collected")
    with shop.database.connect() as connection:
        assert order_id in service.due(connection, now=shop.watch.now, limit=10_000)
    assert overdue.look(shop.database, clock=shop.watch)[2] > 0
    assert shop.do(service.expire_one, order_id) is False
    assert (shop.order(order_id).state, shop.order(order_id).ended_by) == ("cancelled", "time")
    assert shop.available()[0] == STOCK


def test_what_is_sent_is_sold_and_comes_back_when_it_cannot_be_brought(shop):
    order_id = shop.place(2, 3, way="delivery", address="7 Quay Street", fee_minor=400)
    found = shop.order(order_id)
    assert (found.total_minor, found.way) == (2 * 250 + 3 * 251 + 400, "delivery")
    assert "Quay" not in found.address_sealed
    with shop.database.connect() as connection:
        opened = shop.vault.open(
            connection, shop.patient_id, order_id, "address", found.address_sealed
        )
    assert opened == "7 Quay Street"
    shop.step(order_id, "picking")
    with pytest.raises(Refused, match="no such step"):
        shop.step(order_id, "ready")
    shop.step(order_id, "out")
    assert shop.on_hand()[:2] == [398, 397]
    shop.watch.wait(days=4)
    with shop.database.connect() as connection:
        assert order_id not in service.due(connection, now=shop.watch.now, limit=10_000)
    shop.do(
        service.cancel, order_id, pharmacy_id=shop.pharmacy_id, account_id=shop.dora, version=3,
        reason="Nobody was there.",
    )  # fmt: skip
    assert (shop.on_hand()[:2], shop.available()[:2]) == ([400, 400], [400, 400])
    other = shop.place(1, way="delivery", address="7 Quay Street")
    for to in ("picking", "out", "delivered"):
        shop.step(other, to)
    assert shop.order(other).state == "delivered"


def test_an_order_to_be_brought_needs_an_address(shop):
    with pytest.raises(Refused, match="Tell us your address"):
        shop.place(1, way="delivery", address=" ")


def test_another_pharmacy_cannot_touch_an_order(shop, database):
    order_id = shop.place(1)
    with database.begin() as connection:
        other = a_pharmacy(connection)
    for change, more in (
        (service.step, {"to": "picking"}),
        (service.cancel, {"reason": "None of ours."}),
    ):
        with pytest.raises(Refused, match="no order of that id"):
            shop.do(change, order_id, pharmacy_id=other, version=1, account_id=shop.chitra, **more)


def test_what_an_order_set_aside_is_no_hold_of_its_own(shop):
    order_id = shop.place(1)
    placed = shop.events()[-1]
    with pytest.raises(Refused, match="no hold of that id"):
        shop.do(stock.release_hold, placed.lines[0].hold_id, patient_id=shop.patient_id)
    shop.watch.wait(hours=73)
    assert placed.lines[0].hold_id not in shop.do(stock.expire_holds)
    assert shop.order(order_id).state == "placed"


def test_an_order_of_nothing_or_of_what_nobody_knows_is_refused(shop):
    with pytest.raises(Refused, match="at least one medicine"):
        shop.place()
    with pytest.raises(Refused, match="No medicine has that id"):
        shop.place(1, order=[uuid7()])


def test_control_lines_taken_one_by_one_leave_orders_in_part(shop):
    """The same wish without one transaction for all lines: some are held that belong to no whole order."""
    first, second, _ = shop.medicines
    shop.place(0, STOCK - 1)

    def one_by_one() -> int:
        got = 0
        for medicine_id in (first, second):
            try:
                shop.do(
                    stock.hold, shop.pharmacy_id, medicine_id, 1000, patient_id=shop.patient_id,
                    minutes=60,
                )  # fmt: skip
                got += 1
            except OutOfStock:
                pass
        return got

    assert sorted(at_once([one_by_one] * 4)) == [1, 1, 1, 2]


def test_times_are_believable():
    from remedy.orders.model import READY_FOR, SET_ASIDE_FOR, UNPAID_FOR

    assert timedelta(minutes=5) < UNPAID_FOR < READY_FOR < SET_ASIDE_FOR
