"""Stock changes to open pages over WebSocket (design decision 12).

A worker reads the tail of one topic in one thread. What it learns there is only *that* a pharmacy changed; the
rows come from the ledger, everything after what was last told, so that nothing is shown over a gap. A screen
that joins says what it was drawn at and is sent what came after.
"""

import hashlib
import hmac
import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, abort, current_app, request
from flask_sock import Sock

from remedy.accounts.model import IDLE
from remedy.events.base import Envelope
from remedy.gateways.kafka import Tail
from remedy.schema import people
from remedy.schema import pharmacy as tables
from remedy.stock.model import StockRow
from remedy.stock.queries import stock_rows
from remedy.values import money_text, packs_text
from web_portal import access
from web_portal.access import requires
from web_portal.parts import Parts, parts_of

log = logging.getLogger(__name__)
room = Blueprint("live", __name__)
sock = Sock()
EXTENSION = "remedy_live"

TOPIC = "stock-movements"
SOCKET_OPTIONS = {"ping_interval": 25, "max_message_size": 1024}
MOST_SCREENS = 270
"""Of a worker's 300 threads, the rest serve pages."""

MOST_PER_SESSION = 12
MOST_ROWS = 200
"""A screen further behind than this is told to draw itself anew."""

WAITING_MESSAGES = 32
UPKEEP_SECONDS = 4.0
"""How long an ended session or an unheard change can go unnoticed."""

SLOW_SECONDS = 10.0
ENDED, BUSY = 4401, 1013
RELOAD = json.dumps({"reload": True})


class Link(Protocol):
    """What is used of a WebSocket."""

    connected: bool
    sock: socket.socket

    def send(self, data: str) -> None:
        """Send a text."""

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """What the other side said."""

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """End it."""


@dataclass(eq=False)
class Screen:
    """One open page: whose it is, and the messages it has not been sent yet."""

    pharmacy_id: UUID
    session_digest: bytes
    link: Link
    waiting: queue.Queue[str | None] = field(default_factory=lambda: queue.Queue(WAITING_MESSAGES))
    sending_since: float | None = None
    has_ended: bool = False

    def offer(self, message: str) -> None:
        """Queue a message; a screen that does not keep up is cut, and comes back by itself."""
        try:
            self.waiting.put_nowait(message)
        except queue.Full:
            self.cut()

    def end(self) -> None:
        """The session ended: say so and close."""
        self.has_ended = True
        try:
            self.waiting.put_nowait(None)
        except queue.Full:
            self.cut()

    def cut(self) -> None:
        """Break the connection, also from under a thread that is stuck in sending."""
        try:
            self.link.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It broke by itself in the meantime.
            self.link.connected = False

    def serve(self) -> None:
        """Send what is queued until the page goes away or its session ends."""
        while self.link.connected:
            # A page has nothing to say: whoever talks here is not a page of ours.
            if self.link.receive(timeout=0) is not None:
                break
            try:
                message = self.waiting.get(timeout=UPKEEP_SECONDS)
            except queue.Empty:
                continue
            if message is None:
                break
            self.sending_since = time.monotonic()
            self.link.send(message)
            self.sending_since = None
        if self.link.connected:
            self.link.close(ENDED if self.has_ended else None)


