"""A click that is safe to repeat: the same key and body get the same answer (design decision 3).

The key is a form's nonce or an `Idempotency-Key`; answers are kept 30 days.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from remedy.accounts.model import Refused
from remedy.schema.people import kept_answer
from remedy.values import Clock

Answer = tuple[int, str]
"""An HTTP status and the text sent with it."""

KEY_AT_MOST = 200


class DifferentBody(Refused):
    """The key was used before with another body (HTTP 409)."""


def answer_once(
    connection: sa.Connection,
    *,
    scope: str,
    route: str,
    key: str,
    body: bytes | str,
    work: Callable[[], Answer],
    clock: Clock,
) -> Answer:
    """Do `work` on this connection unless it was done before; its answer either way.

    `scope` says who asks (an account's or API key's public id), `route` where. The key's row is written
    first: of two that come at once, the second waits for the first's commit and is given its answer, or
    does the work itself when the first was rolled back. An error in `work` keeps nothing.

    Raises:
        DifferentBody: if the key came before with another body.
        Refused: if the key is empty or too long.
    """
    if not key or len(key) > KEY_AT_MOST:
        raise Refused(f"The key of a request needs 1 to {KEY_AT_MOST} characters.")
    which: dict[str, object] = {"scope": scope, "route": route, "key_sha256": _digest(key.encode())}
    digest = _digest(body.encode() if isinstance(body, str) else body)
    _claim(connection, which, digest, clock())
    mine = sa.and_(*(kept_answer.c[name] == value for name, value in which.items()))
    kept = connection.execute(
        sa.select(kept_answer.c.body_sha256, kept_answer.c.status, kept_answer.c.answer).where(mine)
    ).one()
    if bytes(kept.body_sha256) != digest:
        raise DifferentBody(
            "This key came before with another request. Send a new request with a new key."
        )
    if kept.status is not None:
        return int(kept.status), kept.answer
    status, text = work()
    connection.execute(sa.update(kept_answer).where(mine).values(status=status, answer=text))
    return status, text


def _claim(
    connection: sa.Connection, which: dict[str, object], digest: bytes, now: datetime
) -> None:
    """Write the key's row, or wait for whoever is writing it; a row of ours has no status yet.

    The update that changes nothing takes an exclusive lock at once: with a shared one, two that wait for
    a third's rollback would then wait for each other.
    """
    connection.execute(
        sa.text(
            "INSERT INTO kept_answer (scope, route, key_sha256, body_sha256, created_at)"
            " VALUES (:scope, :route, :key_sha256, :body_sha256, :created_at)"
            " ON DUPLICATE KEY UPDATE scope = VALUES(scope)"
        ).bindparams(sa.bindparam("created_at", type_=kept_answer.c.created_at.type)),
        {**which, "body_sha256": digest, "created_at": now},
    )


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
