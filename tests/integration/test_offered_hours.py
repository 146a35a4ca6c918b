"""How much time doctors' calendars offered, measured once a day is over."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from remedy.appointments.model import Leave
from remedy.pipeline.offered_hours import FIRST_DAYS, measure, without
from remedy.schema.hospital import doctor, doctor_hours, doctor_leave
from remedy.schema.visit_counts import agg_hourly_offered
from tests.factories import Watch, a_doctor, row_of

# A Tuesday; Monday the second is over everywhere.
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
ROME = {"*": "Europe/Rome"}


@pytest.fixture
def engine(database: sa.Engine) -> sa.Engine:
    with database.begin() as connection:
        for table in (agg_hourly_offered, doctor_leave):
            connection.execute(sa.delete(table))
        connection.execute(sa.update(doctor).values(is_active=False))
    return database


def offered(engine: sa.Engine, day: date) -> dict[int, int]:
    table = agg_hourly_offered
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table).where(table.c.day == day))
        return {row.hour: row.offered_minutes for row in rows}


def test_a_day_that_is_over_is_measured_by_the_hour_and_only_once(engine):
    with engine.begin() as connection:
        made = a_doctor(connection, hours=((0, time(9, 30), time(12)), (1, time(9), time(10))))
    assert measure(engine, ROME, clock=Watch(NOW)) == FIRST_DAYS
    assert offered(engine, MONDAY) == {9: 30, 10: 60, 11: 60}
    assert offered(engine, NOW.date()) == {}, "today is not over"
    with engine.begin() as connection:
        row = row_of(connection, doctor, made)
        connection.execute(sa.delete(doctor_hours).where(doctor_hours.c.doctor_id == row))
    assert measure(engine, ROME, clock=Watch(NOW)) == 0
    measure(engine, ROME, clock=Watch(NOW + timedelta(days=1)))
    assert offered(engine, MONDAY) == {9: 30, 10: 60, 11: 60}, (
        "calendars that change later change nothing"
    )
    assert offered(engine, NOW.date()) == {}


def test_leave_is_not_offered_and_hours_over_midnight_count_on_both_days(engine):
    with engine.begin() as connection:
        made = a_doctor(connection, hours=((0, time(22), time(1)), (0, time(9), time(11))))
        connection.execute(
            sa.insert(doctor_leave).values(
                doctor_id=row_of(connection, doctor, made),
                # From 09:20 to 10:10 in Rome.
                starts_at=datetime(2026, 3, 2, 8, 20, tzinfo=UTC),
                ends_at=datetime(2026, 3, 2, 9, 10, tzinfo=UTC),
            )
        )
    measure(engine, ROME, clock=Watch(NOW + timedelta(days=1)))
    assert offered(engine, MONDAY) == {9: 20, 10: 50, 22: 60, 23: 60}
    assert offered(engine, NOW.date()) == {0: 60}


def test_leaves_that_overlap_are_taken_out_once():
    def at(minute: int) -> datetime:
        return NOW + timedelta(minutes=minute)

    away = [
        Leave(at(30), at(50)),
        Leave(at(10), at(40)),
        Leave(at(90), at(200)),
        Leave(at(-9), at(0)),
    ]
    assert list(without(at(0), at(100), away)) == [(at(0), at(10)), (at(50), at(90))]
    assert list(without(at(0), at(9), [Leave(at(-1), at(10))])) == []
