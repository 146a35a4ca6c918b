"""What a patient told about allergies: each substance sealed, and whether the question was answered at all."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from remedy.prescriptions.model import Refused
from remedy.schema.people import patient
from remedy.schema.prescriptions import allergy_answer, patient_allergy
from remedy.values import Clock, uuid7
from remedy.vault import Unreadable, Vault

SUBSTANCE = "substance"
SUBSTANCE_AT_MOST = 80
ALLERGIES_AT_MOST = 50


@dataclass(frozen=True)
class Allergy:
    """One substance a patient does not bear, in the patient's words."""

    allergy_id: UUID
    substance: str


@dataclass(frozen=True)
class Allergies:
    """What a patient told. Not answered is not the same as none."""

    is_answered: bool
    told: tuple[Allergy, ...]


def allergies_of(connection: sa.Connection, vault: Vault, patient_id: UUID) -> Allergies:
    """What a patient told about allergies.

    Raises:
        Unreadable: if the patient's key was erased.
    """
    row = _row(connection, patient_id)
    rows = connection.execute(
        sa.select(patient_allergy.c.public_id, patient_allergy.c.substance_sealed)
        .where(patient_allergy.c.patient_id == row)
        .order_by(patient_allergy.c.id)
    ).all()
    is_answered = connection.execute(
        sa.select(sa.func.count()).where(allergy_answer.c.patient_id == row)
    ).scalar_one()
    return Allergies(
        bool(is_answered),
        tuple(
            Allergy(
                one.public_id,
                vault.open(connection, patient_id, one.public_id, SUBSTANCE, one.substance_sealed),
            )
            for one in rows
        ),
    )


def add_allergy(
    connection: sa.Connection, vault: Vault, patient_id: UUID, substance: str, *, clock: Clock
) -> None:
    """Note one substance; the same one twice is noted once.

    Raises:
        Refused: if it is empty or too long, there are too many, or the record was erased.
    """
    told = " ".join(substance.split())
    if not told or len(told) > SUBSTANCE_AT_MOST:
        raise Refused("Write what you do not bear, in at most 80 letters.")
    row = _row(connection, patient_id, locking=True)
    try:
        known = allergies_of(connection, vault, patient_id).told
        if any(one.substance.casefold() == told.casefold() for one in known):
            return
        if len(known) >= ALLERGIES_AT_MOST:
            raise Refused("At most 50 allergies can be noted here; tell the pharmacist the others.")
        allergy_id = uuid7(clock)
        sealed = vault.seal(connection, patient_id, allergy_id, SUBSTANCE, told)
    except Unreadable:
        raise Refused("Your record was erased; nothing can be written to it.") from None
    connection.execute(
        sa.insert(patient_allergy).values(
            public_id=allergy_id, patient_id=row, substance_sealed=sealed, told_at=clock()
        )
    )
    _answered(connection, row, clock)


def remove_allergy(connection: sa.Connection, patient_id: UUID, allergy_id: UUID) -> bool:
    """Take one's own substance out; False where there is none of that id. The question stays answered."""
    row = _row(connection, patient_id, locking=True)
    done = connection.execute(
        sa.delete(patient_allergy).where(
            patient_allergy.c.patient_id == row, patient_allergy.c.public_id == allergy_id
        )
    )
    return done.rowcount == 1


def has_none(connection: sa.Connection, patient_id: UUID, *, clock: Clock) -> None:
    """The patient says: no allergy that I know of.

    Raises:
        Refused: while some are noted.
    """
    row = _row(connection, patient_id, locking=True)
    noted = connection.execute(
        sa.select(sa.func.count()).where(patient_allergy.c.patient_id == row)
    ).scalar_one()
    if noted:
        raise Refused("Remove what is noted first.")
    _answered(connection, row, clock)


def _answered(connection: sa.Connection, row: int, clock: Clock) -> None:
    there = connection.execute(
        sa.update(allergy_answer)
        .where(allergy_answer.c.patient_id == row)
        .values(answered_at=clock())
    )
    if there.rowcount != 1:
        connection.execute(sa.insert(allergy_answer).values(patient_id=row, answered_at=clock()))


def _row(connection: sa.Connection, patient_id: UUID, *, locking: bool = False) -> int:
    wanted = sa.select(patient.c.id).where(patient.c.public_id == patient_id)
    return int(connection.execute(wanted.with_for_update() if locking else wanted).scalar_one())
