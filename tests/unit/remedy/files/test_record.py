"""A visit's record: the same events give the same bytes, an event counts once, and what it comes to."""

import hashlib
import json
from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from remedy.files import record
from remedy.files.record import NotARecord

VISIT, DOCTOR = UUID(int=1), UUID(int=2)


def landed(verb: str, version: int, **told: Any) -> dict[str, Any]:
    """A landed line."""
    data = {
        "appointment_id": str(VISIT), "doctor_id": str(DOCTOR), "hospital_id": str(UUID(int=3)),
        "patient_id": str(UUID(int=4)), "version": version, "starts_at": "2026-03-03T08:00:00Z",
        "ends_at": "2026-03-03T08:20:00Z", **told,
    }  # fmt: skip
    return {
        "specversion": "1.0", "id": str(UUID(int=100 + version)), "source": "/remedy/portal",
        "type": f"remedy.appointments.{verb}.v1", "time": f"2026-03-02T08:0{version}:00Z",
        "data": data, "topic": "appointments", "partition": 0, "offset": 40 + version, "day": "2026-03-02",
    }  # fmt: skip


ASKED = landed("requested", 1, urgency="soon", symptoms_sealed="AQ==")
PROPOSED = landed("proposed", 2, starts_at="2026-03-04T09:00:00Z", ends_at="2026-03-04T09:20:00Z")
ACCEPTED = landed("accepted", 3, starts_at="2026-03-04T09:00:00Z", ends_at="2026-03-04T09:20:00Z")


def of(*lines: dict[str, Any]) -> record.Record:
    return record.joined(VISIT, None, lines)


def test_events_give_the_same_bytes_in_whatever_order_and_however_often_they_land() -> None:
    whole = of(ASKED, PROPOSED, ACCEPTED).to_bytes()
    for lines in permutations((ASKED, PROPOSED, ACCEPTED)):
        assert of(*lines, *lines).to_bytes() == whole
        step = None
        for line in lines:
            step = record.joined(VISIT, step, [line])
        assert step is not None
        assert step.to_bytes() == whole


def test_a_record_says_what_its_last_event_says() -> None:
    told = of(ASKED, PROPOSED, ACCEPTED)
    assert (told.version, told.state, told.doctor_id) == (3, "accepted", DOCTOR)
    assert told.starts_at == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert told.last("urgency") == "soon"
    assert told.last("nothing") is None


@pytest.mark.parametrize(
    ("verbs", "state"),
    [
        (("requested",), "requested"),
        (("requested", "accepted", "moved"), "requested"),
        (("requested", "proposed"), "proposed"),
        (("requested", "declined"), "declined"),
        (("requested", "accepted", "cancelled"), "cancelled"),
        (("requested", "accepted", "checked-in"), "accepted"),
        (("requested", "accepted", "checked-in", "attended"), "attended"),
        (("requested", "accepted", "missed"), "missed"),
        (("requested", "accepted", "something-new"), "accepted"),
    ],
)
def test_what_the_events_come_to(verbs: tuple[str, ...], state: str) -> None:
    assert of(*(landed(verb, number) for number, verb in enumerate(verbs, 1))).state == state


def test_a_record_comes_back_from_its_bytes_and_holds_no_place_in_kafka() -> None:
    told = of(ASKED, PROPOSED)
    content = told.to_bytes()
    assert record.read(content, VISIT, hashlib.sha256(content).digest()) == told
    assert b"offset" not in content
    assert json.loads(content)["events"][0]["data"]["symptoms_sealed"] == "AQ=="


@pytest.mark.parametrize("spoilt", [b"", b"{}", b"[]", b"null", b'{"form":1,"events":[]}'])
def test_what_is_no_record_is_refused(spoilt: bytes) -> None:
    with pytest.raises(NotARecord):
        record.read(spoilt, VISIT, hashlib.sha256(spoilt).digest())


def test_half_a_record_and_another_visits_are_refused() -> None:
    content = of(ASKED, PROPOSED).to_bytes()
    sha256 = hashlib.sha256(content).digest()
    with pytest.raises(NotARecord):
        record.read(content[: len(content) // 2], VISIT, sha256)
    with pytest.raises(NotARecord):
        record.read(content, DOCTOR, sha256)
    changed = content.replace(b'"state":"proposed"', b'"state":"accepted"')
    with pytest.raises(NotARecord):
        record.read(changed, VISIT, hashlib.sha256(changed).digest())


@pytest.mark.parametrize(
    "differs",
    [{"appointment_id": None}, {"appointment_id": "x"}, {"version": None}, {"starts_at": None}],
)
def test_an_event_that_is_about_no_visit_is_left_out(differs: dict[str, Any]) -> None:
    line = landed("recorded", 1)
    line["data"] |= differs
    assert record.visit_of(line) is None
    assert record.visit_of({"data": None}) is None
    assert record.visit_of(ASKED) == VISIT
