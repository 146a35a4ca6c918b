"""Advice in parts: when the next delivery comes, what a lot leaves, empty days, figures and what is usual."""

from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pytest

from models.advice_data import ASSUMED, ITEM, PHARMACY, deliveries
from models.pharmacy_figures import (
    compared,
    empty_days,
    usual_for,
    value_of,
)
from models.shortage import Outlook
from models.stock_advice import unsold_by_lot
from models.told_weeks import Told
from remedy.pipeline.stock_advice import PharmacyItem
from remedy.schema.advice import FILL_RATE, FORECAST_ERROR, OUT_DAYS, REFUSALS
from tests.unit.models.town import medicine, pharmacy

TODAY = date(2026, 3, 2)
PERIOD = (date(2026, 2, 2), date(2026, 3, 1))


def back(*days: int) -> list[date]:
    return [TODAY - timedelta(days=day) for day in days]


def told(received: dict[tuple[UUID, UUID], list[date]], item: tuple[UUID, UUID]):
    days, gap, source = deliveries([item], received, TODAY)
    return days[0], gap[0], source[0]


def test_the_next_delivery_follows_the_items_own_rhythm():
    item = (pharmacy(1), medicine(1))
    assert told({item: back(24, 17, 10, 3)}, item) == (4, 7, ITEM)


def test_an_item_without_a_rhythm_comes_with_its_pharmacys_deliveries():
    item, other = (pharmacy(1), medicine(1)), (pharmacy(1), medicine(2))
    assert told({item: back(30), other: back(9, 6, 3)}, item) == (1, 3, PHARMACY)


def test_a_pharmacy_that_keeps_to_weekdays_is_not_overdue_after_a_weekend():
    item, other = (pharmacy(1), medicine(1)), (pharmacy(1), medicine(2))
    # Wednesdays and Fridays; today is a Monday, three days after the last one.
    days = [day for week in range(8) for day in back(7 * week + 3, 7 * week + 5)]
    assert told({item: back(30), other: days}, item) == (2, 4, PHARMACY)
    # On weekdays that came up by chance nothing is built.
    assert told({item: back(30), other: back(31, 20, 9)}, item) == (1, 10, PHARMACY)


def test_without_deliveries_or_with_an_overdue_one_a_week_is_assumed():
    item = (pharmacy(1), medicine(1))
    assert told({}, item) == (7, 7, ASSUMED)
    assert told({item: back(60, 50, 40)}, item) == (7, 7, ASSUMED)


def sure(a_day: float, items: int = 1) -> Outlook:
    nothing = np.zeros(items)
    return Outlook.of_days(np.full((items, 28), a_day), nothing, nothing)


def test_what_expires_first_is_sold_first_and_the_rest_is_left():
    lots, days = np.array([[30.0, 10.0]]), np.array([[20.0, 5.0]])
    # Five of the second lot in five days, then fifteen of the first.
    assert unsold_by_lot(lots, days, sure(1.0))[0] == pytest.approx([15.0, 5.0])


def test_nothing_is_left_where_demand_is_high_and_all_where_there_is_none():
    lots, days = np.array([[30.0, 10.0]]), np.array([[20.0, 5.0]])
    assert unsold_by_lot(lots, days, sure(100.0))[0] == pytest.approx([0.0, 0.0])
    assert unsold_by_lot(lots, days, sure(0.0))[0] == pytest.approx([30.0, 10.0])


def test_a_shelf_stays_as_it_was_until_it_is_next_seen():
    assert empty_days([(-1, True)]) == 28
    assert empty_days([(-1, False)]) == 0
    assert empty_days([(-1, True), (3, False), (10, True), (12, False)]) == 3 + 2
    assert empty_days([(0, False), (27, True)]) == 1


def an_item(number: int = 1, place: int = 1, **differs: object) -> PharmacyItem:
    values = {
        "pharmacy_id": pharmacy(place), "medicine_id": medicine(number), "sold_milli": 9000,
        "refused_milli": 1000, "refusal_count": 1, "out_days": 0, "told_weeks": 4, "told_milli": 8000,
        "came_milli": 10_000, "off_milli": 3000,
    }  # fmt: skip
    return PharmacyItem(**{**values, **differs})  # type: ignore[arg-type]  # one keyword to differ


def told_of(*places: int) -> Told:
    """Four weeks that were told of these pharmacies."""
    first, last = date(2026, 1, 29), date(2026, 2, 25)
    return Told(first, last, {}, frozenset(pharmacy(place) for place in places))


