"""Handing out what was set aside: by its code, once, from the lots that expire first; a guess is not answered for long."""

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.orders import pickup
from remedy.schema.pharmacy import stock_hold, stock_movement
from remedy.stock import codes, collecting, service
from remedy.stock.model import Conflict, Line, Refused
from remedy.values import uuid7
from tests.factories import SECRET_KEY, a_pharmacy
from tests.integration.outbox_events import told
from tests.integration.test_stock_holds import Shelf, at_once


@pytest.fixture
def shelf(database) -> Shelf:
    """Two lots beside the 400 packs without number: 3 that expire soon, 5 that expired yesterday."""
    made = Shelf(database, packs=10)
    today = made.watch.now.date()
    for lot, packs, days in (("SOON", 3, 20), ("GONE", 5, -1)):
        line = Line(
            "received", made.medicine_id, packs * 1000, made.watch.now, lot_number=lot,
            expires_on=today + timedelta(days=days),
        )  # fmt: skip
        made.do(service.record_movement, made.pharmacy_id, line)
    return made


def collect(shelf: Shelf, hold_id: UUID, pharmacy_id: UUID | None = None) -> object:
    return shelf.do(pickup.collect_hold, pharmacy_id or shelf.pharmacy_id, hold_id, account_id=None)


def lots(shelf: Shelf) -> dict[str, int]:
    with shelf.database.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT lot_number, quantity_milli FROM stock_lot WHERE stock_item_id = :item"),
            {"item": shelf.item_row},
        )
        return {row.lot_number: row.quantity_milli for row in rows}


def test_what_expires_first_is_handed_out_first_and_what_expired_never(shelf):
    held = shelf.hold(packs=4)
    collect(shelf, held.hold_id)
    assert lots(shelf) == {"": 9_000, "SOON": 0, "GONE": 5_000}
    assert shelf.available() == 9
    with shelf.database.connect() as connection:
        sold, collected = told(connection, shelf.pharmacy_id)[-2:]
        kept = connection.execute(
            sa.select(stock_hold.c.state, stock_hold.c.ended_at).where(
                stock_hold.c.public_id == held.hold_id
            )
        ).one()
    assert (sold.quantity_milli, sold.uncovered_milli) == (4000, 0)
    assert (collected.hold_id, collected.movement_id) == (held.hold_id, sold.movement_id)
    assert collected.available_milli == 9000
    assert kept == ("collected", shelf.watch.now)


def test_handed_out_by_many_at_once_is_one_sale(shelf):
    held = shelf.hold(packs=2)

    def one() -> bool:
        try:
            collect(shelf, held.hold_id)
        except Conflict:
            return False
        return True

    assert sum(at_once([one] * 8)) == 1
    with shelf.database.connect() as connection:
        sales = connection.execute(
            sa.select(sa.func.count()).where(
                stock_movement.c.stock_item_id == shelf.item_row, stock_movement.c.kind == "sold"
            )
        ).scalar()
    assert sales == 1


def test_a_hold_whose_time_is_over_is_not_handed_out(shelf):
    held = shelf.hold(packs=2, minutes=30)
    shelf.watch.wait(minutes=30)
    with pytest.raises(Conflict, match="ended already"):
        collect(shelf, held.hold_id)
    assert lots(shelf)[""] == 10_000


def test_packs_that_expired_since_they_were_set_aside_are_not_handed_out(shelf):
    shelf.do(service.record_movement, shelf.pharmacy_id, shelf.line("sold", 10))
    # The till named no lot: what expires first went, and 3 of those without number are left.
    held = shelf.hold(packs=3)
    with shelf.database.begin() as connection:
        connection.execute(
            sa.text("UPDATE stock_lot SET expires_on = :day WHERE stock_item_id = :item"),
            {"day": date(2026, 1, 1), "item": shelf.item_row},
        )
    with pytest.raises(Refused, match="do not cover these packs"):
        collect(shelf, held.hold_id)
    assert shelf.held() == 3


def test_a_pharmacy_cannot_hand_out_anothers_hold(shelf, database):
    held = shelf.hold(packs=1)
    with database.begin() as connection:
        other = a_pharmacy(connection)
    with pytest.raises(Refused, match="no hold of that id"):
        collect(shelf, held.hold_id, other)


def test_a_suspended_pharmacy_hands_nothing_out(shelf, database):
    held = shelf.hold(packs=1)
    with database.begin() as connection:
        connection.execute(
            sa.text("UPDATE pharmacy SET verified_at = NULL WHERE public_id = :id"),
            {"id": shelf.pharmacy_id.bytes},
        )
    with pytest.raises(Refused, match="not allowed to hand anything out"):
        collect(shelf, held.hold_id)
    assert shelf.held() == 1


def found(shelf: Shelf, typed: str, pharmacy_id: UUID | None = None):
    with shelf.database.connect() as connection:
        return collecting.hold_of_code(
            connection, pharmacy_id or shelf.pharmacy_id, typed, secret_key=SECRET_KEY,
            now=shelf.watch.now,
        )  # fmt: skip


def test_a_code_finds_its_hold_at_its_pharmacy_and_nowhere_else(shelf, database):
    first, second = shelf.hold(packs=1), shelf.hold(packs=2)
    code = codes.code_of(SECRET_KEY, second.hold_id)
    assert found(shelf, codes.grouped(code)).hold_id == second.hold_id
    assert found(shelf, codes.code_of(SECRET_KEY, first.hold_id)).quantity_milli == 1000
    with database.begin() as connection:
        other = a_pharmacy(connection)
    assert found(shelf, code, other) is None
    assert found(shelf, codes.code_of(SECRET_KEY, uuid7())) is None


def test_a_code_whose_hold_has_ended_still_says_what_became_of_it(shelf):
    held = shelf.hold(packs=1)
    code = codes.code_of(SECRET_KEY, held.hold_id)
    collect(shelf, held.hold_id)
    one = found(shelf, code)
    assert (one.state, one.is_waiting(shelf.watch.now)) == ("collected", False)
    shelf.watch.wait(days=8)
    assert found(shelf, code) is None


def test_nothing_in_the_tables_tells_a_code(shelf):
    """Who reads the rows of a pharmacy, without the installation's key, can collect for nobody."""
    held = shelf.hold(packs=1)
    code = codes.code_of(SECRET_KEY, held.hold_id)
    with shelf.database.connect() as connection:
        for table in ("stock_hold", "pharmacy", "outbox", "kept_answer"):
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")):
                assert code not in str(tuple(row)).upper()


def test_after_twenty_wrong_codes_none_is_looked_up_for_ten_minutes(shelf, database):
    with database.begin() as connection:
        other = a_pharmacy(connection)
    for _ in range(collecting.FAILURES_ALLOWED):
        shelf.do(collecting.check_throttle, shelf.pharmacy_id)
        shelf.do(collecting.note_failure, shelf.pharmacy_id)
    with pytest.raises(collecting.TooManyCodes):
        shelf.do(collecting.check_throttle, shelf.pharmacy_id)
    shelf.do(collecting.check_throttle, other)
    shelf.watch.wait(minutes=10)
    shelf.do(collecting.check_throttle, shelf.pharmacy_id)
    shelf.do(collecting.note_failure, shelf.pharmacy_id)
    with database.connect() as connection:
        kept = connection.execute(sa.text("SELECT COUNT(*) FROM collection_failure")).scalar()
    assert kept == 1
