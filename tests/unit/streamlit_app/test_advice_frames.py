"""Shortages, orders and lots: sorted, summed and said in words."""

import math

import pandas as pd
import pytest

from streamlit_app import charts
from streamlit_app.queries import advice, shortages
from streamlit_app.views.shortages import lasts, reason

ALERTS = pd.DataFrame(
    {
        "pharmacy_id": ["p1", "p1", "p2"],
        "pharmacy": ["Corner", "Corner", "Hill"],
        "district": ["Harbour", "Harbour", None],
        "medicine_id": ["a", "b", "a"],
        "medicine": ["A", "B", "A"],
        "stock_milli": [0, 2000, 5000],
        "runs_out": [0.9, 0.3, 0.55],
        "missing_milli": [1000, 4000, 2000],
        "missing_minor": [500.0, math.nan, 900.0],
        "price_minor": [500.0, math.nan, 450.0],
        "cover_low": [0.0, 2.0, 1.0],
        "cover_middle": [0.0, 5.0, 3.0],
        "cover_high": [0.0, math.nan, 6.0],
        "delivery_on": pd.to_datetime(["2026-03-07"] * 3),
        "delivery_from": ["item", "pharmacy", "assumed"],
    }
)
FORETOLD = pd.DataFrame(
    {"medicine_id": ["a", "a", "b"], "district": ["Harbour", "Hills", "Harbour"], "item_count": [3, 2, 1]}
)  # fmt: skip
LOTS = pd.DataFrame(
    {
        "expires_on": pd.to_datetime(["2026-03-04", "2026-03-08", "2026-03-09"]),
        "unsold_minor": [100.0, 50.0, math.nan],
    }
)


@pytest.mark.parametrize(
    ("by", "first", "last"),
    [
        ("Packs missing", "B", "Corner"),
        ("Chance", "A", "B"),
        ("How soon", "A", "B"),
        ("Money missing", "A", "B"),
    ],
)
def test_alerts_are_sorted_by_what_is_asked_and_what_is_not_known_comes_last(by, first, last):
    rows = shortages.worst_first(ALERTS, by)
    assert rows["medicine"].iloc[0] == first
    assert last in (rows["medicine"].iloc[-1], rows["pharmacy"].iloc[-1])


def test_alerts_of_a_medicine_are_counted_against_all_that_keep_it():
    found = shortages.by_medicine(ALERTS, FORETOLD).set_index("medicine")

    assert found.loc["A", ["at_risk_count", "kept_count", "empty_count"]].tolist() == [2, 5, 1]
    assert found.loc["A", "highest"] == 0.9
    assert found.loc["A", "missing_milli"] == 3000
    assert found.loc["B", "missing_minor"] == 0  # no price: no money, and no gap in the sum
    assert list(found.index) == ["B", "A"]


def test_a_pharmacy_without_a_district_is_not_lost():
    found = shortages.by_pharmacy(ALERTS)
    assert found["pharmacy"].tolist() == ["Corner", "Hill"]
    assert found["at_risk_count"].sum() == len(ALERTS)
    assert len(shortages.in_district(ALERTS, "Harbour")) == 2
    assert len(shortages.in_district(ALERTS, None)) == 3


def test_tiles_count_what_is_likely_and_what_is_empty():
    counted = {kind: len(of(ALERTS)) for kind, of in shortages.KINDS.items()}
    assert counted == {"alerts": 3, "likely": 2, "empty": 1}


def test_the_reason_says_what_the_delivery_is_told_from():
    empty, own, assumed = (reason(ALERTS.iloc[row]) for row in range(3))
    assert empty.startswith("The shelf was empty.")
    assert "5 (2 to over 28) days" in own
    assert "of this item there are too few, or one is overdue" in own
    assert "no rhythm is known, or a delivery is overdue, so a week is assumed" in assumed
    assert "is 55%; on average 2 packs would be missing." in assumed


def test_days_of_cover_are_said_once_where_they_do_not_differ():
    assert lasts(3, 3, 3) == "3"
    assert lasts(math.nan, math.nan, math.nan) == "over 28"
    assert lasts(2, 5, math.nan) == "5 (2 to over 28)"


def test_orders_are_sure_by_their_money():
    rows = pd.DataFrame(
        {
            "pharmacy_id": ["p", "p", "q"],
            "pharmacy": ["Corner", "Corner", "Hill"],
            "district": ["Harbour", "Harbour", "Hills"],
            "quantity_milli": [1000, 2000, 3000],
            "cost_minor": [300, 100, 0],
            "saved_milli": [10, 20, 30],
            "confidence": [1.0, 0.2, 0.5],
        }
    )
    found = advice.orders_by_pharmacy(rows)

    assert found["cost_minor"].tolist() == [400, 0]
    assert found["order_count"].tolist() == [2, 1]
    assert found["confidence"].iloc[0] == pytest.approx(0.8)
    assert math.isnan(found["confidence"].iloc[1])  # nothing to weigh with


def test_what_expires_is_put_into_its_week_and_weeks_without_are_nought():
    weeks = advice.unsold_by_week(LOTS, pd.Timestamp("2026-03-05").date())

    assert weeks["week_on"].iloc[0] == pd.Timestamp("2026-03-02")
    assert weeks["unsold_minor"].tolist()[:2] == [150.0, 0.0]  # a lot without a price is no money
    assert len(weeks) == 14
    (bars,) = charts.expiring(weeks, "EUR", 100).data
    assert bars.y[0] == 1.5


def test_a_lot_that_expired_while_advice_stood_still_is_not_lost():
    weeks = advice.unsold_by_week(LOTS, pd.Timestamp("2026-03-30").date())
    assert weeks["unsold_minor"].sum() == 150


def test_transfers_of_a_district_are_those_that_touch_it():
    rows = pd.DataFrame({"from_district": ["A", "B", "C"], "to_district": ["B", "C", "C"]})
    assert len(advice.touching(rows, "B")) == 2
    assert len(advice.touching(rows, None)) == 3
