"""Tells the town's orders: some that were collected or brought, and today's, which wait in every state."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import sqlalchemy as sa

from remedy.orders import service
from remedy.orders.model import Way
from remedy.schema.orders import pharmacy_order
from remedy.schema.pharmacy import medicine, pharmacy
from remedy.stock.queries import stock_rows
from remedy.town import cast
from remedy.town.counter import pharmacist_of
from remedy.town.demand import SEED
from remedy.values import MILLI, at_that
from remedy.vault import Vault

SHOPS = 6
"""So many of the town's pharmacies, those with the most customers, have orders."""

DAYS_BEFORE = 7
OLD_A_DAY = 3
TODAY = ("collected", "placed", "ready", "picking", "placed", "cancelled")
PLENTY_MILLI = 12 * MILLI
"""What is left over of a medicine that an order may take of."""

STEPS: dict[tuple[str, Way], tuple[str, ...]] = {
    ("collected", "pickup"): ("picking", "ready", "collected"),
    ("collected", "delivery"): ("picking", "out", "delivered"),
    ("ready", "pickup"): ("picking", "ready"),
    ("ready", "delivery"): ("picking", "out"),
    ("picking", "pickup"): ("picking",),
    ("picking", "delivery"): ("picking",),
}


@dataclass(frozen=True)
class Bought:
    """An order that is to be told: when it was placed, and how far it came."""

    at: datetime
    number: int
    fate: str


def bought(size: cast.Size, now: datetime) -> list[list[Bought]]:
    """The orders of a pharmacy of a town built at `now`: those of the days before, in a large town, then today's."""
    days = []
    if size.is_full:
        for age in range(DAYS_BEFORE, 0, -1):
            begin = now - timedelta(days=age, hours=3)
            days.append(
                [
                    Bought(begin + timedelta(minutes=40 * place), age * 10 + place, "collected")
                    for place in range(OLD_A_DAY)
                ]
            )
    step = timedelta(minutes=110) / len(TODAY)
    begin = now - timedelta(minutes=150)
    days.append([Bought(begin + step * place, place, fate) for place, fate in enumerate(TODAY)])
    return days


@dataclass(frozen=True)
class Shoppers:
    """What is needed to tell orders: where, who orders, what bringing one costs."""

    vault: Vault
    pharmacies: dict[str, UUID]
    patients: tuple[UUID, ...]
    currency: str
    fee_minor: int

    def tell(self, connection: sa.Connection, licence: str, orders: list[Bought]) -> None:
        """Place them and take them as far as they came, unless that was told before."""
        pharmacy_id = self.pharmacies[licence]
        if not orders or self._is_told(connection, pharmacy_id, orders):
            return
        picker = pharmacist_of(connection, pharmacy_id)
        for one in orders:
            self._tell(connection, licence, pharmacy_id, picker, one)

    def _is_told(self, connection: sa.Connection, pharmacy_id: UUID, orders: list[Bought]) -> bool:
        found = connection.execute(
            sa.select(pharmacy_order.c.id)
            .select_from(pharmacy_order.join(pharmacy))
            .where(
                pharmacy.c.public_id == pharmacy_id,
                pharmacy_order.c.placed_at.between(orders[0].at, orders[-1].at),
            )
            .limit(1)
        )
        return found.first() is not None

    def _tell(
        self,
        connection: sa.Connection,
        licence: str,
        pharmacy_id: UUID,
        picker: UUID,
        one: Bought,
    ) -> None:
        random = Random(f"{SEED} order {licence} {one.number}")  # noqa: S311 - a story, not a secret
        wanted = self._chosen(connection, pharmacy_id, one.at, random)
        if not wanted:
            return
        way: Way = "delivery" if one.number % 3 == 2 else "pickup"
        patient_id = random.choice(self.patients)
        order_id = service.place(
            connection,
            self.vault,
            patient_id=patient_id,
            pharmacy_id=pharmacy_id,
            wanted=wanted,
            way=way,
            payment="cash",
            address=f"{random.randrange(1, 90)} Mill Lane",
            fee_minor=self.fee_minor,
            currency=self.currency,
            clock=at_that(one.at),
        )
        if one.fate == "cancelled":
            later = at_that(one.at + timedelta(minutes=6))
            service.cancel_own(connection, order_id, patient_id=patient_id, clock=later)
        for version, (to, at) in enumerate(self._steps(one, way), 1):
            service.step(
                connection, order_id, to, pharmacy_id=pharmacy_id, version=version,
                account_id=picker, clock=at_that(at),
            )  # fmt: skip

    def _steps(self, one: Bought, way: Way) -> Iterator[tuple[str, datetime]]:
        for place, to in enumerate(STEPS.get((one.fate, way), ()), 1):
            yield to, one.at + timedelta(minutes=9 * place)

    def _chosen(
        self, connection: sa.Connection, pharmacy_id: UUID, at: datetime, random: Random
    ) -> dict[UUID, int]:
        """Two medicines, one in a small shop, of which there is plenty and that need no prescription."""
        free = set(
            connection.execute(
                sa.select(medicine.c.public_id).where(
                    sa.not_(medicine.c.is_prescription_only), sa.not_(medicine.c.is_controlled)
                )
            ).scalars()
        )
        rows = [
            row.medicine_id
            for row in stock_rows(connection, pharmacy_id, now=at)
            if row.medicine_id in free
            and row.price_minor is not None
            and row.available_milli >= PLENTY_MILLI
        ]
        chosen = random.sample(rows, min(2, len(rows)))
        return {medicine_id: random.choice((1, 1, 2)) * MILLI for medicine_id in chosen}
