"""How a change of a prescription is written: its lock, and the event last.

Whoever changes a prescription or its lines raises its version first, which locks its row: it is the topic's key,
so the ids of its events are in commit order, and nobody else changes its lines meanwhile.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy import outbox
from remedy.events.prescriptions import (
    PrescriptionAccepted,
    PrescriptionRefused,
    PrescriptionReleased,
    PrescriptionSubstituted,
    PrescriptionUploaded,
    PrescriptionUsed,
    PrescriptionWithdrawn,
)
from remedy.schema.people import patient
from remedy.schema.pharmacy import pharmacy
from remedy.schema.prescriptions import prescription
from remedy.values import Clock

Told = (
    PrescriptionUploaded
    | PrescriptionWithdrawn
    | PrescriptionAccepted
    | PrescriptionRefused
    | PrescriptionSubstituted
    | PrescriptionUsed
    | PrescriptionReleased
)


def lock(connection: sa.Connection, rows: Collection[int]) -> None:
    """Lock these prescriptions by their row ids, always in that order, and raise their versions."""
    for row in sorted(set(rows)):
        connection.execute(
            sa.update(prescription)
            .where(prescription.c.id == row)
            .values(version=prescription.c.version + 1)
        )


def hold(connection: sa.Connection, patient_id: UUID) -> set[int]:
    """Lock all accepted prescriptions of a patient, in the order of their row ids, and change nothing; those ids."""
    mine = connection.execute(
        sa.select(prescription.c.id)
        .select_from(prescription.join(patient, patient.c.id == prescription.c.patient_id))
        .where(patient.c.public_id == patient_id, prescription.c.state == "accepted")
    ).scalars()
    locked = connection.execute(
        sa.select(prescription.c.id)
        .where(prescription.c.id.in_(mine.all()))
        .order_by(prescription.c.id)
        .with_for_update()
    ).scalars()
    return set(locked)


def facts(connection: sa.Connection, row: int, now: datetime) -> dict[str, Any]:
    """What every event about a prescription says, of that row as it is now."""
    found = connection.execute(
        sa.select(
            prescription.c.public_id,
            prescription.c.version,
            patient.c.public_id.label("patient"),
            pharmacy.c.public_id.label("pharmacy"),
        )
        .select_from(prescription.join(patient).join(pharmacy))
        .where(prescription.c.id == row)
    ).one()
    return {
        "prescription_id": found.public_id,
        "patient_id": found.patient,
        "pharmacy_id": found.pharmacy,
        "version": found.version,
        "occurred_at": now,
    }


def tell(connection: sa.Connection, happened: Told, now: datetime, clock: Clock) -> None:
    """Record the event, last in the transaction."""
    outbox.record_now(connection, happened, happened.prescription_id, now, clock)


def row_of(connection: sa.Connection, prescription_id: UUID) -> int | None:
    """The row id of a prescription; None where there is none."""
    return connection.execute(
        sa.select(prescription.c.id).where(prescription.c.public_id == prescription_id)
    ).scalar_one_or_none()
