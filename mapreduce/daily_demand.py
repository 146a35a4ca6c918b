"""MRDailyDemand: the daily count as an mrjob class for Hadoop Streaming. What is counted is in counting.py.

python -m mapreduce.daily_demand -r inline --wanted wanted.json landed.jsonl
"""

from collections.abc import Iterable, Iterator

from mapreduce.counting import DailyCount, Pair, reduce_pairs
from mapreduce.landed_job import MRLandedLines
from mapreduce.look_alikes import Names


class MRDailyDemand(MRLandedLines):
    """Demand, unmet demand and searches of the days wanted, with the number of rows they are made of."""

    def mapper_init(self) -> None:
        """Read what is wanted."""
        self._count = DailyCount(self.wanted())

    def mapper(self, _: object, line: bytes) -> Iterable[Pair]:
        """Count a line; hand on only when memory asks for it."""
        self._count.add(line)
        return self._count.drain() if self._count.is_full else ()

    def mapper_final(self) -> Iterator[Pair]:
        """Hand on the totals, and tell Hadoop what became of the lines."""
        self.tell_fates(self._count.fates)
        yield from self._count.drain()

    def reducer_init(self) -> None:
        """Read what medicines are called."""
        self._names = Names(self.wanted().names)

    def reducer(self, key: str, values: Iterable[str]) -> Iterator[Pair]:
        """Add up one key."""
        yield from reduce_pairs(key, values, self._names)


if __name__ == "__main__":
    MRDailyDemand.run()
