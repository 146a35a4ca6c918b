"""Keeping what patients hand in: encrypted with the patient's key, in MySQL until it lies in HDFS.

The row and the bytes are one transaction with whatever they are for; `remedy.pipeline.file_moves` takes the bytes
on to HDFS later. Readers take whichever holds them.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from remedy.files.model import Examined
from remedy.schema.people import account, patient
from remedy.schema.prescriptions import file_read, file_spool, file_spool_part, stored_file
from remedy.values import Clock, uuid7
from remedy.vault import Vault

PART_BYTES = 512 * 1024
"""Of one row of the spool: no statement is longer than any server takes."""

CONTENT, NAME = "content", "name"
"""The fields its bytes and its name are sealed for."""


@dataclass(frozen=True)
class StoredFile:
    """A file that was handed in, without its bytes."""

    file_id: UUID
    patient_id: UUID
    media_type: str
    name_sealed: str
    page_count: int
    created_at: datetime


def keep(
    connection: sa.Connection,
    vault: Vault,
    patient_id: UUID,
    handed_in: Examined,
    *,
    clock: Clock,
) -> UUID:
    """Encrypt a file and keep it, in the caller's transaction; its id. The same name twice is two files.

    Raises:
        Unreadable: if the patient's key was erased.
    """
    now, file_id = clock(), uuid7(clock)
    sealed = vault.seal_bytes(connection, patient_id, file_id, CONTENT, handed_in.content)
    row = sa.select(patient.c.id).where(patient.c.public_id == patient_id).scalar_subquery()
    connection.execute(
        sa.insert(stored_file).values(
            public_id=file_id,
            patient_id=row,
            media_type=handed_in.media_type,
            name_sealed=vault.seal(connection, patient_id, file_id, NAME, handed_in.name),
            page_count=handed_in.page_count,
            created_at=now,
        )
    )
    connection.execute(
        sa.insert(file_spool).values(
            file_public_id=file_id,
            sealed_bytes=len(sealed),
            sealed_sha256=hashlib.sha256(sealed).digest(),
            created_at=now,
        )
    )
    for part, start in enumerate(range(0, len(sealed), PART_BYTES)):
        connection.execute(
            sa.insert(file_spool_part).values(
                file_public_id=file_id, part=part, content=sealed[start : start + PART_BYTES]
            )
        )
    return file_id


def stored(connection: sa.Connection, file_id: UUID) -> StoredFile | None:
    """A file of that id. Whether who asks may see it is for the caller to know."""
    row = connection.execute(
        sa.select(
            stored_file.c.public_id,
            patient.c.public_id,
            stored_file.c.media_type,
            stored_file.c.name_sealed,
            stored_file.c.page_count,
            stored_file.c.created_at,
        )
        .select_from(stored_file.join(patient))
        .where(stored_file.c.public_id == file_id)
    ).one_or_none()
    return None if row is None else StoredFile(*row)


def spooled(connection: sa.Connection, file_id: UUID) -> bytes | None:
    """A file's encrypted bytes while they wait in the spool; None once they lie in HDFS."""
    parts = connection.execute(
        sa.select(file_spool_part.c.content)
        .where(file_spool_part.c.file_public_id == file_id)
        .order_by(file_spool_part.c.part)
    ).scalars()
    found = [bytes(part) for part in parts]
    return b"".join(found) if found else None


def opened(
    connection: sa.Connection, vault: Vault, found: StoredFile, sealed: bytes
) -> tuple[str, bytes]:
    """A file's name and its bytes.

    Raises:
        Unreadable: if the patient's key was erased, or these bytes are not this file's.
    """
    owner, file_id = found.patient_id, found.file_id
    name = vault.open(connection, owner, file_id, NAME, found.name_sealed)
    return name, vault.open_bytes(connection, owner, file_id, CONTENT, sealed)


def note_read(connection: sa.Connection, file_id: UUID, account_id: UUID, *, clock: Clock) -> None:
    """Write down who looks at a file; before it is shown."""
    connection.execute(
        sa.insert(file_read).values(
            file_id=sa.select(stored_file.c.id)
            .where(stored_file.c.public_id == file_id)
            .scalar_subquery(),
            account_id=sa.select(account.c.id)
            .where(account.c.public_id == account_id)
            .scalar_subquery(),
            read_at=clock(),
        )
    )
