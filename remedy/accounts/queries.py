"""What pages read about people: who an account is, how a patient is reached."""

from uuid import UUID

import sqlalchemy as sa

from remedy.accounts.model import Contact, Person, Refused
from remedy.schema.hospital import doctor
from remedy.schema.people import account, patient
from remedy.schema.pharmacy import pharmacy
from remedy.vault import Unreadable, Vault


def person_of(connection: sa.Connection, account_row: int, vault: Vault | None = None) -> Person:
    """Who the account of that row id is; a patient's name is read only with a vault at hand."""
    found = connection.execute(
        sa.select(
            account.c.public_id,
            account.c.role,
            account.c.staff_name,
            account.c.is_owner,
            pharmacy.c.suspended_reason,
            patient.c.public_id.label("patient_id"),
            pharmacy.c.public_id.label("pharmacy_id"),
            doctor.c.public_id.label("doctor_id"),
        )
        .select_from(
            account.outerjoin(patient, patient.c.id == account.c.patient_id)
            .outerjoin(pharmacy, pharmacy.c.id == account.c.pharmacy_id)
            .outerjoin(doctor, doctor.c.id == account.c.doctor_id)
        )
        .where(account.c.id == account_row)
    ).one()
    name = found.staff_name or ""
    if found.patient_id is not None and vault is not None:
        reached = contact(connection, vault, found.patient_id)
        name = reached.name if reached else ""
    return Person(
        found.public_id, found.role, found.patient_id, found.pharmacy_id, found.doctor_id, name,
        is_owner=bool(found.is_owner), suspended_because=found.suspended_reason or "",
    )  # fmt: skip


def contact(connection: sa.Connection, vault: Vault, patient_id: UUID) -> Contact | None:
    """A patient's name, e-mail address and telephone; None when they were erased."""
    found = connection.execute(
        sa.select(patient.c.name_sealed, patient.c.email_sealed, patient.c.phone_sealed).where(
            patient.c.public_id == patient_id
        )
    ).one_or_none()
    if found is None:
        return None

    def opened(field: str, token: str) -> str:
        return vault.open(connection, patient_id, patient_id, field, token)

    try:
        return Contact(
            name=opened("name", found.name_sealed),
            email=opened("email", found.email_sealed),
            phone=opened("phone", found.phone_sealed) if found.phone_sealed else None,
        )
    except Unreadable:
        return None


def staff_name(connection: sa.Connection, account_id: UUID) -> str | None:
    """The name a member of staff signs with."""
    return connection.execute(
        sa.select(account.c.staff_name).where(account.c.public_id == account_id)
    ).scalar()


def row_of(connection: sa.Connection, table: sa.Table, public_id: UUID | None) -> int | None:
    """The row id behind a public id; None for None.

    Raises:
        Refused: if there is no such row.
    """
    if public_id is None:
        return None
    found = connection.execute(sa.select(table.c.id).where(table.c.public_id == public_id)).scalar()
    if found is None:
        raise Refused(f"There is no such {table.name}.")
    return int(found)


def admins(connection: sa.Connection) -> list[UUID]:
    """The accounts of the admins there are now."""
    rows = connection.execute(
        sa.select(account.c.public_id)
        .where(account.c.role == "admin", account.c.is_active)
        .order_by(account.c.id)
    )
    return list(rows.scalars())


def staff_email(connection: sa.Connection, account_id: UUID) -> str | None:
    """Where a member of staff is written to; None where the account was closed."""
    return connection.execute(
        sa.select(account.c.staff_email).where(
            account.c.public_id == account_id, account.c.is_active
        )
    ).scalar()
