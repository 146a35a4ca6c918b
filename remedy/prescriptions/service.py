"""Changes to prescriptions: handed in and taken back by patients; reviewed in `review.py`, used in `uses.py`."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.events.prescriptions import PrescriptionUploaded, PrescriptionWithdrawn
from remedy.files import service as files
from remedy.files.model import Examined
from remedy.prescriptions import writing
from remedy.prescriptions.model import Changed, Refused
from remedy.prescriptions.uses import covered, hand_out, release_use, use
from remedy.schema.people import patient
from remedy.schema.pharmacy import pharmacy
from remedy.schema.prescriptions import prescription, stored_file
from remedy.values import Clock, uuid7
from remedy.vault import Unreadable, Vault

WAITING_AT_MOST = 20
"""Of one patient: more than anybody has, and little enough to bear."""

HANDED_IN_AT_MOST = 40
"""Of one patient in a day and a night: what was taken back at once lies in the store all the same."""

__all__ = ["covered", "hand_out", "release_use", "upload", "use", "withdraw"]


def upload(
    connection: sa.Connection,
    vault: Vault,
    patient_id: UUID,
    pharmacy_id: UUID,
    handed_in: Examined,
    *,
    clock: Clock,
) -> UUID:
    """Hand a prescription in to a pharmacy of the patient's choice; its id.

    Raises:
        Refused: if the pharmacy takes none, too many wait already, or the patient's record was erased.
    """
    now = clock()
    chosen = connection.execute(
        sa.select(pharmacy.c.id).where(
            pharmacy.c.public_id == pharmacy_id, pharmacy.c.verified_at.is_not(None)
        )
    ).scalar_one_or_none()
    if chosen is None:
        raise Refused("This pharmacy takes no prescriptions here; choose another one.")
    patient_row = connection.execute(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id).with_for_update()
    ).scalar_one_or_none()
    if patient_row is None:
        raise Refused("Only a registered patient can hand in a prescription.")
    waiting = connection.execute(
        sa.select(sa.func.count()).where(
            prescription.c.patient_id == patient_row, prescription.c.state == "waiting"
        )
    ).scalar_one()
    if waiting >= WAITING_AT_MOST:
        raise Refused("Many prescriptions of yours wait already; take one back first.")
    lately = connection.execute(
        sa.select(sa.func.count()).where(
            prescription.c.patient_id == patient_row,
            prescription.c.uploaded_at > now - timedelta(days=1),
        )
    ).scalar_one()
    if lately >= HANDED_IN_AT_MOST:
        raise Refused("You have handed in many prescriptions today; go on tomorrow.")
    try:
        file_id = files.keep(connection, vault, patient_id, handed_in, clock=clock)
    except Unreadable:
        raise Refused("Your record was erased; nothing can be written to it.") from None
    prescription_id = uuid7(clock)
    made = connection.execute(
        sa.insert(prescription).values(
            public_id=prescription_id,
            patient_id=patient_row,
            pharmacy_id=chosen,
            file_id=sa.select(stored_file.c.id)
            .where(stored_file.c.public_id == file_id)
            .scalar_subquery(),
            state="waiting",
            version=1,
            uploaded_at=now,
        )
    )
    told = PrescriptionUploaded(**writing.facts(connection, made.lastrowid, now), file_id=file_id)
    writing.tell(connection, told, now, clock)
    return prescription_id


def withdraw(
    connection: sa.Connection, prescription_id: UUID, *, patient_id: UUID, clock: Clock
) -> None:
    """Take one's own prescription back before anybody decided.

    Raises:
        Refused: if it is not this patient's.
        Changed: if it was decided or taken back already.
    """
    now = clock()
    mine = sa.select(patient.c.id).where(patient.c.public_id == patient_id).scalar_subquery()
    row = connection.execute(
        sa.select(prescription.c.id).where(
            prescription.c.public_id == prescription_id, prescription.c.patient_id == mine
        )
    ).scalar_one_or_none()
    if row is None:
        raise Refused("There is no such prescription of yours.")
    done = connection.execute(
        sa.update(prescription)
        .where(prescription.c.id == row, prescription.c.state == "waiting")
        .values(state="withdrawn", version=prescription.c.version + 1, decided_at=now)
    )
    if done.rowcount != 1:
        raise Changed("This prescription was decided already, or taken back.")
    told = PrescriptionWithdrawn(**writing.facts(connection, row, now))
    writing.tell(connection, told, now, clock)
