"""A pharmacist's list as an Excel workbook (.xlsx): its first sheet read as records, or written.

A workbook is a zip of XML files made by a stranger: what it unfolds to is looked at before anything is parsed,
formulas are refused and nothing outside the file is followed.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from remedy.catalogue.csvfile import ImportRefused, Record

MOST_UNFOLDED_BYTES = 8_000_000
MOST_PARTS = 300
MOST_ROWS = 10_000
"""Empty ones too: a row may say that it is the thousand millionth, and all before it are gone through."""

MOST_COLUMNS = 60
ZIP_MARK = b"PK\x03\x04"
OLD_MARK = b"\xd0\xcf\x11\xe0"
FINEST_DECIMALS = 9
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")


def is_workbook(content: bytes) -> bool:
    """Whether the bytes are a workbook, of this or the former format, and no text."""
    return content.startswith((ZIP_MARK, OLD_MARK))


def records(name: str, content: bytes) -> Iterator[Record]:
    """The records of a workbook's first sheet, whose first row names its columns.

    A row with a formula, or with an error in a cell, has a problem and no values.

    Raises:
        ImportRefused: if it is no workbook that can be read.
    """
    if content.startswith(OLD_MARK):
        raise ImportRefused(f"'{name}' is of Excel's former format; save it as .xlsx, or as CSV.")
    _look(name, content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        yield from _records(name, book)
    except ImportRefused:
        raise
    except Exception:
        # The library has no one error for a workbook that is none; whatever it stumbles over is the file's.
        raise ImportRefused(
            f"'{name}' cannot be read as an Excel workbook; save it anew, or as CSV."
        ) from None


def _look(name: str, content: bytes) -> None:
    """Refuse what would unfold to too much, or is built to be parsed into more than it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            listed = parts.infolist()
            if (
                len(listed) > MOST_PARTS
                or sum(part.file_size for part in listed) > MOST_UNFOLDED_BYTES
            ):
                raise ImportRefused(
                    f"'{name}' unfolds to more than a list of stock can need; bring in the list alone."
                )
            for part in listed:
                # A text in two-byte letters is the same text with noughts between.
                text = parts.read(part).replace(b"\0", b"").upper()
                if any(mark in text for mark in _FORBIDDEN):
                    raise ImportRefused(
                        f"'{name}' holds what no list of stock needs; save it anew."
                    )
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError):
        raise ImportRefused(
            f"'{name}' cannot be read as an Excel workbook; save it anew, or as CSV."
        ) from None


def _records(name: str, book: Workbook) -> Iterator[Record]:
    rows: Any = book.worksheets[0].iter_rows(max_col=MOST_COLUMNS)
    header: list[str] = []
    is_empty = True
    for line, cells in enumerate(rows, 1):
        if line > MOST_ROWS:
            raise ImportRefused(
                f"'{name}' has more than {MOST_ROWS:,} rows, empty ones counted; bring in the list alone."
            )
        problem, values = _values(cells)
        if not any(values) and not problem:
            continue
        if not header:
            header = values
            while header and not header[-1]:
                header.pop()
            if problem or len(set(header)) < len(header):
                raise ImportRefused(f"The first row of '{name}' must name each column once.")
            continue
        is_empty = False
        if any(values[len(header) :]):
            problem = problem or "It has more fields than the first row names."
        yield Record(line, {} if problem else dict(zip(header, values, strict=False)), problem)
    if is_empty:
        raise ImportRefused(f"'{name}' has no records on its first sheet.")


def _values(cells: Iterable[Any]) -> tuple[str | None, list[str]]:
    problem = None
    values = []
    for cell in cells:
        if cell.data_type == "f":
            problem = "It holds a formula; put the number itself in its place."
        elif cell.data_type == "e":
            problem = "It holds a cell that Excel could not reckon; put the number in its place."
        values.append(_text(cell.value))
    return problem, values


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        # 0.1 + 0.2 as people mean it, and never with an exponent.
        plain = format(Decimal(repr(round(value, FINEST_DECIMALS))), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return str(value).strip()


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of text as a workbook of one sheet; no text becomes a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("stock")
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=text)
            if text:
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
