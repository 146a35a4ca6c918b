"""Many at once on one shelf: as many win as there are packs, and ledger, lots and events agree afterwards."""

import pytest
import sqlalchemy as sa

from remedy.events.pharmacy import StockHeld
from remedy.schema.pharmacy import stock_lot, stock_movement_lot
from remedy.stock import service, transfers
from remedy.stock.model import OutOfStock, Refused
from tests.factories import a_pharmacy
from tests.integration.outbox_events import told
from tests.integration.test_stock_holds import Shelf, at_once

pytestmark = pytest.mark.usefixtures("one_for_many")

CLIENTS, UNITS = 200, 50


def test_of_two_hundred_who_want_one_of_fifty_packs_fifty_get_one(database):
    shelf = Shelf(database, packs=UNITS)

    def client() -> bool:
        try:
            shelf.hold()
        except OutOfStock:
            return False
        return True

    assert sum(at_once([client] * CLIENTS)) == UNITS
    assert (shelf.held(), shelf.available()) == (UNITS, 0)
    with database.connect() as connection:
        balance, by_ledger = connection.execute(
            sa.select(
                sa.select(sa.func.sum(stock_lot.c.quantity_milli))
                .where(stock_lot.c.stock_item_id == shelf.item_row)
                .scalar_subquery(),
                sa.select(sa.func.sum(stock_movement_lot.c.delta_milli))
                .select_from(stock_movement_lot.join(stock_lot))
                .where(stock_lot.c.stock_item_id == shelf.item_row)
                .scalar_subquery(),
            )
        ).one()
        events = told(connection, shelf.pharmacy_id)
    assert balance == by_ledger == UNITS * 1000
    held = [event for event in events if isinstance(event, StockHeld)]
    assert [event.available_milli for event in held] == [n * 1000 for n in range(UNITS - 1, -1, -1)]


def test_holds_recalls_and_transfers_at_once_promise_nothing_twice(database):
    shelf = Shelf(database, packs=UNITS)
    with database.begin() as connection:
        neighbour = a_pharmacy(connection)
    line = shelf.line("received", 10)
    shelf.do(
        service.record_movement, shelf.pharmacy_id,
        type(line)(line.kind, line.medicine_id, 10_000, line.occurred_at, lot_number="BAD"),
    )  # fmt: skip

    def hold() -> int:
        try:
            shelf.hold()
        except OutOfStock:
            return 0
        return 1

    def send() -> int:
        asked = shelf.do(
            transfers.propose, neighbour, shelf.pharmacy_id, shelf.medicine_id, 5000, offers=False
        )
        try:
            shelf.do(transfers.send, shelf.pharmacy_id, asked)
        except OutOfStock:
            return 0
        return 5

    def recall() -> int:
        try:
            shelf.do(
                service.recall_lot, shelf.pharmacy_id, shelf.medicine_id, "BAD",
                reason_code="recalled_by_maker",
            )  # fmt: skip
        except Refused:
            return 0
        return 0

    at_once([hold] * 40 + [send] * 6 + [recall] * 2)
    with database.connect() as connection:
        good = connection.execute(
            sa.select(sa.func.sum(stock_lot.c.quantity_milli)).where(
                stock_lot.c.stock_item_id == shelf.item_row, stock_lot.c.recalled_at.is_(None)
            )
        ).scalar_one()
        held = connection.execute(
            sa.text(
                "SELECT COALESCE(SUM(quantity_milli), 0) FROM stock_hold"
                " WHERE stock_item_id = :item AND state = 'held'"
            ),
            {"item": shelf.item_row},
        ).scalar_one()
    assert 0 <= held <= good
    assert shelf.available() == (good - held) // 1000
