"""MRVisits: the count of visits as an mrjob class for Hadoop Streaming. What is counted is in visit_counting.py.

python -m mapreduce.visits -r inline --wanted wanted.json landed.jsonl
"""

from collections.abc import Iterable, Iterator

from mapreduce.landed_job import MRLandedLines
from mapreduce.visit_counting import Pair, VisitCount, VisitTotals


class MRVisits(MRLandedLines):
    """Requests, answers, waiting, hours and imported visits of the days wanted, with the rows they are made of."""

    def mapper_init(self) -> None:
        """Read what is wanted."""
        self._count = VisitCount(self.wanted())

    def mapper(self, _: object, line: bytes) -> Iterable[Pair]:
        """Read a line; the events of visits are handed on, sums are kept."""
        return self._count.add(line)

    def mapper_final(self) -> Iterator[Pair]:
        """Hand on the sums, and tell Hadoop what became of the lines."""
        self.tell_fates(self._count.fates)
        yield from self._count.drain()

    def reducer_init(self) -> None:
        """Read what is wanted."""
        self._totals = VisitTotals(self.wanted())

    def reducer(self, key: str, values: Iterable[str]) -> None:
        """Take one key; totals are kept until all were seen."""
        self._totals.take(key, values)

    def reducer_final(self) -> Iterator[Pair]:
        """Hand on the totals."""
        yield from self._totals.result()


if __name__ == "__main__":
    MRVisits.run()
