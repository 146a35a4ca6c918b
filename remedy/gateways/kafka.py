"""Kafka: make the topics, publish and know what arrived, publish without waiting, read the tail.

A client is made when it is first used, never at import: librdkafka's threads do not survive a fork.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from remedy.events.base import Envelope, EventError
from remedy.events.topics import TOPICS

log = logging.getLogger(__name__)

CRITICAL = 2
"""librdkafka's level. Below it, each client writes a line a second while a broker is away; ours say it once."""

PRODUCER: dict[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 5,
    # Finite: what is not delivered stays where it came from (the outbox), not in a client's memory.
    "message.timeout.ms": 30_000,
    "reconnect.backoff.max.ms": 1_000,
    "log.connection.close": False,
    "log_level": CRITICAL,
}
"""What every producer of ours has set."""

TAIL: dict[str, Any] = {
    # librdkafka wants a group's name; we assign partitions, join none and commit nothing.
    "group.id": "remedy-tail",
    "enable.auto.commit": False,
    "auto.offset.reset": "latest",
    "isolation.level": "read_committed",
    "reconnect.backoff.max.ms": 1_000,
    "log.connection.close": False,
    "log_level": CRITICAL,
}

UNSETTLED = "no answer in time"


@dataclass(frozen=True)
class Record:
    """One record as Kafka takes it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()

    @classmethod
    def of(cls, envelope: Envelope) -> "Record":
        """An event in CloudEvents' binary mode."""
        key = None if envelope.key is None else envelope.key.encode()
        return cls(envelope.topic, key, envelope.value(), envelope.headers())


@dataclass(frozen=True)
class Failure:
    """Something that was not delivered: its position among what was given, and why."""

    position: int
    reason: str


class Publisher:
    """Publishes events. One per process and purpose; safe for threads.

    Args:
        brokers: bootstrap servers, HOST:PORT separated by commas.
        make: gives the client instead (a provider's hook, a test).
    """

    def __init__(self, brokers: str = "", *, make: Callable[[], Any] | None = None) -> None:
        self._make = make or (lambda: Producer({**PRODUCER, "bootstrap.servers": brokers}))
        self._client: Any = None
        self._guard = threading.Lock()
        self.lost = 0
        """How many events given to `fire` are known not to have arrived."""

    def publish(self, envelopes: Iterable[Envelope], *, seconds: float = 10) -> list[Failure]:
        """Publish and wait until each event is on the topic; what is not delivered is returned."""
        return self.send([Record.of(envelope) for envelope in envelopes], seconds=seconds)

    def send(self, records: Sequence[Record], *, seconds: float = 10) -> list[Failure]:
        """Send records in their order and wait at most `seconds` for all answers.

        Whatever is unanswered then is withdrawn with its client, so that nothing of this call arrives
        in pieces behind what the caller sends next. (It may have arrived all the same: at least once.)
        """
        client = self._ready()
        reasons: list[str | None] = [UNSETTLED] * len(records)

        def settle(position: int) -> Callable[[KafkaError | None, Message], None]:
            def told(error: KafkaError | None, _message: Message) -> None:
                reasons[position] = None if error is None else error.str()

            return told

        deadline = time.monotonic() + seconds
        for position, record in enumerate(records):
            if not _produce(client, record, settle(position), deadline):
                break
        while UNSETTLED in reasons and time.monotonic() < deadline:
            client.flush(min(0.5, max(0.0, deadline - time.monotonic())))
        if UNSETTLED in reasons:
            self.discard()
        return [Failure(i, reason) for i, reason in enumerate(reasons) if reason is not None]

    def fire(self, envelope: Envelope) -> None:
        """Hand an event to the client's buffer and return at once; it may be lost (`lost` counts)."""
        record = Record.of(envelope)
        client = self._ready()
        try:
            client.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=self._count_lost,
            )
        except (BufferError, KafkaException):
            self.lost += 1
        client.poll(0)

    def discard(self) -> None:
        """Drop the client and all it still holds; the next use makes another."""
        with self._guard:
            client, self._client = self._client, None
        if client is not None:
            client.purge(in_queue=True, in_flight=True)
            client.flush(1)

    def close(self, seconds: float = 5) -> None:
        """Wait a little for what was fired, then drop the client."""
        if self._client is not None:
            self._client.flush(seconds)
        self.discard()

    def _ready(self) -> Any:
        with self._guard:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _count_lost(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self.lost += 1


def _produce(client: Any, record: Record, settle: Callable[..., None], deadline: float) -> bool:
    while True:
        try:
            client.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=settle,
            )
        except BufferError:
            if time.monotonic() > deadline:
                return False
            client.poll(0.1)
        else:
            return True


