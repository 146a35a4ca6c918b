"""Advice worked out on a real database: what runs out, is ordered, transferred, left over; and how pharmacies do."""

from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from models.advice_data import NothingForetold, read_shelves
from models.stock_advice import advise
from remedy.schema import advice as tables
from remedy.schema.pipeline import out_stock_cover
from tests.factories import Watch
from tests.integration.advice_scene import Kept, kept, put_lot
from tests.integration.portal_cast import Cast, a_cast

__all__ = ["kept"]

STORED = (
    tables.out_stock_risk,
    tables.out_reorder,
    tables.out_transfer,
    tables.out_expiring_lot,
    tables.out_pharmacy_item,
    tables.out_pharmacy_figure,
)


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def stored(cast: Cast) -> dict[str, list[sa.Row]]:
    with cast.engine.connect() as connection:
        return {
            table.name: list(
                connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            )
            for table in STORED
        }


def test_before_a_forecast_it_says_so(cast: Cast) -> None:
    with pytest.raises(NothingForetold, match="forecast_stock"):
        advise(cast.engine, Kept(), clock=cast.watch)


def test_what_runs_short_is_ordered_and_what_would_be_left_is_handed_over(
    cast: Cast, kept: Kept
) -> None:
    advised = advise(cast.engine, kept, clock=cast.watch)

    assert advised.pharmacy_count == 14
    found, today = stored(cast), cast.watch().date()
    corner, elsewhere, calmadol = (cast.ids[n] for n in ("corner", "elsewhere", "calmadol"))
    risk = {(row.pharmacy_id, row.medicine_id): row for row in found["out_stock_risk"]}
    short = risk[corner, calmadol]
    assert short.runs_out > 0.9
    assert short.cover_low <= short.cover_middle <= short.cover_high <= 7
    assert (short.delivery_from, short.next_delivery_on) == ("item", today + timedelta(days=6))
    assert risk[elsewhere, calmadol].expiring_milli > 20_000

    order = next(
        row
        for row in found["out_reorder"]
        if (row.pharmacy_id, row.medicine_id) == (corner, calmadol)
    )
    assert order.quantity_milli > 0
    assert order.cost_minor == order.quantity_milli // 1000 * 450
    assert order.runs_out_after < 0.2 < order.runs_out
    places = [row.place for row in found["out_reorder"] if row.pharmacy_id == corner]
    assert sorted(places) == list(range(1, len(places) + 1))

    transfer = next(row for row in found["out_transfer"] if row.lot_number == "OLD")
    assert (transfer.from_pharmacy_id, transfer.medicine_id) == (elsewhere, calmadol)
    assert transfer.from_gain_minor > 0 < transfer.to_gain_minor
    assert transfer.quantity_milli <= 40_000
    # Up to what may be missed, and a rest only of what would expire there and sells here.
    assert 0 <= transfer.rest_milli < transfer.quantity_milli

    lot = next(row for row in found["out_expiring_lot"] if row.lot_number == "OLD")
    assert 20_000 < lot.unsold_milli < 40_000
    assert lot.unsold_minor == pytest.approx(lot.unsold_milli * 0.45, abs=1)


def test_advice_rests_on_the_stored_forecast_and_its_bounds(cast: Cast, kept: Kept) -> None:
    with cast.engine.connect() as connection:
        shelves = read_shelves(connection, cast.watch())
        cover = {
            (row.pharmacy_id, row.medicine_id): row
            for row in connection.execute(sa.select(out_stock_cover))
        }
    month = np.full(len(shelves.items), 28.0)
    stored_rows = [cover[item] for item in shelves.items]
    mean = np.array([row.demand_28_milli for row in stored_rows]) / 1000
    spread = [row.demand_28_high_milli - row.demand_28_low_milli for row in stored_rows]
    assert shelves.outlook.mean_total(month) == pytest.approx(mean, abs=0.05)
    # Who is told a wider total has more doubt, and so a higher quantile over its mean.
    relative = np.array(spread) / 1000 / mean
    narrow, wide = int(relative.argmin()), int(relative.argmax())
    ratio = shelves.outlook.total_quantile(month, 0.9) / mean
    assert ratio[wide] > ratio[narrow] > 1


