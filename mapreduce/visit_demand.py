"""MRVisitDemand: the count over both halves as an mrjob class of two steps. What is counted is in week_ahead.py.

python -m mapreduce.visit_demand -r inline --wanted wanted.json landed.jsonl
"""

from collections.abc import Iterable, Iterator

from mrjob.step import MRStep

from mapreduce.landed_job import MRLandedLines
from mapreduce.visit_counting import Pair
from mapreduce.week_ahead import WeekCount, parts_of, week_lines


class MRVisitDemand(MRLandedLines):
    """Visits by speciality beside the sales by ATC group of the week after, with the rows they are made of."""

    def steps(self) -> list[MRStep]:
        """Visits and sales by week; then each week's visits beside its sales."""
        return [
            MRStep(
                mapper_init=self.mapper_init,
                mapper=self.mapper,
                mapper_final=self.mapper_final,
                reducer_init=self.reducer_init,
                reducer=self.reducer,
            ),
            MRStep(reducer=self.reduce_week),
        ]

    def mapper_init(self) -> None:
        """Read what is wanted."""
        self._count = WeekCount(self.wanted())

    def mapper(self, _: object, line: bytes) -> Iterable[Pair]:
        """Read a line; the events of visits are handed on, sums are kept."""
        return self._count.add(line)

    def mapper_final(self) -> Iterator[Pair]:
        """Hand on the sums, and tell Hadoop what became of the lines."""
        self.tell_fates(self._count.fates)
        yield from self._count.drain()

    def reducer_init(self) -> None:
        """Read what is wanted."""
        self._asked = self.wanted()

    def reducer(self, key: str, values: Iterable[str]) -> Iterator[Pair]:
        """A key's part of a week."""
        yield from parts_of(key, values, self._asked)

    def reduce_week(self, week: str, values: Iterable[str]) -> Iterator[Pair]:
        """A week's visits beside its sales."""
        yield from week_lines(week, values)


if __name__ == "__main__":
    MRVisitDemand.run()
