"""The watch: reads what has landed, holds it against what is usual, and writes and tells what is not.

One watch works: it holds a named database lock on the connection it reads with; a second waits. Every two seconds it asks
for the rows landed since (by primary key: the lander is one writer, so ids are in commit order), and nothing else while
nothing lands. An alert and its event are written in one transaction. What it knows lies in memory and is read anew at each
start: the last hour from `raw_*`, what is usual from closed days (`agg_*`), the alerts that are open from their table.
"""

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remedy.events.pharmacy import MedicineSearched, StockRefused, StockSold
from remedy.gateways.mysql import alone, in_transaction
from remedy.pipeline.demand_bands import REFUSALS, SALES, SEARCHES, UNMET
from remedy.pipeline.demand_history import counted_at, learn
from remedy.pipeline.demand_looks import LONGEST, Change, Heard, Looks
from remedy.pipeline.demand_rows import open_alerts, write_changes, write_now
from remedy.schema.pipeline import RAW
from remedy.values import Clock

log = logging.getLogger(__name__)

LOCK = "remedy.watch"
LOOK_SECONDS = 2.0
SHOWN_EVERY = timedelta(seconds=10)
"""So often the last minutes are written anew though nothing landed: windows move on by themselves."""

LEARN_EVERY = timedelta(minutes=15)
LEARN_WHEN_COUNTED = timedelta(seconds=20)
"""So often it is asked whether days were counted since; if so, what is usual is learnt anew at once."""

MOST_ROWS = 20_000
"""A look reads at most so many rows; the rest waits for the next, which follows at once."""

AGAIN_SECONDS = 5.0

MOVEMENTS, LOOKED_FOR = RAW[StockSold.topic()], RAW[MedicineSearched.topic()]
WANTED = {
    MOVEMENTS.name: (StockSold.TYPE, StockRefused.TYPE),
    LOOKED_FOR.name: (MedicineSearched.TYPE,),
}


def run(
    engine: sa.Engine, *, zone: ZoneInfo, smallest: int, stop: threading.Event, clock: Clock
) -> None:
    """Watch until `stop` is set. The database going away is waited for; the watch then learns anew."""
    is_lost = False
    while not stop.is_set():
        try:
            with alone(engine, LOCK, stop) as connection:
                if connection is None:
                    continue
                watch = Watch(engine, connection, zone=zone, smallest=smallest, clock=clock)
                log.info("The watch works; %d days of history.", watch.looks.usual.days)
                is_lost = False
                while not stop.is_set():
                    began = time.monotonic()
                    if not watch.look():
                        stop.wait(max(0.0, LOOK_SECONDS - (time.monotonic() - began)))
        except sa.exc.DBAPIError as error:
            if not is_lost:
                log.warning(
                    "The watch lost its database (%s); it tries again until it is back.",
                    type(error.orig).__name__,
                )
            is_lost = True
            stop.wait(AGAIN_SECONDS)


class Watch:
    """What the watch knows; `look` brings it up to date and writes what changed.

    `connection` commits by itself and holds the lock: a watch whose lock is gone fails at its next look.
    """

    def __init__(
        self,
        engine: sa.Engine,
        connection: sa.Connection,
        *,
        zone: ZoneInfo,
        smallest: int,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._zone = zone
        self._smallest = smallest
        self._clock = clock
        now = clock()
        self._counted_at = counted_at(connection)
        learnt = learn(connection, zone, now)
        self.looks = Looks(learnt.usual, learnt.groups, smallest=smallest)
        self._learnt_at = self._asked_at = self._shown_at = now
        self.looks.open = open_alerts(connection, self.looks, now)
        self._read_to: dict[str, int] = {}
        self._landed_at: datetime | None = None
        for table in (MOVEMENTS, LOOKED_FOR):
            newest = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
            self._read_to[table.name] = newest
            since = sa.and_(table.c.event_at > now - LONGEST, table.c.id <= newest)
            self._hear(table, since)
        self._show(now)

    def look(self) -> bool:
        """One look; whether more has landed than it read."""
        now = self._clock()
        self._learn(now)
        read = [self._read(table, now) for table in (MOVEMENTS, LOOKED_FOR)]
        self.looks.forget(now)
        changes = self.looks.look(now)
        if changes:
            self._write(changes)
        if any(one.rows for one in read) or changes or now - self._shown_at >= SHOWN_EVERY:
            self._show(now)
        return any(one.is_full for one in read)

    def _learn(self, now: datetime) -> None:
        is_due = now - self._learnt_at >= LEARN_EVERY
        if not is_due and now - self._asked_at >= LEARN_WHEN_COUNTED:
            self._asked_at = now
            is_due = counted_at(self._connection) != self._counted_at
        if is_due:
            self._counted_at = counted_at(self._connection)
            learnt = learn(self._connection, self._zone, now)
            self.looks.usual, self.looks.groups = learnt.usual, learnt.groups
            self._learnt_at = self._asked_at = now

    def _read(self, table: sa.Table, now: datetime) -> "_Read":
        after = self._read_to[table.name]
        ids = sa.select(table.c.id).where(table.c.id > after).order_by(table.c.id).limit(MOST_ROWS)
        landed = self._connection.execute(ids).scalars().all()
        if not landed:
            return _Read(0, False)
        is_new = sa.and_(
            table.c.id > after, table.c.id <= landed[-1], table.c.event_at > now - LONGEST
        )
        self._hear(table, is_new)
        self._read_to[table.name] = landed[-1]
        return _Read(len(landed), len(landed) == MOST_ROWS)

    def _hear(self, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
        rows = self._connection.execute(
            sa.select(table.c.type, table.c.event_at, table.c.landed_at, table.c.event).where(
                which, table.c.type.in_(WANTED[table.name])
            )
        )
        for row in rows:
            self.looks.hear(heard(row.type, row.event_at, row.event))
            self._landed_at = max(self._landed_at or row.landed_at, row.landed_at)

    def _write(self, changes: list[Change]) -> None:
        in_transaction(
            self._engine,
            lambda connection: write_changes(
                connection, changes, self._clock, smallest=self._smallest
            ),
        )
        for change in changes:
            if change.what != "risen":
                seen = change.alert.highest
                # A medicine, a group or all: nothing about people.
                log.info(
                    "demand alert %s: %s of a %s, %d in %d min, usual %.1f",
                    change.what,
                    change.alert.key[1],
                    change.alert.key[0].kind,
                    seen.count,
                    seen.minutes,
                    seen.band.mean,
                )

    def _show(self, now: datetime) -> None:
        in_transaction(
            self._engine,
            lambda connection: write_now(
                connection, self.looks, now, landed_at=self._landed_at, smallest=self._smallest
            ),
        )
        self._shown_at = now


@dataclass(frozen=True)
class _Read:
    rows: int
    is_full: bool


def heard(type_name: str, at: datetime, event: str) -> Iterator[Heard]:
    """What a landed row says of demand; nothing where its medicine cannot be read."""
    body: dict[str, Any] = json.loads(event).get("data") or {}
    medicine = _medicine(body.get("medicine_id"))
    if type_name == MedicineSearched.TYPE:
        person = str(body.get("searcher", ""))
        yield Heard(at, SEARCHES, medicine, person)
        if body.get("pharmacies_found") == 0:
            yield Heard(at, UNMET, medicine, person)
    elif medicine is not None:
        yield Heard(at, SALES if type_name == StockSold.TYPE else REFUSALS, medicine)


def _medicine(told: Any) -> str | None:
    try:
        return str(UUID(told)) if told else None
    except (ValueError, AttributeError, TypeError):
        return None
