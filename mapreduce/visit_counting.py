"""The map and the reduce of the count of visits, without mrjob: landed lines in, totals out.

The events of a visit are brought together by its id and told as a story (visit_story.py); visits that were brought in
from a file have no story and are added up. A reducer adds up the visits it was given, so that one job is enough: with
several reducers a key has several lines, and whoever loads them adds them.

Output, tab-separated, one kind of line each:

    hourly    day visit_on hour hospital doctor speciality booked minutes attended minutes missed minutes
    imported  day neighbourhood visits missed doubtful
    rows      topic day counted quarantined
    visits    day hospital doctor speciality requested accepted … (`visit_story.COUNTS`)
    waiting   day hospital speciality waited_for up_to_minutes visits minutes
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mapreduce.landed_lines import Fate, Wanted, plain_text, uuid_text
from mapreduce.visit_story import Told, fold
from remedy.values import instant_of

BETWEEN = "\x1f"
"""Between the parts of a key or a value: no text that is counted can hold it (`plain_text`)."""

TOPIC = "appointments"
RECORDED = "recorded"
VISIT = "visit"

Pair = tuple[str, str]


class VisitCount:
    """What one mapper has read: sums kept in memory, the events of visits handed on at once."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._days = wanted.days.get(TOPIC, frozenset())
        self._sums: dict[str, list[int]] = {}
        self.fates = dict.fromkeys(Fate, 0)

    def add(self, line: bytes) -> Iterable[Pair]:
        """Read one landed line; a line that cannot be read is counted as such and never raises.

        Events of days before those wanted are handed on too: they are the beginning of a visit's story.
        """
        try:
            whole = json.loads(line.decode())
            if whole["topic"] != TOPIC:
                self.fates[Fate.ELSEWHERE] += 1
                return ()
            is_doubted = whole["id"] in self._wanted.quarantined
            day, what = whole["day"], whole["type"].split(".")[2]
            is_wanted = day in self._days
            pairs: tuple[Pair, ...] = ()
            if what == RECORDED:
                recorded = recorded_in(day, whole["data"])
                if is_wanted and not is_doubted:
                    self._add(*recorded)
            else:
                pair = visit_in(day, what, whole["data"])
                pairs = () if is_doubted else (pair,)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, IndexError):
            self.fates[Fate.UNREADABLE] += 1
            return ()
        if not is_wanted:
            self.fates[Fate.ELSEWHERE] += 1
            return pairs
        self.fates[Fate.QUARANTINED if is_doubted else Fate.COUNTED] += 1
        self._add(BETWEEN.join(("rows", TOPIC, day)), (0, 1) if is_doubted else (1, 0))
        return pairs

    def drain(self) -> Iterator[Pair]:
        """Hand on the sums, and begin anew."""
        for key, totals in self._sums.items():
            yield key, BETWEEN.join(map(str, totals))
        self._sums = {}

    def _add(self, key: str, amounts: Sequence[int]) -> None:
        add_to(self._sums, key, amounts)


class VisitTotals:
    """What the reducer has added up; it is handed on when all keys were seen."""

    def __init__(self, wanted: Wanted) -> None:
        self._days = wanted.days.get(TOPIC, frozenset())
        self._zones = wanted.zones
        self._sums: dict[str, list[int]] = {}

    def take(self, key: str, values: Iterable[str]) -> None:
        """Take one key with all its values: a visit's events, or sums of the mappers."""
        kind, _, _ = key.partition(BETWEEN)
        if kind != VISIT:
            for value in values:
                add_to(self._sums, key, [int(part) for part in value.split(BETWEEN)])
            return
        for change in story_of(values, self._zones):
            if change.day in self._days:
                name = BETWEEN.join((change.kind, change.day, *change.columns))
                add_to(self._sums, name, change.amounts)

    def result(self) -> Iterator[Pair]:
        """The output lines, as the kind and the other columns; what came to nothing is left out."""
        for key, totals in sorted(self._sums.items()):
            kind, _, rest = key.partition(BETWEEN)
            if any(totals):
                yield kind, "\t".join((*rest.split(BETWEEN), *map(str, totals)))


def visit_in(day: str, what: str, body: Mapping[str, Any]) -> Pair:
    """An event of a visit as a pair: the visit's id, and what its story needs of it."""
    version = body["version"]
    if type(version) is not int:
        raise ValueError("'version' is not an integer.")
    at, starts, ends = (
        int(instant_of(body[name]).timestamp()) for name in ("occurred_at", "starts_at", "ends_at")
    )
    told = Told(
        version=version,
        at=at,
        day=day,
        what=plain_text(what, 40),
        starts=starts,
        ends=ends,
        hospital=uuid_text(body["hospital_id"]),
        doctor=uuid_text(body["doctor_id"]),
        speciality=plain_text(body.get("speciality"), 60),
        why=plain_text(body.get("why"), 20),
    )
    key = f"{VISIT}{BETWEEN}{uuid_text(body['appointment_id'])}"
    return key, BETWEEN.join(map(str, told))


def story_of(values: Iterable[str], zones: Mapping[str, str]) -> Iterator[Any]:
    """The changes of one visit, from the values `visit_in` made of its events."""
    events = []
    for value in values:
        version, at, day, what, starts, ends, *texts = value.split(BETWEEN)
        events.append(Told(int(version), int(at), day, what, int(starts), int(ends), *texts))
    return fold(events, zones.get(events[0].hospital, "UTC"))


def recorded_in(day: str, body: Mapping[str, Any]) -> tuple[str, tuple[int, int, int]]:
    """A visit that was brought in from a file, as a key and what it adds: visits, missed, doubtful."""
    neighbourhood = plain_text(body["neighbourhood"], 60)
    was_missed = body["was_missed"]
    if type(was_missed) is not bool:
        raise ValueError("'was_missed' is neither true nor false.")
    is_doubtful = bool(body.get("doubts"))
    key = BETWEEN.join(("imported", day, neighbourhood))
    return key, (1, int(was_missed), int(is_doubtful))


def add_to(sums: dict[str, list[int]], key: str, amounts: Sequence[int]) -> None:
    """Add numbers to those under a key."""
    totals = sums.get(key)
    if totals is None:
        sums[key] = list(amounts)
        return
    for place, amount in enumerate(amounts):
        totals[place] += amount
