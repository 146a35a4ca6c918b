"""What every job over landed lines has in common as an mrjob class: its formats and Hadoop's properties.

Its form was measured (docs/decisions/0002): sums inside the mapper instead of a combiner process, plain text
instead of JSON between the steps, many small files combined into one split.
"""

from collections.abc import Mapping

from mrjob.job import MRJob
from mrjob.protocol import BytesValueProtocol, TextProtocol

from mapreduce.landed_lines import Fate, Wanted

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


class MRLandedLines(MRJob):
    """A job over landed lines; subclasses map and reduce."""

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

    def wanted(self) -> Wanted:
        """What is asked for."""
        return Wanted.load(self.options.wanted)

    def tell_fates(self, fates: Mapping[Fate, int]) -> None:
        """Tell Hadoop what became of the lines."""
        for fate, count in fates.items():
            self.increment_counter(COUNTERS, fate.value, count)
