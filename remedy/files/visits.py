"""Files that patients hand in for a visit, the visit's record in HDFS, and who looked at either."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remedy.files import service
from remedy.files.model import Examined, FileRefused
from remedy.files.service import StoredFile
from remedy.schema.hospital import appointment
from remedy.schema.people import account, patient
from remedy.schema.prescriptions import file_read, stored_file
from remedy.schema.visit_files import (
    appointment_file,
    appointment_record_read,
    out_appointment_record,
)
from remedy.values import Clock
from remedy.vault import Unreadable, Vault

MOST_OF_A_VISIT = 20
MOST_IN_A_DAY = 40
"""Of one patient in a day and a night: more than anybody has, and little enough to bear."""

CLOSED = ("declined", "cancelled", "missed")
"""States of a visit that nobody prepares for any more."""

LOOKS_SHOWN = 50


@dataclass(frozen=True)
class Look:
    """Somebody looked: at a file, or at the record where `file_id` is None.

    `staff_name` is None for the patient.
    """

    read_at: datetime
    role: str
    staff_name: str | None
    file_id: UUID | None


@dataclass(frozen=True)
class FiledRecord:
    """Where a visit's record lies in HDFS, and the SHA-256 of its bytes."""

    version: int
    path: str
    sha256: bytes
    filed_at: datetime


def attach(
    connection: sa.Connection,
    vault: Vault,
    appointment_id: UUID,
    handed_in: Examined,
    *,
    patient_id: UUID,
    clock: Clock,
) -> UUID:
    """Keep a file for one's own visit; its id. The same name twice is two files.

    Raises:
        FileRefused: if it is not this patient's visit, the visit is over, or there are too many files.
    """
    now = clock()
    # Of two uploads of one patient, one after the other: so the limits hold.
    patient_row = connection.execute(
        sa.select(patient.c.id).where(patient.c.public_id == patient_id).with_for_update()
    ).scalar_one_or_none()
    found = connection.execute(
        sa.select(appointment.c.id, appointment.c.state).where(
            appointment.c.public_id == appointment_id, appointment.c.patient_id == patient_row
        )
    ).one_or_none()
    if found is None:
        raise FileRefused("There is no such visit of yours.")
    if found.state in CLOSED:
        raise FileRefused("This visit does not take place; nothing can be handed in for it.")
    there = sa.select(sa.func.count()).select_from(appointment_file)
    of_visit = there.where(appointment_file.c.appointment_id == found.id)
    if connection.execute(of_visit).scalar_one() >= MOST_OF_A_VISIT:
        raise FileRefused("There are 20 files for this visit already; bring the rest with you.")
    lately = there.join(stored_file).where(
        stored_file.c.patient_id == patient_row, stored_file.c.created_at > now - timedelta(days=1)
    )
    if connection.execute(lately).scalar_one() >= MOST_IN_A_DAY:
        raise FileRefused("You have handed in many files today; go on tomorrow.")
    try:
        file_id = service.keep(connection, vault, patient_id, handed_in, clock=clock)
    except Unreadable:
        raise FileRefused("Your record was erased; nothing can be written to it.") from None
    file_row = sa.select(stored_file.c.id).where(stored_file.c.public_id == file_id)
    connection.execute(
        sa.insert(appointment_file).values(
            appointment_id=found.id, file_id=file_row.scalar_subquery()
        )
    )
    return file_id


def files_of(connection: sa.Connection, appointment_id: UUID) -> list[StoredFile]:
    """The files of a visit, the oldest first. Whether who asks may see them is for the caller to know."""
    rows = connection.execute(
        sa.select(
            stored_file.c.public_id,
            patient.c.public_id,
            stored_file.c.media_type,
            stored_file.c.name_sealed,
            stored_file.c.page_count,
            stored_file.c.created_at,
        )
        .select_from(appointment_file.join(stored_file).join(patient).join(appointment, _OF_VISIT))
        .where(appointment.c.public_id == appointment_id)
        .order_by(stored_file.c.id)
    )
    return [StoredFile(*row) for row in rows]


def note_record_read(
    connection: sa.Connection, appointment_id: UUID, account_id: UUID, *, clock: Clock
) -> None:
    """Write down who opens a visit's record; before it is shown."""
    connection.execute(
        sa.insert(appointment_record_read).values(
            appointment_id=sa.select(appointment.c.id)
            .where(appointment.c.public_id == appointment_id)
            .scalar_subquery(),
            account_id=sa.select(account.c.id)
            .where(account.c.public_id == account_id)
            .scalar_subquery(),
            read_at=clock(),
        )
    )


def looks_of(connection: sa.Connection, appointment_id: UUID) -> list[Look]:
    """Who looked at a visit's files and record, the latest first."""
    visit = sa.select(appointment.c.id).where(appointment.c.public_id == appointment_id)
    at_files = (
        sa.select(
            file_read.c.read_at, account.c.role, account.c.staff_name, stored_file.c.public_id
        )
        .select_from(
            file_read.join(account)
            .join(stored_file, stored_file.c.id == file_read.c.file_id)
            .join(appointment_file, appointment_file.c.file_id == stored_file.c.id)
        )
        .where(appointment_file.c.appointment_id == visit.scalar_subquery())
        .order_by(file_read.c.read_at.desc())
        .limit(LOOKS_SHOWN)
    )
    at_record = (
        sa.select(appointment_record_read.c.read_at, account.c.role, account.c.staff_name)
        .select_from(appointment_record_read.join(account))
        .where(appointment_record_read.c.appointment_id == visit.scalar_subquery())
        .order_by(appointment_record_read.c.read_at.desc())
        .limit(LOOKS_SHOWN)
    )
    found = [Look(*row) for row in connection.execute(at_files)]
    found += [Look(*row, None) for row in connection.execute(at_record)]
    return sorted(found, key=lambda look: look.read_at, reverse=True)[:LOOKS_SHOWN]


def record_of(connection: sa.Connection, appointment_id: UUID) -> FiledRecord | None:
    """Where a visit's record lies; None while it is not filed yet."""
    row = connection.execute(
        sa.select(
            out_appointment_record.c.version,
            out_appointment_record.c.path,
            out_appointment_record.c.sha256,
            out_appointment_record.c.filed_at,
        ).where(out_appointment_record.c.appointment_id == appointment_id)
    ).one_or_none()
    return None if row is None else FiledRecord(row[0], row[1], bytes(row[2]), row[3])


_OF_VISIT = appointment.c.id == appointment_file.c.appointment_id
