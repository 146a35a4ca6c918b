"""Looks at a year of scores and says whether the forecast in use keeps what its training promised: `forecast_drift`."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from models.drift import ABOVE, BELOW, PROMISED_SHARE, WEEK_ERROR, Drift, Scored, watched
from models.held_against import ALL, DAY, WEEK
from models.registry import champion
from remedy.gateways.mysql import in_transaction
from remedy.pipeline.forecast_scores import DriftRow, replace_drift, scores_since
from remedy.values import Clock, utc_now

log = logging.getLogger(__name__)

LOOK_BACK_DAYS = 364
WORDS = {
    ABOVE: "days above the high end of the interval",
    BELOW: "days below the low end of the interval",
    WEEK_ERROR: "error of 7-day totals",
}


@dataclass(frozen=True)
class Watched:
    """What was found: a sentence for each drift (none: the promises are kept), and how many days were looked at."""

    sentences: tuple[str, ...]
    day_count: int


def watch(engine: sa.Engine, *, clock: Clock = utc_now) -> Watched:
    """Say anew, in `forecast_drift`, how recent forecasts compare with the training's promises, and whether they drift.

    Raises:
        NoModel: if no model is in use.
    """
    with engine.connect() as connection:
        version = champion(connection).version
        rows = scores_since(connection, clock().date() - timedelta(days=LOOK_BACK_DAYS))
        promises = _promises(connection)
    of: dict[tuple[str, str], list[Scored]] = defaultdict(list)
    days: set[date] = set()
    for row in rows:
        promised = promises.get((row.model_version, row.kind), (None, None))
        if row.span == DAY:
            days.add(row.day)
            share = promised[0] or PROMISED_SHARE
            above, below = row.above_high_count, row.below_low_count
            of[row.kind, ABOVE].append(Scored(row.day, above / row.series_count, share))
            of[row.kind, BELOW].append(Scored(row.day, below / row.series_count, PROMISED_SHARE))
        elif row.span == WEEK and row.scaled_error is not None and promised[1]:
            of[row.kind, WEEK_ERROR].append(Scored(row.day, row.scaled_error, promised[1]))
    found = {key: watched(key[1], scores) for key, scores in sorted(of.items())}
    told = [
        DriftRow(
            kind,
            drift.measure,
            drift.recent,
            drift.promised,
            drift.allowed,
            drift.score_count,
            drift.evidence,
            drift.threshold,
            drift.since,
        )
        for (kind, _), drift in found.items()
    ]
    made_at = clock()
    in_transaction(
        engine, lambda at: replace_drift(at, told, model_version=version, made_at=made_at)
    )
    sentences = tuple(_sentence(kind, drift) for (kind, _), drift in found.items() if drift.since)
    for sentence in sentences:
        log.warning("%s", sentence)
    return Watched(sentences, len(days))


def _sentence(kind: str, drift: Drift) -> str:
    items = "all items" if kind == ALL else f"{kind} items"
    return (
        f"The forecast of {items} drifts since {drift.since}: {WORDS[drift.measure]} are {drift.recent:.3g} lately,"
        f" {drift.promised:.3g} were promised, up to {drift.allowed:.3g} is borne."
    )


def _promises(
    connection: sa.Connection,
) -> Mapping[tuple[str, str], tuple[float | None, float | None]]:
    """By version and class: the share above the 0.9 quantile and the error of a week; of all, the mean over items."""
    parts: dict[tuple[str, str], list[tuple[int, float | None, float | None]]] = defaultdict(list)
    for row in connection.execute(
        sa.text(
            "SELECT r.version, c.kind, c.series_count, c.above_high, c.week_error FROM model_choice c"
            " JOIN model_run r ON r.id = c.model_run_id WHERE c.is_used"
        )
    ):
        for kind in (row.kind, ALL):
            parts[row.version, kind].append((row.series_count, row.above_high, row.week_error))
    return {
        key: (_mean([(n, one) for n, one, _ in rows]), _mean([(n, one) for n, _, one in rows]))
        for key, rows in parts.items()
    }


def _mean(parts: list[tuple[int, float | None]]) -> float | None:
    known = [(count, value) for count, value in parts if value is not None and count]
    count = sum(count for count, _ in known)
    return sum(count * value for count, value in known) / count if count else None
