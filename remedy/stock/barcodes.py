"""What a scanner types: an EAN, or a GS1 code that also tells lot and expiry. Pure.

A GS1 DataMatrix is a row of fields, each begun by its application identifier: (01) the product, (10) the lot,
(17) the expiry. Scanners write the mark between fields of open length in several ways; all usual ones are read.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from remedy.stock.model import Refused

GTIN_DIGITS = 14
EAN_LENGTHS = (8, 12, 13, 14)
SEPARATOR = "\x1d"
_WRITTEN_AS = ("␝", "<GS>", "{GS}", "^]", "~1", "\\x1d", "\\u001d")
_SYMBOLOGY = re.compile(r"\A\](d2|C1|Q3|e0|E0|E4)")
_FIXED = {
    "00": 18, "01": 14, "02": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2,
}  # fmt: skip
"""Fields that end by their own length; all others end at a separator."""

_OPEN = {"10": 20, "21": 20, "22": 20, "30": 8, "37": 8}
_OPEN_OF_THREE = {"240": 30, "241": 30, "710": 20, "711": 20, "712": 20, "713": 20, "714": 20}
_IN_BRACKETS = re.compile(r"\((\d{2,4})\)([^(]*)")
_LOT = re.compile(r"[!-~]{1,20}")


@dataclass(frozen=True)
class Scanned:
    """What a code says: the product as fourteen digits, and of a GS1 code its lot and expiry where told."""

    gtin: str
    lot_number: str = ""
    expires_on: date | None = None


def looks_scanned(text: str) -> bool:
    """Whether a text typed in a search field is meant as a code and not as a name or another code."""
    plain = _plain(text)
    return bool(
        re.fullmatch(r"\d{8}|\d{12,14}", plain) or re.match(r"\(01\)\d{14}|01\d{14}", plain)
    )


def read(text: str, *, today: date) -> Scanned:
    """What a scanner typed.

    Raises:
        Refused: with what is wrong, as a sentence.
    """
    plain = _plain(text)
    if not plain:
        raise Refused("Scan the code of a pack, or type its digits.")
    if plain.isascii() and plain.isdigit() and len(plain) in EAN_LENGTHS:
        return Scanned(gtin_of(plain))
    fields = _in_brackets(plain) if plain.startswith("(") else _in_a_row(plain)
    if "01" not in fields:
        raise Refused(
            "The code does not say which product it is; scan the code beside it, or the EAN."
        )
    lot_number = fields.get("10", "")
    if lot_number and not _LOT.fullmatch(lot_number):
        raise Refused("The lot in the code cannot be read; type the lot from the pack.")
    expires_on = _day(fields["17"], today) if "17" in fields else None
    return Scanned(gtin_of(fields["01"]), lot_number, expires_on)


def gtin_of(digits: str) -> str:
    """An EAN or GTIN of 8, 12, 13 or 14 digits as fourteen, its check digit checked.

    Raises:
        Refused: if it is none.
    """
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in EAN_LENGTHS:
        raise Refused("A product's code has 8, 12, 13 or 14 digits; scan it again.")
    if check_digit(digits[:-1]) != digits[-1]:
        raise Refused(
            f"The last digit of {digits} does not fit the others, so a digit was misread; scan it again."
        )
    return digits.zfill(GTIN_DIGITS)


def check_digit(digits: str) -> str:
    """The digit that ends a code of these digits: from the right, every other one counts three times."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _plain(text: str) -> str:
    text = _SYMBOLOGY.sub("", text.strip(" \t\r\n"))
    for written in _WRITTEN_AS:
        text = text.replace(written, SEPARATOR)
    return text.strip(SEPARATOR)


def _in_brackets(text: str) -> dict[str, str]:
    fields = {
        found.group(1): found.group(2).strip(SEPARATOR + " ")
        for found in _IN_BRACKETS.finditer(text)
    }
    if "".join(f"({name}){value}" for name, value in fields.items()) != re.sub(
        rf"[{SEPARATOR} ]", "", text
    ):
        raise Refused("This is no code of a pack that we can read; scan it again, or type the EAN.")
    return fields


def _in_a_row(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        if text[at] == SEPARATOR:
            at += 1
            continue
        name = text[at : at + 3] if text[at : at + 3] in _OPEN_OF_THREE else text[at : at + 2]
        start = at + len(name)
        if name in _FIXED:
            end = start + _FIXED[name]
        elif name in _OPEN or name in _OPEN_OF_THREE:
            end = text.find(SEPARATOR, start)
            end = len(text) if end < 0 else end
        else:
            end = -1
        longest = {**_FIXED, **_OPEN, **_OPEN_OF_THREE}.get(name, 0)
        if not start < end <= len(text) or end - start > longest or name in fields:
            raise Refused(
                "This is no code of a pack that we can read; scan it again, or type the EAN."
            )
        fields[name] = text[start:end]
        at = end
    return fields


def _day(digits: str, today: date) -> date:
    """A date of six digits; day 00 is the month's last, and the century the one that is nearest."""
    if not (digits.isascii() and re.fullmatch(r"\d{6}", digits)):
        raise Refused("The expiry date in the code cannot be read; type it from the pack.")
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    year += today.year - today.year % 100
    if year - today.year > 50:
        year -= 100
    elif year - today.year <= -50:
        year += 100
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except ValueError:
        raise Refused("The expiry date in the code is no date; type it from the pack.") from None
