"""A shop for tests of orders: a pharmacy with three medicines at a price, two pharmacists, and a patient."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from remedy.gateways.mysql import in_transaction
from remedy.orders import queries, service
from remedy.orders.model import Order
from remedy.stock import queries as stock_queries
from remedy.stock import service as stock
from remedy.stock.model import Line
from tests.factories import Watch, a_medicine, a_patient, a_pharmacist, a_pharmacy, a_vault
from tests.integration.outbox_events import told

STOCK = 400


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
