"""Charts: what is drawn, in which unit, told apart without colour."""

import pandas as pd

from streamlit_app import charts

DAYS = pd.to_datetime(["2026-01-30", "2026-01-31"])
CLOSED = pd.DataFrame({"day": DAYS, "sold_milli": [1500, 2000], "refused_milli": [0, 500]})
LATER = pd.DataFrame(
    {"day": [pd.Timestamp("2026-02-01")], "sold_milli": [750], "refused_milli": [0]}
)


def test_closed_days_and_the_time_since_are_drawn_apart_in_packs():
    closed, later, refused = charts.demand(CLOSED, LATER).data

    assert list(closed.y) == [1.5, 2.0]
    assert list(later.y) == [0.75]
    assert list(refused.y) == [0, 0.5, 0]
    assert "not counted yet" in later.name
    assert later.marker.pattern.shape  # not by colour alone
    assert refused.marker.pattern.shape not in (None, later.marker.pattern.shape)


def test_nothing_to_draw_is_no_error():
    empty = CLOSED.head(0)

    assert all(len(bar.x) == 0 for bar in charts.demand(empty, empty).data)


def test_a_forecast_has_its_interval_around_it():
    ahead = pd.DataFrame(
        {"day": DAYS, "expected_milli": [2000, 0], "low_milli": [1000, 0], "high_milli": [4000, 0]}
    )
    past = pd.DataFrame({"day": DAYS, "demand_milli": [3000, 1000], "is_empty": False})

    before, _, high, low, expected = charts.forecast(past, ahead, "eight of ten").data

    assert list(before.y) == [3, 1]
    assert list(high.y) == [4, 0]
    assert list(low.y) == [1, 0]
    assert low.fill == "tonexty"
    assert low.name == "eight of ten"
    assert list(expected.y) == [2, 0]
    assert expected.line.dash == "dash"
