"""The map and the reduce of the daily count, without mrjob: lines in, totals out.

One pass counts everything, since starting a job on YARN costs more than reading a day: demand, unmet
demand, searches, and, so that the result can be believed, the rows themselves.

Output, tab-separated, one kind of line each:

    demand  day pharmacy medicine sold uncovered refused received sales refusals
    rows    topic day counted quarantined
    search  day medicine searches found
    unmet   day medicine district query searches searchers
"""

from collections.abc import Iterable, Iterator, Sequence

from mapreduce.demand_by_medicine import demand_in, place
from mapreduce.landed_lines import Fate, Row, Wanted, read
from mapreduce.unmet_demand import search_in

BETWEEN = "\x1f"
"""Between the parts of a key: no text that is counted can hold it (`plain_text`)."""

MAX_KEYS = 200_000
"""So many totals a mapper holds before it hands them on; about 100 MB."""

Pair = tuple[str, str]


class DailyCount:
    """What one mapper has counted so far: totals kept in memory, not a pair for every line."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._sums: dict[str, list[int]] = {}
        self._searchers: dict[str, dict[str, int]] = {}
        self._size = 0
        self.fates = dict.fromkeys(Fate, 0)

    @property
    def is_full(self) -> bool:
        """Whether it is time to `drain`."""
        return self._size >= MAX_KEYS

    def add(self, line: bytes) -> None:
        """Count one landed line; a line that cannot be read is counted as such and never raises."""
        try:
            row = read(line, self._wanted)
            if row is None:
                self.fates[Fate.ELSEWHERE] += 1
                return
            if row.fate is Fate.COUNTED:
                self._count(row)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.fates[Fate.UNREADABLE] += 1
            return
        self._add(f"rows{BETWEEN}{row.topic}{BETWEEN}{row.day}", _ROW[row.fate])
        self.fates[row.fate] += 1

    def drain(self) -> Iterator[Pair]:
        """Hand on what was counted, as pairs for `reduce_pairs`, and begin anew."""
        for key, totals in self._sums.items():
            yield key, " ".join(map(str, totals))
        for key, searches in self._searchers.items():
            for searcher, count in searches.items():
                yield key, f"{count} {searcher}"
        self._sums, self._searchers, self._size = {}, {}, 0

    def _count(self, row: Row) -> None:
        demand = demand_in(row.type, row.body)
        if demand is not None:
            self._add(BETWEEN.join(("demand", row.day, *place(row.body))), demand)
            return
        search = search_in(row.type, row.body)
        if search is None:
            return
        key = BETWEEN.join(("search", row.day, search.medicine_id))
        self._add(key, (1, int(search.is_found)))
        if not search.is_found:
            key = BETWEEN.join(
                ("unmet", row.day, search.medicine_id, search.district, search.query)
            )
            searches = self._searchers.setdefault(key, {})
            if search.searcher not in searches:
                searches[search.searcher] = 0
                self._size += 1
            searches[search.searcher] += 1

    def _add(self, key: str, amounts: Sequence[int]) -> None:
        totals = self._sums.get(key)
        if totals is None:
            self._sums[key] = list(amounts)
            self._size += 1
            return
        for place_no, amount in enumerate(amounts):
            totals[place_no] += amount


_ROW = {Fate.COUNTED: (1, 0), Fate.QUARANTINED: (0, 1)}


def reduce_pairs(key: str, values: Iterable[str]) -> Iterator[Pair]:
    """The total of one key over all mappers, as the kind of an output line and its other columns."""
    kind, _, rest = key.partition(BETWEEN)
    totals = _distinct(values) if kind == "unmet" else _sum(values)
    if kind == "demand" and not any(totals):
        # All of it was reversed: as if it had never happened.
        return
    yield kind, "\t".join((*rest.split(BETWEEN), *map(str, totals)))


def _sum(values: Iterable[str]) -> list[int]:
    numbers = (map(int, value.split(" ")) for value in values)
    return [sum(column) for column in zip(*numbers, strict=True)]


def _distinct(values: Iterable[str]) -> tuple[int, int]:
    count, searchers = 0, set()
    for value in values:
        searches, _, searcher = value.partition(" ")
        count += int(searches)
        searchers.add(searcher)
    return count, len(searchers)
