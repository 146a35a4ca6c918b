"""What a request is handed: the installation's settings, database, vault, region and clock, and the way to Kafka.

Made once per process by `create_app`; a route takes it with `parts()` and passes what it needs on to the core.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import sqlalchemy as sa
from flask import Flask, current_app

from remedy.catalogue.index import Index, use
from remedy.events.base import Envelope
from remedy.gateways.mysql import engine_for, in_transaction
from remedy.messages import service as messages
from remedy.region import Region
from remedy.settings import Settings
from remedy.values import Clock, utc_now
from remedy.vault import Vault

if TYPE_CHECKING:
    from remedy.gateways.hdfs import Files

log = logging.getLogger(__name__)
EXTENSION = "remedy"
REMEMBERED_SECONDS = 30.0
POOL_SIZE = 8
"""Connections a worker keeps: many threads wait on sockets, few on the database."""

Result = TypeVar("Result")
Announce = Callable[[Envelope], None]
HandOver = Callable[..., None]
"""Hands a mail (address, subject, text, and the file that goes with it if there is one) to the mail server; raises `messages.NotSent`."""


@dataclass(frozen=True)
class Parts:
    """What every request may use.

    Changes go over `engine`, what only looks over `reading`, which has no transactions.
    `announce` tells Kafka, `post` writes a mail (address, subject, text); neither waits, neither raises.
    """

    settings: Settings
    engine: sa.Engine
    reading: sa.Engine
    vault: Vault
    region: Region
    clock: Clock
    announce: Announce
    post: "Post"
    remembered: "Remembered"

    @classmethod
    def of(cls, settings: Settings, *, clock: Clock = utc_now) -> "Parts":
        """The parts of this process; nothing is connected before it is used."""
        engine = engine_for(settings.database_url, pool_size=POOL_SIZE)
        reading = engine_for(settings.database_url, pool_size=POOL_SIZE, for_reading=True)
        if settings.search_index_dir:
            index = Index(Path(settings.search_index_dir))
            use(engine, index)
            use(reading, index)
        return cls(
            settings=settings,
            engine=engine,
            reading=reading,
            vault=Vault(settings.master_key, clock=clock),
            region=Region.load(settings.region_file),
            clock=clock,
            announce=Announcer(settings.kafka_brokers),
            post=Post(settings),
            remembered=Remembered(REMEMBERED_SECONDS),
        )

    def file_store(self) -> "Files":
        """The way to what patients handed in, once it lies in HDFS; nothing is connected before it is used."""
        # Here and not above: most workers never need the client.
        from remedy.gateways.hdfs import connect

        return connect(self.settings.hdfs_url, self.settings.hdfs_user, self.settings.hdfs_root)

    def now(self) -> datetime:
        """The time now, UTC."""
        return self.clock()

    def change(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Run a change in one transaction; deadlocks are tried again."""
        return in_transaction(self.engine, work)

    def read(self, look: Callable[[sa.Connection], Result]) -> Result:
        """Read; the connection is given back before the page is drawn."""
        with self.reading.connect() as connection:
            return look(connection)


class Remembered:
    """What nearly every page says and hardly ever changes: read again when it is older than so many seconds.

    Never for what a decision rests on: another worker may have changed it since.
    """

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, Any]] = {}

    def __call__(self, name: str, read: Callable[[], Result]) -> Result:
        """What is remembered by this name, or what `read` gives, remembered from now on."""
        now = self._monotonic()
        read_at, found = self._kept.get(name, (-self._seconds, None))
        if now - read_at >= self._seconds:
            found = read()
            self._kept[name] = (now, found)
        return cast(Result, found)


def to_the_server(settings: Settings) -> HandOver:
    """The way to the mail server that the settings name."""
    return partial(messages.send, settings.smtp_url, settings.mail_from)


class Announcer:
    """Kafka for what may be lost (searches that found something): buffered, and never in the way of a page.

    The client is made on first use, so in the worker and not before its fork.
    """

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._lock = threading.Lock()
        self._fire: Announce | None = None

    def __call__(self, envelope: Envelope) -> None:
        """Put an event in the client's buffer; what goes wrong is logged and swallowed."""
        try:
            self._client()(envelope)
        except Exception as error:
            # A page must not fail because nobody could be told of it.
            log.warning(
                "an event of %s was not announced: %s", envelope.topic, type(error).__name__
            )

    def _client(self) -> Announce:
        with self._lock:
            if self._fire is None:
                from remedy.gateways.kafka import Publisher

                self._fire = Publisher(self._brokers).fire
            return self._fire


class Post:
    """Mail, sent behind the page's back: what was decided stands whether or not it can be delivered."""

    def __init__(self, settings: Settings) -> None:
        self._hand_over = to_the_server(settings)
        self._lock = threading.Lock()
        self._sender: ThreadPoolExecutor | None = None

    def __call__(self, to: str, subject: str, text: str) -> None:
        """Have a mail sent soon."""
        with self._lock:
            if self._sender is None:
                # On first use, so in the worker: threads do not survive its fork.
                self._sender = ThreadPoolExecutor(1, thread_name_prefix="post")
            self._sender.submit(self._send, to, subject, text)

    def _send(self, to: str, subject: str, text: str) -> None:
        try:
            self._hand_over(to, subject, text)
        except Exception as error:
            # To whom is nobody's business in a log.
            log.warning("a mail was not sent: %s", type(error).__name__)


def parts() -> Parts:
    """The parts of the application that serves this request."""
    return parts_of(current_app)


def parts_of(app: Flask) -> Parts:
    """The parts of an application."""
    return cast(Parts, app.extensions[EXTENSION])


def keep(app: Flask, made: Parts) -> None:
    """Hand the parts to an application."""
    app.extensions[EXTENSION] = made
