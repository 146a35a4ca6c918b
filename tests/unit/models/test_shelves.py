"""What an empty shelf hides is not taken for want of demand, and what it lets see is not thrown away."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from bench.cut_demand import NOTHING, cut_sales
from models.baseline import mean_28, seasonal_naive
from models.dataset import COLUMNS, Beside, Panel, panel_of
from models.regression import Lessons
from models.seasonal_level import WAYS, ways
from tests.unit.models.town import FIRST, medicine, pharmacy, rows

UNTIL = FIRST + timedelta(days=9)
OTHER = {(1, 9): [1] * 10}
"""Sells every day, so that the pharmacy is open."""


def shelf(*seen: tuple[int, int, int], item: int = 1) -> pd.DataFrame:
    """Opening and closing packs of days on which a shelf was empty at some time."""
    return pd.DataFrame(
        [
            (pharmacy(1), medicine(item), FIRST + timedelta(days=day), first * 1000, last * 1000)
            for day, first, last in seen
        ],
        columns=[*COLUMNS[:3], "opening_milli", "closing_milli"],
    )


def seen(frame: pd.DataFrame, shelves: pd.DataFrame, until: date = UNTIL) -> Panel:
    return panel_of(frame, until=until, beside=Beside(shelves, NOTHING, NOTHING))


def days(flags: np.ndarray) -> list[int]:
    return np.flatnonzero(flags).tolist()


def test_a_shelf_stays_empty_from_the_day_it_ran_out_to_the_day_it_is_filled():
    sold = rows({(1, 1): [4, 4, 2, 0, 0, 0, 4, 4, 4, 4], **OTHER})

    made = seen(sold, shelf((2, 2, 0), (6, 0, 20)))

    assert days(made.is_censored[0]) == [2, 3, 4, 5, 6]
    # The third day began with two packs: it was cut short, and is not passed over.
    assert days(made.signs.is_empty[0]) == [3, 4, 5, 6]
    assert days(made.is_learned[0]) == [0, 1, 2, 7, 8, 9]
    assert days(made.is_scored[0]) == [0, 1, 7, 8, 9]
    assert made.is_censored[1].sum() == 0


def test_a_day_cut_short_counts_as_at_least_the_usual_and_never_as_less_than_was_seen():
    sold = rows({(1, 1): [4, 4, 2, 0, 0, 0, 4, 4, 4, 9], **OTHER})

    made = seen(sold, shelf((2, 2, 0), (6, 0, 20), (9, 9, 0)))

    assert made.learned[0, 2] == 4000
    assert made.learned[0, 9] == 9000
    assert made.demand[0, 2] == 2000


def test_a_day_cut_short_that_told_of_refusals_is_taken_as_it_was_told():
    sold = rows({(1, 1): [4, 4, 2, 0, 0, 0, 4, 4, 4, 4], **OTHER})
    sold.loc[sold.index[2], "refused_milli"] = 1000

    made = seen(sold, shelf((2, 2, 0), (6, 0, 20)))

    assert made.learned[0, 2] == 3000


def test_a_shelf_that_was_empty_before_the_first_day_is_empty_until_it_is_filled():
    sold = rows({(1, 1): [1, 0, 0, 0, 5, 5, 5, 5, 5, 5], **OTHER})
    sold.loc[sold.index[0], ["sold_milli", "refused_milli"]] = 0, 1000

    made = seen(sold, shelf((-3, 2, 0), (4, 0, 30)))

    assert days(made.is_censored[0]) == [0, 1, 2, 3, 4]


def test_what_sells_from_a_shelf_that_was_filled_unseen_shows_that_it_was_not_empty():
    sold = rows({(1, 1): [4, 4, 0, 2, 0, 2, 0, 2, 2, 2], **OTHER})

    # It ran out on the second day; that movement was undone, and an undone movement says nothing of a shelf.
    made = seen(sold, shelf((1, 4, 0)))

    assert days(made.is_censored[0]) == [1, 2]
    assert days(made.is_scored[0]) == [0, 3, 4, 5, 6, 7, 8, 9]


def test_what_is_refused_from_an_empty_shelf_does_not_show_that_it_was_full():
    sold = rows({(1, 1): [4, 4, 2, 2, 2, 4, 4, 4, 4, 4], **OTHER})
    refused = sold["medicine_id"].eq(medicine(1)) & sold["day"].isin(
        [FIRST + timedelta(days=day) for day in (2, 3, 4)]
    )
    sold.loc[refused, ["sold_milli", "refused_milli"]] = 0, 2000

    made = seen(sold, shelf((1, 4, 0), (5, 0, 40)))

    assert days(made.signs.is_empty[0]) == [2, 3, 4, 5]


def test_what_sells_beyond_the_books_shows_that_the_shelf_was_not_empty():
    sold = rows({(1, 1): [4, 0, 4, 0, 4, 0, 4, 0, 4, 0], **OTHER})
    sold["uncovered_milli"] = np.where(sold["medicine_id"] == medicine(1), sold["sold_milli"], 0)

    made = seen(sold, shelf(*((day, 0, 0) for day in range(0, 10, 2))))

    # Else its days without a sale would be passed over and those with one kept.
    assert made.is_censored.sum() == 0
    assert made.is_learned[0].all()


def test_a_closed_day_is_closed_and_not_cut_short():
    made = seen(rows({(1, 1): [4, 4, 0, 4]}), shelf((1, 4, 0), (3, 0, 9)), UNTIL)

    assert not made.is_open[0, 2]
    assert not made.is_censored[0, 2]
    assert made.is_scored[0, 2]


def test_an_item_that_never_was_there_is_learned_from_what_was_refused():
    sold = rows(OTHER)
    asked = pd.DataFrame(
        [(pharmacy(1), medicine(1), FIRST + timedelta(days=day), 0, 2000) for day in range(10)],
        columns=list(COLUMNS),
    )

    made = seen(pd.concat([sold, asked]), shelf((0, 0, 0)))

    assert made.is_censored[0].all()
    assert made.is_learned[0].all()
    assert np.allclose(mean_28(made)[0], 2000)


def test_an_item_that_is_stocked_late_changes_nothing_of_what_was_learned_before():
    asked = pd.DataFrame(
        [(pharmacy(1), medicine(1), FIRST + timedelta(days=day), 0, 2000) for day in range(40)],
        columns=list(COLUMNS),
    )
    stocked = rows({(1, 1): [0] * 40 + [2] * 20, (1, 9): [1] * 60})
    last = FIRST + timedelta(days=59)

    late = seen(pd.concat([stocked, asked]), shelf((0, 0, 0), (40, 0, 80)), last).until(40)
    never = seen(pd.concat([rows({(1, 9): [1] * 60}), asked]), shelf((0, 0, 0)), last).until(40)

    assert np.array_equal(late.is_learned, never.is_learned)
    assert np.allclose(mean_28(late)[0], 2000)


def test_no_shelf_known_is_as_if_there_were_none():
    sold = rows({(1, 1): [4, 4, 2, 0, 0, 0, 4, 4, 4, 4], **OTHER})
    plain, beside = panel_of(sold, until=UNTIL), seen(sold, shelf())

    assert np.array_equal(beside.is_learned, plain.is_open)
    assert np.array_equal(beside.is_scored, plain.is_known)
    assert np.array_equal(ways(beside), ways(plain))
    assert np.array_equal(mean_28(beside), mean_28(plain))


def test_what_is_learned_of_a_day_does_not_change_with_what_comes_after_it():
    made = cut_sales(items=10, days=200, told_share=0.0).panel()
    early = cut_sales(items=10, days=200, told_share=0.0)
    past = panel_of(
        early.rows[early.rows["day"] <= early.until - timedelta(days=50)],
        until=early.until - timedelta(days=50),
        beside=Beside(early.shelves, NOTHING, NOTHING),
    )

    assert np.array_equal(made.until(150).learned, past.learned)
    assert np.array_equal(made.until(150).is_learned, past.is_learned)


FORETELL = {
    "level": lambda panel: ways(panel)[WAYS.index((0.0, 56))],
    "28-day mean": mean_28,
    "ridge": lambda panel: Lessons.of(panel).fit(panel.day_count).forecast(panel),
}


@pytest.mark.parametrize("name", FORETELL)
def test_a_shelf_empty_on_a_third_of_the_days_is_foretold_near_its_true_demand(name):
    sales = cut_sales(items=60, days=180, told_share=0.0)
    truth = sales.wanted_ahead.sum() * 1000

    def off(panel: Panel) -> float:
        return float(FORETELL[name](panel).sum() / truth - 1)

    assert sales.share_cut > 0.3
    assert abs(off(sales.panel())) < 0.04
    # The control: who knows nothing of shelves takes empty ones for want of demand.
    assert off(sales.panel(knows_shelves=False)) < -0.25


def test_where_every_refusal_was_told_of_passing_days_over_does_little_harm():
    sales = cut_sales(items=60, days=180, told_share=1.0)
    panel, truth = sales.panel(), sales.wanted_ahead.sum() * 1000

    for name in ("level", "28-day mean"):
        assert FORETELL[name](panel).sum() == pytest.approx(truth, rel=0.04)


def test_the_last_week_again_passes_over_an_empty_shelf():
    sold = rows({(1, 1): [5] * 11 + [0, 0, 0], (1, 9): [1] * 14})
    until = FIRST + timedelta(days=13)

    assert (seasonal_naive(seen(sold, shelf((10, 5, 0)), until))[0] == 5000).all()


def test_half_a_year_without_stock_in_a_shop_closed_on_sundays_makes_forget_nothing():
    week = [5] * 6 + [0]
    sold = rows({(1, 1): week * 20 + [0] * 7 * 30, (1, 9): ([1] * 6 + [0]) * 50})
    made = seen(sold, shelf((138, 5, 0)), FIRST + timedelta(days=7 * 50 - 1))

    # Sundays within the outage teach no more than its other days do.
    assert np.allclose(mean_28(made)[0], 5000 * 6 / 7)


def test_a_month_without_stock_does_not_make_forget_what_was_wanted_before_it():
    sold = rows({(1, 1): [5] * 40 + [0] * 30, (1, 9): [1] * 70})
    made = seen(sold, shelf((39, 5, 0)), FIRST + timedelta(days=69))

    assert np.allclose(mean_28(made)[0], 5000)
    assert np.allclose(ways(made)[:, 0], 5000)
