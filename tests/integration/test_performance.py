"""Pharmacy performance, each figure against what a person computes by hand from a few days of three pharmacies."""

import json
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pandas as pd
import pytest
import sqlalchemy as sa

from remedy.schema import pipeline as tables
from remedy.values import uuid7
from streamlit_app.queries import performance
from tests.factories import a_medicine, a_pharmacy

FIRST, CLOSED = date(2026, 2, 2), date(2026, 3, 1)
NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)
DAY = NOON.date()


@pytest.fixture(scope="module")
def town(database: sa.Engine) -> SimpleNamespace:
    """Three pharmacies and three medicines, and nothing counted of them."""
    with database.begin() as at:
        return SimpleNamespace(
            here=a_pharmacy(at, name="Here"), there=a_pharmacy(at), far=a_pharmacy(at),
            medicines=[a_medicine(at, brand_name=name) for name in ("Ayol", "Beol", "Ceol")],
        )  # fmt: skip


@pytest.fixture
def at(database: sa.Engine, town: SimpleNamespace):
    """A transaction of which nothing stays."""
    with database.connect() as connection:
        yield connection
        connection.rollback()


def of(frame: pd.DataFrame, pharmacy_id: UUID) -> dict:
    (row,) = frame[frame["pharmacy_id"] == str(pharmacy_id)].to_dict("records")
    return row


def counted(at, town, day, *, sold, refused, times, pharmacy_id=None, medicine=0) -> None:
    at.execute(
        tables.agg_daily_demand.insert().values(
            day=day, pharmacy_id=pharmacy_id or town.here, medicine_id=town.medicines[medicine],
            sold_milli=1000 * sold, uncovered_milli=0, refused_milli=1000 * refused,
            received_milli=0, sale_count=sold, refusal_count=times,
        )
    )  # fmt: skip


def test_the_fill_rate_is_of_packs_sold_and_refused_in_the_period(at, town):
    counted(at, town, FIRST, sold=30, refused=10, times=2)
    counted(at, town, CLOSED, sold=15, refused=5, times=3, medicine=1)
    counted(at, town, FIRST - timedelta(days=1), sold=0, refused=900, times=90)
    counted(at, town, CLOSED + timedelta(days=1), sold=0, refused=900, times=90)
    counted(at, town, DAY, sold=4, refused=0, times=0, pharmacy_id=town.there)

    frame = performance.demand(at, FIRST, CLOSED)

    row = of(frame, town.here)
    # 45 packs of 60 wanted, and somebody went without five times.
    assert (row["sold_milli"], row["refused_milli"], row["refusal_count"]) == (45_000, 15_000, 5)
    assert row["sold_milli"] / (row["sold_milli"] + row["refused_milli"]) == 0.75
    assert of(frame, town.there)["refused_milli"] == 0


def shelf(at, town, day, *, closing, expired=0, medicine=0) -> None:
    at.execute(
        tables.agg_daily_stock.insert().values(
            day=day, pharmacy_id=town.here, medicine_id=town.medicines[medicine],
            opening_milli=9000, closing_milli=1000 * closing, lowest_milli=0,
            expired_milli=1000 * expired, movement_count=1,
        )
    )  # fmt: skip


def test_empty_days_are_those_that_closed_with_nothing_of_all_days_that_the_shelf_was_kept(
    at, town
):
    # Kept before the period, empty from its third day to the day before its seventh: 4 days of 28.
    shelf(at, town, FIRST - timedelta(days=20), closing=5)
    shelf(at, town, FIRST + timedelta(days=2), closing=0)
    shelf(at, town, FIRST + timedelta(days=6), closing=8)
    # New ten days before the end (that day counts), and empty on its last two: 2 days of 10.
    shelf(at, town, CLOSED - timedelta(days=9), closing=3, medicine=1)
    shelf(at, town, CLOSED - timedelta(days=1), closing=0, medicine=1)

    rows = performance.shelves(at, FIRST, CLOSED)

    by_medicine = rows.set_index("medicine_id")[["out_count", "kept_count", "stock_milli"]]
    first, second = (str(one) for one in town.medicines[:2])
    assert by_medicine.loc[first].tolist() == [4, 28, 8000]
    assert by_medicine.loc[second].tolist() == [2, 10, 0]
    assert rows["out_count"].sum() / rows["kept_count"].sum() == 6 / 38


def priced(at, town, day, price_minor, *, pharmacy_id=None, medicine=0) -> None:
    at.execute(
        tables.agg_daily_price.insert().values(
            day=day, pharmacy_id=pharmacy_id or town.here, medicine_id=town.medicines[medicine],
            price_minor=price_minor, change_count=1,
        )
    )  # fmt: skip


