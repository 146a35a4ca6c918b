"""What must be true of landed events, as data: one rule per line, by topic, with its severity.

A rule looks at one column; `columns_of` says what each column holds for an event. A column is None where the
event has nothing to say about it, and None breaks no rule. A critical rule's rows are quarantined; a
warning is counted and shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from remedy.events.topics import TOPICS
from remedy.values import amount_of, instant_of

Severity = Literal["critical", "warning"]

FIRST_SECOND = datetime.fromisoformat("2000-01-01T00:00:00+00:00").timestamp()
FUTURE_SECONDS = 24 * 3600
BELIEVABLE_MILLI = 1_000_000_000
"""A million packs in one movement: a till that told thousandths as packs."""

BELIEVABLE_MINOR = 1_000_000
"""Ten thousand of a currency with cents in one order."""

OLDEST_YEARS = 110
"""Older than this hardly anybody is: somebody mistyped."""

COUNTABLE_MILLI = 10**15
"""What sums of many movements still fit into BIGINT with."""


@dataclass(frozen=True)
class Rule:
    """`column` must lie between `low` and `high` (either may be missing)."""

    name: str
    column: str
    severity: Severity
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Known:
    """Which of the ids that events name exist, as texts, by kind."""

    pharmacies: frozenset[str]
    medicines: frozenset[str]
    doctors: frozenset[str]
    hospitals: frozenset[str]


ALWAYS = (
    Rule("occurred_at_is_after_2000", "occurred_s", "critical", low=FIRST_SECOND),
    Rule("occurred_at_is_not_in_the_future", "ahead_s", "critical", high=FUTURE_SECONDS),
)

RULES: dict[str, tuple[Rule, ...]] = {
    **dict.fromkeys(TOPICS, ALWAYS),
    "stock-movements": (
        *ALWAYS,
        Rule("pharmacy_is_known", "is_known_pharmacy", "critical", low=1),
        Rule("medicine_is_known", "is_known_medicine", "critical", low=1),
        Rule("quantity_is_positive", "moved_milli", "critical", low=1),
        Rule("quantity_can_be_counted", "size_milli", "critical", high=COUNTABLE_MILLI),
        Rule("uncovered_is_not_negative", "uncovered_milli", "critical", low=0),
        Rule("uncovered_is_not_more_than_sold", "covered_milli", "critical", low=0),
        Rule("price_is_not_negative", "price_minor", "critical", low=0),
        Rule("quantity_is_believable", "size_milli", "warning", high=BELIEVABLE_MILLI),
        Rule("balance_is_not_negative", "balance_milli", "warning", low=0),
        Rule("recorded_after_it_occurred", "recorded_after_s", "warning", low=-300),
    ),
    "orders": (
        *ALWAYS,
        Rule("pharmacy_is_known", "is_known_pharmacy", "critical", low=1),
        Rule("version_is_positive", "version", "critical", low=1),
        Rule("lines_are_positive", "least_line_milli", "critical", low=1),
        Rule("goods_cost_what_the_lines_say", "goods_off_minor", "critical", low=0, high=0),
        Rule("fee_is_not_negative", "fee_minor", "critical", low=0),
        Rule("order_is_believable", "goods_minor", "warning", high=BELIEVABLE_MINOR),
    ),
    "medicine-searches": (
        *ALWAYS,
        Rule("medicine_is_known", "is_known_medicine", "critical", low=1),
        Rule("pharmacies_found_is_not_negative", "pharmacies_found", "critical", low=0),
    ),
    "appointments": (
        *ALWAYS,
        Rule("doctor_is_known", "is_known_doctor", "critical", low=1),
        Rule("hospital_is_known", "is_known_hospital", "critical", low=1),
        Rule("visit_ends_after_it_starts", "visit_minutes", "critical", low=1),
        Rule("version_is_positive", "version", "critical", low=1),
        Rule("visit_is_shorter_than_a_day", "visit_minutes", "warning", high=24 * 60),
        Rule("age_is_believable", "age_years", "warning", low=0, high=OLDEST_YEARS),
        Rule("visit_was_booked_before_it", "lead_days", "warning", low=0),
    ),
}

NO_FARTHER = 10**18

MOVED = {"received", "sold", "expired", "held", "released", "collected", "withdrawn", "refused"}
"""Events whose quantity is a size; an adjustment's, a count's, a return's and a reversal's are signed, a recall's may be 0."""

COLUMNS = tuple(sorted({rule.column for rules in RULES.values() for rule in rules}))


def columns_of(
    type_name: str, body: Mapping[str, Any], known: Known, now: datetime
) -> dict[str, float | None]:
    """What the rules look at, for one event."""
    occurred = instant_of(body["occurred_at"])
    happened = type_name.split(".")[2]
    recorded, starts, ends = (
        instant_of(body[name]) if body.get(name) else None
        for name in ("recorded_at", "starts_at", "ends_at")
    )
    quantity = _number(body.get("quantity_milli"))
    uncovered = _number(body.get("uncovered_milli"))
    is_sale = happened == "sold" and quantity is not None and uncovered is not None
    return {
        "occurred_s": occurred.timestamp(),
        "ahead_s": (occurred - now).total_seconds(),
        "recorded_after_s": (recorded - occurred).total_seconds() if recorded else None,
        "is_known_pharmacy": _is_in(body.get("pharmacy_id"), known.pharmacies),
        "is_known_medicine": _is_in(body.get("medicine_id"), known.medicines),
        "is_known_doctor": _is_in(body.get("doctor_id"), known.doctors),
        "is_known_hospital": _is_in(body.get("hospital_id"), known.hospitals),
        "moved_milli": quantity if happened in MOVED else None,
        "size_milli": None if quantity is None else abs(quantity),
        "uncovered_milli": uncovered,
        "covered_milli": (quantity or 0) - (uncovered or 0) if is_sale else None,
        "balance_milli": _number(body.get("balance_milli")),
        "price_minor": _number(body.get("price_minor")),
        "goods_minor": _number(body.get("goods_minor")),
        "fee_minor": _number(body.get("fee_minor")),
        "goods_off_minor": _goods_off(body),
        "least_line_milli": _least_line(body),
        "pharmacies_found": _number(body.get("pharmacies_found")),
        "version": _number(body.get("version")),
        "age_years": _number(body.get("age_years")),
        "lead_days": _number(body.get("lead_days")),
        "visit_minutes": (ends - starts).total_seconds() / 60 if starts and ends else None,
    }


def _least_line(body: Mapping[str, Any]) -> float | None:
    """The smallest line of an order; 0 where it has none."""
    if body.get("goods_minor") is None:
        return None
    return _number(min((line["quantity_milli"] for line in body.get("lines", ())), default=0))


def _goods_off(body: Mapping[str, Any]) -> float | None:
    """By how much what an order's goods cost differs from what its lines add up to."""
    if body.get("goods_minor") is None:
        return None
    added = sum(
        amount_of(line["quantity_milli"], line["price_minor"]) for line in body.get("lines", ())
    )
    return _number(body["goods_minor"] - added)


def _number(value: int | None) -> float | None:
    """A number as the rules compare it; JSON may hold integers no float reaches."""
    return None if value is None else float(max(-NO_FARTHER, min(NO_FARTHER, value)))


def _is_in(named: Any, known: frozenset[str]) -> float | None:
    return None if named is None else float(str(named) in known)
