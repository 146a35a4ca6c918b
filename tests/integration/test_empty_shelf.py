"""A shelf that is empty already: what a pharmacist reads of it before patients are told, and what patients read at once."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.schema.notices import shortage_notice
from remedy.schema.pipeline import agg_daily_stock, out_stock_forecast
from remedy.stock.model import Line
from remedy.stock.service import record_movement
from tests.integration.notice_scene import address, at_risk, page, send
from tests.integration.portal_cast import Cast, a_cast
from web_portal.parts import parts_of
from web_portal.pharmacy.advice_queries import empty_since


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    """Asha takes Calmadol at the corner, where none is left; a pack and a half a day are expected to be asked for."""
    made = a_cast(database_url, database)
    corner, calmadol, today = made.ids["corner"], made.ids["calmadol"], made.watch().date()
    with made.engine.begin() as at:
        record_movement(at, corner, Line("counted", calmadol, 0, made.watch()), clock=made.watch)
        made.watch.wait(minutes=1)
        at_risk(at, corner, calmadol, made.watch)
        at.execute(
            out_stock_forecast.insert(),
            [
                {
                    "pharmacy_id": corner, "medicine_id": calmadol, "day": today + timedelta(days=ahead),
                    "expected_milli": 1500, "low_milli": 0, "high_milli": 4000, "model_version": "told",
                    "made_at": made.watch(),
                }
                for ahead in range(28)
            ],
        )  # fmt: skip
    return made


@pytest.fixture
def cast(everybody: Cast) -> Iterator[Cast]:
    """Nothing was counted of that shelf yet."""
    yield everybody
    with everybody.engine.begin() as at:
        at.execute(agg_daily_stock.delete())


def counted(cast: Cast, closings: Mapping[int, int], place: str = "corner") -> dict[UUID, date]:
    """So the shelf closed, so many days back; since when it is empty at the corner."""
    today = cast.watch().date()
    item = {"pharmacy_id": cast.ids[place], "medicine_id": cast.ids["calmadol"]}
    with cast.engine.begin() as at:
        at.execute(
            agg_daily_stock.insert(),
            [
                {
                    **item, "day": today - timedelta(days=back), "opening_milli": 5000,
                    "closing_milli": closing, "lowest_milli": 0, "expired_milli": 0, "movement_count": 1,
                }
                for back, closing in closings.items()
            ],
        )  # fmt: skip
        return empty_since(at, cast.ids["corner"], [cast.ids["calmadol"], cast.ids["amoxil"]])


def test_it_is_empty_since_it_first_closed_so_after_packs_were_there(cast: Cast) -> None:
    found = counted(cast, {20: 0, 15: 0, 9: 3000, 4: 0, 2: 0})
    assert found == {cast.ids["calmadol"]: cast.watch().date() - timedelta(days=4)}
    # Another pharmacy's shelf says nothing of this one.
    assert counted(cast, {1: 5000}, "elsewhere") == found
    assert counted(cast, {1: 1000}) == {}


def test_a_shelf_that_was_never_seen_filled_is_empty_since_it_is_known(cast: Cast) -> None:
    found = counted(cast, {20: 0, 15: 0})
    assert found == {cast.ids["calmadol"]: cast.watch().date() - timedelta(days=20)}


def test_a_pharmacist_reads_that_it_is_empty_and_no_chance_that_it_will_be(cast: Cast) -> None:
    pages = ("/pharmacy/notices", address(cast))
    for path in pages:
        text = page(cast, path)
        assert "empty now" in text
        # Nothing was counted since it was emptied.
        assert "since Thursday" not in text
        assert "70%" not in text.replace("\N{NO-BREAK SPACE}", "")
    counted(cast, {4: 0})
    for path in pages:
        assert "since Thursday 26 February 2026" in page(cast, path)
    text = page(cast, address(cast))
    # Five days to the delivery.
    assert "about 7.5 packs" in text
    assert "whether this medicine comes then is not certain" in text
    assert "Runs out before it" not in text


def statements(cast: Cast) -> int:
    """How many Asha's page of notices takes."""
    here, said = parts_of(cast.app), []

    def listen(*told: Any) -> None:
        said.append(told[2])

    for engine in (here.engine, here.reading):
        sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        page(cast, "/shortages", "asha")
    finally:
        for engine in (here.engine, here.reading):
            sa.event.remove(engine, "before_cursor_execute", listen)
    return len(said)


def test_many_notices_are_read_in_as_many_statements_as_one(cast: Cast) -> None:
    send(cast)
    assert "The shelf was empty then" in page(cast, "/pharmacy/notices")
    # A session's first page asks more.
    statements(cast)
    one = statements(cast)
    with cast.engine.begin() as at:
        earlier = cast.watch() - timedelta(days=15)
        at.execute(shortage_notice.update().values(decided_at=earlier))
    send(cast)
    assert page(cast, "/shortages", "asha").count("had none of it left") == 2
    assert statements(cast) == one > 0
