"""One forecast: the model in use, everything counted, and the stock of now make the next 28 days."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import sqlalchemy as sa

from models.baseline import HORIZON
from models.dataset import Item, last_closed_day, read_panel
from models.demand_model import Forecast, UnreadableModel
from models.held_against import compare_with_what_came, kept_of
from models.mixing import NEW
from models.registry import NoModel, champion, load
from models.stock_risk import days_of_cover
from models.training import NothingCounted, train
from remedy.gateways.hdfs import Files
from remedy.gateways.mysql import in_transaction
from remedy.pipeline.forecast_scores import keep, put_scores
from remedy.pipeline.forecasts import ForecastDay, StockCover, replace_forecast
from remedy.schema.base import BigInt, Uuid
from remedy.values import Clock, utc_now

log = logging.getLogger(__name__)

_stock_now = sa.table(
    "stock_now",
    sa.column("pharmacy_id", Uuid),
    sa.column("medicine_id", Uuid),
    sa.column("stock_milli", BigInt),
)


@dataclass(frozen=True)
class Foretold:
    """What a forecast led to: `first_day` is the day after the last closed one."""

    model_version: str
    first_day: date
    item_count: int
    silent_count: int


def forecast(engine: sa.Engine, files: Files, *, clock: Clock = utc_now) -> Foretold:
    """Foretell 28 days from the day after the last closed day, in place of the forecast before.

    What the one before told of days that have closed since is scored first, in the same transaction.

    Raises:
        NothingCounted: before the first closed day was counted.
        NoModel: before the first training.
        WrongArtefact: if the model in HDFS is not the one that was trained.
    """
    with engine.connect() as connection:
        until = last_closed_day(connection)
        run = champion(connection)
        if until is None:
            raise NothingCounted(
                "No closed day has been counted yet; run the DAG aggregate_demand first."
            )
        panel = read_panel(connection, until)
        stock = _stock(connection)
        model = load(files, run)
        kind_of = dict(zip(model.items, model.kinds, strict=True))
        kinds = [kind_of.get(item, NEW) for item in panel.items]
        past = compare_with_what_came(connection, panel, kinds)
    told = model.forecast(panel, until + timedelta(days=1))
    days, cover, made_at = list(_days(told)), list(_cover(told, stock)), clock()

    def store(at: sa.Connection) -> None:
        put_scores(at, past.scores, made_at)
        if past.is_kept_again(told.first_day):
            keep(at, kept_of(told, kinds, run.version), told.first_day)
        replace_forecast(at, days, cover, model_version=run.version, made_at=made_at)

    in_transaction(engine, store)
    done = Foretold(run.version, told.first_day, len(cover), len(told.items) - len(cover))
    log.info(
        "Foretold 28 days from %s for %d items by model %s; %d items are too new or silent.",
        done.first_day,
        done.item_count,
        done.model_version,
        done.silent_count,
    )
    return done


def forecast_with_a_model(engine: sa.Engine, files: Files, *, clock: Clock = utc_now) -> Foretold:
    """The same; where no model is in use yet, or only one that an older version made, one is trained before."""
    try:
        return forecast(engine, files, clock=clock)
    except (NoModel, UnreadableModel) as reason:
        log.info("Training first: %s", reason)
        train(engine, files, clock=clock)
        return forecast(engine, files, clock=clock)


def _stock(connection: sa.Connection) -> Mapping[Item, int]:
    rows = connection.execute(sa.select(_stock_now))
    return {(row.pharmacy_id, row.medicine_id): int(row.stock_milli) for row in rows}


def _days(told: Forecast) -> Iterator[ForecastDay]:
    for row in np.flatnonzero(told.is_active):
        pharmacy_id, medicine_id = told.items[row]
        for ahead in range(HORIZON):
            yield ForecastDay(
                pharmacy_id,
                medicine_id,
                told.first_day + timedelta(days=ahead),
                round(told.expected[row, ahead]),
                round(told.low[row, ahead]),
                round(told.high[row, ahead]),
            )


def _cover(told: Forecast, stock: Mapping[Item, int]) -> Iterator[StockCover]:
    for row in np.flatnonzero(told.is_active):
        pharmacy_id, medicine_id = told.items[row]
        there = stock.get(told.items[row], 0)
        yield StockCover(
            pharmacy_id,
            medicine_id,
            there,
            days_of_cover(there, told.expected[row]),
            round(told.expected[row].sum()),
            round(told.total_low[row]),
            round(told.total_high[row]),
        )
