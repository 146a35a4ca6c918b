"""Publishing: what arrived is known, what did not is returned, and nothing is left to arrive later."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from remedy.events.base import Envelope
from remedy.events.pharmacy import MedicineSearched
from remedy.gateways.kafka import PRODUCER, UNSETTLED, Failure, Publisher, Record
from remedy.settings import Settings

NOW = datetime(2026, 1, 31, tzinfo=UTC)


class Refusal:
    def str(self) -> str:
        return "refused"


class Client:
    """A producer that answers as it is told: None delivers, a text refuses, ... never answers."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.taken: list[bytes | None] = []
        self.waiting: list[Callable[[], None]] = []
        self.purged = False

    def produce(self, topic: str, *, on_delivery: Callable[..., None], **record: Any) -> None:
        answer = self.answers[len(self.taken)]
        self.taken.append(record["value"])
        if answer is not ...:
            error = None if answer is None else Refusal()
            self.waiting.append(lambda: on_delivery(error, None))

    def flush(self, _seconds: float) -> None:
        while self.waiting:
            self.waiting.pop(0)()

    poll = flush

    def purge(self, **_what: bool) -> None:
        self.purged = True


def records(count: int) -> list[Record]:
    return [Record("orders", b"key", str(i).encode()) for i in range(count)]


def test_what_is_delivered_leaves_no_failure_and_keeps_its_order() -> None:
    client = Client([None, None, None])
    assert Publisher(make=lambda: client).send(records(3)) == []
    assert client.taken == [b"0", b"1", b"2"]
    assert not client.purged


def test_what_is_refused_is_returned_with_its_position() -> None:
    client = Client([None, "no", None])
    assert Publisher(make=lambda: client).send(records(3)) == [Failure(1, "refused")]


def test_what_is_unanswered_is_withdrawn_with_its_client() -> None:
    clients = [Client([None, ...]), Client([None])]
    made = iter(clients)
    publisher = Publisher(make=lambda: next(made))
    assert publisher.send(records(2), seconds=0.05) == [Failure(1, UNSETTLED)]
    assert clients[0].purged
    assert publisher.send(records(1)) == []
    assert clients[1].taken == [b"0"]


def test_firing_never_waits_and_counts_what_was_lost() -> None:
    client = Client(["no"])
    publisher = Publisher(make=lambda: client)
    happened = MedicineSearched("abc", None, None, 3, None, NOW)
    publisher.fire(Envelope.of(happened, event_id=uuid4(), time=NOW, key=None))
    assert publisher.lost == 1


def test_a_full_buffer_loses_a_fired_event_and_fails_no_page() -> None:
    class Full(Client):
        def produce(self, topic: str, **_record: Any) -> None:
            raise BufferError

    publisher = Publisher(make=lambda: Full([]))
    happened = MedicineSearched("abc", None, None, 3, None, NOW)
    publisher.fire(Envelope.of(happened, event_id=uuid4(), time=NOW, key=None))
    assert publisher.lost == 1


def test_a_producer_is_idempotent_waits_for_all_and_gives_up_in_finite_time() -> None:
    assert PRODUCER["enable.idempotence"] is True
    assert PRODUCER["acks"] == "all"
    assert PRODUCER["linger.ms"] <= 20
    assert 0 < PRODUCER["message.timeout.ms"] <= 60_000


def test_airflows_producer_has_the_same_settings() -> None:
    connection = Settings().airflow_connections()["AIRFLOW_CONN_REMEDY_KAFKA_PRODUCER"]
    extra = json.loads(connection)["extra"]
    assert extra.pop("bootstrap.servers") == Settings().kafka_brokers
    assert extra == {name: str(value).lower() for name, value in PRODUCER.items()}
