"""Forecasts held against the past: gaps, fair errors, methods compared, drift in words."""

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.group_band import half_width
from streamlit_app import charts
from streamlit_app.queries import forecasts, models, scores
from streamlit_app.views import drift, forecast
from streamlit_app.views import models as page

DAYS = pd.date_range("2026-02-26", "2026-03-01")
WANTED = pd.DataFrame({"day": DAYS[[0, 3]], "demand_milli": [2000, 1000]})
CHOICES = pd.DataFrame(
    {
        "kind": ["smooth", "smooth", "smooth", "intermittent", "intermittent"],
        "method": ["level mix", "LSTM", "28-day mean", "28-day mean", "LSTM"],
        "is_used": [True, False, False, True, False],
        "series_count": [9, 9, 9, 4, 4],
        "total_error": [4.0, 5.0, 6.0, 2.0, 1.9],
    }
)


def a_row(told: int, came: int, off: int, weeks: int = 4) -> dict[str, int]:
    return {"told_milli": told, "wanted_milli": came, "off_milli": off, "told_weeks": weeks}


def test_a_closed_day_is_a_gap_and_an_open_one_without_a_sale_is_nought():
    open_days = pd.DataFrame({"day": DAYS[[0, 1, 3]]})
    past = forecasts.past(WANTED, open_days, None, DAYS)

    assert past["demand_milli"].tolist()[:2] == [2000, 0]
    assert math.isnan(past["demand_milli"].iloc[2])
    assert past["demand_milli"].iloc[3] == 1000
    assert not past["is_empty"].any()


def test_a_shelf_stays_empty_until_something_moves_on_it():
    shelf = pd.DataFrame(
        {"day": pd.to_datetime(["2026-02-20", "2026-02-28"]), "closing_milli": [0, 3000]}
    )
    past = forecasts.past(WANTED, pd.DataFrame({"day": DAYS}), shelf, DAYS)
    assert past["is_empty"].tolist() == [True, True, False, False]


def test_a_shelf_that_was_never_known_is_not_called_empty():
    late = pd.DataFrame({"day": DAYS[[2]], "closing_milli": [0]})
    past = forecasts.past(WANTED, pd.DataFrame({"day": DAYS}), late, DAYS)
    assert past["is_empty"].tolist() == [False, False, True, True]


def test_empty_evenings_are_marked_and_gaps_are_not_joined():
    past = pd.DataFrame(
        {"day": DAYS, "demand_milli": [1000, math.nan, 0, 500], "is_empty": [False, True, True, False]}
    )  # fmt: skip
    ahead = pd.DataFrame({"day": DAYS, "expected_milli": 1000, "low_milli": 0, "high_milli": 2000})
    line, marks, _, band, _ = charts.forecast(past, ahead, "wide").data

    assert not line.connectgaps
    assert list(marks.y) == [0.0]
    assert "more may have been wanted" in marks.name
    assert band.name == "wide"


def foretold(widths: list[tuple[float, float]], expected: float = 1000) -> pd.DataFrame:
    """One day of items that lie so far below and above the same number: as the query adds them up."""
    below, above = (sum(width[at] for width in widths) for at in (0, 1))
    total = expected * len(widths)
    return pd.DataFrame(
        {
            "day": DAYS[:1], "expected_milli": [total], "low_milli": [total - below], "high_milli": [total + above],
            "below_squares": [sum(below**2 for below, _ in widths)],
            "above_squares": [sum(above**2 for _, above in widths)],
        }
    )  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 9000)), min_size=1, max_size=30),
    st.floats(0, 1),
)
def test_a_group_has_the_band_that_the_training_tried_out(widths, shared):
    added = foretold(widths)
    told = forecasts.as_group(added, shared).iloc[0]
    below, above = np.array(widths, dtype=float).T

    down = half_width(below.sum(), (below**2).sum(), shared)
    assert told["low_milli"] == pytest.approx(1000 * len(widths) - down, abs=1e-3)
    up = half_width(above.sum(), (above**2).sum(), shared)
    assert told["high_milli"] == pytest.approx(1000 * len(widths) + up, abs=1e-3)
    assert told["low_milli"] >= max(0, added["low_milli"].iloc[0] - 1e-3)
    assert told["high_milli"] <= added["high_milli"].iloc[0] + 1e-3


def test_one_item_alone_keeps_its_own_band_and_a_group_is_narrower_than_its_items_together():
    alone, both = foretold([(400, 2000)]), foretold([(400, 2000)] * 2)

    assert forecasts.as_group(alone, 0.3)["high_milli"].tolist() == pytest.approx([3000])
    assert forecasts.as_group(both, 1.0)["high_milli"].tolist() == pytest.approx([6000])
    assert forecasts.as_group(both, 0.0)["high_milli"].tolist() == pytest.approx([2000 + 8**0.5 * 1000])  # fmt: skip
    assert both["high_milli"].tolist() == [6000]


def test_a_group_is_never_told_less_than_nothing():
    # Rounded bounds of many items may come to more than is expected of them.
    told = forecasts.as_group(foretold([(1000.5, 0)] * 3), 1.0)
    assert told["low_milli"].tolist() == [0]


