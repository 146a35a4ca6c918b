"""Training and forecasting on a real database and a real HDFS."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from models.baseline import HORIZON
from models.demand_model import BY_CLASS
from models.forecasting import forecast, forecast_with_a_model
from models.mixing import LEVEL_MIX
from models.registry import NoModel, WrongArtefact, champion, load
from models.regression import RIDGE
from models.training import NothingCounted, train
from remedy.gateways import hdfs
from remedy.gateways.hdfs import Files
from remedy.schema.pharmacy import medicine, pharmacy, stock_item, stock_lot
from remedy.schema.pipeline import (
    agg_daily_demand,
    aggregated_day,
    model_choice,
    model_error,
    model_run,
    out_stock_cover,
    out_stock_forecast,
)
from remedy.values import uuid7
from tests.factories import Watch, a_medicine, a_pharmacy, row_of

DAYS = 400
LAST = date(2026, 3, 1)
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@pytest.fixture
def files(stack) -> Iterator[Files]:
    """A folder of our own in the stack's HDFS."""
    settings = stack.settings("pipeline")
    store = hdfs.connect(settings.hdfs_url, settings.hdfs_user, f"/test-{uuid.uuid4().hex[:8]}")
    yield store
    store.delete("/" + store.root.strip("/"), recursive=True)


@pytest.fixture
def town(database: sa.Engine) -> Iterator[list[tuple[UUID, UUID]]]:
    """Two pharmacies, closed on Sundays, four medicines, and what was counted of them."""
    random = np.random.default_rng(11)
    with database.begin() as connection:
        pharmacies = [a_pharmacy(connection) for _ in range(2)]
        medicines = [a_medicine(connection) for _ in range(4)]
        items = [(one, other) for one in pharmacies for other in medicines]
        first = LAST - timedelta(days=DAYS - 1)
        rows = []
        for number, item in enumerate(items):
            for ahead in range(DAYS):
                day = first + timedelta(days=ahead)
                packs = 0 if day.weekday() == 6 else int(random.poisson(3 + number))
                if packs:
                    rows.append(demand_row(*item, day, packs * 1000))
        connection.execute(agg_daily_demand.insert(), rows)
        connection.execute(aggregated_day.insert(), [counted(LAST), counted(LAST, 1, is_open=True)])
    yield items
    with database.begin() as connection:
        for table in (
            model_choice, model_error, model_run, out_stock_cover, out_stock_forecast, agg_daily_demand,
            aggregated_day, stock_lot, stock_item,
        ):  # fmt: skip
            connection.execute(table.delete())


def demand_row(pharmacy_id: UUID, medicine_id: UUID, day: date, sold: int) -> dict:
    return {
        "day": day,
        "pharmacy_id": pharmacy_id,
        "medicine_id": medicine_id,
        "sold_milli": sold,
        "uncovered_milli": 0,
        "refused_milli": 0,
        "received_milli": 0,
        "sale_count": 1,
        "refusal_count": 0,
    }


def counted(day: date, later: int = 0, *, is_open: bool = False) -> dict:
    return {
        "kind": "stock-movements",
        "day": day + timedelta(days=later),
        "changed_at": NOW,
        "landed_rows": 1,
        "counted_rows": 1,
        "quarantined_rows": 0,
        "run_id": "run",
        "application_id": "",
        "aggregated_at": NOW,
        "is_open": is_open,
    }


def stored(database: sa.Engine, table: sa.Table) -> list:
    order = list(table.primary_key.columns)
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table).order_by(*order))]


def give_stock(database: sa.Engine, item: tuple[UUID, UUID], quantity: int) -> None:
    with database.begin() as connection:
        made = connection.execute(
            stock_item.insert().values(
                public_id=uuid7(),
                pharmacy_id=row_of(connection, pharmacy, item[0]),
                medicine_id=row_of(connection, medicine, item[1]),
                changed_at=NOW,
            )
        )
        connection.execute(
            stock_lot.insert().values(
                public_id=uuid7(),
                stock_item_id=made.inserted_primary_key[0],
                medicine_id=row_of(connection, medicine, item[1]),
                quantity_milli=quantity,
            )
        )


