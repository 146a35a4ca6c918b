"""Reading a CSV file that a stranger made: record by record, never the whole, refused in one sentence."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_LINE_BYTES = 1024 * 1024


class ImportRefused(ValueError):
    """A file cannot be imported; the text is a sentence saying why. Nothing of it was applied."""


@dataclass(frozen=True)
class Record:
    """One record and the line it begins on. `problem` says why it cannot be read; `values` is then empty."""

    line: int
    values: dict[str, str]
    problem: str | None = None


def records(
    path: Path,
    columns: tuple[str, ...],
    *,
    has_more: bool = False,
    advanced: Callable[[int], object] = lambda count: None,
) -> Iterator[Record]:
    """The records of a UTF-8 CSV file whose first line names its columns.

    `columns` must be there; others may be too, only with `has_more`. `advanced` is told of bytes read.

    Raises:
        ImportRefused: as soon as the file turns out to be none of that.
    """
    try:
        with path.open("rb") as file:
            yield from _records(path.name, file, columns, has_more, advanced)
    except OSError as error:
        raise ImportRefused(f"'{path}' cannot be read: {error.strerror}.") from None


def records_in(name: str, file: BinaryIO, *, separator: str) -> Iterator[Record]:
    """The records of a UTF-8 file that is open, whatever columns its first line names.

    Raises:
        ImportRefused: as soon as it turns out to be no such file.
    """
    return _records(name, file, (), True, lambda count: None, separator)


def _records(
    name: str,
    file: BinaryIO,
    columns: tuple[str, ...],
    has_more: bool,
    advanced: Callable[[int], object],
    separator: str = ",",
) -> Iterator[Record]:
    reader = csv.reader(_lines(name, file, advanced), strict=True, delimiter=separator)
    try:
        header = [column.strip() for column in next(reader, [])]
        _check_header(name, header, columns, has_more)
        last = reader.line_num
        is_empty = True
        for fields in reader:
            line, last = last + 1, reader.line_num
            if not fields:
                continue
            is_empty = False
            if len(fields) == len(header):
                yield Record(line, dict(zip(header, fields, strict=True)))
            else:
                problem = f"It has {len(fields)} fields; the header has {len(header)}."
                yield Record(line, {}, problem)
    except csv.Error as error:
        raise ImportRefused(f"'{name}' is no CSV at line {reader.line_num}: {error}.") from None
    if is_empty:
        raise ImportRefused(f"'{name}' has a header and no records.")


def _lines(name: str, file: BinaryIO, advanced: Callable[[int], object]) -> Iterator[str]:
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            raise ImportRefused(f"Line {number} of '{name}' is longer than {MAX_LINE_BYTES} bytes.")
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise ImportRefused(
                f"Line {number} of '{name}' is not UTF-8; save the file as UTF-8."
            ) from None
        if "\0" in text:
            raise ImportRefused(f"Line {number} of '{name}' holds a NUL character; it is no text.")
        advanced(len(raw))
        yield text


def _check_header(name: str, header: list[str], columns: tuple[str, ...], has_more: bool) -> None:
    if not header:
        raise ImportRefused(f"'{name}' is empty; its first line must name the columns.")
    missing = [column for column in columns if column not in header]
    if missing:
        raise ImportRefused(
            f"'{name}' lacks the columns {', '.join(missing)}; it has {', '.join(header)[:200]}."
        )
    doubled = sorted({column for column in header if header.count(column) > 1})
    if doubled:
        raise ImportRefused(f"'{name}' names the column {doubled[0]} twice.")
    more = [column for column in header if column not in columns]
    if more and not has_more:
        raise ImportRefused(f"'{name}' has columns nobody knows: {', '.join(more)[:200]}.")
