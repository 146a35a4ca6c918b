"""Reading the list a pharmacist brings in: an Excel workbook, or a CSV file of any common dialect.

Pure: which medicine is meant and what it changes is found in `stock_import.py`.
"""

import codecs
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from remedy.catalogue import stock_workbook
from remedy.catalogue.csvfile import ImportRefused, Record, records_in
from remedy.catalogue.stock_workbook import is_workbook
from remedy.values import milli_of, minor_of

MOST_BYTES = 1_000_000
MOST_LINES = 2_000
SEPARATORS = (";", ",", "\t", "|")
MEDICINE = "medicine"
AMOUNTS = ("counted", "received", "sold", "price")
OF_A_LOT = ("lot_number", "expires_on")
FOR_READING = ("name", "on_shelf")
"""Columns of the list we hand out that say nothing of what changes."""

LONGEST_NAME, LONGEST_LOT = 300, 60
MOST_MILLI, MOST_MINOR = 10**12, 10**12
_NUMBER = re.compile(r"[0-9]{1,12}([.,][0-9]{1,9})?")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Kind = Literal["counted", "received", "sold", "price"]


@dataclass(frozen=True)
class Told:
    """One change that a line tells, or why it tells none (`problem`; `kind` is then None).

    `amount` is thousandths of a pack, of a price minor units.
    """

    line: int
    named: str
    kind: Kind | None = None
    amount: int = 0
    lot_number: str = ""
    expires_on: date | None = None
    problem: str = ""


def read(name: str, content: bytes, minor_digits: int) -> list[Told]:
    """What a file's lines tell, in their order. A line whose amounts are all empty tells nothing.

    It is a CSV file, or the first sheet of an Excel workbook. A CSV file's encoding is UTF-8, UTF-16 with its mark, or else Windows' western one; the separator is the one its
    first line has most of; a decimal comma is understood.

    Raises:
        ImportRefused: if the file is no such list; the text is a sentence.
    """
    if len(content) > MOST_BYTES:
        raise ImportRefused(
            f"'{name}' has more than {MOST_BYTES:,} bytes; bring it in by smaller files."
        )
    found: list[Told] = []
    is_checked = False
    for count, record in enumerate(_records(name, content), 1):
        if count > MOST_LINES:
            raise ImportRefused(
                f"'{name}' has more than {MOST_LINES:,} lines; bring it in by smaller files."
            )
        if record.problem is not None:
            found.append(Told(record.line, "", problem=record.problem))
            continue
        values = {_column(column): value.strip() for column, value in record.values.items()}
        if not is_checked:
            _check_columns(name, list(values))
            is_checked = True
        found += _changes(record.line, values, minor_digits)
    return found


def _records(name: str, content: bytes) -> Iterator[Record]:
    if is_workbook(content):
        return stock_workbook.records(name, content)
    text = _text(name, content)
    first_line = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=first_line.count)
    return records_in(name, io.BytesIO(text.encode()), separator=separator)


def _text(name: str, content: bytes) -> str:
    encoding = next((named for mark, named in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise ImportRefused(f"'{name}' cannot be read; save it as UTF-8.") from None
        text = content.decode("cp1252", errors="replace")
    # Some programs name the separator before the first line.
    return re.sub(r"\Asep=.\r?\n", "", text)


def _column(name: str) -> str:
    return name.strip().casefold().replace(" ", "_")


def _check_columns(name: str, columns: list[str]) -> None:
    known = (MEDICINE, *AMOUNTS, *OF_A_LOT, *FOR_READING)
    strange = [column for column in columns if column not in known]
    if strange:
        raise ImportRefused(
            f"'{name}' has a column '{strange[0][:40]}', which nobody knows; known are {', '.join(known)}."
        )
    if MEDICINE not in columns or not set(AMOUNTS) & set(columns):
        raise ImportRefused(
            f"'{name}' needs a column '{MEDICINE}' and at least one of {', '.join(AMOUNTS)}."
        )


def _changes(line: int, values: Mapping[str, str], minor_digits: int) -> Iterator[Told]:
    """What one line tells: a movement, a price, or both."""
    named = values[MEDICINE][:LONGEST_NAME]
    filled = [kind for kind in AMOUNTS if values.get(kind)]
    moved = [kind for kind in filled if kind != "price"]
    try:
        if filled and not named:
            raise ValueError("It names no medicine.")
        if len(moved) > 1:
            raise ValueError(f"It has {' and '.join(moved)}; write one of them on a line.")
        lot_number, expires_on = _lot(values, moved)
        for kind in filled:
            amount = _amount(kind, values[kind], minor_digits)
            has_lot = kind == "received"
            yield Told(
                line, named, kind, amount,  # type: ignore[arg-type]
                lot_number if has_lot else "", expires_on if has_lot else None,
            )  # fmt: skip
    except ValueError as problem:
        yield Told(line, named, problem=str(problem))


def _lot(values: Mapping[str, str], moved: list[str]) -> tuple[str, date | None]:
    lot_number, expires = values.get("lot_number", ""), values.get("expires_on", "")
    if not (lot_number or expires):
        return "", None
    if moved != ["received"]:
        raise ValueError("A lot number or expiry date belongs to what was received.")
    if not lot_number:
        raise ValueError("An expiry date needs its lot number.")
    if len(lot_number) > LONGEST_LOT:
        raise ValueError(f"The lot number has more than {LONGEST_LOT} letters.")
    if not lot_number.isprintable():
        raise ValueError("The lot number holds characters that cannot be seen; type it anew.")
    try:
        return lot_number, date.fromisoformat(expires) if expires else None
    except ValueError:
        raise ValueError(f"'{expires[:40]}' is no date; write it like 2027-03-31.") from None


def _amount(kind: str, text: str, minor_digits: int) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"'{text[:40]}' in {kind} is no number; write it like 12 or 4.50.")
    plain = text.replace(",", ".")
    if kind == "price":
        try:
            minor = minor_of(plain, minor_digits)
        except ValueError:
            raise ValueError(f"'{text}' in price is finer than the currency.") from None
        return _within(minor, MOST_MINOR, kind)
    milli, is_exact = milli_of(plain)
    if not is_exact:
        raise ValueError(f"'{text}' in {kind} is finer than a thousandth of a pack.")
    if milli == 0 and kind != "counted":
        raise ValueError(f"0 in {kind} changes nothing; leave it empty.")
    return _within(milli, MOST_MILLI, kind)


def _within(amount: int, most: int, kind: str) -> int:
    if amount > most:
        raise ValueError(f"The number in {kind} is impossibly large.")
    return amount
