"""An event and its envelope: CloudEvents 1.0, binary mode in Kafka, JSON structured mode in HDFS.

What an event says is a frozen dataclass (`pharmacy.py`, `hospital.py`); what every event has (id, time,
type, source, key) is its `Envelope`. Standard library only.
"""

import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from remedy.values import instant_of, instant_text

SPEC_VERSION = "1.0"
SOURCE = "/remedy/portal"
MAX_BODY_BYTES = 256 * 1024
"""Larger bodies are refused when made and are dead letters when read."""


class EventError(ValueError):
    """A message cannot be read as an event; the text says why, and holds none of its values."""


@dataclass(frozen=True)
class Event:
    """What happened, as plain data. Subclasses give `TYPE` and their fields."""

    TYPE: ClassVar[str] = ""

    @classmethod
    def topic(cls) -> str:
        """The topic this event is told on: the second word of its type."""
        return cls.TYPE.split(".")[1]


EventClass = TypeVar("EventClass", bound=type[Event])
REGISTRY: dict[str, type[Event]] = {}


def event(type_name: str) -> Callable[[EventClass], EventClass]:
    """Register an event class under its type, `remedy.<topic>.<past tense>.v<n>`."""

    def register(cls: EventClass) -> EventClass:
        cls.TYPE = type_name
        REGISTRY[type_name] = cls
        return cls

    return register


@dataclass(frozen=True)
class Envelope:
    """An event with what every event has.

    `key` decides the Kafka partition (None for topics without a key); `time` is when it happened, UTC.
    """

    event_id: UUID
    type: str
    time: datetime
    key: str | None
    body: Mapping[str, Any]
    source: str = SOURCE

    @classmethod
    def of(cls, happened: Event, *, event_id: UUID, time: datetime, key: str | None) -> "Envelope":
        """Wrap what happened."""
        return cls(event_id, happened.TYPE, time, key, to_body(happened))

    @property
    def topic(self) -> str:
        """The topic named in the type."""
        return self.type.split(".")[1]

    def event(self) -> Event:
        """The body as its event class.

        Raises:
            EventError: if the type is unknown or the body does not fit it.
        """
        return from_body(self.type, self.body)

    def headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers of CloudEvents' binary mode."""
        pairs = {
            "ce_specversion": SPEC_VERSION,
            "ce_id": str(self.event_id),
            "ce_source": self.source,
            "ce_type": self.type,
            "ce_time": instant_text(self.time),
            "content-type": "application/json",
        }
        return [(name, value.encode()) for name, value in pairs.items()]

    def value(self) -> bytes:
        """The body as Kafka carries it."""
        return body_text(self.body).encode()

    def structured(self) -> dict[str, Any]:
        """CloudEvents' JSON structured form."""
        whole: dict[str, Any] = {
            "specversion": SPEC_VERSION,
            "id": str(self.event_id),
            "source": self.source,
            "type": self.type,
            "time": instant_text(self.time),
            "datacontenttype": "application/json",
        }
        if self.key is not None:
            whole["partitionkey"] = self.key
        whole["data"] = dict(self.body)
        return whole

    @classmethod
    def from_structured(cls, whole: Mapping[str, Any]) -> "Envelope":
        """The envelope written in structured form.

        Raises:
            EventError: if a member is missing or of the wrong form.
        """
        try:
            return cls(
                event_id=UUID(whole["id"]),
                type=str(whole["type"]),
                time=instant_of(whole["time"]),
                key=whole.get("partitionkey"),
                body=whole["data"],
                source=str(whole["source"]),
            )
        except KeyError as error:
            raise EventError(f"The member {error} is missing.") from None
        except (ValueError, AttributeError, TypeError):
            raise EventError("The id or the time is not of its form.") from None

    @classmethod
    def from_kafka(
        cls, headers: Iterable[tuple[str, bytes | None]], key: bytes | None, value: bytes | None
    ) -> "Envelope":
        """The envelope of a Kafka record in binary mode; its body is checked against its type.

        Raises:
            EventError: if it cannot be read; the sentence says why and quotes no value.
        """
        named = {name: content for name, content in headers or () if content is not None}
        if value is None:
            raise EventError("The record has no body.")
        if len(value) > MAX_BODY_BYTES:
            raise EventError(f"The body has {len(value)} bytes; at most {MAX_BODY_BYTES} are read.")
        try:
            text = {
                name: named[name].decode() for name in ("ce_id", "ce_type", "ce_time", "ce_source")
            }
            body = json.loads(value.decode())
            plain_key = key.decode() if key is not None else None
        except KeyError as error:
            raise EventError(f"The header {error} is missing.") from None
        except UnicodeDecodeError:
            raise EventError("The record is not UTF-8.") from None
        except (ValueError, RecursionError):
            raise EventError("The body is not JSON.") from None
        if not isinstance(body, dict):
            raise EventError("The body is not a JSON object.")
        envelope = cls.from_structured(
            {
                "id": text["ce_id"],
                "type": text["ce_type"],
                "time": text["ce_time"],
                "source": text["ce_source"],
                "partitionkey": plain_key,
                "data": body,
            }
        )
        envelope.event()
        return envelope


