"""Patients who asked to be told when a medicine is to be had again.

What is due is read from the stock itself, whoever changed it; who is due is owed a mail (`remedy.owed`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy import owed
from remedy.catalogue.queries import day_at_pharmacy
from remedy.schema.people import patient
from remedy.schema.pharmacy import medicine, medicine_watch, pharmacy, stock_item
from remedy.stock.labels import LABEL, label_of
from remedy.stock.queries import held_milli, sellable_milli
from remedy.values import Clock

SHOWN = 50
KEPT = timedelta(days=180)
"""Who waited longer is not written to any more: the need is likely to be past."""

KEPT_TOLD = timedelta(days=30)
"""How long a patient still reads what they were told of."""


@dataclass(frozen=True)
class Watch:
    """A medicine a patient waits for; `told_at` once the patient was told, `is_back` as it is now."""

    medicine_id: UUID
    label: str
    asked_at: datetime
    told_at: datetime | None
    is_back: bool


@dataclass(frozen=True)
class Due:
    """Somebody who is to be told now."""

    patient_id: UUID
    medicine_id: UUID


def watch(connection: sa.Connection, patient_id: UUID, medicine_id: UUID, *, clock: Clock) -> None:
    """Have a patient told once a verified pharmacy has the medicine; asking again is asking anew.

    Raises:
        LookupError: if there is no such patient or medicine.
    """
    statement = insert(medicine_watch).from_select(
        ["patient_id", "medicine_id", "asked_at", "told_at"],
        sa.select(
            patient.c.id,
            medicine.c.id,
            sa.literal(clock(), type_=medicine_watch.c.asked_at.type),
            sa.null(),
        )
        .select_from(patient.join(medicine, medicine.c.public_id == medicine_id))
        .where(patient.c.public_id == patient_id),
    )
    done = connection.execute(
        statement.on_duplicate_key_update(
            asked_at=statement.inserted.asked_at, told_at=statement.inserted.told_at
        )
    )
    if not done.rowcount:
        raise LookupError("There is no such patient or medicine.")


def unwatch(connection: sa.Connection, patient_id: UUID, medicine_id: UUID) -> None:
    """The patient waits no longer; nothing happens where they did not."""
    connection.execute(sa.delete(medicine_watch).where(_is(patient_id, medicine_id)))


def watches_of(connection: sa.Connection, patient_id: UUID, *, now: datetime) -> list[Watch]:
    """What a patient waits for, the latest first."""
    rows = connection.execute(
        sa.select(
            medicine.c.public_id,
            *LABEL,
            medicine_watch.c.asked_at,
            medicine_watch.c.told_at,
            _is_back(connection, now).label("is_back"),
        )
        .select_from(medicine_watch)
        .join(medicine, medicine.c.id == medicine_watch.c.medicine_id)
        .join(patient, patient.c.id == medicine_watch.c.patient_id)
        .where(patient.c.public_id == patient_id)
        .order_by(medicine_watch.c.asked_at.desc(), medicine.c.id)
        .limit(SHOWN)
    )
    return [
        Watch(row[0], label_of(row), row.asked_at, row.told_at, bool(row.is_back)) for row in rows
    ]


def is_watching(connection: sa.Connection, patient_id: UUID, medicine_id: UUID) -> bool:
    """Whether the patient waits to be told of that medicine."""
    query = sa.select(medicine_watch.c.told_at).where(
        _is(patient_id, medicine_id), medicine_watch.c.told_at.is_(None)
    )
    return connection.execute(query).first() is not None


def due(connection: sa.Connection, *, now: datetime, limit: int = 50) -> list[Due]:
    """Who waits for a medicine that a verified pharmacy has now, who waited longest first."""
    rows = connection.execute(
        sa.select(patient.c.public_id, medicine.c.public_id)
        .select_from(medicine_watch)
        .join(medicine, medicine.c.id == medicine_watch.c.medicine_id)
        .join(patient, patient.c.id == medicine_watch.c.patient_id)
        .where(
            medicine_watch.c.told_at.is_(None),
            _is_back(connection, now),
        )
        .order_by(medicine_watch.c.asked_at)
        .limit(limit)
    )
    return [Due(*row) for row in rows]


def tell(connection: sa.Connection, one: Due, *, now: datetime) -> bool:
    """Owe the patient the mail, once; whether nobody had."""
    done = connection.execute(
        sa.update(medicine_watch)
        .where(_is(one.patient_id, one.medicine_id), medicine_watch.c.told_at.is_(None))
        .values(told_at=now)
    )
    if done.rowcount != 1:
        return False
    owed.owe(connection, "medicine_back", one.medicine_id, one.patient_id, now=now)
    return True


def forget_old(connection: sa.Connection, *, now: datetime) -> None:
    """Delete what nobody waits for any more: who waited for what is kept no longer than it helps them."""
    columns = medicine_watch.c
    is_old = (columns.asked_at <= now - KEPT) | (columns.told_at <= now - KEPT_TOLD)
    connection.execute(sa.delete(medicine_watch).where(is_old))


def _is(patient_id: UUID, medicine_id: UUID) -> sa.ColumnElement[bool]:
    who = sa.select(patient.c.id).where(patient.c.public_id == patient_id)
    what = sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id)
    return (medicine_watch.c.patient_id == who.scalar_subquery()) & (
        medicine_watch.c.medicine_id == what.scalar_subquery()
    )


def _is_back(connection: sa.Connection, now: datetime) -> sa.ColumnElement[bool]:
    """SQL: a verified pharmacy has some of the watched medicine."""
    day = day_at_pharmacy(connection, now)
    if day is None:
        return sa.false()
    return sa.exists(
        sa.select(stock_item.c.id)
        .join_from(stock_item, pharmacy)
        .where(
            stock_item.c.medicine_id == medicine_watch.c.medicine_id,
            pharmacy.c.verified_at.is_not(None),
            sellable_milli(stock_item.c.id, day) > held_milli(stock_item.c.id, now),
        )
        .correlate(medicine_watch)
    )
