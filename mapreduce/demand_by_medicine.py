"""What was wanted of a medicine at a pharmacy on a day, and what came in: one event, six numbers.

Demand is what was sold (of it `uncovered_milli` that no lot covered) plus what was refused. Plain
functions of the standard library: the mapper on a YARN node calls them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mapreduce.landed_lines import uuid_text, whole_number
from remedy.events.pharmacy import StockReceived, StockRefused, StockReversed, StockSold


class Demand(NamedTuple):
    """The measures of one medicine at one pharmacy on one day, in the order of the job's output."""

    sold_milli: int = 0
    uncovered_milli: int = 0
    refused_milli: int = 0
    received_milli: int = 0
    sale_count: int = 0
    refusal_count: int = 0


def place(body: Mapping[str, Any]) -> tuple[str, str]:
    """Pharmacy and medicine of a stock event, each in its one way of writing."""
    return uuid_text(body["pharmacy_id"]), uuid_text(body["medicine_id"])


def demand_in(type_name: str, body: Mapping[str, Any]) -> Demand | None:
    """What a stock event adds to its day; None for events that are no demand (holds, prices, counts).

    A reversal takes off what the reversed movement had added; its day is that movement's.
    """
    if type_name == StockSold.TYPE:
        return Demand(
            sold_milli=whole_number(body, "quantity_milli"),
            uncovered_milli=whole_number(body, "uncovered_milli"),
            sale_count=1,
        )
    if type_name == StockReceived.TYPE:
        return Demand(received_milli=whole_number(body, "quantity_milli"))
    if type_name == StockRefused.TYPE:
        return Demand(refused_milli=whole_number(body, "quantity_milli"), refusal_count=1)
    if type_name == StockReversed.TYPE:
        return _taken_off(body)
    return None


def _taken_off(body: Mapping[str, Any]) -> Demand | None:
    quantity_milli = whole_number(body, "reversed_quantity_milli")
    if body["reversed_kind"] == "sold":
        return Demand(
            sold_milli=-quantity_milli,
            # Not the reversal's own `uncovered_milli`: that is what it could not put back.
            uncovered_milli=-whole_number(body, "reversed_uncovered_milli", missing=0),
            sale_count=-1,
        )
    if body["reversed_kind"] == "received":
        return Demand(received_milli=-quantity_milli)
    return None
