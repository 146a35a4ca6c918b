"""Forecasts that are kept until they can be scored, their scores, and what is said of drift: three tables.

A score is known by its span, class and last day: scored again, it is the same row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import insert

from remedy.pipeline.forecasts import ForecastDay, insert_rows, replace_rows
from remedy.schema.drift import forecast_drift, forecast_kept, forecast_score
from remedy.schema.pipeline import out_stock_forecast

KEPT_DAYS = 42
"""A forecast is kept so long: its 28 days, and two weeks for what is counted late."""


@dataclass(frozen=True)
class KeptForecast:
    """What was told of an item's first 7 and 28 days, thousandths of a pack; `kind` is its class then."""

    first_day: date
    pharmacy_id: UUID
    medicine_id: UUID
    kind: str
    expected_7_milli: int
    expected_28_milli: int
    low_28_milli: int
    high_28_milli: int
    model_version: str


@dataclass(frozen=True)
class Score:
    """How far off forecasts of `span` days were that ended on `day`, over the items of a class (`all`: every one).

    Sums are in thousandths of a pack; `scaled_error` is the mean error in one-week differences; counts of items above
    their 0.9 and below their 0.1 quantile are None where none was told.
    """

    span: int
    kind: str
    day: date
    series_count: int
    told_milli: int
    actual_milli: int
    error_milli: int
    scaled_error: float | None
    above_high_count: int | None
    below_low_count: int | None
    model_version: str


@dataclass(frozen=True)
class DriftRow:
    """What is said of one measure of one class: a row of `forecast_drift`, explained there."""

    kind: str
    measure: str
    recent: float | None
    promised: float | None
    allowed: float | None
    score_count: int
    evidence: float
    threshold: float
    drifts_since: date | None


def told_of_closed(
    connection: sa.Connection, last: date
) -> tuple[list[ForecastDay], dict[date, str]]:
    """The stored forecast of days up to `last`, and which model told each day."""
    read = connection.execute(
        sa.select(out_stock_forecast).where(out_stock_forecast.c.day <= last)
    ).all()
    days = [
        ForecastDay(
            row.pharmacy_id,
            row.medicine_id,
            row.day,
            row.expected_milli,
            row.low_milli,
            row.high_milli,
        )
        for row in read
    ]
    return days, {row.day: row.model_version for row in read}


def kept_forecasts(connection: sa.Connection) -> list[KeptForecast]:
    """All that are kept."""
    return [KeptForecast(*row) for row in connection.execute(sa.select(forecast_kept))]


def last_kept(connection: sa.Connection) -> date | None:
    """The first day of the newest kept forecast."""
    found: date | None = connection.execute(
        sa.select(sa.func.max(forecast_kept.c.first_day))
    ).scalar()
    return found


def keep(connection: sa.Connection, rows: Iterable[KeptForecast], first_day: date) -> None:
    """Keep a forecast and let go those that are scored, within the caller's transaction."""
    over = first_day - timedelta(days=KEPT_DAYS)
    connection.execute(forecast_kept.delete().where(forecast_kept.c.first_day < over))
    insert_rows(connection, forecast_kept, rows, {})


def put_scores(connection: sa.Connection, scores: Sequence[Score], scored_at: datetime) -> None:
    """Put scores in, each in the place of the one of its days and class, within the caller's transaction."""
    if not scores:
        return
    query = insert(forecast_score)
    keys = {column.name for column in forecast_score.primary_key}
    changed = {
        column.name: query.inserted[column.name]
        for column in forecast_score.columns
        if column.name not in keys
    }
    connection.execute(
        query.on_duplicate_key_update(changed),
        [{**asdict(score), "scored_at": scored_at} for score in scores],
    )


def scores_since(connection: sa.Connection, first: date) -> Sequence[sa.Row[Any]]:
    """Scores of days from `first` on, oldest first."""
    score = forecast_score.c
    return connection.execute(
        sa.select(forecast_score)
        .where(score.day >= first)
        .order_by(score.span, score.kind, score.day)
    ).all()


def replace_drift(
    connection: sa.Connection, rows: Sequence[DriftRow], *, model_version: str, made_at: datetime
) -> None:
    """Say anew whether forecasts drift, within the caller's transaction."""
    stamp = {"model_version": model_version, "made_at": made_at}
    replace_rows(connection, forecast_drift, rows, stamp)