def create_topics(brokers: str, *, seconds: float = 30) -> list[str]:
    """Make every topic of `TOPICS` and its `-dlq` that is not there yet; return what was made.

    Raises:
        KafkaException: if the brokers do not answer or refuse.
    """
    admin = AdminClient({"bootstrap.servers": brokers, "log.connection.close": False})
    cluster = admin.list_topics(timeout=seconds)
    copies = min(3, len(cluster.brokers))
    wanted = []
    for topic in TOPICS.values():
        config = {
            "retention.ms": str(topic.retention_days * 86_400_000),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": "2" if copies > 2 else "1",
            "cleanup.policy": "delete",
        }
        for name, partitions in ((topic.name, topic.partitions), (topic.dead_letters, 1)):
            if name not in cluster.topics:
                wanted.append(NewTopic(name, partitions, copies, config=config))
    if wanted:
        made = admin.create_topics(wanted, operation_timeout=seconds)
        for name, answer in made.items():
            _await_made(name, answer, seconds)
    return [topic.topic for topic in wanted]


def _await_made(name: str, answer: Any, seconds: float) -> None:
    try:
        answer.result(seconds)
    except KafkaException as error:
        # Somebody else made it between our look and our wish.
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        log.info("The topic %s is there already.", name)


class Tail:
    """What happens from now on, for live pages: every partition from its end, no group, no commits.

    While Kafka is away `read` gives nothing; a page that missed something catches up from the ledger.
    """

    def __init__(self, brokers: str, topics: Iterable[str]) -> None:
        self._config = {**TAIL, "bootstrap.servers": brokers}
        self._topics = tuple(topics)
        self._consumer: Consumer | None = None

    @property
    def is_assigned(self) -> bool:
        """Whether the ends are known: everything told after this became true is read."""
        return self._consumer is not None

    def read(self, seconds: float = 0.5) -> list[Envelope]:
        """The events that came within `seconds`, at once when there is one; unreadable ones are left out."""
        if self._consumer is None and not self._assign(seconds):
            return []
        assert self._consumer is not None
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(500, timeout=0)]
        return [envelope for message in messages if (envelope := _readable(message)) is not None]

    def close(self) -> None:
        """Let go of the connections."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _assign(self, seconds: float) -> bool:
        consumer = Consumer(self._config)
        try:
            known = consumer.list_topics(timeout=max(seconds, 5)).topics
            places = [
                TopicPartition(name, partition)
                for name in self._topics
                if name in known
                for partition in known[name].partitions
            ]
            for place in places:
                # The end as a number, now: "the end" itself would be looked up some time later.
                _, place.offset = consumer.get_watermark_offsets(place, timeout=5)
            consumer.assign(places)
        except KafkaException as error:
            consumer.close()
            log.warning("Kafka did not say where its topics end: %s", error.args[0].str())
            return False
        self._consumer = consumer
        return True


def envelope_of(message: Message) -> Envelope:
    """The event in a record.

    Raises:
        EventError: if it cannot be read.
    """
    return Envelope.from_kafka(headers_of(message), message.key(), message.value())


def headers_of(message: Message) -> list[tuple[str, bytes]]:
    """A record's headers; one without content is left out."""
    # The client's own types also allow a dictionary, which is never what is read.
    pairs = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    return [(name, content) for name, content in pairs if content is not None]


def _readable(message: Message) -> Envelope | None:
    if message.error() is not None:
        return None
    try:
        return envelope_of(message)
    except EventError:
        return None