def test_who_is_warned_is_marked_with_the_advice(cast: Cast, kept: Kept) -> None:
    advise(cast.engine, kept, clock=cast.watch)
    with cast.engine.connect() as connection:
        marked = set(connection.execute(sa.select(tables.stock_alert_day)).all())
    today = cast.watch().date()
    assert marked == {
        (row.pharmacy_id, row.medicine_id, today)
        for row in stored(cast)["out_stock_risk"]
        if row.runs_out >= tables.LEAST_RISK
    }
    assert (cast.ids["corner"], cast.ids["calmadol"], today) in marked


def test_figures_are_of_28_full_days_against_the_others(cast: Cast, kept: Kept) -> None:
    advise(cast.engine, kept, clock=cast.watch)
    found, corner = stored(cast), cast.ids["corner"]
    items = [row for row in found["out_pharmacy_item"] if row.pharmacy_id == corner]
    figures = {row.figure: row for row in found["out_pharmacy_figure"] if row.pharmacy_id == corner}

    sold = sum(row.sold_milli for row in items)
    refused = sum(row.refused_milli for row in items)
    assert refused
    assert figures["fill_rate"].value == pytest.approx(sold / (sold + refused))
    assert figures["refusals"].value == sum(row.refusal_count for row in items)
    # Amoxil was not there on three of 28 days, one of four medicines.
    assert figures["out_days"].value == pytest.approx(3 / (28 * 4))
    # Its shelf was empty in the last week: that week says nothing of the forecast.
    weeks = {row.medicine_id: row.told_weeks for row in items}
    assert (weeks.pop(cast.ids["amoxil"]), set(weeks.values())) == (3, {4})
    off, came = sum(row.off_milli for row in items), sum(row.came_milli for row in items)
    assert figures["forecast_error"].value == pytest.approx(off / came)
    assert figures["forecast_error"].item_count == 4
    for figure in figures.values():
        assert (figure.last_on - figure.first_on).days == 27
        assert figure.other_count == 13
        assert figure.town_median is not None
    # The Corner Pharmacy is like no other; those that are like others are told what is usual.
    told = [row for row in found["out_pharmacy_figure"] if row.usual is not None]
    assert len({row.pharmacy_id for row in told}) >= 10
    assert all(row.usual_low <= row.usual <= row.usual_high for row in told)
    assert corner not in {row.pharmacy_id for row in told}


def test_advice_again_is_the_same_advice(cast: Cast, kept: Kept) -> None:
    advise(cast.engine, kept, clock=cast.watch)
    before = stored(cast)
    advise(cast.engine, kept, clock=cast.watch)
    assert stored(cast) == before
    assert all(before.values())


def test_a_lot_that_has_expired_or_is_recalled_serves_nobody(cast: Cast, kept: Kept) -> None:
    advise(cast.engine, kept, clock=cast.watch)
    before = stored(cast)["out_stock_risk"]
    corner, calmadol, today = cast.ids["corner"], cast.ids["calmadol"], cast.watch().date()
    with cast.engine.begin() as at:
        put_lot(at, corner, calmadol, "PAST", 500, today)
        put_lot(at, corner, calmadol, "BACK", 500, today + timedelta(days=300))
        at.execute(
            sa.text("UPDATE stock_lot SET recalled_at = :at WHERE lot_number = 'BACK'"),
            {"at": cast.watch().replace(tzinfo=None)},
        )
    advise(cast.engine, kept, clock=cast.watch)
    assert stored(cast)["out_stock_risk"] == before
    with cast.engine.begin() as at:
        at.execute(sa.text("DELETE FROM stock_lot WHERE lot_number IN ('PAST', 'BACK')"))


def test_a_forecast_that_is_over_is_not_advised_on(cast: Cast, kept: Kept) -> None:
    later = Watch(cast.watch() + timedelta(days=28))
    with pytest.raises(NothingForetold, match="is over"):
        advise(cast.engine, kept, clock=later)
