"""Rows for tests: `a_doctor(connection)` and the like, valid by default, one keyword to differ.

Each writes what it makes and gives its public id, so a test names only what it is about. People are
invented; their addresses end in `.example`.
"""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts import service as accounts
from remedy.schema import hospital as hospital_tables
from remedy.schema import pharmacy as pharmacy_tables
from remedy.schema import prescriptions as prescription_tables
from remedy.schema.people import patient
from remedy.values import Clock, utc_now, uuid7
from remedy.vault import Vault

SECRET_KEY = "a secret key of a test, long enough."
MASTER_KEY = "5a" * 32
PASSWORD = "three small umbrellas"
A_MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Watch:
    """A clock that says what it was set to; calling it does not move it."""

    def __init__(self, now: datetime = A_MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **duration: float) -> None:
        """Let time pass: `watch.wait(minutes=30)`."""
        self.now += timedelta(**duration)


def a_vault(clock: Clock | None = None) -> Vault:
    return Vault(MASTER_KEY, clock=clock or Watch())


def a_pharmacy(connection: sa.Connection, **differs: object) -> UUID:
    public_id = uuid7()
    values = {
        "public_id": public_id,
        "name": "Corner Pharmacy",
        "address": "1 Mill Lane",
        "district": "Harbour",
        "phone": "+39 06 5550 101",
        "licence": f"LIC-{public_id.hex[-8:]}",
        "verified_at": A_MONDAY - timedelta(days=100),
        "latitude": 41.9,
        "longitude": 12.5,
        "time_zone": "Europe/Rome",
    }
    connection.execute(sa.insert(pharmacy_tables.pharmacy).values({**values, **differs}))
    return public_id


def a_medicine(connection: sa.Connection, **differs: object) -> UUID:
    public_id = uuid7()
    values = {
        "public_id": public_id,
        "kind": "product",
        "generic_name": "paracetamol",
        "brand_name": "Calmadol",
        "strength": "500 mg",
        "form": "tablet",
        "pack": "20 tablets",
        "atc_code": "N02BE01",
        "is_prescription_only": False,
        "is_controlled": False,
    }
    connection.execute(sa.insert(pharmacy_tables.medicine).values({**values, **differs}))
    return public_id


def a_hospital(connection: sa.Connection, **differs: object) -> UUID:
    """A hospital at which two or three people may ask for what a hundred would; what a limit does is a test's own."""
    public_id = uuid7()
    values = {
        "public_id": public_id,
        "name": "Hill Hospital",
        "address": "2 Hill Road",
        "phone": "+39 06 5550 200",
        "latitude": 41.91,
        "longitude": 12.49,
        "time_zone": "Europe/Rome",
        "open_requests": 1000,
        "visits_ahead": 1000,
    }
    connection.execute(sa.insert(hospital_tables.hospital).values({**values, **differs}))
    return public_id


def a_doctor(
    connection: sa.Connection,
    *,
    hospital_id: UUID | None = None,
    hours: tuple[tuple[int, time, time], ...] | None = None,
    **differs: object,
) -> UUID:
    """A doctor with hours from nine to five, Monday to Friday; `hours` are (weekday, starts, ends)."""
    public_id = uuid7()
    at = hospital_id or a_hospital(connection)
    values = {
        "public_id": public_id,
        "hospital_id": row_of(connection, hospital_tables.hospital, at),
        "name": "Dr Ekow",
        "speciality": "general practice",
        "visit_minutes": 20,
        "is_active": True,
    }
    connection.execute(sa.insert(hospital_tables.doctor).values({**values, **differs}))
    if hours is None:
        hours = tuple((weekday, time(9), time(17)) for weekday in range(5))
    doctor_row = row_of(connection, hospital_tables.doctor, public_id)
    for weekday, starts, ends in hours:
        connection.execute(
            sa.insert(hospital_tables.doctor_hours).values(
                doctor_id=doctor_row, weekday=weekday, starts=starts, ends=ends
            )
        )
    return public_id


