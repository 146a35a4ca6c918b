"""On which days a pharmacy was told that an item will run out: `stock_alert_day`.

Such a warning changes what it warns of: the pharmacist orders, colleagues send packs, patients look elsewhere.
A forecast that learns from those days must know them (`models.dataset`).
"""

from collections.abc import Collection
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.base import Uuid

MARK = sa.text(
    "INSERT INTO stock_alert_day (pharmacy_id, medicine_id, day) VALUES (:pharmacy_id, :medicine_id, :day)"
    " ON DUPLICATE KEY UPDATE day = VALUES(day)"
).bindparams(sa.bindparam("pharmacy_id", type_=Uuid), sa.bindparam("medicine_id", type_=Uuid))


def mark(connection: sa.Connection, items: Collection[tuple[UUID, UUID]], day: date) -> None:
    """Keep that those items (pharmacy_id, medicine_id) were told to run out on `day`, in the caller's transaction.

    `day` is the first one the warning was there to be read on. Marked twice, a day is marked once.
    """
    rows = [{"pharmacy_id": at, "medicine_id": what, "day": day} for at, what in sorted(set(items))]
    if rows:
        connection.execute(MARK, rows)
