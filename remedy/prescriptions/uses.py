"""What holds and orders take of prescriptions and give back; never more than was prescribed, however many ask at once.

A use names what took it by its public id, an order's or a hold's: `order_id`.

Called through `remedy.prescriptions.service`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.events.prescriptions import PrescriptionReleased, PrescriptionUsed
from remedy.prescriptions import writing
from remedy.prescriptions.model import (
    NeedsPrescription,
    Refused,
    UnknownMedicine,
    too_little,
)
from remedy.prescriptions.queries import accepted_quantity, lines_allowing
from remedy.schema.pharmacy import medicine
from remedy.schema.prescriptions import prescription_line, prescription_use
from remedy.values import Clock


def covered(
    connection: sa.Connection, patient_id: UUID, wanted: Mapping[UUID, int], *, now: datetime
) -> list[UUID]:
    """Those of what is wanted (thousandths of a pack by medicine) that are on prescription only.

    The one rule of holds and orders. It locks nothing: `use` takes each of them afterwards, and decides.

    Raises:
        NeedsPrescription: if of any the patient's accepted prescriptions allow less.
    """
    found = list(
        connection.execute(
            sa.select(medicine.c.public_id)
            .where(medicine.c.public_id.in_(list(wanted)), medicine.c.is_prescription_only)
            .order_by(medicine.c.id)
        ).scalars()
    )
    lacking = [
        each
        for each in found
        if accepted_quantity(connection, patient_id, each, now=now) < wanted[each]
    ]
    if lacking:
        raise NeedsPrescription(lacking)
    return found


def use(
    connection: sa.Connection,
    patient_id: UUID,
    medicine_id: UUID,
    quantity_milli: int,
    order_id: UUID,
    *,
    clock: Clock,
) -> None:
    """Take what an order or a hold wants of a medicine from the patient's accepted prescriptions.

    What ends first is used first. Locks the prescriptions until commit; call it before the pharmacy's counter
    is locked.

    Raises:
        Refused: when less is allowed; nothing was taken then.
        UnknownMedicine: if no medicine has that id.
    """
    if quantity_milli <= 0:
        raise Refused("Ask for more than 0 packs.")
    now = clock()
    medicine_row = connection.execute(
        sa.select(medicine.c.id).where(medicine.c.public_id == medicine_id)
    ).scalar_one_or_none()
    if medicine_row is None:
        raise UnknownMedicine()
    # All of the patient's, whatever medicine: an order takes several, each by a call of its own, and two that took
    # them one after the other in another order would wait for each other.
    locked = writing.hold(connection, patient_id)
    # Read only now: what was left may have been taken while we waited.
    wanted = lines_allowing(patient_id, medicine_id, now)
    lines = [row for row in connection.execute(wanted) if row.prescription_id in locked]
    allowed = sum(row.left_milli for row in lines)
    if allowed < quantity_milli:
        raise Refused(too_little(allowed))
    rest = quantity_milli
    for line in sorted(lines, key=lambda row: (row.ends_at, row.id)):
        taken = min(rest, int(line.left_milli))
        if taken > 0:
            writing.lock(connection, [line.prescription_id])
            _take(connection, line, medicine_row, taken, order_id, now)
            _tell_use(connection, PrescriptionUsed, line, medicine_id, order_id, taken, now, clock)
            rest -= taken


def release_use(connection: sa.Connection, order_id: UUID, *, clock: Clock) -> int:
    """Give back what an order or a hold took and was not handed out; thousandths of a pack. Doing it twice changes nothing."""
    now = clock()
    mine = (
        sa.select(
            prescription_use.c.id.label("use_id"),
            prescription_use.c.quantity_milli,
            prescription_line.c.id,
            prescription_line.c.public_id,
            prescription_line.c.prescription_id,
            medicine.c.public_id.label("medicine_public_id"),
        )
        .select_from(
            prescription_use.join(
                prescription_line, prescription_line.c.id == prescription_use.c.line_id
            ).join(medicine, medicine.c.id == prescription_use.c.medicine_id)
        )
        .where(
            prescription_use.c.order_id == order_id,
            prescription_use.c.released_at.is_(None),
            prescription_use.c.handed_out_at.is_(None),
        )
        .order_by(prescription_use.c.id)
    )
    writing.lock(connection, [row.prescription_id for row in connection.execute(mine)])
    # Read again: another may have given it back while we waited.
    given = 0
    for row in connection.execute(mine).all():
        connection.execute(
            sa.update(prescription_use)
            .where(prescription_use.c.id == row.use_id)
            .values(released_at=now)
        )
        connection.execute(
            sa.update(prescription_line)
            .where(prescription_line.c.id == row.id)
            .values(used_milli=prescription_line.c.used_milli - row.quantity_milli)
        )
        _tell_use(
            connection, PrescriptionReleased, row, row.medicine_public_id, order_id,
            row.quantity_milli, now, clock,
        )  # fmt: skip
        given += int(row.quantity_milli)
    return given


def hand_out(connection: sa.Connection, order_id: UUID, *, clock: Clock) -> None:
    """Note that what an order or a hold took was handed to the patient: from then on it lasts for so many days.

    Call it when that is collected or delivered. Doing it twice changes nothing.
    """
    connection.execute(
        sa.update(prescription_use)
        .where(
            prescription_use.c.order_id == order_id,
            prescription_use.c.released_at.is_(None),
            prescription_use.c.handed_out_at.is_(None),
        )
        .values(handed_out_at=clock())
    )


def _take(
    connection: sa.Connection,
    line: Any,
    medicine_row: int,
    taken_milli: int,
    order_id: UUID,
    now: datetime,
) -> None:
    done = connection.execute(
        sa.update(prescription_line)
        .where(
            prescription_line.c.id == line.id,
            prescription_line.c.used_milli + taken_milli <= prescription_line.c.allowed_milli,
        )
        .values(used_milli=prescription_line.c.used_milli + taken_milli)
    )
    if done.rowcount != 1:
        raise Refused(too_little(0))
    connection.execute(
        sa.insert(prescription_use).values(
            line_id=line.id,
            medicine_id=medicine_row,
            order_id=order_id,
            quantity_milli=taken_milli,
            used_at=now,
        )
    )


def _tell_use(
    connection: sa.Connection,
    kind: type[PrescriptionUsed] | type[PrescriptionReleased],
    line: Any,
    medicine_id: UUID,
    order_id: UUID,
    quantity_milli: int,
    now: datetime,
    clock: Clock,
) -> None:
    used = connection.execute(
        sa.select(prescription_line.c.used_milli).where(prescription_line.c.id == line.id)
    ).scalar_one()
    told = kind(
        **writing.facts(connection, line.prescription_id, now),
        line_id=line.public_id,
        medicine_id=medicine_id,
        order_id=order_id,
        quantity_milli=quantity_milli,
        used_milli=int(used),
    )
    writing.tell(connection, told, now, clock)
