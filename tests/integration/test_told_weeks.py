"""My pharmacy's forecast error: worked out afterwards at first and said so, then of what was really told."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from models.forecasting import forecast
from models.stock_advice import advise
from remedy.schema import advice as tables
from remedy.schema.drift import forecast_kept
from tests.integration.advice_scene import Kept, a_day_closes, kept
from tests.integration.portal_cast import Browser, Cast, a_cast

__all__ = ["kept"]

PACKS = 9
"""What every item sells on each day that comes."""
ROW = re.compile(r"<tr data-row>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r'<td data-label="([^"]+)"[^>]*><span>([^<]*)</span>')


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def a_week_passes(cast: Cast, kept: Kept) -> date:
    """Seven days close, and what comes is foretold and advised; the day that begins."""
    for _ in range(7):
        day = cast.watch().date()
        cast.watch.wait(days=1)
        a_day_closes(cast.engine, cast.watch, day, PACKS)
    forecast(cast.engine, kept, clock=cast.watch)  # type: ignore[arg-type]
    advise(cast.engine, kept, clock=cast.watch)  # type: ignore[arg-type]
    return cast.watch().date()


def figures(cast: Cast) -> list[Any]:
    with cast.engine.connect() as at:
        row = tables.out_pharmacy_figure.c
        return list(at.execute(sa.select(row).where(row.figure == tables.FORECAST_ERROR)))


def signed_in(cast: Cast) -> Browser:
    """Chitra's browser of today: a session does not last for weeks."""
    browser = cast.browser()
    assert browser.sign_in(cast.emails["chitra"]).status_code == 303
    return browser


def pages(cast: Cast) -> tuple[str, str]:
    """The first page and the rows behind the figure."""
    browser = signed_in(cast)
    return browser.get("/pharmacy").text, browser.get("/pharmacy/figures/forecast_error").text


def numbers_of(page: str) -> list[dict[str, float]]:
    """The numbers of a list's rows, by their heads."""
    return [
        {head: float(text) for head, text in CELL.findall(row)} for row in ROW.findall(page)
    ]  # fmt: skip


def agrees(page: str, value: float) -> None:
    """The rows on the page add up to the figure."""
    rows = numbers_of(page)
    assert rows
    off, asked = (sum(row[head] for row in rows) for head in ("Off by", "Asked for"))
    # Estimates are shown to a tenth of a pack or to a whole one.
    assert off / asked == pytest.approx(value, abs=0.5 * len(rows) / asked)


def test_before_four_weeks_were_told_it_is_worked_out_afterwards_and_says_until_when(
    cast: Cast, kept: Kept
) -> None:
    began = cast.watch().date()
    for _ in range(3):
        today = a_week_passes(cast, kept)
    first, behind = pages(cast)
    found = figures(cast)
    assert {row.told_from for row in found} == {began + timedelta(days=28)}
    assert {row.last_on for row in found} == {today - timedelta(days=1)}
    for page in (first, behind):
        assert "Worked out afterwards by the model in use" in page
        assert "From Monday 30 March 2026 on, when four weeks will have been told" in page
        assert "each as it was told when it began" not in page
    (own,) = [row for row in found if row.pharmacy_id == cast.ids["corner"]]
    agrees(behind, own.value)


def test_from_four_told_weeks_on_it_is_the_error_of_what_was_really_told(
    cast: Cast, kept: Kept
) -> None:
    before = {row.pharmacy_id: row.value for row in figures(cast)}
    # What was told then is not what the model in use would say now.
    with cast.engine.begin() as at:
        at.execute(forecast_kept.update().values(expected_7_milli=7000 * (PACKS + 2)))
    today = a_week_passes(cast, kept)
    first, behind = pages(cast)
    found = figures(cast)
    assert len(found) == 14
    assert {row.told_from for row in found} == {None}
    # Every week of every item was told by two packs a day too much, for all pharmacies alike.
    assert [row.value for row in found] == [pytest.approx(2 / PACKS)] * 14
    assert [row.town_median for row in found] == [pytest.approx(2 / PACKS)] * 14
    assert before[cast.ids["corner"]] != pytest.approx(2 / PACKS)
    assert {row.first_on for row in found} == {today - timedelta(days=28)}
    for page in (first, behind):
        assert "Worked out afterwards" not in page
        assert "the four weeks from Monday 2 March 2026 to Sunday 29 March 2026" in page
    agrees(behind, 2 / PACKS)
    assert {row["Weeks compared"] for row in numbers_of(behind)} == {4.0}
    item = signed_in(cast).get(f"/pharmacy/forecast/{cast.ids['calmadol']}").text
    assert "worked out afterwards" not in item


def test_days_after_the_last_told_week_change_nothing_until_the_next_one_is_over(
    cast: Cast, kept: Kept
) -> None:
    before = figures(cast)
    for _ in range(3):
        day = cast.watch().date()
        cast.watch.wait(days=1)
        a_day_closes(cast.engine, cast.watch, day, 10 * PACKS)
    forecast(cast.engine, kept, clock=cast.watch)  # type: ignore[arg-type]
    advise(cast.engine, kept, clock=cast.watch)  # type: ignore[arg-type]
    after = figures(cast)
    assert [(row.value, row.first_on, row.last_on) for row in after] == [
        (row.value, row.first_on, row.last_on) for row in before
    ]
    # The page still says to when sales were counted.
    assert "counted to Wednesday 1 April 2026" in pages(cast)[0]
