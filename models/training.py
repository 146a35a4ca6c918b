"""One training: read what was counted, compare the methods, keep the champion of each class and put them in use."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from models.card import card_of
from models.choice import Choice, choices_of
from models.dataset import Panel, last_closed_day, read_panel
from models.demand_model import DemandModel
from models.evaluation import Comparison, compare
from models.group_band import GroupBand, group_band_of
from models.mixing import LEVEL_MIX, classes_of
from models.promotion import reasons_to_ask
from models.quantiles import bands_of
from models.registry import Stored, record, save
from models.regression import RIDGE
from remedy.gateways.hdfs import Files
from remedy.gateways.mysql import in_transaction
from remedy.values import Clock, utc_now

log = logging.getLogger(__name__)


class NothingCounted(LookupError):
    """There is no closed day to learn from yet."""


@dataclass(frozen=True)
class Trained:
    """What a training led to; with `reasons` it waits for a person's word, and is not in use."""

    version: str
    method: str
    relative_error: float | None
    origin_count: int
    series_count: int
    reasons: tuple[str, ...] = ()


def train(engine: sa.Engine, files: Files, *, clock: Clock = utc_now) -> Trained:
    """Train on every closed day, and use what came off best on past origins, or ask a person first.

    Run twice on the same days it makes the same model under another version.

    Raises:
        NothingCounted: before the first closed day was counted.
    """
    with engine.connect() as connection:
        until = last_closed_day(connection)
        panel = read_panel(connection, until) if until else None
    if panel is None or not panel.items:
        raise NothingCounted(
            "No closed day with demand has been counted yet; run the DAG aggregate_demand first."
        )
    comparison = compare(panel)
    model = learn(panel, comparison)
    choices = choices_made(panel, model, comparison)
    groups = groups_told(model, comparison)
    stored_at = clock()
    card = card_of(panel, model, comparison, choices, groups)
    stored = save(files, model, card, trained_at=stored_at)
    relative_error = comparison.relative_error(model.champions)
    with engine.connect() as connection:
        reasons = reasons_to_ask(connection, files, panel, model, model.methods, relative_error)
    in_transaction(
        engine,
        lambda at: record(at, stored, model, comparison, card, reasons, choices, groups),
    )
    log.info("%s", _sentence(stored, model, comparison, reasons))
    return Trained(
        stored.version,
        model.method,
        relative_error,
        len(comparison.origins),
        len(model.items),
        reasons,
    )


def learn(panel: Panel, comparison: Comparison) -> DemandModel:
    """What serves: the champion of every class, as learned from the whole panel."""
    kinds = classes_of(panel)
    used = set(comparison.champions.values())
    return DemandModel(
        comparison.champions,
        panel.last_day,
        panel.items,
        tuple(str(kind) for kind in kinds),
        bands_of(comparison.trial.past(comparison.of_champions(kinds))),
        comparison.ridge if RIDGE in used else None,
        comparison.mix if LEVEL_MIX in used else None,
    )


def groups_told(model: DemandModel, comparison: Comparison) -> GroupBand | None:
    """How wide the bands of groups of items are, by the past of what serves; None where it is too short."""
    told = comparison.of_champions(np.array(model.kinds))
    trial = comparison.trial
    return group_band_of(trial.past(told), model.items, trial.origins)


def choices_made(panel: Panel, model: DemandModel, comparison: Comparison) -> tuple[Choice, ...]:
    """How every compared method did on every class, and which it serves."""
    return tuple(
        choice
        for method, told in comparison.told.items()
        for choice in choices_of(
            comparison.trial,
            panel,
            method,
            told,
            comparison.seconds.get(method),
            [kind for kind, serves in model.champions.items() if serves == method],
        )
    )


def _sentence(
    stored: Stored, model: DemandModel, comparison: Comparison, reasons: Sequence[str]
) -> str:
    ratio = comparison.relative_error(model.champions)
    against = "not measured yet" if ratio is None else f"{ratio:.3f} of the 28-day mean's"
    where = "waits for a person's word" if reasons else "is in use"
    return (
        f"Trained {stored.version}: {model.method} {where}; its error of 28-day totals is {against} "
        f"at {len(comparison.origins)} past origins."
    )
