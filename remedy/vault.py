"""A key per patient: encrypt, decrypt, forget (design decision 14).

What is sealed for a patient can be read only while the patient's key exists. The key lies in
`patient_key`, wrapped by the installation's master key; forgetting it makes every token unreadable
everywhere at once: in tables, in Kafka, in HDFS, in backups of those.
AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; the associated data bind a token to its patient,
record and field, so that a token put elsewhere does not open.
"""

import base64
import os
from uuid import UUID

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from remedy.schema.people import patient_key
from remedy.values import Clock, utc_now

NONCE_BYTES = 12
FORM = b"\x01"
"""First byte of every token: the form of what follows."""


class Unreadable(Exception):
    """The token does not open: the key was erased, or the token is not of this patient, record, field."""


class Vault:
    """Seals and opens for patients; holds the master key and nothing else."""

    def __init__(self, master_key_hex: str, *, clock: Clock = utc_now) -> None:
        if len(master_key_hex) != 64:
            raise ValueError("The master key must be 64 hexadecimal digits (REMEDY_MASTER_KEY).")
        self._master = AESGCM(bytes.fromhex(master_key_hex))
        self._clock = clock

    def new_key(self, connection: sa.Connection, patient_id: UUID) -> None:
        """Make a patient's key; `patient_id` is the public id."""
        nonce = os.urandom(NONCE_BYTES)
        wrapped = nonce + self._master.encrypt(nonce, AESGCM.generate_key(256), patient_id.bytes)
        connection.execute(
            sa.insert(patient_key).values(
                patient_public_id=patient_id, wrapped_key=wrapped, created_at=self._clock()
            )
        )

    def seal(
        self, connection: sa.Connection, patient_id: UUID, record_id: UUID, field: str, text: str
    ) -> str:
        """Encrypt a patient's text for one field of one record; a token in base64.

        Raises:
            Unreadable: if the patient has no key (any more).
        """
        sealed = self.seal_bytes(connection, patient_id, record_id, field, text.encode())
        return base64.b64encode(sealed).decode()

    def seal_bytes(
        self, connection: sa.Connection, patient_id: UUID, record_id: UUID, field: str, plain: bytes
    ) -> bytes:
        """Encrypt a patient's bytes (a file) for one field of one record.

        Raises:
            Unreadable: if the patient has no key (any more).
        """
        nonce = os.urandom(NONCE_BYTES)
        bound = _bound(patient_id, record_id, field)
        return FORM + nonce + self._key(connection, patient_id).encrypt(nonce, plain, bound)

    def open(
        self, connection: sa.Connection, patient_id: UUID, record_id: UUID, field: str, token: str
    ) -> str:
        """Decrypt a token.

        Raises:
            Unreadable: if the key was erased or the token belongs elsewhere.
        """
        try:
            blob = base64.b64decode(token, validate=True)
        except ValueError:
            raise Unreadable("This is not a sealed text.") from None
        return self.open_bytes(connection, patient_id, record_id, field, blob).decode()

    def open_bytes(
        self, connection: sa.Connection, patient_id: UUID, record_id: UUID, field: str, blob: bytes
    ) -> bytes:
        """Decrypt sealed bytes.

        Raises:
            Unreadable: if the key was erased or they belong elsewhere.
        """
        if blob[:1] != FORM or len(blob) < 1 + NONCE_BYTES + 16:
            raise Unreadable("This is not a sealed text.")
        nonce, sealed = blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
        try:
            return self._key(connection, patient_id).decrypt(
                nonce, sealed, _bound(patient_id, record_id, field)
            )
        except InvalidTag:
            raise Unreadable(
                "The sealed text belongs to another patient, record or field."
            ) from None

    def forget(self, connection: sa.Connection, patient_id: UUID) -> None:
        """Erase a patient's key: everything sealed for the patient is unreadable from now on."""
        connection.execute(
            sa.update(patient_key)
            .where(patient_key.c.patient_public_id == patient_id)
            .values(wrapped_key=None, erased_at=self._clock())
        )

    def _key(self, connection: sa.Connection, patient_id: UUID) -> AESGCM:
        wrapped = connection.execute(
            sa.select(patient_key.c.wrapped_key).where(
                patient_key.c.patient_public_id == patient_id
            )
        ).scalar()
        if wrapped is None:
            raise Unreadable("The patient's key does not exist any more.")
        wrapped = bytes(wrapped)
        try:
            key = self._master.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], patient_id.bytes
            )
        except InvalidTag:
            raise Unreadable("The patient's key does not open with this master key.") from None
        return AESGCM(key)


def _bound(patient_id: UUID, record_id: UUID, field: str) -> bytes:
    return patient_id.bytes + record_id.bytes + field.encode()
