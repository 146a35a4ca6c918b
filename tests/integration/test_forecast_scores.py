"""Forecasts held against what came, on a real database: scored before they are replaced, once, and watched for drift."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from models.drift_watch import watch
from models.forecasting import forecast
from models.registry import champion
from remedy.schema import drift as tables
from remedy.schema.pipeline import model_choice, model_run
from tests.integration.advice_scene import Kept, a_day_closes, kept
from tests.integration.portal_cast import Cast, a_cast

__all__ = ["kept"]


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def stored(cast: Cast, table: sa.Table) -> list[Any]:
    with cast.engine.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(*table.primary_key.columns)))


def test_what_was_told_is_scored_before_it_is_replaced_and_only_once(
    cast: Cast, kept: Kept
) -> None:
    today = cast.watch().date()
    assert stored(cast, tables.forecast_score) == []
    first = stored(cast, tables.forecast_kept)
    assert {row.first_day for row in first} == {today}
    # Nothing has closed since: told again, nothing is scored, and no second forecast is kept.
    forecast(cast.engine, kept, clock=cast.watch)  # type: ignore[arg-type]
    assert stored(cast, tables.forecast_score) == []
    assert stored(cast, tables.forecast_kept) == first

    a_day_closes(cast.engine, cast.watch, today, 200)
    forecast(cast.engine, kept, clock=cast.watch)  # type: ignore[arg-type]
    found = stored(cast, tables.forecast_score)
    (of_all,) = [row for row in found if row.kind == "all"]
    assert (of_all.span, of_all.day) == (1, today)
    # Amoxil was refused everywhere of late, but it sold: its shelf is not empty any more.
    assert of_all.series_count == 4 * 14
    assert of_all.above_high_count == of_all.series_count
    assert of_all.error_milli == of_all.actual_milli - of_all.told_milli > 0
    forecast(cast.engine, kept, clock=cast.watch)  # type: ignore[arg-type]
    assert stored(cast, tables.forecast_score) == found


def test_a_week_later_its_total_is_scored_and_another_forecast_kept(cast: Cast, kept: Kept) -> None:
    today = cast.watch().date()
    for ahead in range(1, 10):
        a_day_closes(cast.engine, cast.watch, today + timedelta(days=ahead), 200)
    forecast(cast.engine, kept, clock=cast.watch)  # type: ignore[arg-type]

    found = stored(cast, tables.forecast_score)
    # Days that closed together are scored as they were last told; the week as it was told before it.
    assert len([row for row in found if (row.span, row.kind) == (1, "all")]) == 10
    (week,) = [row for row in found if (row.span, row.kind) == (7, "all")]
    assert week.day == today + timedelta(days=6)
    assert week.scaled_error > 0
    assert week.above_high_count is None
    kept_days = {row.first_day for row in stored(cast, tables.forecast_kept)}
    assert kept_days == {today, today + timedelta(days=10)}


def test_what_the_training_promised_is_compared_with_what_came(cast: Cast, kept: Kept) -> None:
    cast.watch.wait(days=11)
    with cast.engine.begin() as at:
        run = at.execute(
            sa.select(model_run.c.id).where(model_run.c.version == champion(at).version)
        ).scalar_one()
        at.execute(model_choice.delete().where(model_choice.c.model_run_id == run))
        at.execute(
            model_choice.insert(),
            [
                {
                    "model_run_id": run, "kind": kind, "method": "28-day mean", "is_used": True,
                    "series_count": 10, "origin_count": 13, "above_high": 0.12, "week_error": 1.5,
                }
                for kind in ("smooth", "seasonal", "intermittent", "new")
            ],
        )  # fmt: skip
    told = watch(cast.engine, clock=cast.watch)
    assert told.day_count == 10
    rows = {(row.kind, row.measure): row for row in stored(cast, tables.forecast_drift)}
    above = rows["all", "above_high"]
    assert (above.recent, above.score_count) == (pytest.approx(1.0), 10)
    assert (above.promised, above.allowed) == (pytest.approx(0.12), pytest.approx(0.17))
    assert rows["all", "week_error"].promised == pytest.approx(1.5)
    # All of them above on ten days in a row is more than a year of chance gives.
    assert above.drifts_since is not None
    assert above.evidence >= above.threshold
    assert any("all items drifts since" in sentence for sentence in told.sentences)
    before = stored(cast, tables.forecast_drift)
    assert watch(cast.engine, clock=cast.watch) == told
    assert stored(cast, tables.forecast_drift) == before
