"""Stock changes to open pages over WebSocket (design decision 12).

A worker reads the tail of one topic in one thread. What it learns there is only *that* a pharmacy changed; the
rows come from the ledger, everything after what was last told, so that nothing is shown over a gap. A screen
that joins says what it was drawn at and is sent what came after. Every message says after which number of the
pharmacy's counter it goes on; a screen that is not there yet has missed something, and joins anew.
"""

import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any
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
from web_portal.screens import Link, Screen, text_frame

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

UPKEEP_SECONDS = 4.0
"""How long an ended session or an unheard change can go unnoticed; so often every screen hears that all is well."""

RELOAD = text_frame(json.dumps({"reload": True}))


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
        self._stop = threading.Event()

    def has_room(self, session_digest: bytes) -> bool:
        """Whether one more screen, of that session, may join."""
        with self._lock:
            every = [screen for screens in self._screens.values() for screen in screens]
        own = sum(screen.session_digest == session_digest for screen in every)
        return len(every) < MOST_SCREENS and own < MOST_PER_SESSION

    def join(self, screen: Screen, after_seq: int) -> None:
        """Add a screen drawn at `after_seq` and send it what the ledger holds after it.

        It is added only when what it was sent reaches what the others have been told: its messages then go on
        from each other without a gap.
        """
        at = after_seq
        while True:
            # The counter first: what the rows then hold reaches at least to it.
            counter = self._counters([screen.pharmacy_id]).get(screen.pharmacy_id, 0)
            if counter < at:
                # The page knows a number we do not (a restored database): what it shows cannot be trusted.
                screen.send(RELOAD)
                screen.cut()
                return
            rows = self._rows_after(screen.pharmacy_id, at)
            reached = _reached(rows, counter)
            with self._lock:
                screen.send(self._frame(rows, at, reached))
                at = reached
                if at >= self._told.setdefault(screen.pharmacy_id, at):
                    self._screens.setdefault(screen.pharmacy_id, set()).add(screen)
                    self._start()
                    return

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

    def tell(self, pharmacy_id: UUID, counter: int | None = None) -> None:
        """Send that pharmacy's screens, and nobody else's, the rows changed since they were last told.

        With `counter`, where the pharmacy's counter is known to stand, they are told also that nothing changed.
        """
        while (told := self._told.get(pharmacy_id)) is not None:
            is_known = counter is not None and counter <= told
            rows = [] if is_known else self._rows_after(pharmacy_id, told)
            if not rows and counter is None:
                return
            reached = _reached(rows, max(told, counter or 0))
            frame = self._frame(rows, told, reached)
            with self._lock:
                if self._told.get(pharmacy_id) != told:
                    # The last screen left, and another joined: it may have missed what these rows say.
                    continue
                self._told[pharmacy_id] = reached
                screens = list(self._screens.get(pharmacy_id, ()))
            for screen in screens:
                screen.send(frame)
            return

    def look_after(self) -> None:
        """End screens whose session ended, tell what Kafka did not, and the rest that nothing changed.

        Who hears nothing for a while cannot know what it missed, and says so: so nothing is sent unless the
        database answered.
        """
        with self._lock:
            screens = [screen for group in self._screens.values() for screen in group]
            pharmacies = list(self._screens)
        if not screens:
            return
        digests = {screen.session_digest for screen in screens}
        now = self._here.now()
        alive = self._here.read(lambda c: sessions_alive(c, digests, now))
        for screen in screens:
            if screen.session_digest not in alive:
                self.leave(screen)
                screen.end()
        for pharmacy_id, counter in self._counters(pharmacies).items():
            self.tell(pharmacy_id, counter)

    def close(self) -> None:
        """End the thread: for who serves the application in a process that goes on. The next screen starts another."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stop.set()
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        if self._thread is None:
            # Started by the first screen, so in the worker and not before its fork.
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name="live", daemon=True
            )
            self._thread.start()

    def _run(self, stop: threading.Event) -> None:
        tail, looked_at = self._make_tail(), time.monotonic()
        while not stop.is_set():
            try:
                self.hear(tail.read(0.5))
                if time.monotonic() - looked_at >= UPKEEP_SECONDS:
                    looked_at = time.monotonic()
                    self.look_after()
            except Exception as error:
                # Screens catch up from the ledger; this thread must outlive a broker or a database.
                log.warning("live pages wait: %s", type(error).__name__)
                stop.wait(1)
        tail.close()

    def _rows_from_ledger(self, pharmacy_id: UUID, after_seq: int) -> list[StockRow]:
        now = self._here.now()
        return self._here.read(lambda c: stock_rows(c, pharmacy_id, now=now, after_seq=after_seq))

    def _counters(self, pharmacies: Collection[UUID]) -> dict[UUID, int]:
        return self._here.read(lambda c: counters(c, pharmacies))

    def _frame(self, rows: list[StockRow], after_seq: int, seq: int) -> bytes:
        if len(rows) > MOST_ROWS:
            return RELOAD
        shown = [self._shown(row) for row in rows]
        return text_frame(json.dumps({"after": after_seq, "seq": seq, "rows": shown}))

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


def _reached(rows: list[StockRow], counter: int) -> int:
    return max(counter, *(row.changed_seq for row in rows)) if rows else counter


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
        screen.wait()
    finally:
        hub().leave(screen)
