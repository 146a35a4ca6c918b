"""How the portal does: how many requests, how long they took, how they ended. Counted in memory, written once a minute.

A request is counted by its room (`search`, `orders` …), the minute it ended in, a step of time and whether it was
refused or failed: no path, no id, nobody. What it costs is two calls and one addition. A worker that is killed takes
what it has not yet written with it, a minute at most.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask, Response, g, request
from sqlalchemy.dialects import mysql

from remedy.schema.measures import portal_minute
from web_portal.rounds import Round

EXTENSION = "remedy_metrics"
KEPT_FOR = timedelta(days=30)
FORGOTTEN_AT_A_TIME = 5000
AS_ITSELF = frozenset({"static"})
UNCOUNTED = frozenset({"health"})
"""Asked for by probes, all the time, and by nobody else."""

STEPS_MS = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700,
    1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 3_600_000,
)  # fmt: skip
"""A request counts for the first step that is no shorter than it was."""

Key = tuple[int, str, int]
Ends = tuple[int, int, int]


class Counts:
    """What was counted and not yet written; any thread may add.

    Args:
        wall: tells the seconds since 1970.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._lock = threading.Lock()
        self._counts: dict[Key, Ends] = {}

    def add(self, room: str, seconds: float, status: int) -> None:
        """Count one request: of which room, how long it took, and its HTTP status."""
        step = STEPS_MS[min(bisect_left(STEPS_MS, seconds * 1000), len(STEPS_MS) - 1)]
        key = (int(self._wall() // 60), room, step)
        refused, failed = int(400 <= status < 500), int(status >= 500)
        with self._lock:
            ends = self._counts.get(key, (0, 0, 0))
            self._counts[key] = (ends[0] + 1, ends[1] + refused, ends[2] + failed)

    def take(self) -> dict[Key, Ends]:
        """All that was counted since the last time, which is forgotten here."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return taken

    def put_back(self, taken: dict[Key, Ends]) -> None:
        """What could not be written is counted still."""
        with self._lock:
            for key, more in taken.items():
                ends = self._counts.get(key, (0, 0, 0))
                self._counts[key] = (ends[0] + more[0], ends[1] + more[1], ends[2] + more[2])


class Meter(Round):
    """The counts of this worker, and the round that adds them to those of the others.

    Args:
        app: as for `Round`.
        counts: where requests are counted.
    """

    name = "meter"
    every_seconds = 60.0

    def __init__(self, app: Flask, counts: Counts | None = None) -> None:
        super().__init__(app)
        self.counts = counts or Counts()
        self._rooms: dict[str, str] = {}

    def look(self) -> int:
        """Write what was counted; how many requests that were."""
        taken = self.counts.take()
        try:
            self._here.change(lambda c: c.execute(_forget(self._here.now())))
            if taken:
                # In the order of the key, so that two workers wait for each other and never in a circle.
                rows = [_row(key, ends) for key, ends in sorted(taken.items())]
                self._here.change(lambda c: c.execute(_ADD, rows))
        except Exception:
            self.counts.put_back(taken)
            raise
        return sum(ends[0] for ends in taken.values())

    def begin(self) -> None:
        """Before a request: from when it counts."""
        g.began = time.perf_counter()

    def end(self, response: Response) -> Response:
        """After a request: count it, unless it is a socket, which lasts as long as its page."""
        room = self._room(request.endpoint)
        began = g.get("began")
        if began is not None and room not in UNCOUNTED and "HTTP_UPGRADE" not in request.environ:
            self.counts.add(room, time.perf_counter() - began, response.status_code)
        return response

    def _room(self, endpoint: str | None) -> str:
        """The folder of `web_portal` that answers; `nowhere` for an address that nobody answers."""
        if endpoint is None:
            return "nowhere"
        room = self._rooms.get(endpoint)
        if room is None:
            parts = self._app.view_functions[endpoint].__module__.split(".")
            is_ours = parts[0] == "web_portal" and endpoint not in AS_ITSELF
            room = self._rooms[endpoint] = parts[1] if is_ours else endpoint
        return room


_insert = mysql.insert(portal_minute)
_ADD = _insert.on_duplicate_key_update(
    request_count=portal_minute.c.request_count + _insert.inserted.request_count,
    refused_count=portal_minute.c.refused_count + _insert.inserted.refused_count,
    failed_count=portal_minute.c.failed_count + _insert.inserted.failed_count,
)


def _row(key: Key, ends: Ends) -> dict[str, object]:
    minute, room, step = key
    return {
        "minute_at": datetime.fromtimestamp(minute * 60, UTC),
        "room": room[:40],
        "within_ms": step,
        "request_count": ends[0],
        "refused_count": ends[1],
        "failed_count": ends[2],
    }


def _forget(now: datetime) -> sa.Delete:
    return (
        portal_minute.delete()
        .where(portal_minute.c.minute_at < now - KEPT_FOR)
        .with_dialect_options(mysql_limit=FORGOTTEN_AT_A_TIME)
    )


def init_app(app: Flask) -> None:
    """Have an application's requests counted; who serves it starts the round that writes them down."""
    meter = app.extensions[EXTENSION] = Meter(app)
    app.before_request(meter.begin)
    app.after_request(meter.end)


def of(app: Flask) -> Meter:
    """The meter of an application."""
    found: Meter = app.extensions[EXTENSION]
    return found
