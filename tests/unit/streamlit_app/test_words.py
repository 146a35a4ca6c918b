"""How figures are written."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from streamlit_app import words

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ({"seconds": 0}, "just now"),
        ({"seconds": 12}, "12 s ago"),
        ({"minutes": 3}, "3 min ago"),
        ({"minutes": 89}, "89 min ago"),
        ({"hours": 30}, "30 h ago"),
        ({"days": 5}, "5 days ago"),
        ({"seconds": -20}, "20 s ahead"),
    ],
)
def test_an_age_is_said_in_the_unit_that_fits(before, text):
    assert words.age(NOW - timedelta(**before), NOW) == text


@pytest.mark.parametrize("nothing", [None, pd.NaT])
def test_what_never_happened_has_no_age(nothing):
    assert words.age(nothing, NOW) == "never"
    assert words.until(nothing, NOW) == "never"
    assert words.instant(nothing, "Europe/Rome") == "never"
    assert words.day(nothing) == "never"


def test_what_comes_and_what_should_have_come_are_told_apart():
    assert words.until(NOW + timedelta(hours=2), NOW) == "in 2 h"
    assert words.until(NOW - timedelta(minutes=3), NOW) == "overdue by 3 min"


def test_instants_are_shown_by_the_clock_on_the_wall():
    assert words.instant(NOW, "Europe/Rome") == "Sat 31 Jan 2026, 13:00"
    assert words.day(date(2026, 1, 31)) == "Sat 31 Jan 2026"


@pytest.mark.parametrize(
    ("milli", "text"),
    [(0, "0"), (2500, "2.5"), (3000, "3"), (12_400, "12"), (1_234_567, "1,235"), (-500, "-0.5")],
)
def test_packs(milli, text):
    assert words.packs(milli) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [(None, "more than 28 days"), (float("nan"), "more than 28 days"), (0.0, "out of stock"), (3.24, "3.2 days")],
)  # fmt: skip
def test_how_long_stock_lasts(days, text):
    assert words.cover(days) == text


def test_ratios_and_short_times_have_a_dash_where_there_is_none():
    assert words.percent(0.874) == "87%"
    assert words.percent(None) == "-"
    assert words.seconds(0.12) == "120 ms"
    assert words.seconds(2.5) == "2.5 s"
    assert words.seconds(180) == "3 min"
    assert words.seconds(float("nan")) == "-"


def test_a_count_agrees_with_its_noun():
    assert words.plural(1, "row") == "1 row"
    assert words.plural(1200, "row") == "1,200 rows"
    assert words.plural(2, "search", "searches") == "2 searches"


def test_a_list_that_may_have_been_cut_says_so() -> None:
    assert words.cut(19_999, 20_000) == ""
    assert words.cut(20_000, 20_000).startswith("Only the worst 20,000 are looked at")
