"""Has everything that was told arrived: in MySQL, and in a finished file of the history in HDFS?

Asked on a fresh installation before the first count, so that it counts all of the town's days.
"""

import threading
from collections.abc import Callable

import sqlalchemy as sa

from remedy.schema.people import outbox
from remedy.schema.pipeline import RAW, landing_file


def await_settled(
    engine: sa.Engine,
    *,
    seconds: float,
    stop: threading.Event,
    progress: Callable[[str], None],
    every: float = 2.0,
) -> bool:
    """Wait until nothing is on its way; whether that came about within `seconds`.

    Args:
        engine: of an account that may read outbox, raw tables and landing tables.
        seconds: how long to wait at most.
        stop: set, it ends the waiting.
        progress: called with each sentence about what is still on its way.
        every: seconds between looks.
    """
    said = ""
    for _ in range(int(seconds / every) + 1):
        with engine.connect() as connection:
            sentence = what_is_on_its_way(connection)
        if not sentence:
            return True
        if sentence != said:
            progress(sentence)
            said = sentence
        if stop.wait(every):
            return False
    return False


def what_is_on_its_way(connection: sa.Connection) -> str:
    """A sentence on what has not arrived yet; empty when all has."""
    untold = connection.execute(
        sa.select(sa.func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
    ).scalar_one()
    if untold:
        return f"{untold} events are not told yet."
    if unlanded := sum(_unlanded(connection, topic) for topic in RAW):
        return f"{unlanded} events are not landed in MySQL yet."
    if unfiled := sum(_unfiled(connection, topic) for topic in RAW):
        return f"{unfiled} landed events are not in HDFS yet."
    return ""


def _unlanded(connection: sa.Connection, topic: str) -> int:
    raw = RAW[topic]
    missing = (
        sa.select(sa.func.count())
        .select_from(outbox.outerjoin(raw, raw.c.event_id == outbox.c.event_id))
        .where(outbox.c.aggregatetype == topic, raw.c.event_id.is_(None))
    )
    return connection.execute(missing).scalar_one()


def _unfiled(connection: sa.Connection, topic: str) -> int:
    # Rows, not positions: a partition that held only dead letters has nothing to file.
    raw = RAW[topic]
    filed = (
        sa.select(
            landing_file.c.partition_no,
            sa.func.max(landing_file.c.next_offset).label("next_offset"),
        )
        .where(landing_file.c.topic == topic, landing_file.c.state == "ready")
        .group_by(landing_file.c.partition_no)
        .subquery()
    )
    behind = (
        sa.select(sa.func.count())
        .select_from(raw.outerjoin(filed, filed.c.partition_no == raw.c.partition_no))
        .where(raw.c.record_offset >= sa.func.coalesce(filed.c.next_offset, 0))
    )
    return connection.execute(behind).scalar_one()
