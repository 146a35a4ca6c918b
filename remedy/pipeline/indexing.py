"""Keeps the search index in step with the catalogue: one process, by a named database lock.

Every change of a medicine raises the catalogue's counter in its own transaction. What has a higher number than
the index is read and taken in, and the new number is in the same commit of the index: killed at any point, the
next one goes on from what was committed.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from remedy.catalogue.index import Position, Writer
from remedy.catalogue.model import NewMedicine
from remedy.gateways.mysql import alone
from remedy.schema.pharmacy import catalogue_state, medicine
from remedy.values import Clock, uuid7

log = logging.getLogger(__name__)

LOCK = "remedy.index"
POLL_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 10.0
CHUNK = 5000

Reached = Callable[[str], None]
"""Called at named points (`half`: some put, nothing committed; `committed`), so that a test can end the process there."""


def run(
    engine: sa.Engine,
    folder: Path,
    *,
    stop: threading.Event,
    reached: Reached = lambda _point: None,
) -> None:
    """Follow the catalogue until `stop` is set. The database going away is waited for."""
    failures = 0
    while not stop.is_set():
        try:
            with alone(engine, LOCK, stop) as connection:
                if connection is None:
                    return
                writer = Writer(folder)
                try:
                    while not stop.is_set():
                        taken = follow(connection, writer, reached=reached)
                        failures = 0
                        if not taken:
                            stop.wait(POLL_SECONDS)
                finally:
                    writer.close()
        except sa.exc.DBAPIError as error:
            if failures == 0:
                log.warning("The index lost its database (%s).", type(error.orig).__name__)
            stop.wait(min(LONGEST_WAIT_SECONDS, 0.25 * 2**failures))
            failures += 1


def follow(
    connection: sa.Connection, writer: Writer, *, reached: Reached = lambda _point: None
) -> int:
    """Take in what changed since the index's position, all of it for a catalogue it does not know; how many.

    `connection` commits by itself (AUTOCOMMIT).
    """
    target = Position(*connection.execute(sa.select(*_STATE)).one())
    known = writer.position
    if known == target:
        return 0
    after = 0
    if known is not None and known.catalogue == target.catalogue and known.seq <= target.seq:
        after = known.seq
    else:
        writer.clear()
    taken = 0
    for changed in _changed(connection, after, target.seq):
        writer.put(*changed)
        taken += 1
        if taken == 1:
            reached("half")
    writer.commit(target)
    reached("committed")
    if taken > CHUNK:
        log.warning("The search index took in %d medicines.", taken)
    return taken


def make_anew(connection: sa.Connection, *, clock: Clock) -> UUID:
    """Have every index of this catalogue made anew from the database: it gets another id, which is returned.

    Searches use the words in the database until that is done.
    """
    made = uuid7(clock)
    connection.execute(sa.update(catalogue_state).values(public_id=made))
    return made


_STATE = (catalogue_state.c.public_id, catalogue_state.c.changed_seq)
_TOLD = (
    "kind", "generic_name", "brand_name", "strength", "form", "pack", "atc_code",
    "is_prescription_only", "is_controlled",
)  # fmt: skip


def _changed(
    connection: sa.Connection, after: int, until: int
) -> Iterator[tuple[int, UUID, NewMedicine, list[str]]]:
    """Medicines whose last change is within these numbers, with their codes, a chunk at a time."""
    columns = medicine.c
    told = [columns[name] for name in _TOLD]
    place = (after, 2**62)
    while True:
        rows = connection.execute(
            sa.select(columns.changed_seq, columns.id, columns.public_id, columns.gtin, *told)
            .where(
                columns.changed_seq <= until,
                (columns.changed_seq > place[0])
                | ((columns.changed_seq == place[0]) & (columns.id > place[1])),
            )
            .order_by(columns.changed_seq, columns.id)
            .limit(CHUNK)
        ).all()
        for row in rows:
            one = NewMedicine(**{name: getattr(row, name) for name in _TOLD})
            yield row.id, row.public_id, one, [row.gtin] if row.gtin else []
        if len(rows) < CHUNK:
            return
        place = (rows[-1].changed_seq, rows[-1].id)
