"""Orders: whole or not at all; each step once, by who may; what ends early gives everything back."""

import pytest
import sqlalchemy as sa

from remedy.events import orders as told_events
from remedy.orders import pickup, room, service
from remedy.orders.model import AlreadyChanged, PriceChanged
from remedy.pipeline import overdue
from remedy.prescriptions.model import NeedsPrescription
from remedy.stock import service as stock
from remedy.stock.holds import LinesShort
from remedy.stock.model import Refused
from remedy.values import uuid7
from tests.factories import a_medicine, a_patient, a_pharmacy
from tests.integration.shop import STOCK, Shop


@pytest.fixture
def shop(database) -> Shop:
    return Shop(database)


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


def test_a_pharmacy_cancels_with_a_reason_and_the_packs_are_back(shop):
    order_id = shop.place(4)
    shop.step(order_id, "picking")
    told = {"pharmacy_id": shop.pharmacy_id, "account_id": shop.chitra, "version": 2}
    with pytest.raises(Refused, match="Say in up to 200 characters"):
        shop.do(service.cancel, shop.vault, order_id, reason=" ", **told)
    shop.do(service.cancel, shop.vault, order_id, reason="The box was damaged.", **told)
    found = shop.order(order_id)
    assert found.ended_by == "pharmacy"
    assert "damaged" not in found.reason_sealed
    with shop.database.connect() as connection:
        opened = shop.vault.open(
            connection, shop.patient_id, order_id, "reason", found.reason_sealed
        )
    assert opened == "The box was damaged."
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
        service.cancel, shop.vault, order_id, pharmacy_id=shop.pharmacy_id, account_id=shop.dora, version=3,
        reason="Nobody was there.",
    )  # fmt: skip
    assert (shop.on_hand()[:2], shop.available()[:2]) == ([400, 400], [400, 400])
    with shop.database.connect() as connection:
        kept = connection.execute(
            sa.text("SELECT payload FROM outbox WHERE payload LIKE '%Nobody was there%'")
        ).all()
    # What was written to the patient is not in the ledger, and so in no event.
    assert kept == []
    other = shop.place(1, way="delivery", address="7 Quay Street")
    for to in ("picking", "out", "delivered"):
        shop.step(other, to)
    assert shop.order(other).state == "delivered"


def test_one_patient_cannot_have_the_whole_shelf_set_aside_by_orders_nobody_pays(shop):
    placed = [shop.place(1) for _ in range(room.MOST_ORDERS)]
    with pytest.raises(Refused, match="Many orders of yours are open"):
        shop.place(1)
    shop.do(service.cancel_own, placed[0], patient_id=shop.patient_id)
    shop.place(1)
    # What nobody collected in time keeps no room, before anybody has said so.
    shop.watch.wait(hours=72)
    shop.place(1)


def test_nor_by_holds(shop):
    def hold(*milli: int) -> None:
        lines = [(shop.pharmacy_id, shop.medicines[n], one) for n, one in enumerate(milli)]
        shop.do(pickup.hold_all, lines, patient_id=shop.patient_id, minutes=60)

    for _ in range(room.MOST_HOLDS - 1):
        hold(1000)
    with pytest.raises(Refused, match="set aside for you already"):
        hold(1000, 1000)
    hold(1000)
    with pytest.raises(Refused, match="set aside for you already"):
        hold(1000)
    shop.watch.wait(minutes=60)
    hold(1000)


def test_an_order_to_be_brought_needs_an_address(shop):
    with pytest.raises(Refused, match="Tell us your address"):
        shop.place(1, way="delivery", address=" ")


def test_another_pharmacy_cannot_touch_an_order(shop, database):
    order_id = shop.place(1)
    with database.begin() as connection:
        other = a_pharmacy(connection)
    told = {"pharmacy_id": other, "version": 1, "account_id": shop.chitra}
    with pytest.raises(Refused, match="no order of that id"):
        shop.do(service.step, order_id, "picking", **told)
    with pytest.raises(Refused, match="no order of that id"):
        shop.do(service.cancel, shop.vault, order_id, reason="None of ours.", **told)


def test_what_an_order_set_aside_is_no_hold_of_its_own(shop):
    order_id = shop.place(1)
    placed = shop.events()[-1]
    with pytest.raises(Refused, match="no hold of that id"):
        shop.do(pickup.release_hold, placed.lines[0].hold_id, patient_id=shop.patient_id)
    shop.watch.wait(hours=73)
    with shop.database.connect() as connection:
        assert placed.lines[0].hold_id not in pickup.due(connection, now=shop.watch.now)
    assert shop.order(order_id).state == "placed"


def test_an_order_of_nothing_or_of_what_nobody_knows_is_refused(shop):
    with pytest.raises(Refused, match="at least one medicine"):
        shop.place()
    with pytest.raises(Refused, match="No medicine has that id"):
        shop.place(1, order=[uuid7()])
