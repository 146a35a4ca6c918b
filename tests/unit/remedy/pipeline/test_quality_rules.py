"""The rules of the gate: each can be broken, and each leaves alone what has nothing to say about it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from remedy.events.topics import TOPICS
from remedy.pipeline.quality_rules import COLUMNS, RULES, Known, columns_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
KNOWN = Known(
    pharmacies=frozenset(["pharmacy"]),
    medicines=frozenset(["medicine"]),
    doctors=frozenset(["doctor"]),
    hospitals=frozenset(["hospital"]),
)
AT = "2026-01-31T11:00:00Z"
SOLD = {
    "pharmacy_id": "pharmacy",
    "medicine_id": "medicine",
    "quantity_milli": 2000,
    "uncovered_milli": 500,
    "balance_milli": 0,
    "occurred_at": AT,
    "recorded_at": AT,
}
REQUESTED = {
    "doctor_id": "doctor",
    "hospital_id": "hospital",
    "version": 1,
    "starts_at": "2026-02-02T09:00:00Z",
    "ends_at": "2026-02-02T09:30:00Z",
    "occurred_at": AT,
}
ORDERED = {
    "pharmacy_id": "pharmacy",
    "version": 1,
    "lines": [{"quantity_milli": 1500, "price_minor": 333}],
    "goods_minor": 500,
    "fee_minor": 0,
    "occurred_at": AT,
}
SEARCHED = {"medicine_id": None, "pharmacies_found": 0, "occurred_at": AT}


def broken(type_name: str, body: dict[str, Any]) -> set[str]:
    columns = columns_of(type_name, body, KNOWN, NOW)
    names = set()
    for rule in RULES[type_name.split(".")[1]]:
        value = columns[rule.column]
        is_low = value is not None and rule.low is not None and value < rule.low
        is_high = value is not None and rule.high is not None and value > rule.high
        names |= {rule.name} if is_low or is_high else set()
    return names


MOVEMENTS, VISITS, SEARCHES, PLACED = (
    "remedy.stock-movements.{}.v1",
    "remedy.appointments.{}.v1",
    "remedy.medicine-searches.searched.v1",
    "remedy.orders.placed.v1",
)


@pytest.mark.parametrize(
    ("type_name", "body"),
    [
        (MOVEMENTS.format("sold"), SOLD),
        (MOVEMENTS.format("adjusted"), {**SOLD, "quantity_milli": -2000, "uncovered_milli": 0}),
        (MOVEMENTS.format("reversed"), {**SOLD, "quantity_milli": -2000, "uncovered_milli": 0}),
        (MOVEMENTS.format("repriced"), {"pharmacy_id": "pharmacy", "medicine_id": "medicine", "price_minor": 0, "occurred_at": AT}),
        (VISITS.format("requested"), REQUESTED),
        (SEARCHES, SEARCHED),
        (PLACED, ORDERED),
        ("remedy.orders.collected.v1", {"pharmacy_id": "pharmacy", "version": 4, "occurred_at": AT}),
    ],
)  # fmt: skip
def test_what_is_right_breaks_no_rule(type_name: str, body: dict[str, Any]) -> None:
    assert broken(type_name, body) == set()


CASES = [
    (MOVEMENTS.format("sold"), SOLD, {"pharmacy_id": "other"}, "pharmacy_is_known"),
    (MOVEMENTS.format("sold"), SOLD, {"medicine_id": "other"}, "medicine_is_known"),
    (MOVEMENTS.format("sold"), SOLD, {"quantity_milli": 0, "uncovered_milli": 0}, "quantity_is_positive"),
    (MOVEMENTS.format("refused"), SOLD, {"quantity_milli": -1}, "quantity_is_positive"),
    (MOVEMENTS.format("adjusted"), SOLD, {"quantity_milli": -(10**400)}, "quantity_can_be_counted"),
    (MOVEMENTS.format("sold"), SOLD, {"uncovered_milli": -1}, "uncovered_is_not_negative"),
    (MOVEMENTS.format("sold"), SOLD, {"uncovered_milli": 2001}, "uncovered_is_not_more_than_sold"),
    (MOVEMENTS.format("repriced"), SOLD, {"price_minor": -1}, "price_is_not_negative"),
    (MOVEMENTS.format("sold"), SOLD, {"quantity_milli": 10**10}, "quantity_is_believable"),
    (MOVEMENTS.format("sold"), SOLD, {"balance_milli": -1}, "balance_is_not_negative"),
    (MOVEMENTS.format("sold"), SOLD, {"recorded_at": "2026-01-31T10:00:00Z"}, "recorded_after_it_occurred"),
    (MOVEMENTS.format("sold"), SOLD, {"occurred_at": "1999-12-31T23:00:00Z"}, "occurred_at_is_after_2000"),
    (SEARCHES, SEARCHED, {"occurred_at": "2026-02-02T11:00:00Z"}, "occurred_at_is_not_in_the_future"),
    (SEARCHES, SEARCHED, {"pharmacies_found": -1}, "pharmacies_found_is_not_negative"),
    (SEARCHES, SEARCHED, {"medicine_id": "other"}, "medicine_is_known"),
    (PLACED, ORDERED, {"pharmacy_id": "other"}, "pharmacy_is_known"),
    (PLACED, ORDERED, {"version": 0}, "version_is_positive"),
    (PLACED, ORDERED, {"lines": [], "goods_minor": 0}, "lines_are_positive"),
    (PLACED, ORDERED, {"goods_minor": 499}, "goods_cost_what_the_lines_say"),
    (PLACED, ORDERED, {"fee_minor": -1}, "fee_is_not_negative"),
    (PLACED, ORDERED, {"goods_minor": 10**7}, "order_is_believable"),
    (VISITS.format("requested"), REQUESTED, {"doctor_id": "other"}, "doctor_is_known"),
    (VISITS.format("requested"), REQUESTED, {"hospital_id": "other"}, "hospital_is_known"),
    (VISITS.format("requested"), REQUESTED, {"version": 0}, "version_is_positive"),
    (VISITS.format("requested"), REQUESTED, {"ends_at": "2026-02-02T09:00:00Z"}, "visit_ends_after_it_starts"),
    (VISITS.format("requested"), REQUESTED, {"ends_at": "2026-02-04T09:00:00Z"}, "visit_is_shorter_than_a_day"),
    (VISITS.format("recorded"), {**REQUESTED, "age_years": 62}, {"age_years": 115}, "age_is_believable"),
    (VISITS.format("recorded"), {**REQUESTED, "lead_days": 0}, {"lead_days": -1}, "visit_was_booked_before_it"),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "body", "change", "rule"), CASES)
def test_what_is_wrong_breaks_its_rule(
    type_name: str, body: dict[str, Any], change: dict[str, Any], rule: str
) -> None:
    assert rule in broken(type_name, {**body, **change})


def test_every_rule_is_seen_broken_by_some_case() -> None:
    seen = {(type_name.split(".")[1], rule) for type_name, _, _, rule in CASES}
    always = {"occurred_at_is_after_2000", "occurred_at_is_not_in_the_future"}
    wanted = {
        (topic, rule.name) for topic, rules in RULES.items() for rule in rules
        if rule.name not in always
    }  # fmt: skip
    assert wanted <= seen
    assert always <= {rule for _, rule in seen}


def test_every_topic_has_rules_and_every_column_is_made() -> None:
    assert set(RULES) == set(TOPICS)
    made = columns_of("remedy.orders.placed.v1", {"occurred_at": AT}, KNOWN, NOW)
    assert set(COLUMNS) <= set(made)
