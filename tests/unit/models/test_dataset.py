"""What the models learn from: gaps filled, closed days marked, nothing before an item's first row."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from models.dataset import COLUMNS, panel_of
from tests.unit.models.town import FIRST, medicine, panel, pharmacy, rows


def test_a_day_without_a_row_is_a_day_without_demand():
    made = panel({(1, 1): [2, 0, 3], (1, 2): [1, 1, 1]})

    assert made.demand[0].tolist() == [2000, 0, 3000]
    assert made.is_open[0].tolist() == [True, True, True]


def test_a_day_on_which_the_whole_pharmacy_sold_nothing_is_closed_there_and_only_there():
    made = panel({(1, 1): [2, 0, 3], (1, 2): [1, 0, 1], (2, 1): [1, 1, 1]})

    assert made.is_open.tolist() == [[True, False, True], [True, False, True], [True, True, True]]
    assert made.is_known.all()


def test_an_item_is_unknown_before_its_first_row():
    made = panel({(1, 1): [1, 1, 1], (1, 2): [0, 0, 4]})

    assert made.is_known[1].tolist() == [False, False, True]
    assert made.is_open[1].tolist() == [False, False, True]


def test_refused_packs_are_demand_but_do_not_open_a_pharmacy():
    frame = pd.DataFrame(
        [
            (pharmacy(1), medicine(1), FIRST, 1000, 500),
            (pharmacy(1), medicine(1), FIRST + timedelta(days=1), 0, 2000),
        ],
        columns=list(COLUMNS),
    )

    made = panel_of(frame, until=FIRST + timedelta(days=1))

    assert made.demand.tolist() == [[1500, 2000]]
    assert made.is_open.tolist() == [[True, False]]


def test_masked_days_are_neither_known_nor_open():
    frame = rows({(1, 1): [1, 1, 1, 1]})

    made = panel_of(
        frame,
        until=FIRST + timedelta(days=3),
        masked=[(FIRST + timedelta(days=1), FIRST + timedelta(days=2))],
    )

    assert made.is_known.tolist() == [[True, False, False, True]]
    assert made.is_open.tolist() == [[True, False, False, True]]


def test_the_panel_reaches_the_last_closed_day_even_when_nothing_sold_on_it():
    made = panel_of(rows({(1, 1): [5]}), until=FIRST + timedelta(days=2))

    assert made.day_count == 3
    assert made.last_day == FIRST + timedelta(days=2)


def test_the_tidy_frame_has_a_row_per_item_and_known_day():
    tidy = panel({(1, 1): [1, 0, 1], (1, 2): [0, 2, 1]}).tidy()

    assert len(tidy) == 5
    assert tidy["demand_milli"].tolist() == [1000, 0, 1000, 2000, 1000]
    assert tidy["day"].iloc[0] == pd.Timestamp(FIRST)


def test_nothing_counted_is_an_empty_panel():
    made = panel_of(pd.DataFrame([], columns=list(COLUMNS)), until=date(2026, 1, 1))

    assert made.items == ()
    assert np.size(made.demand) == 0
