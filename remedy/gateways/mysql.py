"""The database: an engine whose sessions speak UTC, and a transaction that retries what may be retried."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

RETRYABLE = {1020, 1205, 1213}
"""Record changed, lock wait, deadlock: the same transaction may be tried again (design decision 9)."""

ATTEMPTS = 4
LOCK_SECONDS = 2
TRUSTED_SECONDS = 1.0
"""For so long after its last use a connection is not asked whether it still stands."""

_USED_AT = "used_at"
Result = TypeVar("Result")


def engine_for(
    url: str,
    *,
    pool_size: int = 5,
    creator: Callable[[], Any] | None = None,
    for_reading: bool = False,
) -> sa.Engine:
    """An engine at READ COMMITTED with the connection time zone +00:00.

    `creator` hands connections in from elsewhere (a provider's hook); `url` then only names the dialect.
    One that is `for_reading` has no transactions: nothing is said to the server but what is asked. At READ
    COMMITTED each statement sees what was committed before it anyway.
    """
    options: dict[str, Any] = {"creator": creator} if creator else {}
    if for_reading:
        options |= {"skip_autocommit_rollback": True}
    engine = sa.create_engine(
        url,
        isolation_level="AUTOCOMMIT" if for_reading else "READ COMMITTED",
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_recycle=1800,
        **options,
    )
    sa.event.listen(engine, "connect", _speak_utc)
    sa.event.listen(engine, "checkin", _note_use)
    sa.event.listen(engine, "checkout", _ask_after_a_while)
    return engine


def _speak_utc(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00', NAMES utf8mb4 COLLATE utf8mb4_bin")


def _note_use(_connection: Any, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = time.monotonic()


def _ask_after_a_while(connection: Any, record: sa.pool.ConnectionPoolEntry, _proxy: Any) -> None:
    """Ask whether the server is still there, but not of a connection that was used a moment ago.

    As the pool's own `pool_pre_ping`, which asks each time and so doubles what a small look costs.
    """
    if time.monotonic() - record.info.get(_USED_AT, 0.0) < TRUSTED_SECONDS:
        return
    try:
        connection.ping(False)
    except Exception as error:
        # The pool closes all it has and connects anew.
        raise sa.exc.InvalidatePoolError from error


def in_transaction(engine: sa.Engine, work: Callable[[sa.Connection], Result]) -> Result:
    """Run `work` in one transaction; deadlocks and the like are tried again, at most three times.

    `work` may run more than once: it must do nothing but change the database.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with engine.begin() as connection:
                return work(connection)
        except sa.exc.DBAPIError as error:
            if attempt == ATTEMPTS or error_code(error) not in RETRYABLE:
                raise
            # Jitter, so that two who collided do not collide again.
            time.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311 - not a secret
    raise AssertionError("unreachable")


def take_lock(connection: sa.Connection, name: str, *, seconds: int) -> bool:
    """Wait for this database's named lock, held until the session ends; False if it was not free in time.

    The server's own locks know no databases, so the name is given one.
    """
    got = connection.execute(
        sa.text("SELECT GET_LOCK(CONCAT(:name, '.', DATABASE()), :seconds)"),
        {"name": name, "seconds": seconds},
    ).scalar()
    return got == 1


def end_session(connection: sa.Connection) -> None:
    """End the session itself rather than hand it back to the pool: what surely frees its locks."""
    connection.invalidate()
    connection.close()


@contextmanager
def alone(engine: sa.Engine, lock: str, stop: threading.Event) -> Iterator[sa.Connection | None]:
    """A connection that commits by itself and holds a named lock: of a service one process works, a second waits.

    None where `stop` was set while it waited.
    """
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        while not stop.is_set():
            if take_lock(connection, lock, seconds=LOCK_SECONDS):
                yield connection
                return
        yield None
    finally:
        end_session(connection)


def error_code(error: sa.exc.DBAPIError) -> int | None:
    """The server's error number, whichever driver raised it."""
    code = getattr(error.orig, "errno", None)
    if code is None and error.orig is not None and error.orig.args:
        code = error.orig.args[0]
    return code if isinstance(code, int) else None
