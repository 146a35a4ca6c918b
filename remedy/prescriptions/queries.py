"""What pages and orders read of prescriptions. Whose they are stands in every WHERE."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.people import patient
from remedy.schema.pharmacy import medicine
from remedy.schema.prescriptions import (
    prescription,
    prescription_line,
    prescription_substitute,
)


def accepted_quantity(
    connection: sa.Connection, patient_id: UUID, medicine_id: UUID, *, now: datetime
) -> int:
    """Thousandths of packs of a medicine that the patient's prescriptions still allow.

    Of those that were accepted and whose last day is not over, less what orders took. Where a pharmacist
    confirmed the medicine in place of a prescribed one, what that one allows counts.
    """
    rows = connection.execute(lines_allowing(patient_id, medicine_id, now))
    return sum(int(row.left_milli) for row in rows)


def lines_allowing(
    patient_id: UUID, medicine_id: UUID, now: datetime
) -> sa.Select[tuple[Any, ...]]:
    """The patient's lines by which a medicine may be had at that instant, with what each still allows."""
    wanted = sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id).scalar_subquery()
    confirmed = sa.select(prescription_substitute.c.line_id).where(
        prescription_substitute.c.medicine_id == wanted
    )
    return (
        sa.select(
            prescription_line.c.id,
            prescription_line.c.public_id,
            prescription_line.c.prescription_id,
            prescription_line.c.ends_at,
            (prescription_line.c.allowed_milli - prescription_line.c.used_milli).label(
                "left_milli"
            ),
        )
        .select_from(prescription_line.join(prescription).join(patient))
        .where(
            patient.c.public_id == patient_id,
            prescription.c.state == "accepted",
            prescription_line.c.ends_at > now,
            sa.or_(
                prescription_line.c.medicine_id == wanted, prescription_line.c.id.in_(confirmed)
            ),
        )
    )
