"""How far off told weeks were: each week counts as it was told, what cannot be known is left out."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from models.panel import Panel, Signs
from models.told_weeks import ItemWeeks, against
from remedy.pipeline.forecast_scores import KeptForecast
from tests.unit.models.town import FIRST, medicine, panel, pharmacy

DAYS = 42
SOLD = {(1, 1): [2] * DAYS, (1, 2): [1] * DAYS, (2, 1): [4] * DAYS}
BEGINS = [FIRST + timedelta(days=14 + 7 * week) for week in range(4)]


def a_week(day: date, packs: int, item: int = 1, place: int = 1) -> KeptForecast:
    told = 1000 * packs
    return KeptForecast(day, pharmacy(place), medicine(item), "smooth", told, 0, 0, 0, "v1")


def with_an_empty_shelf(days: slice) -> Panel:
    seen = panel(SOLD)
    nothing, empty = np.zeros(seen.demand.shape), np.zeros(seen.demand.shape, dtype=bool)
    empty[0, days] = True
    return replace(seen, signs=Signs(nothing, nothing, empty, empty, empty, seen.demand))


def test_too_much_in_one_week_does_not_make_up_for_too_little_in_another():
    kept = [a_week(day, packs) for day, packs in zip(BEGINS, (10, 18, 14, 14), strict=True)]
    told = against(panel(SOLD), kept, BEGINS)
    assert told.items == {(pharmacy(1), medicine(1)): ItemWeeks(4, 56_000, 56_000, 8000)}
    assert (told.first_on, told.last_on) == (BEGINS[0], FIRST + timedelta(days=DAYS - 1))
    assert told.told_from is None


def test_a_week_of_an_empty_shelf_is_left_out_and_one_empty_day_of_a_week_too():
    kept = [a_week(day, 21) for day in BEGINS]
    item = (pharmacy(1), medicine(1))
    # Days 14 and 15 are of the first week, day 21 of the second.
    two = against(with_an_empty_shelf(slice(14, 16)), kept, BEGINS)
    assert two.items[item] == ItemWeeks(3, 63_000, 42_000, 21_000)
    one = against(with_an_empty_shelf(slice(21, 22)), kept, BEGINS)
    assert one.items[item] == ItemWeeks(4, 81_000, 54_000, 27_000)
    none = against(with_an_empty_shelf(slice(14, DAYS)), kept, BEGINS)
    assert item not in none.items


def test_who_joined_later_was_not_told_of_in_every_week():
    kept = [a_week(day, 14) for day in BEGINS]
    kept += [a_week(day, 28, place=2) for day in BEGINS[1:]]
    told = against(panel(SOLD), kept, BEGINS)
    assert told.pharmacies == {pharmacy(1)}
    assert told.items[pharmacy(2), medicine(1)].count == 3
