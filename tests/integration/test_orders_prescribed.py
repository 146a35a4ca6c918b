"""Orders of what is on prescription: covered, never by more than was prescribed, given back when nothing comes of it."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from remedy.orders import service
from remedy.prescriptions.model import NeedsPrescription
from remedy.prescriptions.queries import accepted_quantity
from remedy.stock import service as stock
from remedy.stock.model import Refused
from tests.factories import a_medicine, a_prescription
from tests.integration.shop import Shop
from tests.integration.test_stock_holds import at_once


@pytest.fixture
def shop(database) -> Shop:
    """A shop whose patient has a prescription for five packs of a medicine."""
    made = Shop(database)
    with database.begin() as connection:
        made.written = a_medicine(connection, is_prescription_only=True)
        made.receive(connection, made.written, 50)
        stock.set_price(connection, made.pharmacy_id, made.written, 700, "EUR", clock=made.watch)
        a_prescription(
            connection, made.vault, made.patient_id, made.written, packs=5, now=made.watch.now
        )
    return made


def left(shop: Shop) -> int:
    with shop.database.connect() as connection:
        return accepted_quantity(connection, shop.patient_id, shop.written, now=shop.watch.now)


def test_an_order_takes_of_a_prescription_and_a_cancelled_one_gives_it_back(shop):
    order_id = shop.place(1, 2, order=[shop.medicines[0], shop.written])
    assert left(shop) == 3000
    shop.do(service.cancel_own, order_id, patient_id=shop.patient_id)
    assert left(shop) == 5000


def test_what_was_handed_out_stays_taken(shop):
    order_id = shop.place(5, order=[shop.written])
    for to in ("picking", "ready", "collected"):
        shop.step(order_id, to)
    assert left(shop) == 0
    with shop.database.connect() as connection:
        handed_out = connection.execute(
            sa.text("SELECT handed_out_at FROM prescription_use WHERE order_id = :id"),
            {"id": order_id.bytes},
        ).scalar_one()
    assert handed_out == shop.watch.now.replace(tzinfo=None)


def test_more_than_was_prescribed_is_not_ordered_and_nothing_is_taken(shop):
    with pytest.raises(NeedsPrescription):
        shop.place(6, order=[shop.written])
    assert left(shop) == 5000


def test_an_order_refused_for_its_stock_takes_nothing_of_the_prescription(shop):
    with pytest.raises(Refused):
        shop.place(401, 2, order=[shop.medicines[0], shop.written])
    assert left(shop) == 5000


def test_many_orders_at_once_take_no_more_than_was_prescribed(shop):
    def attempt(change: Callable[[], object]) -> bool:
        try:
            change()
        except Refused:
            return False
        return True

    done = at_once([lambda: attempt(lambda: shop.place(2, order=[shop.written]))] * 6)
    assert sum(done) == 2
    assert left(shop) == 1000


def test_an_order_nobody_collects_gives_the_prescription_back(shop):
    order_id = shop.place(2, order=[shop.written])
    shop.watch.wait(hours=72)
    assert shop.do(service.expire_one, order_id) is True
    assert left(shop) == 5000
