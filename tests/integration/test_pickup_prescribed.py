"""Holds of what is on prescription: covered by an accepted one, counted while they last, given back when nothing comes of it."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.orders import pickup
from remedy.pipeline import overdue
from remedy.prescriptions import service as prescriptions
from remedy.prescriptions.model import NeedsPrescription
from remedy.prescriptions.queries import accepted_quantity
from remedy.stock import service as stock
from remedy.stock.holds import LinesShort, look_aside, patient_of, put_aside
from remedy.stock.locks import place_of
from remedy.stock.model import Conflict, Refused
from remedy.stock.recalls import recall_lot
from tests.factories import a_medicine, a_pharmacy, a_prescription
from tests.integration.outbox_events import told
from tests.integration.shop import Shop
from tests.integration.test_stock_holds import at_once

CLIENTS = 10
ALLOWED = 2


class TwoShops(Shop):
    """Two pharmacies with fifty packs each of what is on prescription, and a patient who may have two of them."""

    def __init__(self, database: sa.Engine) -> None:
        super().__init__(database)
        with database.begin() as connection:
            self.written = a_medicine(connection, is_prescription_only=True)
            self.elsewhere = a_pharmacy(connection)
            for pharmacy_id in (self.pharmacy_id, self.elsewhere):
                self.stock_up(connection, pharmacy_id, 50)
            self.prescription_id = a_prescription(
                connection, self.vault, self.patient_id, self.written, packs=ALLOWED,
                now=self.watch.now,
            )  # fmt: skip

    def stock_up(self, connection: sa.Connection, pharmacy_id: UUID, packs: int) -> None:
        here, self.pharmacy_id = self.pharmacy_id, pharmacy_id
        self.receive(connection, self.written, packs)
        stock.set_price(connection, pharmacy_id, self.written, 700, "EUR", clock=self.watch)
        self.pharmacy_id = here

    def hold(self, packs: int = 1, where: UUID | None = None, medicine_id: UUID | None = None):
        return self.do(
            pickup.hold, where or self.pharmacy_id, medicine_id or self.written, packs * 1000,
            patient_id=self.patient_id, minutes=120,
        )  # fmt: skip

    def left(self) -> int:
        with self.database.connect() as connection:
            left = accepted_quantity(connection, self.patient_id, self.written, now=self.watch.now)
        return left // 1000

    def held(self) -> int:
        with self.database.connect() as connection:
            return int(
                connection.execute(
                    sa.text(
                        "SELECT COALESCE(SUM(h.quantity_milli), 0) FROM stock_hold h"
                        " JOIN stock_item i ON i.id = h.stock_item_id"
                        " JOIN medicine m ON m.id = i.medicine_id"
                        " WHERE m.public_id = :id AND h.state = 'held'"
                    ),
                    {"id": self.written.bytes},
                ).scalar_one()
                // 1000
            )


@pytest.fixture
def shops(database) -> TwoShops:
    return TwoShops(database)


def test_without_an_accepted_prescription_nothing_is_held_and_it_is_no_unmet_demand(shops):
    with shops.database.begin() as connection:
        other = a_medicine(connection, is_prescription_only=True)
        shops.receive(connection, other, 5)
    before = len(shops.events())
    # Not even where the packs are missing as well: whoever may not have them was not turned away for want of them.
    for packs in (1, 6):
        with pytest.raises(NeedsPrescription) as refusal:
            shops.hold(packs, medicine_id=other)
        assert refusal.value.medicine_ids == (other,)
        assert not isinstance(refusal.value, LinesShort)
    assert len(shops.events()) == before


def test_the_room_below_sets_nothing_aside_that_nobody_answers_for(shops):
    def around(connection: sa.Connection) -> None:
        place = place_of(connection, shops.pharmacy_id)
        look_aside(connection, place, {shops.written: 1000}, clock=shops.watch)

    with shops.database.connect() as connection, pytest.raises(Refused, match="only where"):
        around(connection)


def test_a_hold_takes_of_the_prescription_and_one_let_go_gives_it_back(shops):
    held = shops.hold(2)
    assert shops.left() == 0
    with pytest.raises(NeedsPrescription):
        shops.hold(1, where=shops.elsewhere)
    shops.do(pickup.release_hold, held.hold_id, patient_id=shops.patient_id)
    assert shops.left() == ALLOWED
    with pytest.raises(Refused, match="ended already"):
        shops.do(pickup.release_hold, held.hold_id, patient_id=shops.patient_id)
    assert shops.left() == ALLOWED
    shops.hold(1, where=shops.elsewhere)
    with shops.database.connect() as connection:
        kinds = [type(one).__name__ for one in told(connection, shops.prescription_id)]
    assert kinds == ["PrescriptionUsed", "PrescriptionReleased", "PrescriptionUsed"]


def test_holds_and_orders_share_one_prescription(shops):
    shops.hold(1)
    with pytest.raises(NeedsPrescription):
        shops.place(2, order=[shops.written])
    shops.place(1, order=[shops.written])
    with pytest.raises(NeedsPrescription):
        shops.hold(1, where=shops.elsewhere)


def test_a_hold_whose_time_is_over_gives_back_what_it_took(shops):
    shops.hold(2)
    shops.watch.wait(minutes=121)
    overdue.look(shops.database, clock=shops.watch)
    assert (shops.left(), shops.held()) == (ALLOWED, 0)


def test_a_recalled_hold_gives_back_what_it_took_once(shops):
    shops.hold(2)
    shops.do(recall_lot, shops.pharmacy_id, shops.written, "A", reason_code="recalled_by_authority")
    assert shops.left() == 0
    for _again in range(2):
        overdue.look(shops.database, clock=shops.watch)
        assert shops.left() == ALLOWED


def test_what_was_collected_stays_taken_and_counts_as_handed_out(shops):
    held = shops.hold(2)
    collect = (pickup.collect_hold, shops.pharmacy_id, held.hold_id)
    shops.do(*collect, account_id=shops.chitra)
    with pytest.raises(Conflict):
        shops.do(*collect, account_id=shops.chitra)
    shops.watch.wait(minutes=121)
    overdue.look(shops.database, clock=shops.watch)
    assert shops.left() == 0
    with shops.database.connect() as connection:
        (used,) = connection.execute(
            sa.text("SELECT * FROM prescription_use WHERE order_id = :id"),
            {"id": held.hold_id.bytes},
        ).all()
    assert used.released_at is None
    assert used.handed_out_at == (shops.watch.now - timedelta(minutes=121)).replace(tzinfo=None)


def test_a_refused_collection_hands_nothing_out(shops):
    held = shops.hold(2)
    shops.watch.wait(minutes=121)
    with pytest.raises(Conflict):
        shops.do(pickup.collect_hold, shops.pharmacy_id, held.hold_id, account_id=shops.chitra)
    overdue.look(shops.database, clock=shops.watch)
    assert shops.left() == ALLOWED


def test_a_hold_refused_for_its_stock_takes_nothing_of_the_prescription(shops):
    with pytest.raises(LinesShort):
        shops.do(
            pickup.hold_all,
            [(shops.pharmacy_id, shops.written, 1000), (shops.elsewhere, shops.medicines[0], 1000)],
            patient_id=shops.patient_id, minutes=120,
        )  # fmt: skip
    assert (shops.left(), shops.held()) == (ALLOWED, 0)


def test_packs_at_two_pharmacies_together_are_not_more_than_was_prescribed(shops):
    lines = [(shops.pharmacy_id, shops.written, 1000), (shops.elsewhere, shops.written, 2000)]
    hold_all = {"patient_id": shops.patient_id, "minutes": 120}
    with pytest.raises(NeedsPrescription):
        shops.do(pickup.hold_all, lines, **hold_all)
    first, second = shops.do(pickup.hold_all, [(*one[:2], 1000) for one in lines], **hold_all)
    assert (shops.left(), shops.held()) == (0, 2)
    shops.do(pickup.release_hold, first.hold_id, patient_id=shops.patient_id)
    assert shops.left() == 1
    shops.do(pickup.release_hold, second.hold_id, patient_id=shops.patient_id)
    assert shops.left() == ALLOWED


def test_ten_holds_at_two_pharmacies_at_once_get_no_more_than_was_prescribed(shops):
    def attempt(number: int) -> bool:
        try:
            shops.hold(1, where=(shops.pharmacy_id, shops.elsewhere)[number % 2])
        except Refused:
            return False
        return True

    done = at_once([lambda n=n: attempt(n) for n in range(CLIENTS)])
    assert sum(done) == ALLOWED
    assert (shops.left(), shops.held()) == (0, ALLOWED)


def test_control_holds_that_only_look_at_the_prescription_get_more_than_was_prescribed(shops):
    """The same race without taking of it; the barrier makes the bad luck certain."""
    together = threading.Barrier(2)

    def only_looking(pharmacy_id: UUID) -> int:
        with shops.database.begin() as connection:
            place, wanted = place_of(connection, pharmacy_id), {shops.written: 2000}
            covered = prescriptions.covered(
                connection, shops.patient_id, wanted, now=shops.watch.now
            )
            together.wait()
            items = look_aside(connection, place, wanted, prescribed=covered, clock=shops.watch)
            put_aside(
                connection, place, items, wanted, clock=shops.watch,
                patient_row=patient_of(connection, shops.patient_id),
                expires_at=shops.watch.now + timedelta(hours=1),
            )  # fmt: skip
        return 2

    where = (shops.pharmacy_id, shops.elsewhere)
    assert sum(at_once([lambda each=each: only_looking(each) for each in where])) > ALLOWED
    assert shops.held() > ALLOWED


def test_holds_orders_and_letting_go_at_once_all_get_an_answer(shops):
    """Nobody waits for another in a ring, and at the end what is held is what was taken."""

    def come_and_go(number: int) -> None:
        where = (shops.pharmacy_id, shops.elsewhere)[number % 2]
        for _again in range(3):
            try:
                held = shops.hold(1, where=where)
                shops.do(pickup.release_hold, held.hold_id, patient_id=shops.patient_id)
                if number % 3 == 0:
                    shops.place(1, order=[shops.written])
            except Refused:
                pass

    at_once([lambda n=n: come_and_go(n) for n in range(6)])
    assert shops.held() == ALLOWED - shops.left()
