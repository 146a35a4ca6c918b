"""The shape of every event as JSON Schema 2020-12, made from its dataclass; one file per type in `schemas/`.

`python -m remedy.events.shapes` writes them; a test fails when they are stale. Standard library only.
"""

import json
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from remedy.events.base import REGISTRY, Event
from remedy.events.topics import TOPICS

FOLDER = Path(__file__).with_name("schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_PLAIN: dict[Any, dict[str, Any]] = {
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}


def shape_of(cls: type[Event]) -> dict[str, Any]:
    """The schema of an event's body (`data` of the CloudEvent).

    Members a reader does not know are allowed: a newer producer may say more.
    """
    return {
        "$schema": DIALECT,
        "$id": f"urn:remedy:event:{cls.TYPE}",
        "title": cls.__name__,
        **_record(cls),
    }


def files() -> dict[str, str]:
    """Every schema file's name and text, for all events of all topics."""
    return {
        f"{type_name}.json": json.dumps(shape_of(cls), indent=2, ensure_ascii=False) + "\n"
        for topic in TOPICS.values()
        for type_name, cls in REGISTRY.items()
        if cls.topic() == topic.name
    }


def write(folder: Path = FOLDER) -> list[str]:
    """Write the schema files and remove those of no event; the names that changed."""
    folder.mkdir(exist_ok=True)
    made, changed = files(), []
    for path in folder.glob("*.json"):
        if path.name not in made:
            path.unlink()
            changed.append(path.name)
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return sorted(changed)


def _record(cls: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    description = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
    return {
        "description": description,
        "type": "object",
        "properties": {spec.name: _member(hints[spec.name]) for spec in fields(cls)},
        "required": [
            spec.name
            for spec in fields(cls)
            if spec.default is MISSING and spec.default_factory is MISSING
        ],
    }


def _member(hint: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (one,) = [choice for choice in arguments if choice is not type(None)]
        return {"anyOf": [_member(one), {"type": "null"}]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _member(arguments[0])}
    if is_dataclass(hint):
        return _record(typing.cast("type[Any]", hint))
    return dict(_PLAIN[hint])


if __name__ == "__main__":
    for changed_name in write():
        print(changed_name)
