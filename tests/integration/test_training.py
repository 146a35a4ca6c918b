"""A training on counted days: what is written of every class and method, and what becomes of an older version's model."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from models.demand_model import UnreadableModel
from models.forecasting import forecast, forecast_with_a_model
from models.registry import champion
from models.training import train
from remedy.schema.base import metadata
from remedy.schema.pipeline import (
    agg_daily_demand,
    aggregated_day,
    model_choice,
    model_error,
    model_run,
)
from tests.factories import Watch
from tests.integration.advice_scene import Kept
from tests.unit.models.town import seasonal

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
MADE = seasonal(200, items=3)


@pytest.fixture
def counted(database: sa.Engine) -> Iterator[sa.Engine]:
    """A town of three items, counted for two hundred days."""
    last = NOW.date() - timedelta(days=1)
    with database.begin() as at:
        at.execute(agg_daily_demand.insert(), list(demand_rows(last)))
        at.execute(
            aggregated_day.insert().values(
                kind="stock-movements", day=last, changed_at=NOW, landed_rows=1, counted_rows=1,
                quarantined_rows=0, run_id="r", application_id="", aggregated_at=NOW, is_open=False,
            )
        )  # fmt: skip
    yield database
    with database.begin() as at:
        for table in reversed(metadata.sorted_tables):
            if table.name.startswith(("agg_", "out_", "model_", "aggregated_day", "forecast_")):
                at.execute(table.delete())


def demand_rows(last: date) -> Iterator[dict]:
    for item, series in zip(MADE.items, MADE.demand, strict=True):
        for ago, sold in enumerate(reversed(series)):
            if sold:
                yield {
                    "day": last - timedelta(days=ago),
                    "pharmacy_id": item[0],
                    "medicine_id": item[1],
                    "sold_milli": int(sold),
                    "uncovered_milli": 0,
                    "refused_milli": 0,
                    "received_milli": 0,
                    "sale_count": 1,
                    "refusal_count": 0,
                }


def all_of(database: sa.Engine, table: sa.Table) -> list:
    with database.connect() as connection:
        return list(connection.execute(sa.select(table)))


def test_every_method_has_a_row_for_every_class_and_one_of_them_is_used(counted):
    kept = Kept()
    trained = train(counted, kept, clock=Watch(NOW))

    choices = all_of(counted, model_choice)
    methods = {"28-day mean", "seasonal naive", "ridge", "level mix"}
    assert {choice.method for choice in choices} == methods
    for kind in {choice.kind for choice in choices}:
        own = [choice for choice in choices if choice.kind == kind]
        assert {choice.method for choice in own} == methods
        assert sum(choice.is_used for choice in own) == 1
        for choice in own:
            figures = (choice.total_error, choice.week_error, choice.rmsse, choice.pinball)
            assert all(figure > 0 for figure in figures)
            assert 0 <= choice.above_high <= 1
            assert choice.short_milli >= 0
            assert choice.seconds > 0
            assert choice.series_count == 3
            assert choice.origin_count == trained.origin_count == 9
    (run,) = all_of(counted, model_run)
    assert run.model == trained.method
    assert run.relative_error == pytest.approx(trained.relative_error)
    assert 0 <= run.shared_error <= 1
    assert 0.6 < run.group_inside <= 1
    assert run.card.encode() == kept.files[f"models/demand/{run.version}/card.md"]
    assert {error.method for error in all_of(counted, model_error)} >= methods


def test_an_artefact_of_an_older_form_is_trained_anew_and_not_guessed_at(counted):
    kept = Kept()
    train(counted, kept, clock=Watch(NOW))
    with counted.begin() as connection:
        run = champion(connection)
        older = kept.files[run.path].replace(b'"form":2', b'"form":1')
        kept.files[run.path] = older
        connection.execute(
            model_run.update()
            .where(model_run.c.version == run.version)
            .values(sha256=hashlib.sha256(older).digest())
        )

    with pytest.raises(UnreadableModel, match="form 1"):
        forecast(counted, kept, clock=Watch(NOW))
    told = forecast_with_a_model(counted, kept, clock=Watch(NOW + timedelta(minutes=1)))

    assert told.model_version != run.version
    assert told.item_count == 3