def test_figures_are_made_of_the_rows_they_name():
    items = [
        an_item(1),
        an_item(
            2, out_days=7, refused_milli=0, refusal_count=0, told_weeks=0, told_milli=0,
            came_milli=0, off_milli=0,
        ),
    ]  # fmt: skip
    assert value_of(FILL_RATE, items) == (18 / 19, 2)
    assert value_of(REFUSALS, items) == (1.0, 1)
    assert value_of(OUT_DAYS, items) == (7 / 56, 2)
    # The second was empty in every week: what was asked for then is not known. The first's weeks were off by three of ten
    # packs, though by two in all.
    assert value_of(FORECAST_ERROR, items) == (0.3, 1)


def test_where_nothing_was_asked_for_there_is_no_figure():
    nothing = [an_item(sold_milli=0, refused_milli=0, refusal_count=0, out_days=None, told_weeks=0)]
    assert value_of(FILL_RATE, nothing) == (None, 0)
    assert value_of(OUT_DAYS, nothing) == (None, 0)
    assert value_of(FORECAST_ERROR, nothing) == (None, 0)


def test_a_pharmacy_that_was_not_there_before_has_no_figure_and_is_nobodys_median():
    items = [an_item(1, place) for place in range(1, 8)]
    there = {pharmacy(place) for place in range(1, 7)}
    figures = compared(items, {}, {}, there, PERIOD, told_of(*range(1, 8)))
    new = [one for one in figures if one.pharmacy_id == pharmacy(7)]
    assert all(one.value is None for one in new)
    old = next(one for one in figures if one.pharmacy_id == pharmacy(1))
    assert (old.other_count, old.town_median) == (5, pytest.approx(0.9))
    assert old.usual is None  # five others are too few for a line


def test_four_others_make_no_median():
    items = [an_item(1, place) for place in range(1, 6)]
    there = {pharmacy(place) for place in range(1, 6)}
    figures = compared(items, {}, {}, there, PERIOD, told_of(*range(1, 6)))
    assert {one.other_count for one in figures} == {4}
    assert {one.town_median for one in figures} == {None}


def test_who_was_not_told_of_in_every_week_has_no_error_and_is_in_nobodys_median():
    items = [an_item(1, place) for place in range(1, 8)]
    there = {pharmacy(place) for place in range(1, 8)}
    told = told_of(*range(1, 7))
    figures = {
        (one.pharmacy_id, one.figure): one for one in compared(items, {}, {}, there, PERIOD, told)
    }
    late, old = figures[pharmacy(7), FORECAST_ERROR], figures[pharmacy(1), FORECAST_ERROR]
    assert (late.value, old.value) == (None, 0.3)
    assert (late.other_count, old.other_count) == (6, 5)
    assert (old.first_on, old.last_on) == (told.first_on, told.last_on)
    sold = figures[pharmacy(7), FILL_RATE]
    assert (sold.value, sold.first_on, sold.last_on) == (0.9, *PERIOD)


def some_towns(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    features = random.normal(size=(count, 3))
    values = 0.6 + 0.05 * features[:, 0] + random.normal(scale=0.01, size=count)
    return values, features


def others_of(count: int, at: int) -> np.ndarray:
    return np.arange(count) != at


def test_usual_follows_size_and_mix_and_is_not_told_by_the_pharmacy_itself():
    values, features = some_towns(40)
    found = usual_for(FILL_RATE, values, features, others_of(40, 0), 0)
    assert found is not None
    assert found.low < found.middle < found.high
    assert found.middle == pytest.approx(0.6 + 0.05 * features[0, 0], abs=0.01)
    values[0] = 0.0
    assert usual_for(FILL_RATE, values, features, others_of(40, 0), 0) == found


def test_about_eight_of_ten_lie_in_the_interval():
    values, features = some_towns(200)
    inside = 0
    for at in range(200):
        found = usual_for(FILL_RATE, values, features, others_of(200, at), at)
        assert found is not None
        inside += found.low <= values[at] <= found.high
    assert 0.72 <= inside / 200 <= 0.88


def test_with_nine_others_or_none_like_it_nothing_is_usual():
    values, features = some_towns(12)
    features[0] = 0.0
    nine = others_of(12, 0)
    nine[[1, 2]] = False
    assert usual_for(FILL_RATE, values, features, nine, 0) is None
    assert usual_for(FILL_RATE, values, features, others_of(12, 0), 0) is not None
    features[0] = 50.0
    assert usual_for(FILL_RATE, values, features, others_of(12, 0), 0) is None