def test_what_expired_is_lost_at_the_price_of_its_own_day(at, town):
    priced(at, town, FIRST - timedelta(days=30), 450)
    priced(at, town, DAY, 620)
    shelf(at, town, DAY - timedelta(days=1), closing=1, expired=2)
    shelf(at, town, DAY, closing=1, expired=3)
    shelf(at, town, CLOSED + timedelta(days=1), closing=0, expired=50)
    # Nobody knows what these four cost.
    shelf(at, town, DAY, closing=0, expired=4, medicine=1)

    (row,) = performance.expired(at, FIRST, CLOSED).to_dict("records")

    # 2 x 4.50 + 3 x 6.20
    assert int(row["loss_minor"]) == 2760
    assert (row["expired_milli"], row["unpriced_count"]) == (9000, 1)


def test_the_price_is_held_against_the_towns_median_of_what_three_have(at, town):
    for pharmacy_id, prices in (
        (town.here, (500, 660, 100)),
        (town.there, (400, 600, 900)),
        (town.far, (1000, 550, None)),
    ):
        for medicine, price in enumerate(prices):
            if price is not None:
                priced(at, town, FIRST, price, pharmacy_id=pharmacy_id, medicine=medicine)
    # It was dearer before, and is dearer after the period.
    priced(at, town, FIRST - timedelta(days=9), 9999)
    priced(at, town, CLOSED + timedelta(days=1), 9999)

    frame = performance.against_median(performance.prices(at, CLOSED))

    # Medians 5.00 and 6.00; of the third medicine two have a price: it is not compared.
    here, there, far = (of(frame, one) for one in (town.here, town.there, town.far))
    assert here["above"] == pytest.approx((0 + 0.1) / 2)
    assert there["above"] == pytest.approx((-0.2 + 0) / 2)
    assert far["above"] == pytest.approx((1.0 - 50 / 600) / 2)
    assert here["compared_count"] == 2


_offset = iter(range(1000))


def ordered(at, town, placed_at, ready_after=None, pharmacy_id=None) -> None:
    """An order, and (minutes later) that it lies ready."""
    order_id, happened = uuid7(), [("placed", placed_at)]
    if ready_after is not None:
        happened.append(("made-ready", placed_at + timedelta(minutes=ready_after)))
    for kind, moment in happened:
        body = {"order_id": str(order_id), "pharmacy_id": str(pharmacy_id or town.here)}
        at.execute(
            tables.RAW["orders"].insert().values(
                event_id=uuid7(), type=f"remedy.orders.{kind}.v1", partition_no=0,
                record_offset=next(_offset), event_at=moment, day=moment.date(), landed_at=moment,
                event=json.dumps({"data": body}),
            )
        )  # fmt: skip


def test_time_to_ready_is_from_placed_to_ready_of_orders_placed_in_the_period(at, town):
    for minutes in (10, 25, 90):
        ordered(at, town, NOON, minutes)
    ordered(at, town, NOON)  # cancelled, or brought: never lay ready
    late = datetime(2026, 3, 1, 20, tzinfo=UTC)
    ordered(at, town, late, 14 * 60)  # placed on the last day, ready on the next
    ordered(at, town, NOON - timedelta(days=20), 1)
    ordered(at, town, late + timedelta(days=1), 1)
    ordered(at, town, NOON, 7, pharmacy_id=town.there)

    frame = performance.ready(at, FIRST, CLOSED)

    by_pharmacy = frame.groupby("pharmacy_id")["minutes"]
    assert sorted(by_pharmacy.get_group(str(town.here))) == [10, 25, 90, 840]
    # The median of four: half way between 25 and 90.
    assert by_pharmacy.median().to_dict() == {str(town.here): 57.5, str(town.there): 7.0}


def test_an_order_that_was_made_ready_twice_was_ready_when_it_first_was(at, town):
    ordered(at, town, NOON, 30)
    (row,) = at.execute(
        sa.select(tables.RAW["orders"]).where(
            tables.RAW["orders"].c.type == "remedy.orders.made-ready.v1"
        )
    ).mappings()
    again = {**row, "id": None, "event_id": uuid7(), "record_offset": next(_offset)}
    at.execute(
        tables.RAW["orders"].insert().values({**again, "event_at": NOON + timedelta(minutes=80)})
    )

    assert performance.ready(at, FIRST, CLOSED)["minutes"].tolist() == [30]