def test_a_share_of_what_was_wanted_needs_something_wanted():
    names = ["item_count", "off_milli", "wanted_milli"]
    assert forecasts.past_error(pd.Series([3, 6, 40], names)) == pytest.approx(6 / 40)
    assert forecasts.past_error(pd.Series([2, 3, 0], names)) is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (a_row(34_000, 40_000, 8000), "told 34 packs, came 40; week by week 20% off."),
        (a_row(40_000, 40_000, 0), "came 40; week by week 0% off."),
        (a_row(3000, 0, 3000), "Sun 1 Mar 2026: told 3 packs, came 0."),
    ],
)
def test_an_items_own_error_is_said_in_words(row, said):
    first, last = pd.Timestamp("2026-02-02"), pd.Timestamp("2026-03-01")
    assert forecast.past_sentence(pd.DataFrame([row]), pd.Series(), first, last).endswith(said)


def test_weeks_that_could_not_be_compared_are_said():
    first, last = pd.Timestamp("2026-02-02"), pd.Timestamp("2026-03-01")
    row = pd.DataFrame([a_row(34_000, 40_000, 8000, weeks=3)])
    said = forecast.past_sentence(row, pd.Series(), first, last)
    assert said.startswith("Of 3 of the four weeks from ")


def test_what_is_chosen_narrows_by_what_is_there_and_nothing_else():
    group = forecasts.Chosen(atc_group="N02")
    assert not group.is_one_item
    assert group.values() == {"atc_group": "N02"}
    assert "pharmacy_id" not in group.where("t")
    assert "LEFT(atc_code, 3) = :atc_group" in group.where("t")


def test_methods_are_held_to_the_one_in_use_of_their_class():
    assert models.behind_used(CHOICES, "LSTM") == {
        "smooth": pytest.approx(0.25),
        "intermittent": pytest.approx(-0.05),
    }
    assert models.against_used(CHOICES)["ratio"].tolist()[0] == 1
    assert models.against_used(CHOICES.assign(is_used=False)).empty


def test_a_method_that_serves_nothing_is_said_not_to_be_used_even_where_it_is_better():
    (sentence,) = page.not_used(CHOICES)
    assert sentence.startswith("LSTM: not used.")
    assert "25% more on smooth, 5% less on intermittent" in sentence
    assert "the platform does not serve it" in sentence


def test_the_plain_mean_in_use_is_said_as_plainly():
    said = page.in_use("Intermittent", CHOICES[CHOICES["kind"] == "intermittent"])
    assert said.startswith("Intermittent (4 items): 28-day mean. Nothing beat the plain mean")
    assert (
        page.in_use("Smooth", CHOICES[CHOICES["kind"] == "smooth"])
        == "Smooth (9 items): level mix."
    )


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"is_in_use": True}, "in use"),
        ({"is_proposed": True}, "waits for a decision"),
        ({}, "not in use"),
        (
            {"decided_at": datetime(2026, 3, 1, tzinfo=UTC), "proposal": "It moves.\nRejected by Farah."},
            "not in use Rejected by Farah.",
        ),
    ],
)  # fmt: skip
def test_what_became_of_a_version_is_said(differs, said):
    version = {"is_in_use": False, "is_proposed": False, "proposal": None, "decided_at": pd.NaT}
    assert page.state({**version, **differs}) == said


def test_how_often_intervals_held_is_weighed_by_the_items_of_each_day():
    days = pd.DataFrame({"series_count": [90, 10], "above": [0.1, 0.5], "below": [0.1, 0.5]})
    share, count = scores.inside(days)
    assert share == pytest.approx(0.72)
    assert count == 2
    assert scores.inside(days.assign(above=math.nan)) == (None, 0)


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"drifts_since_on": pd.Timestamp("2026-02-27")}, "drifts since 27 Feb"),
        ({"promised": math.nan}, "nothing was promised"),
        ({"recent": math.nan}, "nothing scored yet"),
        ({}, "no drift (2.1 of 5.0)"),
    ],
)
def test_drift_is_said_only_where_it_was_found(differs, said):
    row = {
        "recent": 0.2, "promised": 0.1, "evidence": 2.1, "threshold": 5.0, "drifts_since_on": pd.NaT,
    }  # fmt: skip
    assert drift.verdict({**row, **differs}) == said


def test_only_a_promise_that_was_made_is_drawn():
    days = pd.DataFrame({"day": DAYS, "above": 0.1, "below": 0.1, "scaled_error": 1.5})
    assert len(charts.coverage(days, None, None).data) == 2
    assert len(charts.coverage(days, 0.1, None).data) == 3
    assert len(charts.week_errors(days, None).data) == 1
    assert list(charts.week_errors(days, 1.6).data[1].y) == [1.6, 1.6]


def test_errors_and_shares_are_not_mixed_up():
    assert drift.figure("week_error", 1.7) == "1.70"
    assert drift.figure("above_high", 0.127) == "12.7%"
    assert drift.figure("above_high", math.nan) == "-"
