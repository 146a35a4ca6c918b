"""Reading the history: one landed line in, the day it counts for out; or a reason to leave it aside.

A landed line is one CloudEvent in JSON structured form plus its topic, partition, offset and local day.
The day is the one it was landed for: a time zone corrected later must not move rows between counted days.
Standard library only: this runs on a YARN node.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

NOTHING = str(UUID(int=0))
"""The medicine of a search that meant none we know."""


class Fate(Enum):
    """What becomes of a landed line."""

    COUNTED = "counted"
    QUARANTINED = "quarantined"
    ELSEWHERE = "of another day"
    UNREADABLE = "unreadable"


class Row(NamedTuple):
    """A landed line that belongs to the days asked for. `day` is the local one, as ISO text."""

    topic: str
    day: str
    type: str
    body: Mapping[str, Any]
    fate: Fate


@dataclass(frozen=True)
class Wanted:
    """What a count is asked for.

    `days` gives the wanted local days (ISO text) of each topic, `quarantined` the ids of the events that
    are not believed, `names` what medicines are called; `zones` are the time zones of hospitals and `groups`
    the ATC groups of medicines, by public id, for the counts that ask for them.
    """

    days: Mapping[str, frozenset[str]]
    quarantined: frozenset[str] = field(default_factory=frozenset)
    names: frozenset[str] = field(default_factory=frozenset)
    zones: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        days: Mapping[str, Iterable[str]],
        quarantined: Iterable[str] = (),
        names: Iterable[str] = (),
        zones: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> "Wanted":
        """From plain collections."""
        return cls(
            {topic: frozenset(wanted) for topic, wanted in days.items()},
            frozenset(quarantined),
            frozenset(names),
            dict(zones or {}),
            dict(groups or {}),
        )

    @classmethod
    def load(cls, path: str) -> "Wanted":
        """From the file that travels with the job."""
        whole = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls.of(**whole)

    def text(self) -> str:
        """As `load` reads it; the same question always gives the same text."""
        whole = {
            "days": {topic: sorted(wanted) for topic, wanted in sorted(self.days.items())},
            "quarantined": sorted(self.quarantined),
            "names": sorted(self.names),
            "zones": dict(sorted(self.zones.items())),
            "groups": dict(sorted(self.groups.items())),
        }
        return json.dumps(whole, ensure_ascii=False)


def read(line: bytes, wanted: Wanted) -> Row | None:
    """The row in a landed line; None if it belongs to no day that is wanted.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: if it is no landed line. The caller counts it: one
            bad line must never stop a job over a year of history.
    """
    # Decoded here: json would look at every line for the other encodings it knows.
    whole = json.loads(line.decode())
    topic = whole["topic"]
    days = wanted.days.get(topic)
    if days is None:
        return None
    day = whole["day"]
    if day not in days:
        return None
    fate = Fate.QUARANTINED if whole["id"] in wanted.quarantined else Fate.COUNTED
    return Row(topic, day, whole["type"], whole["data"], fate)


def whole_number(body: Mapping[str, Any], name: str, *, missing: int | None = None) -> int:
    """An integer member of a body; `missing` where an older producer did not say it.

    Raises:
        ValueError: if it is anything else; a sum must never turn into a float or a text.
    """
    value = body.get(name, missing)
    if type(value) is not int:
        raise ValueError(f"'{name}' is not an integer.")
    return value


@lru_cache(maxsize=100_000)
def uuid_text(value: str) -> str:
    """An id in its one way of writing; kept, since the same few thousand come again and again.

    Raises:
        ValueError: if it is no UUID.
    """
    return str(UUID(value))


def plain_text(value: Any, length: int) -> str:
    """A text as a field of a key: one line, single spaces, at most `length` characters."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("A text was expected.")
    printable = "".join(c if c.isprintable() else " " for c in value)
    # Cut, then stripped again: the database holds texts equal that differ in a space at the end.
    return " ".join(printable.split())[:length].rstrip()