def body_text(body: Mapping[str, Any]) -> str:
    """A body as compact JSON; the same body always gives the same text."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def to_body(happened: Any) -> dict[str, Any]:
    """An event (or a record within one) as JSON values."""
    return {spec.name: _plain(getattr(happened, spec.name)) for spec in fields(happened)}


def from_body(type_name: str, body: Mapping[str, Any]) -> Event:
    """The event of that type with that body.

    Members it does not know are ignored (a newer producer), missing ones take their default.

    Raises:
        EventError: if the type is unknown, a member is missing, or of the wrong kind.
    """
    cls = REGISTRY.get(type_name)
    if cls is None:
        raise EventError("The type is not one we know.")
    built = _build(cls, body, "")
    if not isinstance(built, Event):
        raise EventError("The type is not an event.")
    return built


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if is_dataclass(value):
        return to_body(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


Reader = Callable[[Any, str], Any]
"""Makes what a field holds of a JSON value; the text says where the value stands, for the error."""


def _build(cls: Any, body: Any, path: str) -> Any:
    if not isinstance(body, Mapping):
        raise EventError(f"'{path or 'data'}' is not an object.")
    given = {}
    for name, read, is_required in _fields(cls):
        where = f"{path}.{name}" if path else name
        if name in body:
            given[name] = read(body[name], where)
        elif is_required:
            raise EventError(f"'{where}' is missing.")
    try:
        return cls(**given)
    except ValueError as error:
        raise EventError(str(error)) from None


# Looked up once per class: landing reads thousands of events a second, and asking dataclasses and typing
# for the same answer each time was nine tenths of its work.
@cache
def _fields(cls: Any) -> tuple[tuple[str, Reader, bool], ...]:
    hints = typing.get_type_hints(cls)
    return tuple(
        (
            spec.name,
            _reader(hints[spec.name]),
            spec.default is MISSING and spec.default_factory is MISSING,
        )
        for spec in fields(cls)
    )


def _reader(hint: Any) -> Reader:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        (other,) = [choice for choice in typing.get_args(hint) if choice is not type(None)]
        return _or_none(_reader(other)) if type(None) in typing.get_args(hint) else _reader(other)
    if origin is typing.Literal:
        return _one_of(typing.get_args(hint))
    if origin is tuple:
        return _list_of(_reader(typing.get_args(hint)[0]))
    if is_dataclass(hint):
        return lambda value, where: _build(hint, value, where)
    if hint is UUID:
        return _converted(UUID, UUID)
    if hint is datetime:
        return _converted(datetime, instant_of)
    return _exactly(hint)


def _or_none(read: Reader) -> Reader:
    return lambda value, where: None if value is None else read(value, where)


def _one_of(choices: tuple[Any, ...]) -> Reader:
    def read(value: Any, where: str) -> Any:
        if value in choices:
            return value
        raise EventError(f"'{where}' is not one of {', '.join(map(str, choices))}.")

    return read


def _list_of(read_item: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list | tuple):
            raise EventError(f"'{where}' is not a list.")
        return tuple(read_item(each, f"{where}[{i}]") for i, each in enumerate(value))

    return read


def _converted(kind: type[Any], convert: Callable[[Any], Any]) -> Reader:
    def read(value: Any, where: str) -> Any:
        try:
            return value if isinstance(value, kind) else convert(value)
        except (ValueError, AttributeError, TypeError):
            raise EventError(f"'{where}' is not a valid {kind.__name__}.") from None

    return read


def _exactly(kind: type[Any]) -> Reader:
    def read(value: Any, where: str) -> Any:
        if type(value) is not kind:
            raise EventError(f"'{where}' is not of type {kind.__name__}.")
        return value

    return read