class Hub:
    """The screens of one worker, by pharmacy, and the thread that tells them what changed."""

    def __init__(
        self,
        here: Parts,
        *,
        make_tail: Callable[[], Any] | None = None,
        rows_after: Callable[[UUID, int], list[StockRow]] | None = None,
    ) -> None:
        self._here = here
        self._make_tail = make_tail or (lambda: Tail(here.settings.kafka_brokers, (TOPIC,)))
        self._rows_after = rows_after or self._rows_from_ledger
        self._lock = threading.Lock()
        self._screens: dict[UUID, set[Screen]] = {}
        self._told: dict[UUID, int] = {}
        self._thread: threading.Thread | None = None

    def has_room(self, session_digest: bytes) -> bool:
        """Whether one more screen, of that session, may join."""
        with self._lock:
            every = [screen for screens in self._screens.values() for screen in screens]
        own = sum(screen.session_digest == session_digest for screen in every)
        return len(every) < MOST_SCREENS and own < MOST_PER_SESSION

    def join(self, screen: Screen, after_seq: int) -> None:
        """Add a screen drawn at `after_seq` and queue what the ledger holds after it."""
        current = self._here.read(lambda c: counters(c, [screen.pharmacy_id]))
        known = min(after_seq, current.get(screen.pharmacy_id, 0))
        with self._lock:
            self._screens.setdefault(screen.pharmacy_id, set()).add(screen)
            self._told.setdefault(screen.pharmacy_id, known)
            if self._thread is None:
                # Started by the first screen, so in the worker and not before its fork.
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
        if known < after_seq:
            # The page knows a number we do not (a restored database): what it shows cannot be trusted.
            screen.offer(RELOAD)
            return
        # Joined first, looked after: what changes in between is told twice, never not at all.
        screen.offer(self._message(self._rows_after(screen.pharmacy_id, known), known))

    def leave(self, screen: Screen) -> None:
        """Forget a screen."""
        with self._lock:
            screens = self._screens.get(screen.pharmacy_id, set())
            screens.discard(screen)
            if not screens:
                self._screens.pop(screen.pharmacy_id, None)
                self._told.pop(screen.pharmacy_id, None)

    def hear(self, envelopes: Iterable[Envelope]) -> None:
        """Tell the screens of every pharmacy that these events are about."""
        for key in {envelope.key for envelope in envelopes if envelope.key}:
            try:
                self.tell(UUID(key))
            except ValueError:
                log.warning("an event of %s has a key that names no pharmacy", TOPIC)

    def tell(self, pharmacy_id: UUID) -> None:
        """Send that pharmacy's screens, and nobody else's, the rows changed since they were last told."""
        with self._lock:
            screens = list(self._screens.get(pharmacy_id, ()))
            told = self._told.get(pharmacy_id)
        if not screens or told is None:
            return
        rows = self._rows_after(pharmacy_id, told)
        if not rows:
            return
        message = self._message(rows, told)
        with self._lock:
            if pharmacy_id in self._told:
                newest = max(row.changed_seq for row in rows)
                self._told[pharmacy_id] = max(newest, self._told[pharmacy_id])
        for screen in screens:
            screen.offer(message)

    def look_after(self) -> None:
        """End screens whose session ended, cut those that are stuck, tell what Kafka did not."""
        with self._lock:
            screens = [screen for group in self._screens.values() for screen in group]
            told = dict(self._told)
        if not screens:
            return
        digests = {screen.session_digest for screen in screens}
        now = self._here.now()
        alive = self._here.read(lambda c: sessions_alive(c, digests, now))
        for screen in screens:
            if screen.session_digest not in alive:
                screen.end()
            elif screen.sending_since and time.monotonic() - screen.sending_since > SLOW_SECONDS:
                screen.cut()
        current = self._here.read(lambda c: counters(c, told))
        for pharmacy_id, seq in current.items():
            if seq > told[pharmacy_id]:
                self.tell(pharmacy_id)

    def _run(self) -> None:
        tail, looked_at = self._make_tail(), time.monotonic()
        while True:
            try:
                self.hear(tail.read(0.5))
                if time.monotonic() - looked_at >= UPKEEP_SECONDS:
                    looked_at = time.monotonic()
                    self.look_after()
            except Exception as error:
                # Screens catch up from the ledger; this thread must outlive a broker or a database.
                log.warning("live pages wait: %s", type(error).__name__)
                time.sleep(1)

    def _rows_from_ledger(self, pharmacy_id: UUID, after_seq: int) -> list[StockRow]:
        now = self._here.now()
        return self._here.read(lambda c: stock_rows(c, pharmacy_id, now=now, after_seq=after_seq))

    def _message(self, rows: list[StockRow], after_seq: int) -> str:
        if len(rows) > MOST_ROWS:
            return RELOAD
        seq = max((row.changed_seq for row in rows), default=after_seq)
        return json.dumps({"seq": seq, "rows": [self._shown(row) for row in rows]})

    def _shown(self, row: StockRow) -> dict[str, Any]:
        region = self._here.region
        price = (
            money_text(row.price_minor, region.currency, region.minor_digits)
            if row.price_minor is not None
            else "–"
        )
        return {
            "id": str(row.stock_item_id),
            "seq": row.changed_seq,
            "version": row.version,
            "available": packs_text(row.available_milli),
            "held": packs_text(row.held_milli),
            "on_hand": packs_text(row.on_hand_milli),
            "price": price,
            "next_expiry": row.next_expiry_on.isoformat() if row.next_expiry_on else "–",
            "count_wanted": row.count_wanted_at is not None,
        }


def sessions_alive(
    connection: sa.Connection, digests: Collection[bytes], now: datetime
) -> set[bytes]:
    """Which of these sessions still are; looking does not keep them awake."""
    session, account = people.session, people.account
    found = connection.execute(
        sa.select(session.c.token_sha256)
        .join_from(session, account)
        .where(
            session.c.token_sha256.in_(digests),
            session.c.ended_at.is_(None),
            session.c.expires_at > now,
            session.c.last_seen_at > now - IDLE,
            account.c.is_active,
        )
    )
    return {bytes(digest) for digest in found.scalars()}


def counters(connection: sa.Connection, pharmacies: Collection[UUID]) -> dict[UUID, int]:
    """The counter of each of these pharmacies."""
    pharmacy = tables.pharmacy
    found = connection.execute(
        sa.select(pharmacy.c.public_id, pharmacy.c.pharmacy_seq).where(
            pharmacy.c.public_id.in_(pharmacies)
        )
    )
    return {row.public_id: row.pharmacy_seq for row in found}


def init_app(app: Flask) -> None:
    """Give the application its hub."""
    app.extensions[EXTENSION] = Hub(parts_of(app))


def hub() -> Hub:
    """This worker's hub."""
    found: Hub = current_app.extensions[EXTENSION]
    return found


@room.before_request
def _only_own_pages() -> Response | None:
    """Refuse before the handshake: a foreign page, a number that is none, a worker that is full.

    A browser sends the cookie along whichever page asks, so the page's origin must be ours.
    """
    own = f"{request.scheme}://{request.host}"
    if not hmac.compare_digest(request.headers.get("Origin", "").encode(), own.encode()):
        abort(404)
    if not request.args.get("after", "").isdecimal() or len(request.args["after"]) > 18:
        abort(400)
    if not hub().has_room(_digest()):
        return Response(status=503, headers={"Retry-After": "5"})
    # Short messages gain nothing from compression, and its tables cost each of hundreds of screens memory.
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    return None


def _digest() -> bytes:
    return hashlib.sha256(access.session_token().encode()).digest()


@sock.route("/live", bp=room)
@requires("pharmacist")
def follow(link: Link) -> None:
    """A pharmacist's stock page follows its own pharmacy."""
    screen = Screen(access.pharmacy_id(), _digest(), link)
    try:
        hub().join(screen, int(request.args["after"]))
        screen.serve()
    finally:
        hub().leave(screen)
