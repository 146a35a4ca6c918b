"""One count over both halves: a week's visits by speciality beside what pharmacies sold in the week after, by ATC group.

Whoever sees that visits of one kind run a week ahead of one group of medicines can order in time. Two steps: the first
tells each visit's story (visit_story.py) and adds up sales, the second sets a week's visits beside its sales.

Output, tab-separated, one kind of line each:

    rows  visit-demand week counted quarantined
    week  week speciality group visits sold sales

A week is its Monday, the one of the sales. Its rows are the sales of that week and the visits' events of the week before.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache

from mapreduce.demand_by_medicine import demand_in
from mapreduce.landed_lines import Fate, Wanted, uuid_text
from mapreduce.visit_counting import (
    BETWEEN,
    RECORDED,
    TOPIC,
    VISIT,
    Pair,
    add_to,
    story_of,
    visit_in,
)
from mapreduce.visit_story import BOOKED

KIND = "visit-demand"
"""What a week is counted as, where a day is counted as its topic."""

GROUP_LENGTH = 3
SOLD, SEEN = "sold", "seen"


@lru_cache(maxsize=10_000)
def week_of(day: str, weeks_later: int = 0) -> str:
    """The Monday of the week of a day, or of a later week; ISO texts."""
    on = date.fromisoformat(day)
    return (on - timedelta(days=on.weekday()) + timedelta(weeks=weeks_later)).isoformat()


class WeekCount:
    """What one mapper has read: sums of sales kept in memory, the events of visits handed on at once."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._sums: dict[str, list[int]] = {}
        self.fates = dict.fromkeys(Fate, 0)

    def add(self, line: bytes) -> Iterable[Pair]:
        """Read one landed line; a line that cannot be read is counted as such and never raises."""
        try:
            whole = json.loads(line.decode())
            topic, day, type_name = whole["topic"], whole["day"], whole["type"]
            is_wanted = day in self._wanted.days.get(topic, frozenset())
            is_doubted = whole["id"] in self._wanted.quarantined
            week = week_of(day, 1 if topic == TOPIC else 0)
            pairs: tuple[Pair, ...] = ()
            if topic == TOPIC and not is_doubted:
                what = type_name.split(".")[2]
                if what != RECORDED:
                    pairs = (visit_in(day, what, whole["data"]),)
            elif is_wanted and not is_doubted:
                demand = demand_in(type_name, whole["data"])
                if demand is not None and (demand.sold_milli or demand.sale_count):
                    group = self._wanted.groups.get(uuid_text(whole["data"]["medicine_id"]))
                    if group:
                        key = BETWEEN.join((SOLD, week, group[:GROUP_LENGTH]))
                        add_to(self._sums, key, (demand.sold_milli, demand.sale_count))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, IndexError):
            self.fates[Fate.UNREADABLE] += 1
            return ()
        if not is_wanted:
            self.fates[Fate.ELSEWHERE] += 1
            return pairs
        self.fates[Fate.QUARANTINED if is_doubted else Fate.COUNTED] += 1
        add_to(self._sums, BETWEEN.join(("rows", week)), (0, 1) if is_doubted else (1, 0))
        return pairs

    def drain(self) -> Iterator[Pair]:
        """Hand on the sums, and begin anew."""
        for key, totals in self._sums.items():
            yield key, BETWEEN.join(map(str, totals))
        self._sums = {}


def parts_of(key: str, values: Iterable[str], wanted: Wanted) -> Iterator[Pair]:
    """The first reduce: a key's part of a week, keyed by the week."""
    kind, *names = key.split(BETWEEN)
    if kind == VISIT:
        for (week, speciality), number in _weeks_of(values, wanted).items():
            if number:
                yield week, BETWEEN.join((SEEN, speciality, str(number)))
        return
    totals = [sum(column) for column in zip(*_numbers(values), strict=True)]
    week, *group = names
    yield week, BETWEEN.join((kind, *group, *map(str, totals)))


def week_lines(week: str, values: Iterable[str]) -> Iterator[Pair]:
    """The second reduce: a week's lines. Each speciality seen the week before stands beside each group sold."""
    seen: Counter[str] = Counter()
    sums: dict[str, list[int]] = {}
    for value in values:
        kind, *rest = value.split(BETWEEN)
        if kind == SEEN:
            seen[rest[0]] += int(rest[1])
        else:
            add_to(sums, rest[0] if kind == SOLD else "", [int(part) for part in rest[-2:]])
    if rows := sums.pop("", None):
        yield "rows", "\t".join((KIND, week, *map(str, rows)))
    for speciality, visits in sorted(seen.items()):
        for group, totals in sorted(sums.items()):
            if visits and any(totals):
                yield "week", "\t".join((week, speciality, group, str(visits), *map(str, totals)))


def _weeks_of(values: Iterable[str], wanted: Wanted) -> Counter[tuple[str, str]]:
    """How often one visit was, in the end, to take place: by the week after it, and its speciality."""
    found: Counter[tuple[str, str]] = Counter()
    for change in story_of(values, wanted.zones):
        if change.kind == "hourly":
            visit_on, _, _, _, speciality = change.columns
            week = week_of(visit_on, 1)
            if week in wanted.days.get(KIND, frozenset()):
                found[week, speciality] += change.amounts[2 * BOOKED]
    return found


def _numbers(values: Iterable[str]) -> Iterator[list[int]]:
    return ([int(part) for part in value.split(BETWEEN)] for value in values)
