"""The map and the reduce of the daily count, without mrjob: lines in, totals out.

One pass counts everything, since starting a job on YARN costs more than reading a day: demand, unmet
demand, searches, what lay on the shelves at which price, and, so that the result can be believed, the rows themselves.

Output, tab-separated, one kind of line each:

    alike   day district query name searches searchers
    demand  day pharmacy medicine sold uncovered refused received sales refusals
    people  day medicine searchers
    price   day pharmacy medicine price changes
    rows    topic day counted quarantined
    search  day medicine searches found
    shelf   day pharmacy medicine opening closing lowest expired movements
    unmet   day medicine district query searches searchers
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from mapreduce.demand_by_medicine import demand_in, place
from mapreduce.landed_lines import NOTHING, Fate, Row, Wanted, read
from mapreduce.look_alikes import Names
from mapreduce.shelf import Price, Shelf, latest, price_in, shelf_in, together
from mapreduce.unmet_demand import search_in

BETWEEN = "\x1f"
"""Between the parts of a key: no text that is counted can hold it (`plain_text`)."""

MAX_KEYS = 200_000
"""So many totals a mapper holds before it hands them on; about 100 MB."""

Pair = tuple[str, str]
Part = TypeVar("Part", Shelf, Price)
NO_NAMES = Names()


class DailyCount:
    """What one mapper has counted so far: totals kept in memory, not a pair for every line."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._sums: dict[str, list[int]] = {}
        self._searchers: dict[str, dict[str, int]] = {}
        self._shelves: dict[str, Shelf] = {}
        self._prices: dict[str, Price] = {}
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
        for key, shelf in self._shelves.items():
            yield key, " ".join(map(str, shelf))
        for key, price in self._prices.items():
            yield key, " ".join(map(str, price))
        self._sums, self._searchers, self._size = {}, {}, 0
        self._shelves, self._prices = {}, {}

    def _count(self, row: Row) -> None:
        # Read whole before anything is added: a line that cannot be read must not count by half.
        shelf, price = shelf_in(row.type, row.body), price_in(row.type, row.body)
        demand = demand_in(row.type, row.body)
        if demand is not None:
            self._add(BETWEEN.join(("demand", row.day, *place(row.body))), demand)
        if shelf is not None:
            key = BETWEEN.join(("shelf", row.day, *place(row.body)))
            self._shelves[key] = together([*self._known(self._shelves, key), shelf])
        if price is not None:
            key = BETWEEN.join(("price", row.day, *place(row.body)))
            self._prices[key] = latest([*self._known(self._prices, key), price])
        if demand is not None or shelf is not None or price is not None:
            return
        search = search_in(row.type, row.body)
        if search is None:
            return
        key = BETWEEN.join(("search", row.day, search.medicine_id))
        self._add(key, (1, int(search.is_found)))
        self._add_person(BETWEEN.join(("people", row.day, search.medicine_id)), search.searcher)
        if not search.is_found:
            key = BETWEEN.join(
                ("unmet", row.day, search.medicine_id, search.district, search.query)
            )
            self._add_person(key, search.searcher)

    def _add_person(self, key: str, person: str) -> None:
        searches = self._searchers.setdefault(key, {})
        if person not in searches:
            searches[person] = 0
            self._size += 1
        searches[person] += 1

    def _known(self, parts: Mapping[str, Part], key: str) -> list[Part]:
        if key in parts:
            return [parts[key]]
        self._size += 1
        return []

    def _add(self, key: str, amounts: Sequence[int]) -> None:
        totals = self._sums.get(key)
        if totals is None:
            self._sums[key] = list(amounts)
            self._size += 1
            return
        for place_no, amount in enumerate(amounts):
            totals[place_no] += amount


_ROW = {Fate.COUNTED: (1, 0), Fate.QUARANTINED: (0, 1)}


def reduce_pairs(key: str, values: Iterable[str], names: Names = NO_NAMES) -> Iterator[Pair]:
    """The total of one key over all mappers, as the kind of an output line and its other columns.

    `names` are what medicines are called: words that mean none are held against them.
    """
    kind, _, rest = key.partition(BETWEEN)
    columns = rest.split(BETWEEN)
    totals = _TOTALS.get(kind, _sum)(values)
    if kind == "demand" and not any(totals):
        # All of it was reversed: as if it had never happened.
        return
    yield kind, _line(columns, totals)
    if kind == "unmet":
        day, medicine, district, query = columns
        for name in names.meant(query) if medicine == NOTHING else ():
            yield "alike", _line((day, district, query, name), totals)


def _line(columns: Iterable[str], totals: Iterable[int]) -> str:
    return "\t".join((*columns, *map(str, totals)))


def _shelf(values: Iterable[str]) -> tuple[int, ...]:
    return together(Shelf(*map(int, value.split(" "))) for value in values)[2:]


def _price(values: Iterable[str]) -> tuple[int, ...]:
    return latest(Price(*map(int, value.split(" "))) for value in values)[1:]


def _people(values: Iterable[str]) -> tuple[int, ...]:
    return _distinct(values)[1:]


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


_TOTALS: dict[str, Callable[[Iterable[str]], Sequence[int]]] = {
    "people": _people,
    "price": _price,
    "shelf": _shelf,
    "unmet": _distinct,
}
"""How the values of a kind become one; the others are added up."""