def test_a_training_keeps_the_best_model_and_a_forecast_uses_it(database, files, town):
    give_stock(database, town[0], 6000)
    trained = train(database, files, clock=Watch(NOW))

    with database.connect() as connection:
        run = champion(connection)
    assert run.version == trained.version
    assert run.method in {RIDGE, LEVEL_MIX, BY_CLASS}
    assert run.data_until == LAST
    assert trained.relative_error is not None
    assert trained.relative_error < 1
    assert load(files, run).items == tuple(sorted(town))
    assert "| 28-day mean |" in files.read(f"models/demand/{run.version}/card.md").decode()
    methods = {row[1] for row in stored(database, model_error)}
    assert methods - {BY_CLASS} == {"28-day mean", "seasonal naive", "ridge", "level mix"}
    choices = stored(database, model_choice)
    assert {choice[2] for choice in choices} == methods - {BY_CLASS}
    for kind in {choice[1] for choice in choices}:
        assert sum(choice[3] for choice in choices if choice[1] == kind) == 1

    told = forecast(database, files, clock=Watch(NOW))

    assert told.first_day == LAST + timedelta(days=1)  # the open day is not taken for a closed one
    assert told.item_count == len(town)
    days = stored(database, out_stock_forecast)
    assert len(days) == len(town) * HORIZON
    assert {row[2] for row in days} == {LAST + timedelta(days=n) for n in range(1, HORIZON + 1)}
    assert all(0 <= low <= expected <= high for _, _, _, expected, low, high, *_ in days)
    sundays = [row for row in days if row[2].weekday() == 6]
    assert sundays
    assert all(row[3] == 0 for row in sundays)
    cover = {(row[0], row[1]): row for row in stored(database, out_stock_cover)}
    assert len(cover) == len(town)
    assert cover[town[0]][2] == 6000
    assert 0 < cover[town[0]][3] < HORIZON
    assert cover[town[1]][2:4] == (0, 0.0)


def test_a_second_forecast_replaces_the_first_and_changes_nothing_else(database, files, town):
    train(database, files, clock=Watch(NOW))
    forecast(database, files, clock=Watch(NOW))
    before = stored(database, out_stock_forecast), stored(database, out_stock_cover)

    forecast(database, files, clock=Watch(NOW))

    assert (stored(database, out_stock_forecast), stored(database, out_stock_cover)) == before
    assert before[0]


def test_a_second_training_takes_the_place_of_the_first_at_once(database, files, town):
    first = train(database, files, clock=Watch(NOW))
    second = train(database, files, clock=Watch(NOW + timedelta(days=7)))

    with database.connect() as connection:
        in_use = connection.execute(
            sa.select(model_run.c.version).where(model_run.c.champion_of.is_not(None))
        ).all()
    assert in_use == [(second.version,)]
    # The same data: the same bytes, so the same digits after the time.
    assert first.version.split("-")[1] == second.version.split("-")[1]
    assert len(stored(database, model_run)) == 2


def test_an_artefact_somebody_changed_is_not_used(database, files, town):
    trained = train(database, files, clock=Watch(NOW))
    path = f"models/demand/{trained.version}/model.json"
    content = files.read(path)
    files.delete(path)
    files.write_once(path, [content.replace(b'"form":2', b'"form":3')])

    with pytest.raises(WrongArtefact, match="SHA-256"):
        forecast(database, files, clock=Watch(NOW))
    assert stored(database, out_stock_forecast) == []


def test_a_forecast_before_the_first_training_trains(database, files, town):
    told = forecast_with_a_model(database, files, clock=Watch(NOW))

    assert told.item_count == len(town)
    with database.connect() as connection:
        assert champion(connection).version == told.model_version


def test_before_anything_was_counted_both_say_so(database, files):
    with pytest.raises(NothingCounted, match="aggregate_demand"):
        train(database, files, clock=Watch(NOW))
    with pytest.raises(NoModel, match="train_models"):
        forecast(database, files, clock=Watch(NOW))
    with pytest.raises(NothingCounted, match="aggregate_demand"):
        forecast_with_a_model(database, files, clock=Watch(NOW))
