"""What changes much: the 28-day totals that two models foretell from the same days."""

from dataclasses import replace

import numpy as np
import pytest

from models.baseline import MEAN_28, SEASONAL_NAIVE
from models.demand_model import DemandModel
from models.features import NAMES
from models.mixing import CLASSES, SMOOTH
from models.promotion import learned, moved
from models.quantiles import WEEK_COUNT, Bands
from models.regression import RIDGE, RidgeModel
from tests.unit.models.town import panel, seasonal

BANDS = Bands(
    np.zeros((0, WEEK_COUNT, 2)), np.zeros((0, 2)), np.zeros((WEEK_COUNT, 2)), np.zeros(2)
)


def model(made, method=MEAN_28, **more) -> DemandModel:
    bands = replace(
        BANDS, days=np.zeros((len(made.items), WEEK_COUNT, 2)), total=np.zeros((len(made.items), 2))
    )
    kinds = (SMOOTH,) * len(made.items)
    champions = dict.fromkeys(CLASSES, method)
    return DemandModel(champions, made.last_day, made.items, kinds, bands, **more)


def town(last_week: list[int], usual: int = 10):
    """Items sold `usual` a day for ten weeks, each in its last week so much: next week the same, says the naive."""
    return panel({(1, item): [usual] * 70 + [packs] * 7 for item, packs in enumerate(last_week)})


def words(made, before=MEAN_28, after=SEASONAL_NAIVE) -> str:
    return "\n".join(moved(model(made, before), model(made, after), made))


def test_the_same_model_changes_nothing():
    made = seasonal(200)
    assert words(made, MEAN_28, MEAN_28) == ""


def test_a_tenth_more_or_less_of_all_together_is_much():
    assert words(town([11] * 6)) == ""
    assert "it foretells 14% more" in words(town([12] * 6))
    assert "it foretells 16% less" in words(town([8] * 6))


def test_many_items_that_move_are_much_though_all_together_stays():
    made = town([15, 5, 10, 10, 10])
    said = words(made)
    assert "All items" not in said
    assert "40% of the items" in said


def test_a_few_items_that_move_are_not():
    assert words(town([15, 5, *[10] * 10])) == ""


def test_an_item_that_moves_by_less_than_two_packs_has_not_moved():
    def sold_in(*weeks: int):
        rare = [1] + [0] * 48 + [day for packs in weeks for day in (packs, 0, 0, 0, 0, 0, 0)]
        return panel({(1, item): rare for item in range(5)} | {(1, 9): [50] * len(rare)})

    # Of three packs in four weeks the naive makes four, of one, none.
    assert words(sold_in(0, 1, 1, 1)) == ""
    assert "of the items" in words(sold_in(0, 0, 0, 1))


def test_what_is_not_a_number_is_asked_about():
    made = seasonal(200)
    broken = model(made, RIDGE, ridge=RidgeModel(np.full(len(NAMES), np.nan), 0.0))
    assert list(moved(model(made), broken, made)) == ["Some of what it foretells is not a number."]


@pytest.mark.parametrize(("days", "share"), [(200, 1.0), (100, 0.5), (50, 0.25)])
def test_how_much_a_model_has_seen_of_what_is_known(days, share):
    made = seasonal(200)
    assert learned(model(made.until(days)), made) == pytest.approx(share, abs=0.01)


def test_items_that_came_later_were_not_learned_from():
    made = seasonal(200, items=4)
    old = model(made.some(np.arange(1)))
    assert learned(old, made) == pytest.approx(0.25, abs=0.02)
