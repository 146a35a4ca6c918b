"""What becomes of a record: a row, or a dead letter that says why; nothing in a record stops the next one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from remedy.events.base import Envelope
from remedy.events.pharmacy import MedicineSearched, StockRefused
from remedy.pipeline.landing_rows import Zones, read_batch

NOW = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
ROME, KOLKATA = uuid4(), uuid4()


class Record:
    """A Kafka record as the client gives it."""

    def __init__(
        self, envelope: Envelope, offset: int = 0, topic: str = "", value: Any = ..., **headers: Any
    ) -> None:
        self._topic = topic or envelope.topic
        self._offset = offset
        self._key = None if envelope.key is None else envelope.key.encode()
        self._value = envelope.value() if value is ... else value
        self._headers = [(name, headers.get(name, text)) for name, text in envelope.headers()]

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return 1

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> list[tuple[str, bytes]]:
        return self._headers


class KnownZones(Zones):
    """Zones that are looked up without a database."""

    def __init__(self, **places: str) -> None:
        self.known = {"*": "Europe/Rome"}
        self.places = {"*": "Europe/Rome", **places}
        self.looked = 0

    def learn(self, bodies: Any) -> None:
        if any(body.get("pharmacy_id", "*") not in self.known for body in bodies):
            self.looked += 1
            self.known = dict(self.places)


def refusal(pharmacy_id: UUID = ROME, occurred_at: datetime = NOW) -> Envelope:
    happened = StockRefused(pharmacy_id, uuid4(), uuid4(), 2000, occurred_at)
    return Envelope.of(happened, event_id=uuid4(), time=occurred_at, key=str(pharmacy_id))


def search() -> Envelope:
    happened = MedicineSearched("abc", None, None, 0, "aspirn", NOW)
    return Envelope.of(happened, event_id=uuid4(), time=NOW, key=None)


def zones() -> KnownZones:
    return KnownZones(**{str(ROME): "Europe/Rome", str(KOLKATA): "Asia/Kolkata"})


def read(*records: Record, known: KnownZones | None = None) -> Any:
    messages: Any = list(records)
    positions = {
        ("stock-movements", 0): 4,
        **{(record.topic(), 1): records[0].offset() for record in records},
    }
    return read_batch(messages, positions, known or zones(), clock=lambda: NOW)


def test_an_event_becomes_a_row_on_the_local_day_of_its_pharmacy() -> None:
    batch = read(Record(refusal(ROME), 7), Record(refusal(KOLKATA), 8), Record(search(), 9))
    days = {row.record_offset: str(row.day) for rows in batch.rows.values() for row in rows}
    assert days == {7: "2026-03-29", 8: "2026-03-29", 9: "2026-03-29"}
    earlier = refusal(ROME, NOW - timedelta(hours=1))
    (row,) = read(Record(earlier, 7)).rows["stock-movements"]
    assert str(row.day) == "2026-03-28"


def test_the_line_is_the_event_in_structured_form_and_its_place() -> None:
    envelope = refusal()
    (row,) = read(Record(envelope, 7)).rows["stock-movements"]
    line = json.loads(row.event)
    assert (line.pop("topic"), line.pop("partition"), line.pop("offset")) == (
        "stock-movements", 1, 7,
    )  # fmt: skip
    assert Envelope.from_structured(line) == envelope


def test_an_unknown_place_is_looked_up_once_a_batch_and_counts_in_utc() -> None:
    known = zones()
    batch = read(Record(refusal(uuid4()), 1), Record(refusal(uuid4()), 2), known=known)
    assert known.looked == 1
    assert [str(row.day) for row in batch.rows["stock-movements"]] == ["2026-03-28", "2026-03-28"]


def test_a_batch_knows_where_every_partition_stood_and_where_its_own_ended() -> None:
    batch = read(Record(refusal(), 7), Record(refusal(), 9))
    # The other one too: a lander that wrote there meanwhile is found out.
    assert batch.began == {("stock-movements", 0): 4, ("stock-movements", 1): 7}
    assert batch.ended == {("stock-movements", 1): 10}
    assert batch.record_count == 2


def with_member(text: str) -> bytes:
    return refusal().value()[:-1] + text.encode() + b"}"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Record(refusal(), value=b"not json"), "The body is not JSON."),
        (Record(refusal(), value=b"[1]"), "The body is not a JSON object."),
        (Record(refusal(), value=None), "The record has no body."),
        (Record(refusal(), value=b"\xff"), "The record is not UTF-8."),
        (Record(refusal(), value=b"[" * 100_000), "The body is not JSON."),
        (Record(refusal(), value=b"{}"), "'pharmacy_id' is missing."),
        (Record(refusal(), ce_type=b"remedy.stock-movements.eaten.v1"), "The type is not one we know."),
        (Record(refusal(), ce_id=b"7"), "The id or the time is not of its form."),
        (Record(refusal(), topic="orders"), "The type belongs to another topic."),
        (
            Record(refusal(occurred_at=NOW + timedelta(hours=25))),
            "The time is more than 24 hours in the future.",
        ),
        (
            Record(refusal(occurred_at=NOW + timedelta(days=4)), ce_time=b"2026-03-28T23:30:00Z"),
            "The time in the body is more than 24 hours in the future.",
        ),
        (
            Record(refusal(occurred_at=datetime(1969, 12, 1, tzinfo=UTC))),
            "The time is before 1970.",
        ),
        (Record(refusal(), ce_time=b"0001-01-01T00:00:00+14:00"), "unreadable (OverflowError)"),
        (Record(refusal(), value=with_member(',"x":NaN')), "unreadable (ValueError)"),
        (Record(refusal(), value=with_member(',"x":"\\ud800"')), "unreadable (UnicodeEncodeError)"),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_believed_to_be_an_event_is_a_dead_letter(
    record: Record, reason: str
) -> None:
    good = Record(refusal(), 99, topic="stock-movements")
    batch = read(record, good)
    assert [letter.reason for letter in batch.dead] == [reason]
    assert [row.record_offset for row in batch.rows["stock-movements"]] == [99]


def test_a_dead_letters_reason_quotes_nothing_of_the_record() -> None:
    secret = b'{"symptoms": "canary-7431"}'
    (letter,) = read(Record(refusal(), value=secret, ce_id=b"canary-7431")).dead
    assert "canary" not in letter.reason
    assert letter.value == secret
