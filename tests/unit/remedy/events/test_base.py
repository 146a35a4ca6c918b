"""Envelopes that cannot be read say why, and quote nothing of what they hold."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remedy.events.base import MAX_BODY_BYTES, Envelope, EventError, from_body
from remedy.events.days import ANYWHERE, day_of, place_of
from remedy.events.pharmacy import MedicineSearched

AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
SEARCHED = MedicineSearched("f00d", "Harbour", None, 0, "blue inhaler", AT)
ENVELOPE = Envelope.of(SEARCHED, event_id=UUID(int=7 << 76 | 1 << 63), time=AT, key=None)


def read(
    headers: dict[str, bytes | None] | None = None,
    value: bytes | None = b"",
    key: bytes | None = None,
) -> Envelope:
    """Read the example with some headers replaced (None: left out) and another body."""
    told: dict[str, bytes | None] = {**dict(ENVELOPE.headers()), **(headers or {})}
    return Envelope.from_kafka(list(told.items()), key, ENVELOPE.value() if value == b"" else value)


def test_the_example_is_read() -> None:
    assert read() == ENVELOPE


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ({"ce_id": None}, b""),
        ({"ce_id": b"canary"}, b""),
        ({"ce_time": b"canary"}, b""),
        ({"ce_time": b"2026-03-02T08:30:00"}, b""),
        ({"ce_type": b"remedy.canary.happened.v1"}, b""),
        ({"ce_type": b"\xff\xfe"}, b""),
        ({}, None),
        ({}, b"canary"),
        ({}, b"\xff\xfecanary"),
        ({}, b'["canary"]'),
        ({}, b'{"searcher": "canary"}'),
        ({}, b"[" * 100_000),
        ({}, b"1" * (MAX_BODY_BYTES + 1)),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence_without_its_values(
    headers: dict[str, bytes | None], value: bytes | None
) -> None:
    with pytest.raises(EventError) as refused:
        read(headers, value)
    assert str(refused.value).endswith(".")
    assert "canary" not in str(refused.value)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(value: bytes) -> None:
    with pytest.raises(EventError):
        read(value=value or b"x")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=8,
    )
)
def test_no_json_breaks_the_reader(body: object) -> None:
    with pytest.raises(EventError):
        read(value=json.dumps(body).encode())


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(EventError, match="not one we know"):
        from_body("remedy.orders.eaten.v1", {})


def test_an_event_counts_for_the_day_at_its_place() -> None:
    late = "2026-03-01T23:30:00.000000Z"
    zones = {"p": "Europe/Rome", "q": "America/New_York", ANYWHERE: "Asia/Tokyo"}
    assert day_of({"pharmacy_id": "p", "occurred_at": late}, zones) == date(2026, 3, 2)
    assert day_of({"hospital_id": "q", "occurred_at": late}, zones) == date(2026, 3, 1)
    assert day_of({"occurred_at": late}, zones) == date(2026, 3, 2)
    assert place_of({"occurred_at": late}) == ANYWHERE
    # A place nobody knows counts in UTC.
    assert day_of({"pharmacy_id": "x", "occurred_at": late}, zones) == date(2026, 3, 1)


def test_a_reversal_counts_for_the_day_of_what_it_reverses() -> None:
    body = {
        "pharmacy_id": "p",
        "occurred_at": "2026-03-05T10:00:00Z",
        "reversed_at": "2026-03-01T10:00:00Z",
    }
    assert day_of(body, {"p": "Europe/Rome"}) == date(2026, 3, 1)
