"""API keys: what a pharmacy's till shows instead of a person; shown once, kept as SHA-256."""

import secrets
from uuid import UUID

import sqlalchemy as sa

from remedy.accounts.model import Refused, digest
from remedy.accounts.queries import row_of
from remedy.schema.people import api_key
from remedy.schema.pharmacy import pharmacy
from remedy.values import Clock, uuid7

API_KEY_PREFIX = "rmd_"


def new_api_key(connection: sa.Connection, pharmacy_id: UUID, label: str, *, clock: Clock) -> str:
    """Make a key for a pharmacy's till; shown once, only its SHA-256 is kept.

    Raises:
        Refused: if there is no such pharmacy or the label does not do.
    """
    if not label.strip() or len(label.strip()) > 80 or not label.strip().isprintable():
        raise Refused("Give the key a label of 1 to 80 letters, such as 'till 1'.")
    key = API_KEY_PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(api_key).values(
            public_id=uuid7(clock),
            pharmacy_id=row_of(connection, pharmacy, pharmacy_id),
            key_sha256=digest(key),
            label=label.strip(),
            created_at=clock(),
        )
    )
    return key


def api_key_pharmacy(connection: sa.Connection, key: str) -> UUID | None:
    """The pharmacy a key speaks for; None when it is unknown or revoked."""
    return connection.execute(
        sa.select(pharmacy.c.public_id)
        .join_from(api_key, pharmacy)
        .where(api_key.c.key_sha256 == digest(key), api_key.c.revoked_at.is_(None))
    ).scalar()


def api_key_id(connection: sa.Connection, key: str) -> UUID | None:
    """The public id of a key, revoked or not; None when there is no such key."""
    return connection.execute(
        sa.select(api_key.c.public_id).where(api_key.c.key_sha256 == digest(key))
    ).scalar()


def revoke_api_key(connection: sa.Connection, key_id: UUID | None, *, clock: Clock) -> None:
    """End a till's key for good.

    Raises:
        Refused: if there is no such key, or it was revoked before.
    """
    done = connection.execute(
        sa.update(api_key)
        .where(api_key.c.public_id == key_id, api_key.c.revoked_at.is_(None))
        .values(revoked_at=clock())
    )
    if done.rowcount != 1:
        raise Refused("There is no such key, or it was revoked before; nothing was changed.")
