"""What forecasts learn from, read from a real database: alerts of our own, empty shelves, failed searches, hours."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from models.dataset import read_panel
from remedy.pipeline.alert_days import mark
from remedy.schema.advice import stock_alert_day
from remedy.schema.pharmacy import pharmacy, pharmacy_hours
from remedy.schema.pipeline import agg_daily_demand, agg_daily_stock, agg_daily_unmet_demand
from remedy.values import uuid7
from tests.factories import a_medicine, a_pharmacy, row_of

MONDAY = date(2026, 3, 2)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def connection(database: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that is taken back."""
    with database.connect() as opened:
        yield opened
        opened.rollback()


def marked(connection: sa.Connection) -> list[tuple]:
    rows = connection.execute(sa.select(stock_alert_day).order_by(stock_alert_day.c.day))
    return [tuple(row) for row in rows]


def test_a_day_of_a_warning_is_kept_once_however_often_it_is_marked(connection):
    place, what, other = uuid7(), uuid7(), uuid7()

    mark(connection, [(place, what), (place, what)], MONDAY)
    mark(connection, [(place, what)], MONDAY)
    mark(connection, [(place, other)], TUESDAY)
    mark(connection, [], TUESDAY)

    assert marked(connection) == [(place, what, MONDAY), (place, other, TUESDAY)]


def a_row(
    day: date, place: UUID, what: UUID, sold: int, refused: int = 0, uncovered: int = 0
) -> dict:
    return {
        "day": day, "pharmacy_id": place, "medicine_id": what, "sold_milli": sold * 1000,
        "uncovered_milli": uncovered * 1000, "refused_milli": refused * 1000, "received_milli": 0,
        "sale_count": 1, "refusal_count": int(refused > 0),
    }  # fmt: skip


def a_shelf(day: date, place: UUID, what: UUID, opening: int, closing: int) -> dict:
    return {
        "day": day, "pharmacy_id": place, "medicine_id": what, "opening_milli": opening * 1000,
        "closing_milli": closing * 1000, "lowest_milli": min(opening, closing) * 1000,
        "expired_milli": 0, "movement_count": 1,
    }  # fmt: skip


def a_search(day: date, what: UUID, district: str, count: int, query: str = "") -> dict:
    return {
        "day": day, "medicine_id": what, "district": district, "query": query,
        "search_count": count, "searcher_count": 1,
    }  # fmt: skip


def test_the_panel_knows_shelves_searches_alerts_holidays_and_hours(connection):
    north = a_pharmacy(connection, district="North", time_zone="Europe/Rome")
    south = a_pharmacy(connection, district="South", time_zone="Etc/UTC")
    what, other = a_medicine(connection), a_medicine(connection)
    days = [MONDAY + timedelta(days=day) for day in range(28)]
    sold = [
        a_row(day, place, each, 3)
        for day in days
        for place in (north, south)
        for each in (what, other)
        if day.weekday() != 6 and not (place == north and each == what and 3 <= day.day <= 6)
    ]
    connection.execute(agg_daily_demand.insert(), [*sold, a_row(days[3], north, what, 0, 2)])
    connection.execute(
        agg_daily_stock.insert(),
        [
            a_shelf(days[0], north, what, 3, 0),
            a_shelf(days[5], north, what, 0, 20),
            a_shelf(days[6], north, what, 20, 17),
        ],
    )
    connection.execute(
        agg_daily_unmet_demand.insert(),
        [
            a_search(days[2], what, "North", 4),
            a_search(days[2], what, "North", 3, "calmadol"),
            a_search(days[2], what, "East", 9),
            a_search(days[2], UUID(int=0), "North", 5, "no such thing"),
        ],
    )
    mark(connection, [(north, what), (north, uuid7())], days[9])
    connection.execute(
        sa.insert(pharmacy_hours),
        [
            {
                "pharmacy_id": row_of(connection, pharmacy, north),
                "weekday": day,
                "opens_at": time(9),
                "closes_at": time(19),
            }
            for day in range(6)
        ],
    )

    made = read_panel(connection, days[-1], with_searches=True)
    tidy = made.tidy()

    assert sorted(made.items) == sorted((a, b) for a in (north, south) for b in (what, other))
    mine = tidy[(tidy["pharmacy_id"] == north) & (tidy["medicine_id"] == what)]
    assert [day.date() for day in mine[mine["is_censored"]]["day"]] == days[:6]
    assert [day.date() for day in mine[mine["is_empty"]]["day"]] == days[1:6]
    assert mine["refused_milli"].sum() == 2000
    assert tidy["failed_searches"].sum() == mine["failed_searches"].sum() == 7
    assert [day.date() for day in tidy[tidy["is_alerted"]]["day"]] == [days[9]]
    assert tidy[tidy["pharmacy_id"] == south]["is_censored"].sum() == 0
    # The days ahead: hours leave out Sundays; Easter and its Monday are holidays in Rome and none in UTC.
    row = made.items.index((north, what))
    ahead = [days[-1] + timedelta(days=day) for day in range(1, 29)]
    is_holiday = made.calendar.is_holiday[row, made.day_count :]
    assert [day for day, is_off in zip(ahead, is_holiday, strict=True) if is_off] == [
        date(2026, 4, 5),
        date(2026, 4, 6),
        date(2026, 4, 25),
    ]
    assert not made.calendar.is_holiday[made.items.index((south, what))].any()
    assert made.calendar.is_shut[row].tolist() == [False] * 6 + [True]
    assert not made.calendar.is_shut[made.items.index((south, what))].any()


def test_a_database_without_any_count_gives_an_empty_panel(connection):
    assert read_panel(connection, MONDAY).items == ()
