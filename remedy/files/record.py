"""A visit's record: all that happened to it, as one file in HDFS; pure.

The file is JSON: the events as they landed, each once, and what they come to. Symptoms and notes stay vault
tokens in it. The same events give the same bytes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from remedy.values import instant_of

FORM = 1
TOPIC = "appointments"
KEPT = ("id", "source", "type", "time", "data")
"""Members of a landed event that a record keeps; where it lay in Kafka says nothing about the visit."""

_BECOMES = {
    "requested": "requested",
    "moved": "requested",
    "proposed": "proposed",
    "accepted": "accepted",
    "declined": "declined",
    "cancelled": "cancelled",
    "attended": "attended",
    "missed": "missed",
}
"""What a visit's state is after it; any other event leaves the state as it was."""


class NotARecord(ValueError):
    """The bytes are no record of ours, or of another visit."""


@dataclass(frozen=True)
class Record:
    """One visit's record; `events` are CloudEvents in the order they happened."""

    appointment_id: UUID
    events: tuple[Mapping[str, Any], ...]

    @property
    def version(self) -> int:
        """The visit's version after the last event."""
        return _version(self.events[-1])

    @property
    def state(self) -> str:
        """The visit's state after the last event."""
        known = [_BECOMES[verb] for verb in map(verb_of, self.events) if verb in _BECOMES]
        return known[-1] if known else "requested"

    @property
    def doctor_id(self) -> UUID:
        """The doctor of the last event."""
        return UUID(self.last("doctor_id"))

    @property
    def starts_at(self) -> datetime:
        """When it begins, as the last event says."""
        return instant_of(self.last("starts_at"))

    @property
    def ends_at(self) -> datetime:
        """When it ends, as the last event says."""
        return instant_of(self.last("ends_at"))

    def last(self, member: str) -> Any:
        """A member of the last event that has it; None if none has."""
        for told in reversed(self.events):
            if told["data"].get(member) is not None:
                return told["data"][member]
        return None

    def to_bytes(self) -> bytes:
        """The file."""
        body = {
            "form": FORM,
            "appointment_id": str(self.appointment_id),
            "version": self.version,
            "state": self.state,
            "doctor_id": str(self.doctor_id),
            "hospital_id": self.last("hospital_id"),
            "patient_id": self.last("patient_id"),
            "starts_at": self.last("starts_at"),
            "ends_at": self.last("ends_at"),
            "events": self.events,
        }
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode() + b"\n"


def visit_of(line: Mapping[str, Any]) -> UUID | None:
    """The visit a landed event is about; None for events of the topic that are about none."""
    data = line.get("data")
    if not isinstance(data, Mapping) or not isinstance(data.get("version"), int):
        return None
    if any(data.get(name) is None for name in ("doctor_id", "starts_at", "ends_at")):
        return None
    try:
        return UUID(str(data.get("appointment_id")))
    except ValueError:
        return None


def verb_of(told: Mapping[str, Any]) -> str:
    """What happened, in the past tense: `accepted` of `remedy.appointments.accepted.v1`."""
    return str(told["type"]).split(".")[2]


def joined(
    appointment_id: UUID, before: Record | None, landed: Iterable[Mapping[str, Any]]
) -> Record:
    """A record with more events; one that is there already is left out."""
    events = {str(told["id"]): told for told in (before.events if before else ())}
    for line in landed:
        events.setdefault(str(line["id"]), {name: line[name] for name in KEPT if name in line})
    ordered = sorted(events.values(), key=lambda told: (_version(told), told["time"], told["id"]))
    return Record(appointment_id, tuple(ordered))


def read(content: bytes, appointment_id: UUID, sha256: bytes) -> Record:
    """The record a file holds, of that visit and with that SHA-256.

    Raises:
        NotARecord: if it is not all that.
    """
    if hashlib.sha256(content).digest() != sha256:
        raise NotARecord("The file is not the bytes that were written; see docs/runbooks/data.md.")
    try:
        body = json.loads(content)
        found = Record(UUID(body["appointment_id"]), tuple(body["events"]))
        is_whole = bool(found.events) and body["form"] == FORM and found.to_bytes() == content
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise NotARecord("The file is not a visit's record; see docs/runbooks/data.md.") from None
    if not is_whole or found.appointment_id != appointment_id:
        raise NotARecord("The file is not this visit's record; see docs/runbooks/data.md.")
    return found


def _version(told: Mapping[str, Any]) -> int:
    return int(told["data"]["version"])
