"""Orders of many at once: nothing promised twice, none in part, each step one person's. A control must fail."""

import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.orders import pickup, service
from remedy.orders.model import AlreadyChanged
from remedy.stock.model import OutOfStock
from tests.integration.shop import STOCK, Shop
from tests.integration.test_stock_holds import at_once

pytestmark = pytest.mark.usefixtures("one_for_many")

WANTED, CLIENTS = 800, 16


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


def test_of_200_holds_at_once_on_50_packs_50_win(database):
    shop = Shop(database, packs=50)

    def hold() -> bool:
        try:
            shop.do(
                pickup.hold, shop.pharmacy_id, shop.medicines[0], 1000, patient_id=shop.patient_id,
                minutes=60,
            )  # fmt: skip
        except OutOfStock:
            return False
        return True

    assert sum(at_once([hold] * 200)) == 50
    assert shop.available()[0] == 0
    assert shop.on_hand()[0] == 50


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
                    pickup.hold, shop.pharmacy_id, shop.medicines[2], 5000,
                    patient_id=shop.patient_id, minutes=60,
                )  # fmt: skip
                done += 5
            except OutOfStock:
                pass
        return done

    ordered = sum(at_once([orders, holds] * 4)[::2])
    first, second, third = shop.available()
    assert (first, second, third) == (STOCK - ordered, STOCK, 0)


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


def test_control_lines_taken_one_by_one_leave_orders_in_part(shop):
    """The same wish without one transaction for all lines: some are held that belong to no whole order."""
    first, second, _ = shop.medicines
    shop.place(0, STOCK - 1)

    def one_by_one() -> int:
        got = 0
        for medicine_id in (first, second):
            try:
                shop.do(
                    pickup.hold, shop.pharmacy_id, medicine_id, 1000, patient_id=shop.patient_id,
                    minutes=60,
                )  # fmt: skip
                got += 1
            except OutOfStock:
                pass
        return got

    assert sorted(at_once([one_by_one] * 4)) == [1, 1, 1, 2]
