"""A recalled lot is nowhere to be had from that moment; who was promised packs of it is told."""

from datetime import date

import pytest
import sqlalchemy as sa

from remedy.events.pharmacy import StockRecalled, StockWithdrawn
from remedy.schema.people import mail_owed
from remedy.schema.pharmacy import stock_hold
from remedy.stock import service
from remedy.stock.model import Line, OutOfStock, Refused
from tests.integration.outbox_events import told
from tests.integration.test_stock_holds import Shelf
from tests.integration.test_stock_ledger import LATER, SOON


class Lots(Shelf):
    """A shelf of 5 packs of lot A and 3 of lot B."""

    def __init__(self, database: sa.Engine) -> None:
        super().__init__(database, packs=1)
        self.tell("sold", 1)
        self.tell("received", 5, lot_number="A", expires_on=SOON)
        self.tell("received", 3, lot_number="B", expires_on=LATER)

    def tell(self, kind, packs, **more):
        line = Line(kind, self.medicine_id, packs * 1000, self.watch.now, **more)
        return self.do(service.record_of_lot, self.pharmacy_id, line)

    def recall(self, lot_number, code="recalled_by_maker"):
        return self.do(
            service.recall_lot, self.pharmacy_id, self.medicine_id, lot_number, reason_code=code
        )

    def hold_states(self) -> list[str]:
        with self.database.connect() as connection:
            rows = connection.execute(
                sa.select(stock_hold.c.state)
                .where(stock_hold.c.stock_item_id == self.item_row)
                .order_by(stock_hold.c.id)
            )
            return list(rows.scalars())

    def happened(self):
        with self.database.connect() as connection:
            return told(connection, self.pharmacy_id)


@pytest.fixture
def lots(database):
    return Lots(database)


def test_a_recalled_lot_stays_on_the_shelf_and_is_not_to_be_had(lots):
    recalled = lots.recall("A")
    assert (recalled.blocked_milli, recalled.recorded.balance_milli) == (5000, 8000)
    assert lots.available() == 3
    with pytest.raises(OutOfStock, match="only 3"):
        lots.hold(packs=4)
    assert lots.tell("sold", 4).uncovered_milli == 1000
    assert [type(event) for event in lots.happened()][-2] is StockRecalled


def test_what_arrives_of_a_recalled_lot_is_recalled_too(lots):
    assert lots.recall("NEXT").blocked_milli == 0
    lots.tell("received", 6, lot_number="NEXT", expires_on=LATER)
    assert lots.available() == 8


def test_a_recall_ends_the_holds_it_makes_uncoverable_the_latest_first(lots):
    for packs in (2, 1, 3):
        lots.hold(packs=packs)
    assert lots.recall("A").withdrawn == 1
    assert lots.hold_states() == ["held", "held", "withdrawn"]
    assert lots.available() == 0
    ended = lots.happened()[-1]
    assert isinstance(ended, StockWithdrawn)
    assert (ended.quantity_milli, ended.available_milli) == (3000, 0)
    assert ended.reason_code == "recalled_by_maker"


def test_the_patient_of_a_withdrawn_hold_is_owed_one_mail(lots):
    lots.hold(packs=8)
    lots.recall("A")
    lots.tell("returned", -1, lot_number="B", reason_code="surplus")
    with lots.database.connect() as connection:
        found = connection.execute(
            sa.select(mail_owed.c.kind, stock_hold.c.state)
            .join_from(mail_owed, stock_hold, stock_hold.c.public_id == mail_owed.c.about)
            .where(mail_owed.c.patient_public_id == lots.patient_id)
        )
        assert found.all() == [("hold_withdrawn", "withdrawn")]


def test_packs_written_off_or_returned_end_holds_too(lots):
    lots.hold(packs=8)
    lots.tell("returned", -3, lot_number="B", reason_code="surplus")
    assert lots.hold_states() == ["withdrawn"]


def test_a_recall_by_mistake_is_undone_and_the_lot_sells_again(lots):
    recalled = lots.recall("A")
    lots.do(
        service.reverse_movement,
        lots.pharmacy_id,
        recalled.recorded.movement_id,
        reason="wrong lot",
    )
    assert lots.available() == 8
    assert lots.recall("A").blocked_milli == 5000


@pytest.mark.parametrize(
    ("lot_number", "code", "sentence"),
    [
        (" ", "recalled_by_maker", "number of the lot"),
        ("A" * 61, "recalled_by_maker", "number of the lot"),
        ("A", "surplus", "Choose who says so"),
        ("A", "", "Choose who says so"),
    ],
)
def test_a_recall_that_says_too_little_is_refused(lots, lot_number, code, sentence):
    with pytest.raises(Refused, match=sentence):
        lots.recall(lot_number, code)
    assert lots.available() == 8


def test_a_lot_is_recalled_once(lots):
    lots.recall(" A ")
    with pytest.raises(Refused, match="recalled already"):
        lots.recall("A")


def test_no_more_is_written_off_than_the_lot_holds(lots):
    with pytest.raises(Refused, match="Only 3 packs"):
        lots.tell("expired", 4, lot_number="B", reason_code="date_too_near")
    written_off = lots.tell("expired", 3, lot_number="B", reason_code="date_too_near")
    assert written_off.balance_milli == 5000
    assert lots.available() == 5


def test_what_has_expired_is_written_off_and_can_be_undone(lots):
    lots.tell("received", 2, lot_number="OLD", expires_on=date(2026, 3, 1))
    gone = lots.tell("expired", 2, lot_number="OLD", reason_code="date_passed")
    assert gone.balance_milli == 8000
    back = lots.do(
        service.reverse_movement, lots.pharmacy_id, gone.movement_id, reason="still there"
    )
    assert back.balance_milli == 10000
    assert lots.available() == 8


def test_levels_are_kept_and_told(lots):
    lots.do(service.set_levels, lots.pharmacy_id, lots.medicine_id, 2000, 5000)
    with pytest.raises(Refused, match="not above"):
        lots.do(service.set_levels, lots.pharmacy_id, lots.medicine_id, 6000, 5000)
    with pytest.raises(Refused, match="0 packs or more"):
        lots.do(service.set_levels, lots.pharmacy_id, lots.medicine_id, -1, 5000)
    event = lots.happened()[-1]
    assert (event.minimum_milli, event.reorder_milli) == (2000, 5000)


def test_the_dashboards_stock_leaves_out_what_is_recalled_or_expired(lots):
    # The view asks the server's own clock, by which lot A has long expired.
    lots.tell("received", 2, lot_number="GOOD", expires_on=date(2190, 1, 1))
    lots.tell("received", 4, lot_number="BAD", expires_on=date(2190, 1, 1))
    lots.recall("BAD")
    lots.recall("B")
    with lots.database.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT s.stock_milli FROM stock_now s"
                " JOIN stock_item i ON i.public_id = s.stock_item_id WHERE i.id = :item"
            ),
            {"item": lots.item_row},
        )
        assert found.scalar_one() == 2000
