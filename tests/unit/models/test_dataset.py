"""What the models learn from: gaps filled, closed days marked, nothing before an item's first row."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from models.baseline import mean_28
from models.dataset import COLUMNS, Beside, panel_of
from models.features import LEAST_DAYS, active_at
from models.seasonal_level import ways
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


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def frame(columns: list[str], *lines: tuple) -> pd.DataFrame:
    return pd.DataFrame(list(lines), columns=[*COLUMNS[:3], *columns])


def test_the_tidy_row_of_a_day_says_everything_that_is_known_of_it():
    sold = rows({(1, 1): [3, 1, 0, 4], (1, 2): [1, 1, 1, 1]})
    sold.loc[1, "refused_milli"] = 2000
    beside = Beside(
        frame(["opening_milli", "closing_milli"], (pharmacy(1), medicine(1), on(1), 1000, 0)),
        frame(
            ["search_count"],
            (pharmacy(1), medicine(1), on(1), 5),
            (pharmacy(1), medicine(7), on(1), 9),
        ),
        frame([], (pharmacy(1), medicine(1), on(3))),
    )

    tidy = panel_of(sold, until=on(3), beside=beside).tidy()
    day = tidy[(tidy["medicine_id"] == medicine(1)) & (tidy["day"] == pd.Timestamp(on(1)))].iloc[0]

    assert (day["demand_milli"], day["sold_milli"], day["refused_milli"]) == (3000, 1000, 2000)
    # Searches stand beside demand and are no part of it; those for what the pharmacy does not keep are left out.
    assert day["failed_searches"] == 5
    assert tidy["failed_searches"].sum() == 5
    assert day["is_censored"]
    assert not day["is_scored"]
    assert tidy[tidy["is_alerted"]]["day"].tolist() == [pd.Timestamp(on(3))]
    # Nothing arrived after it ran out: the shelf is empty on the third day, and on the fourth it sold all the same.
    assert len(tidy) == 8


def test_a_day_on_which_we_had_warned_is_learned_from_and_not_scored():
    sold = rows({(1, 1): [3, 3, 3, 3]})
    nothing = frame(["opening_milli", "closing_milli"]), frame(["search_count"])
    beside = Beside(*nothing, frame([], (pharmacy(1), medicine(1), on(2))))

    made = panel_of(sold, until=on(3), beside=beside)

    assert made.is_alerted.tolist() == [[False, False, True, False]]
    assert made.is_scored.tolist() == [[True, True, False, True]]
    assert made.is_learned.all()


def test_a_negative_row_is_a_day_without_demand_and_of_two_rows_the_last_counts():
    sold = rows({(1, 1): [5, 5, 5], (1, 2): [1, 1, 1]})
    sold.loc[1, "sold_milli"] = -5000
    twice = sold.iloc[[2]].assign(sold_milli=9000)

    made = panel_of(pd.concat([sold, twice]), until=on(2))

    assert made.demand[0].tolist() == [5000, 0, 9000]
    assert len(made.items) == 2


def test_a_closed_week_is_no_week_without_demand():
    made = panel({(1, 1): [4] * 28 + [0] * 7, (1, 2): [1] * 28 + [0] * 7, (2, 1): [1] * 35})

    assert not made.is_open[:2, 28:].any()
    assert made.is_known[:2, 28:].all()
    assert made.is_open[2].all()
    # The level of its open days is what it was.
    assert (ways(made)[0, 0] <= 4000).all()
    assert ways(made)[0, 0].max() > 2000


def test_missing_history_is_unknown_and_not_a_stretch_without_demand():
    late = rows({(1, 1): [5] * 40, (2, 1): [0] * 30 + [7] * 10})

    made = panel_of(late, until=on(39))

    assert made.is_known[1].sum() == 10
    assert mean_28(made)[:, 0].tolist() == [5000, 7000]
    assert made.tidy().groupby("pharmacy_id").size().tolist() == [40, 10]


def test_a_new_product_waits_until_it_is_known_long_enough():
    made = panel({(1, 1): [5] * 60, (1, 2): [0] * (60 - LEAST_DAYS) + [4] * LEAST_DAYS})

    assert active_at(made, 60).tolist() == [True, True]
    assert active_at(made, 59).tolist() == [True, False]
    assert np.allclose(ways(made)[:, 1], 4000)


def test_days_of_a_pharmacy_filled_with_means_are_masked_there_and_only_there():
    sold = rows({(p, m): [5] * 40 for p in (1, 2) for m in (1, 2, 3)})
    is_filled = (
        (sold["pharmacy_id"] == pharmacy(1)) & (sold["day"] >= on(10)) & (sold["day"] < on(15))
    )
    sold.loc[is_filled, "sold_milli"] = 4643

    made = panel_of(sold, until=on(39))

    assert np.flatnonzero(~made.is_known[0]).tolist() == [10, 11, 12, 13, 14]
    assert not made.is_open[:3, 10:15].any()
    assert made.is_known[3:].all()


def test_a_part_of_a_pack_sold_now_and_then_masks_nothing():
    sold = rows({(1, m): [5] * 40 for m in (1, 2, 3)})
    sold.loc[7, "sold_milli"] = 500
    drops = rows({(1, 4): [1] * 40}).assign(sold_milli=333)

    assert panel_of(pd.concat([sold, drops]), until=on(39)).is_known.all()


def test_keys_may_be_the_bytes_of_ids():
    sold = rows({(1, 1): [5, 4], (2, 1): [1, 2]})
    raw = sold.assign(
        pharmacy_id=[one.bytes for one in sold["pharmacy_id"]],
        medicine_id=[one.bytes for one in sold["medicine_id"]],
    )

    assert panel_of(raw, until=on(1)).items == panel_of(sold, until=on(1)).items
