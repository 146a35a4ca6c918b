"""What the search pages read beside the catalogue: a patient's own holds; what an order set aside is not among them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.people import patient
from remedy.schema.pharmacy import medicine, pharmacy, stock_hold, stock_item
from remedy.stock.model import medicine_label

HOLDS_SHOWN = 50


@dataclass(frozen=True)
class OwnHold:
    """Packs a patient had set aside; `is_suspended`: by a pharmacy that may not hand anything out now."""

    hold_id: UUID
    label: str
    medicine_id: UUID
    pharmacy_name: str
    pharmacy_address: str
    time_zone: str
    quantity_milli: int
    state: str
    expires_at: datetime
    is_suspended: bool

    def is_waiting(self, now: datetime) -> bool:
        """Whether the packs are still set aside."""
        return self.state == "held" and self.expires_at > now


def holds_of(connection: sa.Connection, patient_id: UUID) -> list[OwnHold]:
    """A patient's holds, the latest first."""
    rows = connection.execute(
        sa.select(
            stock_hold.c.public_id,
            medicine.c.generic_name,
            medicine.c.brand_name,
            medicine.c.strength,
            medicine.c.form,
            medicine.c.pack,
            medicine.c.public_id.label("medicine_id"),
            pharmacy.c.name,
            pharmacy.c.address,
            pharmacy.c.time_zone,
            stock_hold.c.quantity_milli,
            stock_hold.c.state,
            stock_hold.c.expires_at,
            pharmacy.c.suspended_at.is_not(None),
        )
        .select_from(stock_hold)
        .join(patient, patient.c.id == stock_hold.c.patient_id)
        .join(stock_item, stock_item.c.id == stock_hold.c.stock_item_id)
        .join(medicine, medicine.c.id == stock_item.c.medicine_id)
        .join(pharmacy, pharmacy.c.id == stock_item.c.pharmacy_id)
        .where(patient.c.public_id == patient_id, stock_hold.c.order_id.is_(None))
        .order_by(stock_hold.c.id.desc())
        .limit(HOLDS_SHOWN)
    )
    return [_own_hold(*row) for row in rows]


def _own_hold(hold_id: UUID, *rest: Any) -> OwnHold:
    return OwnHold(hold_id, medicine_label(*rest[:5]), *rest[5:])
