"""What a till sends, read line by line: each becomes a line of stock, or a sentence that says what is wrong."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remedy.schema.pharmacy import medicine
from remedy.stock.model import Kind, Line, Recorded, Refused
from remedy.values import instant_of, milli_of, packs_text
from web_portal.forms import PLAIN_NUMBER

MOST_LINES = 1000
KINDS: dict[str, Kind] = {"sale": "sold", "receipt": "received", "adjustment": "adjusted"}
MEMBERS = frozenset(
    {
        "line_id", "kind", "medicine_id", "medicine_code", "quantity", "occurred_at",
        "lot_number", "expires_on", "reason",
    }
)  # fmt: skip
LONGEST_TEXT = 300
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class BadRequest(ValueError):
    """The whole request cannot be read; the text is the sentence for the till."""


@dataclass(frozen=True)
class Told:
    """One line as it was read: its own name where it has one, and the line or what is wrong with it."""

    line_id: str | None
    line: Line | None
    error: str = ""


def lines_of(body: bytes) -> list[Any]:
    """The lines of a request, unread.

    Raises:
        BadRequest: if the request is not JSON of the right shape.
    """
    try:
        whole = json.loads(body.decode("utf-8"), parse_float=str, parse_constant=str)
    except UnicodeDecodeError:
        raise BadRequest(
            "The request is not UTF-8; send JSON in UTF-8. Nothing was applied."
        ) from None
    except (ValueError, RecursionError):
        raise BadRequest("The request is not JSON. Nothing was applied.") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("lines"), list):
        raise BadRequest('The request must be an object with "lines", a list. Nothing was applied.')
    lines: list[Any] = whole["lines"]
    if not 1 <= len(lines) <= MOST_LINES:
        raise BadRequest(
            f"A request holds 1 to {MOST_LINES} lines; this one has {len(lines)}. Nothing was applied."
        )
    return lines


def codes_in(lines: Sequence[Any]) -> set[tuple[str, str]]:
    """Every `medicine_code` of these lines, as source and key."""
    codes = (line.get("medicine_code") for line in lines if isinstance(line, dict))
    return {_code(code) for code in codes if isinstance(code, str) and _is_text(code)}


def medicines_of(
    connection: sa.Connection, codes: set[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """The medicines of these codes."""
    if not codes:
        return {}
    rows = connection.execute(
        sa.select(medicine.c.source, medicine.c.source_key, medicine.c.public_id).where(
            sa.tuple_(medicine.c.source, medicine.c.source_key).in_(sorted(codes))
        )
    )
    return {(source, key): public_id for source, key, public_id in rows}


def read(raw: Any, medicines: Mapping[tuple[str, str], UUID]) -> Told:
    """Read one line; what is wrong with it is said in the answer and stops no other line."""
    line_id = raw.get("line_id") if isinstance(raw, dict) else None
    if not isinstance(line_id, str) or not _is_text(line_id):
        line_id = None
    try:
        return Told(line_id, _line(raw, medicines))
    except ValueError as problem:
        return Told(line_id, None, str(problem))


def read_sale(raw: Any) -> Told:
    """Read a line of a tablet, which only sells."""
    told = read(raw, {})
    if told.line is not None and told.line.kind != "sold":
        return Told(told.line_id, None, "A tablet only sells; record this on the stock page.")
    return told


def answer(told: Told, became: Recorded | Refused | None) -> dict[str, Any]:
    """What a till is told of one line."""
    said: dict[str, Any] = {"line_id": told.line_id}
    if isinstance(became, Recorded):
        return said | {
            "result": "repeated" if became.is_repeat else "recorded",
            "movement_id": str(became.movement_id),
            "pharmacy_seq": became.pharmacy_seq,
            "balance": packs_text(became.balance_milli),
            "uncovered": packs_text(became.uncovered_milli),
        }
    return said | {"result": "refused", "error": told.error if became is None else str(became)}


def _line(raw: Any, medicines: Mapping[tuple[str, str], UUID]) -> Line:
    if not isinstance(raw, dict):
        raise ValueError("A line must be an object.")
    unknown = sorted(raw.keys() - MEMBERS)
    if unknown:
        raise ValueError(
            f"'{unknown[0][:40]}' is not a member of a line; known are {', '.join(sorted(MEMBERS))}."
        )
    kind = KINDS.get(_text(raw, "kind"))
    if kind is None:
        raise ValueError(f"'kind' must be one of {', '.join(KINDS)}.")
    reason = _text(raw, "reason", optional=True)
    if kind == "adjusted" and not reason:
        raise ValueError("An adjustment needs a 'reason'.")
    return Line(
        kind=kind,
        medicine_id=_medicine(raw, medicines),
        quantity_milli=_quantity(raw.get("quantity")),
        occurred_at=instant_of(_text(raw, "occurred_at")),
        line_id=_text(raw, "line_id"),
        reason=reason or None,
        lot_number=_text(raw, "lot_number", optional=True),
        expires_on=_day(_text(raw, "expires_on", optional=True)),
    )


def _text(raw: Mapping[str, Any], name: str, *, optional: bool = False) -> str:
    value = raw.get(name)
    if value is None and optional:
        return ""
    if not isinstance(value, str) or not (value or optional):
        raise ValueError(f"'{name}' must be a text.")
    if not _is_text(value):
        raise ValueError(
            f"'{name}' is too long or holds characters that cannot be printed; shorten or correct it."
        )
    return value


def _is_text(value: str) -> bool:
    # Control characters and halves of surrogate pairs are not printable.
    return len(value) <= LONGEST_TEXT and value.isprintable()


def _medicine(raw: Mapping[str, Any], medicines: Mapping[tuple[str, str], UUID]) -> UUID:
    if ("medicine_id" in raw) == ("medicine_code" in raw):
        raise ValueError("Give either 'medicine_id' or 'medicine_code'.")
    if "medicine_id" in raw:
        try:
            return UUID(_text(raw, "medicine_id"))
        except ValueError:
            raise ValueError("'medicine_id' is not an id of ours.") from None
    found = medicines.get(_code(_text(raw, "medicine_code")))
    if found is None:
        raise ValueError("No medicine has that 'medicine_code'; write it as REGISTER:KEY.")
    return found


def _code(text: str) -> tuple[str, str]:
    source, _, key = text.partition(":")
    return source, key


def _quantity(value: Any) -> int:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not PLAIN_NUMBER.fullmatch(text):
        raise ValueError("'quantity' must be a number of packs such as \"1.5\".")
    milli, is_exact = milli_of(text)
    if not is_exact:
        raise ValueError("'quantity' is finer than a thousandth of a pack; round it.")
    return milli


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise ValueError("'expires_on' must be a date such as 2027-03-31.") from None
