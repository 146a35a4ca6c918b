"""The arithmetic of the pages of counts: a share's interval and a correlation, against figures worked out by hand."""

import pandas as pd
import pytest

from streamlit_app.queries.imported import interval
from streamlit_app.queries.week_ahead import correlation


def of_weeks(*pairs: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["visit_count", "sold_milli"])


def test_a_share_of_few_is_less_sure_than_the_same_of_many():
    assert interval(2, 6) == pytest.approx((0.0968, 0.7000), abs=0.0005)
    low, high = interval(200, 600)
    assert high - low < 0.08
    assert interval(0, 10)[0] == 0
    assert interval(0, 0) == (0, 1)


def test_a_correlation_is_pearsons_with_fishers_interval():
    found = correlation(of_weeks((1, 2), (2, 1), (3, 4), (4, 3), (5, 5)))
    # r = 8 / 10; tanh(atanh(0.8) -+ 1.96 / sqrt(2)).
    assert found == pytest.approx((0.8, -0.279, 0.986), abs=0.001)


def test_what_does_not_change_or_is_too_little_has_no_correlation():
    assert correlation(of_weeks((1, 2), (2, 1), (3, 4))) is None
    assert correlation(of_weeks((1, 5), (2, 5), (3, 5), (4, 5))) is None
    assert correlation(of_weeks((1, 1), (2, 2), (3, 3), (4, 4)))[0] == pytest.approx(1)
