"""One training: read what was counted, compare the methods, keep the best and put it in use."""

import logging
from dataclasses import dataclass

import sqlalchemy as sa

from models.baseline import HORIZON
from models.dataset import Panel, last_closed_day, read_panel
from models.demand_model import DemandModel
from models.evaluation import Comparison, compare
from models.intervals import HIGH, LOW, bands_of
from models.registry import Stored, record, save
from models.regression import RIDGE, Lessons
from remedy.gateways.hdfs import Files
from remedy.gateways.mysql import in_transaction
from remedy.values import Clock, packs_text, utc_now

log = logging.getLogger(__name__)


class NothingCounted(LookupError):
    """There is no closed day to learn from yet."""


@dataclass(frozen=True)
class Trained:
    """What a training led to."""

    version: str
    method: str
    relative_error: float | None
    origin_count: int
    series_count: int


def train(engine: sa.Engine, files: Files, *, clock: Clock = utc_now) -> Trained:
    """Train on every closed day, and use what came off best on past origins.

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
    stored_at = clock()
    card = card_of(panel, model, comparison)
    stored = save(files, model, card, trained_at=stored_at)
    in_transaction(engine, lambda at: record(at, stored, model, comparison, card))
    log.info("%s", _sentence(stored, model, comparison))
    return Trained(
        stored.version,
        model.method,
        comparison.relative_error(model.method),
        len(comparison.origins),
        len(model.items),
    )


def learn(panel: Panel, comparison: Comparison) -> DemandModel:
    """The best method of a comparison, fitted to the whole panel."""
    method = comparison.best()
    ridge = Lessons.of(panel).fit(panel.day_count) if method == RIDGE else None
    bands = bands_of(comparison, method)
    return DemandModel(method, panel.last_day, panel.items, bands, ridge)


def card_of(panel: Panel, model: DemandModel, comparison: Comparison) -> str:
    """What someone should know before relying on the model: what it is, how wrong it was, its limits."""
    lines = [
        "# Demand of the next 28 days, per medicine and pharmacy",
        "",
        f"- Method in use: {model.method}",
        f"- Learned from: {len(panel.items)} medicines at pharmacies, {panel.day_count} days, "
        f"{panel.first_day.isoformat()} to {panel.last_day.isoformat()}, sold and refused packs",
        f"- Interval: {LOW:.0%} to {HIGH:.0%} of its own past errors for the same week ahead",
        "",
        f"## Error of the {HORIZON}-day total at {len(comparison.origins)} past origins",
        "",
        "| method | mean error, packs | relative to the 28-day mean |",
        "|---|---|---|",
    ]
    for method in comparison.errors:
        error, ratio = comparison.total_error_milli(method), comparison.relative_error(method)
        packs = "not measured" if error is None else packs_text(round(error))
        lines.append(f"| {method} | {packs} | {'-' if ratio is None else f'{ratio:.3f}'} |")
    lines += [
        "",
        "## Limits",
        "",
        "- Demand on days without stock shows only where it was refused; sales then are less than demand.",
        "- Closed days are known from the past weekday pattern; a coming holiday is not.",
        "- An item known for less than 21 days, or of a pharmacy silent for 28, is not foretold.",
        "- Total errors are in packs over all items, so items that sell much weigh more.",
        "",
    ]
    return "\n".join(lines)


def _sentence(stored: Stored, model: DemandModel, comparison: Comparison) -> str:
    ratio = comparison.relative_error(model.method)
    against = "not measured yet" if ratio is None else f"{ratio:.3f} of the 28-day mean's"
    return (
        f"Trained {stored.version}: {model.method} is in use; its error of 28-day totals is {against} "
        f"at {len(comparison.origins)} past origins."
    )
