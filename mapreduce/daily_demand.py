"""MRDailyDemand: the daily count as an mrjob class for Hadoop Streaming. What is counted is in counting.py.

    python -m mapreduce.daily_demand -r inline --wanted wanted.json landed.jsonl

Its form was measured (docs/decisions/0002): sums inside the mapper instead of a combiner process, plain text
instead of JSON between the steps, many small files combined into one split.
"""

from collections.abc import Iterable, Iterator

from mrjob.job import MRJob
from mrjob.protocol import BytesValueProtocol, TextProtocol

from mapreduce.counting import DailyCount, Pair, reduce_pairs
from mapreduce.landed_lines import Wanted
from mapreduce.look_alikes import Names

COUNTERS = "remedy"
"""The group of our counters: what became of the lines."""

JOBCONF = {
    "mapreduce.input.fileinputformat.split.maxsize": str(64 * 1024 * 1024),
    # Or Streaming puts the offset before each line, this input format not being its own.
    "stream.map.input.ignoreKey": "true",
    "mapreduce.job.reduces": "1",
    "mapreduce.job.ubertask.enable": "true",
    "mapreduce.job.reduce.slowstart.completedmaps": "1.0",
    # Version 2 shows half a result while it commits.
    "mapreduce.fileoutputcommitter.algorithm.version": "1",
}


class MRDailyDemand(MRJob):
    """Demand, unmet demand and searches of the days wanted, with the number of rows they are made of."""

    def input_protocol(self) -> BytesValueProtocol:
        """Lines as bytes: one that is not UTF-8 is counted as unreadable, not guessed at."""
        return BytesValueProtocol()

    def internal_protocol(self) -> TextProtocol:
        """Plain text between map and reduce."""
        return TextProtocol()

    def output_protocol(self) -> TextProtocol:
        """Tab-separated text."""
        return TextProtocol()

    def hadoop_input_format(self) -> str:
        """Many small files make one split."""
        return "org.apache.hadoop.mapred.lib.CombineTextInputFormat"

    def jobconf(self) -> dict[str, str]:
        """Hadoop's properties of this job."""
        return JOBCONF

    def configure_args(self) -> None:
        """Add the file that says what is wanted; it travels with the job."""
        super().configure_args()
        self.add_file_arg("--wanted", help="JSON: days of each topic, quarantined ids")

    def mapper_init(self) -> None:
        """Read what is wanted."""
        self._count = DailyCount(Wanted.load(self.options.wanted))

    def mapper(self, _: object, line: bytes) -> Iterable[Pair]:
        """Count a line; hand on only when memory asks for it."""
        self._count.add(line)
        return self._count.drain() if self._count.is_full else ()

    def mapper_final(self) -> Iterator[Pair]:
        """Hand on the totals, and tell Hadoop what became of the lines."""
        for fate, count in self._count.fates.items():
            self.increment_counter(COUNTERS, fate.value, count)
        yield from self._count.drain()

    def reducer_init(self) -> None:
        """Read what medicines are called."""
        self._names = Names(Wanted.load(self.options.wanted).names)

    def reducer(self, key: str, values: Iterable[str]) -> Iterator[Pair]:
        """Add up one key."""
        yield from reduce_pairs(key, values, self._names)


if __name__ == "__main__":
    MRDailyDemand.run()
