"""What a pharmacy had of a medicine on a day, what went out of date, and what it asked for it: one event, a few numbers.

An event says what is left after it and which lots it changed, so a day's first and last event say how the day began and
ended, whatever happened on days that are not read. Plain functions of the standard library: the mapper on a YARN node calls
them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mapreduce.landed_lines import whole_number
from remedy.events.pharmacy import StockAdjusted, StockExpired, StockRepriced, StockReversed

EXPIRED_REASON = "expired"
"""Before lots could expire, an adjustment with this reason said so."""


class Shelf(NamedTuple):
    """A medicine at a pharmacy on a day, of the events read so far; two such make one (`together`).

    `first_seq` and `last_seq` are the pharmacy's counter at the first and last of them, `opening_milli` what was
    there before the first, `closing_milli` after the last, `lowest_milli` the least before or after any.
    """

    first_seq: int
    last_seq: int
    opening_milli: int
    closing_milli: int
    lowest_milli: int
    expired_milli: int
    movement_count: int


class Price(NamedTuple):
    """The last price of a day, and how often it was changed."""

    last_seq: int
    price_minor: int
    change_count: int


def shelf_in(type_name: str, body: Mapping[str, Any]) -> Shelf | None:
    """What an event says of the shelf; None for events that move nothing.

    A reversal counts for the day it reverses, and says nothing of how that day ended.
    """
    if type_name == StockReversed.TYPE or "balance_milli" not in body:
        return None
    seq, after = whole_number(body, "pharmacy_seq"), whole_number(body, "balance_milli")
    change = sum(whole_number(lot, "delta_milli") for lot in body["lots"])
    before = after - change
    return Shelf(seq, seq, before, after, min(before, after), _expired(type_name, body, change), 1)


def price_in(type_name: str, body: Mapping[str, Any]) -> Price | None:
    """The price an event tells of; None for other events."""
    if type_name != StockRepriced.TYPE:
        return None
    return Price(whole_number(body, "pharmacy_seq"), whole_number(body, "price_minor"), 1)


def together(shelves: Iterable[Shelf]) -> Shelf:
    """Several parts of one day's events as one; in any order."""
    parts = list(shelves)
    first = min(parts, key=lambda part: part.first_seq)
    last = max(parts, key=lambda part: part.last_seq)
    return Shelf(
        first.first_seq,
        last.last_seq,
        first.opening_milli,
        last.closing_milli,
        min(part.lowest_milli for part in parts),
        sum(part.expired_milli for part in parts),
        sum(part.movement_count for part in parts),
    )


def latest(prices: Iterable[Price]) -> Price:
    """Several parts of one day's prices as one; in any order."""
    parts = list(prices)
    last = max(parts, key=lambda part: part.last_seq)
    return Price(last.last_seq, last.price_minor, sum(part.change_count for part in parts))


def _expired(type_name: str, body: Mapping[str, Any], change: int) -> int:
    is_expiry = type_name == StockExpired.TYPE or (
        type_name == StockAdjusted.TYPE
        and str(body.get("reason") or "").casefold() == EXPIRED_REASON
    )
    return max(0, -change) if is_expiry else 0