def a_patient(connection: sa.Connection, vault: Vault, *, name: str = "Asha") -> UUID:
    """A patient with a key, without an account (argon2 takes its time)."""
    public_id = uuid7()
    vault.new_key(connection, public_id)
    connection.execute(
        sa.insert(patient).values(
            public_id=public_id,
            name_sealed=vault.seal(connection, public_id, public_id, "name", name),
            email_sealed=vault.seal(
                connection, public_id, public_id, "email", f"{name.lower()}@town.example"
            ),
            created_at=A_MONDAY,
        )
    )
    return public_id


def a_pharmacist(
    connection: sa.Connection,
    pharmacy_id: UUID,
    *,
    name: str = "Chitra",
    is_owner: bool = True,
    clock: Clock = utc_now,
) -> UUID:
    """A pharmacist with an account; the public id of the account."""
    return accounts.create_account(
        connection,
        role="pharmacist",
        email=f"pharmacist-{uuid7().hex[-8:]}@town.example",
        password=PASSWORD,
        secret_key=SECRET_KEY,
        staff_name=name,
        pharmacy_id=pharmacy_id,
        is_owner=is_owner,
        clock=clock,
    )


def an_admin(connection: sa.Connection, *, name: str = "Farah", clock: Clock = utc_now) -> UUID:
    """An admin with an account; the public id of the account."""
    return accounts.create_account(
        connection,
        role="admin",
        email=f"{name.lower()}-{uuid7().hex[-8:]}@town.example",
        password=PASSWORD,
        secret_key=SECRET_KEY,
        staff_name=name,
        clock=clock,
    )


def a_prescription(
    connection: sa.Connection,
    vault: Vault,
    patient_id: UUID,
    medicine_id: UUID,
    *,
    packs: int = 2,
    repeats: int = 0,
    pharmacy_id: UUID | None = None,
    now: datetime = A_MONDAY,
    days: int = 90,
    state: str = "accepted",
    is_as_written: bool = False,
    **differs: object,
) -> UUID:
    """A prescription of one medicine that a pharmacist has accepted; valid for so many days."""
    pharmacy_id = pharmacy_id or a_pharmacy(connection)
    patient_row = row_of(connection, patient, patient_id)
    file_id, public_id = uuid7(), uuid7()
    made = connection.execute(
        sa.insert(prescription_tables.stored_file).values(
            public_id=file_id,
            patient_id=patient_row,
            media_type="image/png",
            name_sealed=vault.seal(connection, patient_id, file_id, "name", "mine.png"),
            page_count=1,
            created_at=now,
        )
    )
    made = connection.execute(
        sa.insert(prescription_tables.prescription).values(
            public_id=public_id,
            patient_id=patient_row,
            pharmacy_id=row_of(connection, pharmacy_tables.pharmacy, pharmacy_id),
            file_id=made.lastrowid,
            state=state,
            version=3,
            uploaded_at=now,
            decided_at=now if state == "accepted" else None,
        )
    )
    values = {
        "public_id": uuid7(),
        "prescription_id": made.lastrowid,
        "medicine_id": row_of(connection, pharmacy_tables.medicine, medicine_id),
        "quantity_milli": packs * 1000,
        "repeats": repeats,
        "allowed_milli": packs * 1000 * (1 + repeats),
        "valid_until": (now + timedelta(days=days - 1)).date(),
        "ends_at": now + timedelta(days=days),
        "is_as_written": is_as_written,
    }
    connection.execute(
        sa.insert(prescription_tables.prescription_line).values({**values, **differs})
    )
    return public_id


def row_of(connection: sa.Connection, table: sa.Table, public_id: UUID) -> int:
    """The row id behind a public id."""
    return connection.execute(
        sa.select(table.c.id).where(table.c.public_id == public_id)
    ).scalar_one()
