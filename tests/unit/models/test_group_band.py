"""Bands of groups: between nothing shared and all shared, and as wide as past days of groups ask for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.baseline import HORIZON
from models.evaluation import Origins
from models.group_band import group_band_of, half_width
from models.quantiles import Past
from tests.unit.models.town import medicine, pharmacy

WEEKS = 60
ORIGINS = Origins(tuple(range(100, 100 + 7 * WEEKS, 7)), slice(0, 28), slice(31, WEEKS - 4))
TOWN = tuple((pharmacy(p), medicine(m)) for p in range(5) for m in range(6))
WIDTHS = st.lists(st.integers(0, 10**6), min_size=1, max_size=20)
PARTS = st.floats(0, 1)


def past_of(shared: float, items: int = len(TOWN), day_of: np.ndarray | None = None) -> Past:
    """A right forecast of a hundred packs a day, off by what all have in common (`shared`, of variance) and by their own."""
    random = np.random.default_rng(3)
    days = 7 * WEEKS + HORIZON
    common = random.normal(0, 1, (1, days)) if day_of is None else day_of
    off = np.sqrt(shared) * common + np.sqrt(1 - shared) * random.normal(0, 1, (items, days))
    came = 100_000 + 10_000 * off
    windows = np.stack([came[:, 7 * week : 7 * week + HORIZON] for week in range(WEEKS)])
    windows[-1] = np.nan
    return Past(np.full(windows.shape, 1e5), windows, np.full(windows.shape[:2], 1e4))


@settings(deadline=None)
@given(WIDTHS, PARTS)
def test_a_group_is_never_wider_than_the_sum_nor_narrower_than_if_nothing_were_shared(widths, part):
    each = np.array(widths, dtype=float)
    told = half_width(each.sum(), (each**2).sum(), part)

    assert np.sqrt((each**2).sum()) * (1 - 1e-9) <= told <= each.sum() * (1 + 1e-9)


@settings(deadline=None)
@given(st.integers(0, 10**6), PARTS)
def test_a_group_of_one_has_the_items_own_band(width, part):
    assert half_width(np.array(float(width)), np.array(float(width**2)), part) == pytest.approx(
        width
    )


@pytest.mark.parametrize(("shared", "least", "most"), [(0.0, 0.0, 0.02), (0.3, 0.2, 0.4), (1.0, 0.9, 1.0)])  # fmt: skip
def test_what_is_shared_is_found_and_eight_days_of_ten_lie_inside_where_it_was_not_looked_for(
    shared, least, most
):
    found = group_band_of(past_of(shared), TOWN, ORIGINS)

    assert least <= found.shared <= most
    assert found.inside == pytest.approx(0.8, abs=0.05)


def test_the_kind_of_group_that_shares_most_decides():
    # Pharmacies have days of their own, so that a medicine over all of them has not.
    random = np.random.default_rng(5)
    of_pharmacy = np.repeat(random.normal(0, 1, (5, 7 * WEEKS + HORIZON)), 6, axis=0)
    found = group_band_of(past_of(0.5, day_of=of_pharmacy), TOWN, ORIGINS)

    assert 0.4 <= found.shared <= 0.6
    assert found.inside > 0.82


def test_the_share_inside_is_of_weeks_that_its_part_was_not_learned_from():
    calm, wild = past_of(0.0), past_of(0.9)
    turned = slice(ORIGINS.reported.start, None)
    for made, later in ((calm.told, wild.told), (calm.came, wild.came)):
        made[turned] = later[turned]

    found = group_band_of(calm, TOWN, ORIGINS)

    assert found.shared > 0.1
    assert found.inside < 0.6


def test_items_of_which_nothing_is_known_on_a_day_are_left_out_of_that_days_groups():
    past, less = past_of(0.3), past_of(0.3)
    is_unknown = np.random.default_rng(2).random(less.came.shape) < 0.3
    less.came[is_unknown] = np.nan

    found, whole = (group_band_of(made, TOWN, ORIGINS) for made in (less, past))
    assert found.shared == pytest.approx(whole.shared, abs=0.1)
    assert found.inside == pytest.approx(whole.inside, abs=0.05)


def test_without_groups_or_a_past_to_learn_from_nothing_is_told():
    alone = ((pharmacy(1), medicine(1)),)
    short = Origins(ORIGINS.ends, slice(0, 0), slice(0, 5))

    assert group_band_of(past_of(0.3, items=1), alone, ORIGINS) is None
    assert group_band_of(past_of(0.3), TOWN, short) is None


def test_a_day_told_to_be_closed_has_no_band():
    past = past_of(0.3)
    past.told[:, :, 6::7], past.came[:-1, :, 6::7] = 0, 3000

    # One day of seven is always outside: the others have to be far wider until eight of ten are inside.
    assert group_band_of(past, TOWN, ORIGINS).shared > 0.9


def test_items_that_never_sold_break_nobody_elses_band():
    past = past_of(0.3)
    past.told[:, :6], past.came[:, :6], past.spread[:, :6] = 0, 0, 0

    assert 0.2 <= group_band_of(past, TOWN, ORIGINS).shared <= 0.5
