"""The gate on real servers: Great Expectations over landed ranges, doubtful rows in quarantine."""

import argparse
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from remedy.commands.quality import run_release
from remedy.pipeline import quality
from remedy.schema.pipeline import RAW, landed_day, landing_file, quality_result, quarantine
from remedy.settings import Settings
from remedy.values import utc_now
from tests.integration.streams import TOPIC, Streams, sale, streams_of

# Great Expectations 1.24 and what it imports warn about themselves.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def streams(stack: Any, database_url: str) -> Iterator[Streams]:
    yield from streams_of(stack, database_url)


@pytest.fixture
def corner(streams: Streams) -> UUID:
    """A pharmacy that is known."""
    pharmacy_id = uuid4()
    with streams.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO pharmacy (public_id, name, address, district, licence, latitude, longitude,"
                " time_zone, pharmacy_seq)"
                " VALUES (:id, 'Corner', 'Street 1', 'Old Town', 'L1', 0, 0, 'Europe/Rome', 0)"
            ),
            {"id": pharmacy_id.bytes},
        )
    return pharmacy_id


@pytest.fixture
def aspirin(streams: Streams) -> UUID:
    """A medicine that is known."""
    medicine_id = uuid4()
    with streams.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO medicine (public_id, kind, generic_name, is_prescription_only, is_controlled)"
                " VALUES (:id, 'product', 'acetylsalicylic acid', 0, 0)"
            ),
            {"id": medicine_id.bytes},
        )
    return medicine_id


def check(streams: Streams, run_id: str = "run") -> quality.Checked:
    return quality.check(streams.engine, run_id=run_id, clock=utc_now)


def test_a_row_that_breaks_a_critical_rule_is_quarantined_and_stays_where_it_is(
    streams: Streams, corner: UUID, aspirin: UUID
) -> None:
    good = sale(corner, medicine_id=aspirin)
    elsewhere = sale(uuid4(), medicine_id=aspirin)
    unheard = sale(corner)
    assert streams.publisher.publish([good, elsewhere, unheard]) == []
    streams.land_all()
    checked = check(streams)
    assert checked.rows >= 3
    ours = [event.event_id for event in (good, elsewhere, unheard)]
    with streams.engine.connect() as connection:
        doubted = connection.execute(
            sa.select(quarantine).where(quarantine.c.event_id.in_(ours))
        ).all()
        results = connection.execute(
            sa.select(quality_result).where(quality_result.c.topic == TOPIC)
        ).all()
        unchecked = sa.select(sa.func.count()).where(landing_file.c.checked_at.is_(None))
        assert connection.execute(unchecked).scalar_one() == 0
    assert {row.event_id: row.expectation for row in doubted} == {
        elsewhere.event_id: "pharmacy_is_known",
        unheard.event_id: "medicine_is_known",
    }
    failed = {row.expectation: row.failed_rows for row in results if not row.has_passed}
    assert failed == {"pharmacy_is_known": 1, "medicine_is_known": 1}
    assert streams.counted(ours) == dict.fromkeys(ours, 1)
    assert len(streams.lines(streams.paths())) >= 3


def test_a_range_is_checked_once_and_nothing_new_costs_nothing(
    streams: Streams, corner: UUID, aspirin: UUID
) -> None:
    assert streams.publisher.publish([sale(corner, medicine_id=aspirin)]) == []
    streams.land_all()
    assert check(streams).ranges >= 1

    def never() -> Any:
        raise AssertionError("the gate was built though there was nothing to check")

    again = quality.check(streams.engine, run_id="again", clock=utc_now, validator=never)
    assert again == quality.Checked(0, 0, 0, 0)


def test_releasing_a_row_opens_its_day_again_and_it_stays_released(
    streams: Streams, aspirin: UUID
) -> None:
    event = sale(uuid4(), medicine_id=aspirin)
    assert streams.publisher.publish([event]) == []
    streams.land_all()
    check(streams)
    later = utc_now() + timedelta(hours=1)
    with streams.engine.begin() as connection:
        assert quality.release(connection, event.event_id, clock=lambda: later)
        assert not quality.release(connection, event.event_id, clock=lambda: later)
        assert not quality.release(connection, uuid4(), clock=lambda: later)
    raw = RAW[TOPIC]
    with streams.engine.begin() as connection:
        day = connection.execute(
            sa.select(raw.c.day).where(raw.c.event_id == event.event_id)
        ).scalar_one()
        changed = sa.select(landed_day.c.changed_at).where(
            landed_day.c.kind == TOPIC, landed_day.c.day == day
        )
        assert connection.execute(changed).scalar_one() == later
        connection.execute(sa.update(landing_file).values(checked_at=None))
    check(streams, "second look")
    with streams.engine.connect() as connection:
        kept = sa.select(quarantine.c.released_at).where(quarantine.c.event_id == event.event_id)
        assert connection.execute(kept).scalar_one() == later


def test_the_operator_releases_a_row_by_its_id_once(
    streams: Streams, aspirin: UUID, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    event = sale(uuid4(), medicine_id=aspirin)
    assert streams.publisher.publish([event]) == []
    streams.land_all()
    check(streams)
    settings = Settings(database_url=database_url)
    asked = argparse.Namespace(event=str(event.event_id))
    assert run_release(asked, settings) == 0
    assert "counts its day again" in capsys.readouterr().out
    with pytest.raises(ValueError, match="was released before"):
        run_release(asked, settings)
    with pytest.raises(ValueError, match="not the id of an event"):
        run_release(argparse.Namespace(event="the first one"), settings)


def test_results_hold_no_values(streams: Streams, corner: UUID) -> None:
    event = sale(corner, medicine_id=uuid4())
    assert streams.publisher.publish([event]) == []
    streams.land_all()
    check(streams)
    with streams.engine.connect() as connection:
        results = connection.execute(sa.select(quality_result)).all()
    assert results
    assert str(event.body["medicine_id"]) not in repr(results)
