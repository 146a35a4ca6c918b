"""Orders of the living town: placed for what needs no prescription; picked, readied and handed out by its pharmacists.

Nothing is remembered here: what is due is read from the orders themselves, so that a town that was off goes on with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.orders import service
from remedy.orders.model import ON_THE_SHELF, OPEN, STEPS, Way
from remedy.region import Region
from remedy.schema.orders import pharmacy_order
from remedy.schema.people import account, patient
from remedy.schema.pharmacy import pharmacy
from remedy.values import MILLI, Clock
from remedy.vault import Vault

THEIR_OWN = 2
"""The first patients of the town (Asha and Ben) order and collect for themselves: who tries the pages is one of them."""

OPEN_AT_MOST = 60
"""With so many open orders nobody orders more."""

MINUTES: dict[str, int] = {"placed": 3, "picking": 5, "ready": 15, "out": 20}
"""How long an order stays in each state at least; up to three times as long, by its number."""


@dataclass(frozen=True)
class Counter:
    """Who orders where, and what bringing an order costs (None: nothing is brought)."""

    vault: Vault
    pharmacies: Sequence[UUID]
    patients: Sequence[UUID]
    region: Region

    def order(
        self,
        connection: sa.Connection,
        pharmacy_id: UUID,
        medicine_id: UUID,
        *,
        random: Random,
        clock: Clock,
    ) -> None:
        """Somebody orders a pack or two of a medicine, unless many orders are open.

        Raises:
            Refused: if it is not there, has no price or needs a prescription.
        """
        if len(self._open(connection)) >= OPEN_AT_MOST:
            return
        fee = self.region.delivery_fee_minor
        way: Way = "delivery" if fee is not None and random.random() < 0.25 else "pickup"
        service.place(
            connection,
            self.vault,
            patient_id=random.choice(self.patients[THEIR_OWN:]),
            pharmacy_id=pharmacy_id,
            wanted={medicine_id: random.choice((1, 1, 2)) * MILLI},
            way=way,
            payment="cash",
            address=f"{random.randrange(1, 90)} Mill Lane",
            fee_minor=fee or 0,
            currency=self.region.currency,
            clock=clock,
        )

    def serve(self, connection: sa.Connection, *, clock: Clock) -> str | None:
        """Take the order that has waited longest of those that are due a step on; which step it was.

        Raises:
            Refused: if somebody was faster.
        """
        now = clock()
        due = [row for row in self._open(connection) if _due_at(row) <= now]
        for row in due:
            if row.state in ON_THE_SHELF and row.expires_at <= now:
                continue
            to = next(
                to
                for to, (origin, way) in STEPS.items()
                if origin == row.state and way in {None, row.way}
            )
            service.step(
                connection, row.public_id, to, pharmacy_id=row.pharmacy_id, version=row.version,
                account_id=pharmacist_of(connection, row.pharmacy_id), clock=clock,
            )  # fmt: skip
            return to
        return None

    def _open(self, connection: sa.Connection) -> Sequence[Any]:
        """The town's open orders, the one that has stood longest first."""
        columns = pharmacy_order.c
        return connection.execute(
            sa.select(
                columns.id, columns.public_id, columns.state, columns.version, columns.way,
                columns.changed_at, columns.expires_at, pharmacy.c.public_id.label("pharmacy_id"),
            )
            .select_from(pharmacy_order.join(pharmacy).join(patient))
            .where(
                columns.state.in_(OPEN),
                columns.payment == "cash",
                pharmacy.c.public_id.in_(self.pharmacies),
                patient.c.public_id.in_(self.patients[THEIR_OWN:]),
            )
            .order_by(columns.changed_at, columns.id)
        ).all()  # fmt: skip


def _due_at(row: Any) -> datetime:
    at: datetime = row.changed_at + timedelta(minutes=MINUTES[row.state] * (1 + row.id % 3))
    return at


def pharmacist_of(connection: sa.Connection, pharmacy_id: UUID) -> UUID:
    """The account of a pharmacy's first pharmacist, who does what the town does at its counter."""
    found: UUID = connection.execute(
        sa.select(account.c.public_id)
        .select_from(account.join(pharmacy, pharmacy.c.id == account.c.pharmacy_id))
        .where(pharmacy.c.public_id == pharmacy_id)
        .order_by(account.c.id)
        .limit(1)
    ).scalar_one()
    return found
