"""What an import says afterwards: how much came in, and every doubtful or refused line with its reason."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from remedy.catalogue.csvfile import ImportRefused

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Report:
    """The summary of an import.

    `added` and `there_already` are medicines or sales, `doubtful` and `refused` are findings in the file at
    `findings_path`, `reasons` how often each kind of them was found.
    """

    records: int = 0
    added: int = 0
    there_already: int = 0
    doubtful: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    findings_path: Path | None = None

    def __str__(self) -> str:
        lines = [
            f"{self.records:,} records read: {self.added:,} added, "
            f"{self.there_already:,} there already, {self.doubtful:,} findings doubtful, "
            f"{self.refused:,} refused."
        ]
        lines += [f"  {count:>7,}  {reason}" for reason, count in self.reasons.most_common()]
        if self.findings_path is not None and self.reasons:
            lines.append(f"Each of them, with its line: {self.findings_path}")
        return "\n".join(lines)


class Findings:
    """Writes what is found to the file as it is found, so that it may be as long as the input."""

    def __init__(self, report: Report, file: TextIO) -> None:
        self.report = report
        self._writer = csv.writer(file)
        self._writer.writerow(["line", "record", "verdict", "reason", "detail"])

    def doubt(self, line: int, record: str, reason: str, detail: str = "") -> None:
        """The line was imported, but somebody should look at it. `reason` is one of few, `detail` its own."""
        self.report.doubtful += 1
        self._write(line, record, "doubtful", reason, detail)

    def refuse(self, line: int, record: str, reason: str, detail: str = "") -> None:
        """The line, or the part of it named by `record`, was not imported."""
        self.report.refused += 1
        self._write(line, record, "refused", reason, detail)

    def _write(self, line: int, record: str, verdict: str, reason: str, detail: str) -> None:
        self.report.reasons[reason] += 1
        self._writer.writerow([line, _cell(record), verdict, _cell(reason), _cell(detail)])


@contextmanager
def findings_file(path: Path, report: Report) -> Iterator[Findings]:
    """The findings of one run, under their name only when the run is over.

    Raises:
        ImportRefused: if the file cannot be written.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        file = unfinished.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise ImportRefused(f"The report '{path}' cannot be written: {error.strerror}.") from None
    with file:
        yield Findings(report, file)
    unfinished.replace(path)
    report.findings_path = path


def _cell(text: str) -> str:
    # A table program would run what looks like a formula.
    return "'" + text if text.startswith(_FORMULA) else text
